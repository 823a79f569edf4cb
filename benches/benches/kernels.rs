//! Each kernel on the layers of Inception v3 and MobileNet v2, one thread.
//!
//! Groups are `family/network`, benches `instruction set/kernel/shape`; the throughput of gemm and depthwise kernels is
//! in multiply-accumulates in range, that of pooling kernels in window taps in range. A table of all that was measured
//! follows: rates, shares of the measured peak, and the time of copying as many bytes as the layer reads and writes.

use criterion::{BenchmarkId, Criterion, Throughput};
use ottava_bench::{Family, LayerCase, copy_seconds, layers};
use ottava_kernels::{Isa, peak};
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A measured kernel.
struct Measured {
    family: &'static str,
    isa: Isa,
    kernel: String,
    shape: String,
    window: String,
    seconds: f64,
    /// Multiply-accumulates in range; none for poolings.
    macs: Option<u64>,
    copy_seconds: f64,
}

const FAMILIES: [(Family, &str); 4] = [
    (Family::Gemm, "gemm"),
    (Family::Depthwise, "depthwise"),
    (Family::AveragePool, "average_pool"),
    (Family::MaxPool, "max_pool"),
];

fn kernels(criterion: &mut Criterion) -> Vec<Measured> {
    let mut all = Vec::new();
    for network in ["inception-v3", "mobilenet-v2"] {
        let cases = layers(network);
        for (family, name) in FAMILIES {
            if cases.iter().all(|case| case.shape.family != family) {
                continue;
            }
            let mut group = criterion.benchmark_group(format!("{name}/{network}"));
            group.sample_size(20).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
            for case in cases.iter().filter(|case| case.shape.family == family) {
                group.throughput(Throughput::Elements(case.shape.macs_in_range()));
                for isa in Isa::available() {
                    let mut seconds = None;
                    let kernel = case.prepare(isa).kernel().to_string();
                    let id = BenchmarkId::new(format!("{isa}/{kernel}"), case.shape);
                    group.bench_function(id, |bencher| {
                        let mut prepared = case.prepare(isa);
                        bencher.iter_custom(|count| {
                            let start = Instant::now();
                            (0..count).for_each(|_| _ = black_box(prepared.run()).len());
                            let elapsed = start.elapsed();
                            let each = elapsed.as_secs_f64() / count as f64;
                            seconds = Some(seconds.map_or(each, |least: f64| least.min(each)));
                            elapsed
                        });
                    });
                    all.extend(seconds.map(|seconds| measured(case, name, isa, kernel, seconds)));
                }
            }
            group.finish();
        }
    }
    all
}

fn measured(case: &LayerCase, family: &'static str, plan: Isa, kernel: String, seconds: f64) -> Measured {
    let multiplies = matches!(case.shape.family, Family::Gemm | Family::Depthwise);
    Measured {
        family,
        isa: case.prepare(plan).kernel().isa.unwrap_or(plan),
        kernel,
        shape: case.shape.to_string(),
        window: case.shape.window.taps.map(|taps| taps.to_string()).join("x"),
        seconds,
        macs: multiplies.then(|| case.shape.macs_in_range()),
        copy_seconds: copy_seconds(case.shape.bytes()),
    }
}

impl Measured {
    /// The part of the peak that its multiply-accumulates in range reach.
    fn share(&self, peaks: &HashMap<Isa, f64>) -> Option<f64> {
        Some(self.macs? as f64 / self.seconds / peaks[&self.isa])
    }
}

/// The table: least time of a sample, multiply-accumulates in range, share of the peak of the kernel's instruction set,
/// and the time over that of copying the layer's bytes.
fn print(all: &[Measured], peaks: &HashMap<Isa, f64>) {
    println!("{:<13}{:<34}{:<34}{:>9}{:>9}{:>8}{:>8}", "family", "kernel", "shape", "us", "GMAC/s", "% peak", "/ copy");
    for line in all {
        let Measured { family, kernel, shape, seconds, .. } = line;
        let rate = line.macs.map_or(String::new(), |macs| format!("{:.1}", macs as f64 / seconds / 1e9));
        let share = line.share(peaks).map_or(String::new(), |share| format!("{:.1}", 100.0 * share));
        let (us, copies) = (seconds * 1e6, seconds / line.copy_seconds);
        println!("{family:<13}{kernel:<34}{shape:<34}{us:>9.2}{rate:>9}{share:>8}{copies:>8.2}");
    }
    for (isa, peak) in peaks {
        println!("peak of {isa} on one core: {:.1} GMAC/s", peak / 1e9);
    }
}

/// Shapes with the same window together: least, median and greatest share of the peak.
fn print_windows(all: &[Measured], peaks: &HashMap<Isa, f64>) {
    let mut groups: BTreeMap<(&str, Isa, &str), Vec<f64>> = BTreeMap::new();
    for line in all {
        groups.entry((line.family, line.isa, &line.window)).or_default().extend(line.share(peaks));
    }
    println!(
        "\n{:<13}{:<12}{:<8}{:>7}{:>9}{:>9}{:>9}",
        "family", "isa", "window", "shapes", "least %", "median", "greatest"
    );
    for ((family, isa, window), mut shares) in groups.into_iter().filter(|(_, shares)| !shares.is_empty()) {
        shares.sort_by(f64::total_cmp);
        let count = shares.len();
        let [least, median, greatest] = [0, count / 2, count - 1].map(|at| 100.0 * shares[at]);
        println!("{family:<13}{isa:<12}{window:<8}{count:>7}{least:>9.1}{median:>9.1}{greatest:>9.1}");
    }
}

/// The peaks of all instruction sets that were measured.
fn peaks(all: &[Measured]) -> HashMap<Isa, f64> {
    let mut peaks = HashMap::new();
    for line in all {
        peaks.entry(line.isa).or_insert_with(|| peak::measure(line.isa));
    }
    peaks
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let all = kernels(&mut criterion);
    criterion.final_summary();
    if !all.is_empty() {
        let peaks = peaks(&all);
        print(&all, &peaks);
        print_windows(&all, &peaks);
    }
}
