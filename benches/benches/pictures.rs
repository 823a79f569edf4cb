//! Pictures made inputs on one thread, beside what the crate `image` takes for the same filter.
//!
//! Groups are `pictures/FILTER/SIZE`, benches the instruction set, or `imageops`; the throughput is in pixels of the picture.

use criterion::{BenchmarkId, Criterion, Throughput};
use image::imageops::{self, FilterType};
use image::{ImageBuffer, Rgb, RgbImage};
use ottava::image::{Filter, Format, Picture, Preprocess, Preprocessor};
use ottava::{DType, Isa, TensorInfo};
use std::hint::black_box;
use std::time::Duration;

/// Width and height of pictures and of what they become.
const SIZES: [([usize; 2], [usize; 2]); 4] =
    [([640, 480], [224, 224]), ([1920, 1080], [299, 299]), ([4000, 3000], [224, 224]), ([160, 120], [299, 299])];

fn input([width, height]: [usize; 2]) -> TensorInfo {
    let shape = vec![1, height, width, 3];
    TensorInfo { name: String::new(), shape, dtype: DType::I8, quantization: None, tensor: 0 }
}

fn pictures(criterion: &mut Criterion) {
    for (filter, name) in [(Filter::Bilinear, "bilinear"), (Filter::Area, "area")] {
        for (from, to) in SIZES {
            let [width, height] = from;
            let bytes: Vec<u8> = (0..width * height * 3).map(|at| (at * 89 % 251) as u8).collect();
            let mut group = criterion.benchmark_group(format!("pictures/{name}/{width}x{height}-{}x{}", to[0], to[1]));
            group.sample_size(10).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
            group.throughput(Throughput::Elements((width * height) as u64));
            for isa in Isa::available() {
                group.bench_function(BenchmarkId::from_parameter(isa), |bencher| {
                    let options = Preprocess { filter, isa: Some(isa), ..Preprocess::default() };
                    let made = Preprocessor::new(&input(to), options);
                    let mut preprocessor = made.unwrap_or_else(|error| panic!("{error}"));
                    let picture = Picture::new(&bytes, from, Format::Rgb).unwrap_or_else(|error| panic!("{error}"));
                    let mut output = vec![0; preprocessor.size_bytes()];
                    bencher.iter(|| preprocessor.run(&picture, black_box(&mut output)).is_ok());
                });
            }
            // It has no filter of areas.
            if filter == Filter::Bilinear {
                let whole: Option<RgbImage> = ImageBuffer::<Rgb<u8>, _>::from_raw(width as u32, height as u32, bytes);
                let whole = whole.unwrap_or_default();
                let [width, height] = to.map(|extent| extent as u32);
                group.bench_function("imageops", |bencher| {
                    bencher.iter(|| imageops::resize(black_box(&whole), width, height, FilterType::Triangle).len());
                });
            }
            group.finish();
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    pictures(&mut criterion);
    criterion.final_summary();
}
