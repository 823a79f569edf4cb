//! Copies against the input, paddings against the scalar reference.

use ottava_ref::ops::pad::{PadParams, pad};
use proptest::prelude::*;

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

fn check_pad(failures: &mut Failures, shape: [usize; 4], padding: [[usize; 2]; 4], gaps: [usize; 2], threads: usize) {
    let input = Random::new(shape.iter().sum::<usize>() as u64).bytes(shape.iter().product(), Fill::Random);
    let padded: [usize; 4] = std::array::from_fn(|axis| padding[axis][0] + shape[axis] + padding[axis][1]);
    let mut expected = vec![0u8; padded.iter().product()];
    pad(&PadParams { input_shape: &shape, paddings: &padding, fill: 0x77 }, &input, &mut expected);
    let [batch, height, width, channels] = shape;
    let stride = channels + gaps[0];
    let spec = PadSpec {
        input: Image { batch, height, width, channels, pixel_stride: stride },
        padding,
        fill: 0x77,
        pixel_stride: padded[3] + gaps[1],
        threads,
    };
    let layer = prepare_pad(&spec);
    let mut output = Guarded::new(padded[0] * padded[1] * padded[2], padded[3], spec.pixel_stride);
    run_all(&layer, &[&stored(&input, channels, stride, 0, 0xAB)], &mut [output.view()]);
    failures.compare(output.dense(0), &expected, || format!("{} {spec:?}", layer.kernel()));
}

#[test]
fn paddings_along_every_axis_are_exact() {
    let mut failures = Failures::default();
    for axis in 0..4 {
        for (before, after) in [(0, 0), (1, 0), (0, 1), (2, 3)] {
            for channels in [1, 3, 16, 33] {
                for gaps in [[0, 0], [2, 5]] {
                    let mut padding = [[0; 2]; 4];
                    padding[axis] = [before, after];
                    check_pad(&mut failures, [2, 4, 5, channels], padding, gaps, 1 + axis);
                }
            }
        }
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_paddings_are_exact(
        shape in [1..3usize, 1..7, 1..7, 1..40],
        padding in prop::array::uniform4([0..3usize, 0..3]),
        gaps in [0..9usize, 0..9],
        threads in 1..5usize,
    ) {
        let mut failures = Failures::default();
        check_pad(&mut failures, shape, padding, gaps, threads);
        failures.finish();
    }
}
