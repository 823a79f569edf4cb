//! Each kernel on the layers of Inception v3 and MobileNet v2, one thread.
//!
//! Groups are `family/network`, benches `instruction set/kernel/shape`; the throughput of gemm and depthwise kernels is in
//! multiply-accumulates, padding included, that of pooling kernels in window taps.

use criterion::{BenchmarkId, Criterion, Throughput};
use ottava_bench::{Family, layers};
use ottava_kernels::Isa;
use std::hint::black_box;
use std::time::Duration;

fn kernels(criterion: &mut Criterion) {
    for network in ["inception-v3", "mobilenet-v2"] {
        let cases = layers(network);
        for (family, name) in [
            (Family::Gemm, "gemm"),
            (Family::Depthwise, "depthwise"),
            (Family::AveragePool, "average_pool"),
            (Family::MaxPool, "max_pool"),
        ] {
            if cases.iter().all(|case| case.shape.family != family) {
                continue;
            }
            let mut group = criterion.benchmark_group(format!("{name}/{network}"));
            group.sample_size(20).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
            for case in cases.iter().filter(|case| case.shape.family == family) {
                group.throughput(Throughput::Elements(case.shape.macs()));
                for isa in Isa::available() {
                    let id = BenchmarkId::new(format!("{isa}/{}", case.prepare(isa).kernel()), case.shape);
                    group.bench_function(id, |bencher| {
                        let mut prepared = case.prepare(isa);
                        bencher.iter(|| black_box(prepared.run()).len());
                    });
                }
            }
            group.finish();
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    kernels(&mut criterion);
    criterion.final_summary();
}
