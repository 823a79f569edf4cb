//! Convolutions of 3x3 by way of points: shapes, ends of ranges, and the ends of what comes out exact.

use proptest::prelude::*;

use super::*;

/// A 3x3 convolution of stride 1.
fn case(size: [usize; 2], channels: usize, parts: &[usize], pad: [usize; 2], pad_after: [usize; 2]) -> Case {
    let window = Window { taps: [3; 2], stride: [1; 2], dilation: [1; 2], pad_before: pad };
    let [height, width] = size;
    Case { height, width, channels, parts: parts.to_vec(), window, pad_after, ..Case::default() }
}

#[test]
fn every_size_of_ragged_patches() {
    for size in 1..=17 {
        for other in [1, 4, 7, 17] {
            for pads in [[[0; 2]; 2], [[1; 2]; 2], [[0, 1], [2, 0]]] {
                let [pad, pad_after] = pads;
                let signed = size % 2 == 0;
                let case = case([size, other], 18, &[19], pad, pad_after);
                Case { signed, rectified: other == 4, by_points: Some(true), seed: size as u64, ..case }.check();
            }
        }
    }
}

#[test]
fn every_tile_height_and_width() {
    for patches in 1..=30 {
        for parts in [&[16][..], &[32], &[33, 17], &[80]] {
            let case = case([4, 4 * patches - 1], 5, parts, [1; 2], [1; 2]);
            Case { rectified: patches % 2 == 0, by_points: Some(true), seed: patches as u64, ..case }.check();
        }
    }
}

#[test]
fn every_depth_tail() {
    for channels in 1..=70 {
        for signed in [true, false] {
            let case = case([5, 6], channels, &[20], [1; 2], [1; 2]);
            let input_gap = channels % 3;
            Case { signed, input_gap, batch: 2, rectified: false, fill: Fill::Bell, by_points: Some(true), ..case }
                .check();
        }
    }
}

#[test]
fn extremes_of_inputs_and_weights() {
    for fill in [Fill::Extreme, Fill::Low, Fill::High] {
        for input_zero in [-128, -1, 3, 127] {
            // Weights of at most 128 in magnitude leave the proof's bound at 115 channels of one sign.
            for channels in [1, 64, 114] {
                for rectified in [true, false] {
                    let case = case([6, 9], channels, &[17], [1; 2], [1; 2]);
                    Case { fill, input_zero: Some(input_zero), rectified, by_points: Some(true), ..case }.check();
                }
            }
        }
    }
}

#[test]
fn extremes_of_weights_less_their_zero_points() {
    for fill in [Fill::Extreme, Fill::Low, Fill::High] {
        for channels in [1, 32, 57] {
            for seed in 0..6 {
                let case = case([6, 9], channels, &[17, 16], [1; 2], [1; 2]);
                Case { fill, signed: false, rectified: false, by_points: Some(true), seed, ..case }.check();
            }
        }
    }
}

/// Weights of so many channels: one of the first, the other weights of which are 0, and all others, that add up to `total`.
fn weights(channels: usize, first: i8, total: i32) -> Vec<i8> {
    let rest = 9 * (channels as i32 - 1);
    let mut of_rest = (0..rest).map(|at| (total * (at + 1)).div_euclid(rest) - (total * at).div_euclid(rest));
    let mut weight = |tap: usize, channel: usize| match (tap, channel) {
        (4, 0) => first,
        (_, 0) => 0,
        _ => of_rest.next().unwrap() as i8,
    };
    (0..9).flat_map(|tap| (0..channels).map(move |channel| (tap, channel))).map(|(t, c)| weight(t, c)).collect()
}

/// Pixels less their zero point of -1 are -127 to 128. Weights that add up to -2^18 reach -2^25; those of 2^18 - 1 beside one of
/// -1 reach 2^25 - 1, and both come out exact.
#[test]
fn sums_on_the_bound_are_exact_and_those_one_step_beyond_are_refused() {
    const CHANNELS: usize = 240;
    let split = |first: i8, rest: i8| [vec![first], vec![rest; CHANNELS - 1]].concat();
    for (first, total, pixel, exact) in [
        (0, -(1 << 18), split(0, 127), true),
        (-1, -(1 << 18), split(127, 127), false),
        (0, -(1 << 18) - 1, split(0, 127), false),
        (-1, (1 << 18) - 1, split(-128, 127), true),
        (-2, (1 << 18) - 1, split(-128, 127), false),
        (0, 1 << 18, split(0, 127), false),
    ] {
        for rectified in [true, false] {
            let case = case([4, 5], CHANNELS, &[3], [1; 2], [1; 2]);
            let case = Case { weights: weights(CHANNELS, first, total), pixel: pixel.clone(), ..case };
            Case { input_zero: Some(-1), by_points: Some(exact), rectified, ..case }.check();
        }
    }
}

#[test]
fn batches_parts_threads_and_wider_tensors() {
    for threads in 1..=4 {
        for (size, batch) in [([14, 14], 1), ([17, 35], 2), ([3, 2], 5)] {
            for gap in [0, 7] {
                let case = case(size, 33, &[40, 16, 5], [1; 2], [1; 2]);
                let case = Case { batch, threads, input_gap: gap, output_gap: gap, by_points: Some(true), ..case };
                Case { fill: Fill::Bell, rectified: false, signed: threads % 2 == 0, ..case }.check();
            }
        }
    }
}

#[test]
fn every_form_of_scaling() {
    for (rectified, left_shift) in [(true, false), (false, false), (false, true)] {
        for per_channel in [true, false] {
            for signed in [true, false] {
                let case = case([7, 10], 24, &[48], [1; 2], [1; 2]);
                Case { rectified, left_shift, per_channel, signed, by_points: Some(true), ..case }.check();
            }
        }
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    let shape = (1..=3usize, [1..=17usize, 1..=17], 1..=512usize, [0..=9usize, 0..=9]);
    let pads = ([0..=3usize, 0..=3], [0..=3usize, 0..=3]);
    let fill = prop_oneof![2 => Just(Fill::Random), 1 => Just(Fill::Extreme), 3 => Just(Fill::Bell)];
    let rest = (prop::collection::vec(1..=40usize, 1..=3), any::<[bool; 4]>(), fill, 1..=4usize, any::<u64>());
    (shape, pads, rest).prop_map(|(shape, (pad, pad_after), rest)| {
        let (batch, size, channels, [input_gap, output_gap]) = shape;
        let (parts, [signed, rectified, per_channel, left_shift], fill, threads, seed) = rest;
        let case = Case {
            batch,
            input_gap,
            output_gap,
            signed,
            rectified,
            per_channel,
            ..case(size, channels, &parts, pad, pad_after)
        };
        Case { left_shift: left_shift && !rectified, fill, threads, seed, ..case }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_convolution_of_three_by_three(case in any_case()) {
        case.check();
    }
}
