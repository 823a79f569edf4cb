//! Copies against the input.

use super::*;
use crate::layer::run_all;
use crate::testing::{Failures, Fill, Guarded, Random, stored};

#[test]
fn copies_keep_every_byte_and_touch_no_other() {
    let mut failures = Failures::default();
    let mut random = Random::new(9);
    for channels in (1..=40).chain([64, 100, 50_000]) {
        for (pixels, gaps) in [(1, [0, 0]), (3, [0, 0]), (4, [2, 5]), (4, [0, 64]), (40, [7, 0])] {
            for threads in [1, 3] {
                let input = random.bytes(pixels * channels, Fill::Random);
                let strides = gaps.map(|gap| channels + gap);
                let shape = Strided { pixels, channels, input_strides: [strides[0]], output_stride: strides[1] };
                let layer = prepare(&CopySpec { shape, threads });
                let mut output = Guarded::new(pixels, channels, strides[1]);
                run_all(&layer, &[&stored(&input, channels, strides[0], 0, 0xAB)], &mut [output.view()]);
                failures.compare(output.dense(0), &input, || format!("{} {shape:?} {threads}", layer.kernel()));
            }
        }
    }
    failures.finish();
}
