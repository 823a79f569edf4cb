//! What is compared: shapes, ranges and random cases.

use proptest::prelude::*;

use super::*;

fn window(taps: [usize; 2], stride: [usize; 2], dilation: [usize; 2], pad_before: [usize; 2]) -> Window {
    Window { taps, stride, dilation, pad_before }
}

#[test]
fn every_tile_height_and_width() {
    for rows in 1..=30 {
        for channels in [1, 15, 16, 17, 33, 48, 64, 65, 80, 112] {
            let case = Case { height: 1, width: rows, parts: vec![channels], channels: 5, ..Case::default() };
            Case { rectified: rows % 2 == 0, signed: rows % 3 != 0, seed: rows as u64, ..case }.check();
        }
    }
}

#[test]
fn every_depth_tail() {
    for channels in 1..=40 {
        for taps in [[1, 1], [1, 3], [3, 3]] {
            for signed in [true, false] {
                let pad = [taps[0] / 2, taps[1] / 2];
                let case = Case { channels, parts: vec![19], signed, pad_after: pad, ..Case::default() };
                Case { window: window(taps, [1; 2], [1; 2], pad), rectified: false, ..case }.check();
            }
        }
    }
}

#[test]
fn extremes_of_inputs_and_weights() {
    for fill in [Fill::Extreme, Fill::Low, Fill::High] {
        for signed in [true, false] {
            for channels in [3, 64, 130] {
                for rectified in [true, false] {
                    let case = Case { fill, signed, channels, rectified, parts: vec![40], ..Case::default() };
                    Case { window: window([3; 2], [1; 2], [1; 2], [1; 2]), pad_after: [1; 2], ..case }.check();
                }
            }
        }
    }
}

#[test]
fn pairs_of_the_least_weight() {
    for (channels, taps) in [(16, [1, 1]), (32, [3, 3]), (48, [1, 7])] {
        for rectified in [true, false] {
            let pad = [taps[0] / 2, taps[1] / 2];
            let case =
                Case { fill: Fill::Pairs, channels, rectified, parts: vec![21], pad_after: pad, ..Case::default() };
            Case { window: window(taps, [1; 2], [1; 2], pad), ..case }.check();
        }
    }
}

#[test]
fn weights_that_leave_eight_bits_without_their_zero_point() {
    for channels in [1, 3, 16, 200] {
        for parts in [vec![5], vec![16, 33], vec![96, 17]] {
            for taps in [[1, 1], [3, 3], [1, 7]] {
                for seed in 0..6 {
                    let pad = [taps[0] / 2, taps[1] / 2];
                    let case = Case { channels, parts: parts.clone(), pad_after: pad, seed, ..Case::default() };
                    let case = Case { window: window(taps, [1; 2], [1; 2], pad), height: 9, width: 9, ..case };
                    let rectified = seed % 2 == 0;
                    Case { fill: Fill::Bell, signed: false, rectified, batch: 1 + seed as usize % 2, ..case }.check();
                }
            }
        }
    }
}

#[test]
fn windows_strides_dilations_and_padding() {
    for taps in [[1, 7], [7, 1], [2, 3], [5, 5], [3, 3]] {
        for stride in 1..=3 {
            for dilation in 1..=3 {
                for pad in [[0, 0], [1, 2], [6, 7]] {
                    let case =
                        Case { height: 8, width: 9, channels: 12, pad_after: [pad[1], pad[0]], ..Case::default() };
                    let window = window(taps, [stride; 2], [dilation; 2], pad);
                    Case { window, signed: dilation != 2, threads: stride, ..case.clone() }.check();
                    Case { window, channels: 3, batch: 2, rectified: false, ..case }.check();
                }
            }
        }
    }
}

/// Lines of pixels that fill tiles of sixteen rows, or do not, and segments that are whole tiles of weights, are filled up to
/// such, or are too short for that.
#[test]
fn lines_of_pixels_and_segments_of_whole_tiles() {
    for (channels, taps) in [(16, 5), (20, 3), (32, 3), (48, 5), (64, 1), (64, 3), (80, 3), (96, 1), (96, 3), (160, 1)]
    {
        for taps in [[taps, taps], [1, 7], [7, 1]] {
            for (width, stride, input_gap) in [(16, 1, 0), (21, 1, 0), (37, 2, 0), (40, 1, 0), (33, 1, 24)] {
                let pad = taps.map(|taps| taps / 2);
                let window = window(taps, [1, stride], [1; 2], pad);
                let seed = (channels + width) as u64;
                let case =
                    Case { channels, height: 3, width, window, pad_after: pad, input_gap, seed, ..Case::default() };
                Case { parts: vec![33], fill: Fill::Extreme, signed: width % 2 == 0, batch: 2, ..case }.check();
            }
        }
    }
}

#[test]
fn groups_siblings_and_wider_tensors() {
    for (groups, channels, parts) in [(1, 8, vec![16, 5, 33]), (2, 8, vec![6]), (4, 20, vec![32, 8]), (3, 3, vec![3])] {
        for gap in [0, 1, 16] {
            for signed in [true, false] {
                let case = Case { groups, channels, parts: parts.clone(), input_gap: gap, signed, ..Case::default() };
                let case = Case { output_gap: gap, batch: 2, threads: 2, ..case };
                case.check();
                Case { window: window([3; 2], [2, 1], [1; 2], [1; 2]), pad_after: [1, 0], ..case }.check();
            }
        }
    }
}

#[test]
fn fully_connected_rounds_once_from_double() {
    for channels in [1, 10, 255, 256, 1001] {
        for batch in [1, 3, 8] {
            for signed in [true, false] {
                let case = Case { batch, channels, height: 1, width: 1, parts: vec![37], signed, ..Case::default() };
                let case = Case { float: true, rectified: false, per_channel: batch == 3, ..case };
                case.check();
                // Scales so large that most products leave the range of `i32`.
                Case { left_shift: true, ..case }.check();
            }
        }
    }
}

#[test]
fn weights_beyond_a_cache_are_cut_into_chunks() {
    let case = Case { height: 4, width: 9, channels: 512, parts: vec![320, 700], ..Case::default() };
    for threads in [1, 2, 4] {
        let window = window([3, 1], [1; 2], [1; 2], [1, 0]);
        Case { window, pad_after: [1, 0], threads, per_channel: false, ..case.clone() }.check();
    }
}

#[test]
fn taps_farther_apart_than_any_image() {
    let case = Case { height: 3, width: 4, parts: vec![9], ..Case::default() };
    let window = window([3, 2], [1; 2], [1 << 28, 1], [1 << 28, 0]);
    Case { window, pad_after: [1 << 28, 0], ..case }.check();
}

fn any_case() -> impl Strategy<Value = Case> {
    let shape = (1..=3usize, 1..=11usize, 1..=11usize, 1..=24usize, 0..=9usize, 0..=9usize);
    let window = (
        [1..=5usize, 1..=5usize],
        [1..=3usize, 1..=3usize],
        [1..=3usize, 1..=3usize],
        [0..=4usize, 0..=4usize],
        [0..=4usize, 0..=4usize],
    );
    let rest = (
        1..=4usize,
        prop::collection::vec(1..=40usize, 1..=3),
        any::<[bool; 4]>(),
        prop_oneof![3 => Just(Fill::Random), 1 => Just(Fill::Extreme), 3 => Just(Fill::Bell)],
        1..=4usize,
        any::<u64>(),
    );
    (shape, window, rest).prop_map(|(shape, window, rest)| {
        let (batch, height, width, channels, input_gap, output_gap) = shape;
        let (taps, stride, dilation, pad_before, pad_after) = window;
        let (groups, parts, [signed, rectified, per_channel, left_shift], fill, threads, seed) = rest;
        let window = Window { taps, stride, dilation, pad_before };
        let parts = parts.into_iter().map(|channels| channels * groups).collect();
        let case = Case { batch, height, width, channels: channels * groups, input_gap, output_gap, ..Case::default() };
        let case = Case { window, pad_after, groups, parts, signed, rectified, per_channel, ..case };
        Case { left_shift: left_shift && !rectified, fill, threads, seed, ..case }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_convolution(case in any_case()) {
        case.check();
    }
}
