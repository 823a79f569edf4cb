//! Windows that slide along rows of eight channels, and which kernels take them.

use std::collections::BTreeSet;

use super::table::KERNELS;
use super::*;

/// Runs a case on all instruction sets and returns the kernels that were used.
fn kernels(case: &Case, failures: &mut Failures) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let Some(data) = case.data() else { return used };
    let expected = case.expected(&data);
    for_each_isa(|isa| {
        let (kernel, got) = case.run(isa, &data, 0x80);
        failures.compare(got, &expected, || format!("{kernel} {case:?}"));
        used.insert(kernel);
    });
    used
}

fn square(taps: usize, stride: usize, pad: usize) -> Window {
    Window { taps: [taps; 2], stride: [stride; 2], dilation: [1; 2], pad_before: [pad; 2] }
}

/// Every way to end a row: turns of columns, edges on both sides, an odd row, channels that are no eight.
#[test]
fn every_row_is_exact() {
    let mut failures = Failures::default();
    let mut used = BTreeSet::new();
    let mut seed = 0;
    for (taps, stride) in [(3, 1), (3, 2), (5, 1), (5, 2)] {
        for width in (1..=12).chain([14, 23]) {
            for pad in [0, 1, taps / 2, taps] {
                for channels in [3, 8, 19, 32] {
                    seed += 1;
                    let case = Case {
                        image: [1 + seed % 2, 3 + seed % 5, width],
                        channels,
                        window: square(taps, stride, pad),
                        pad_after: [seed % 3, pad],
                        gaps: [[0; 2], [5, 3]][seed % 2],
                        signed: seed % 4 != 0,
                        symmetric: seed % 3 != 0,
                        rectified: seed % 5 < 3,
                        shift: [-8, -1, 0, -4][seed % 4],
                        threads: 1 + seed % 3,
                        seed: seed as u64,
                        ..Case::default()
                    };
                    used.append(&mut kernels(&case, &mut failures));
                }
            }
        }
    }
    failures.finish();
    for_each_isa(|isa| {
        let table = KERNELS.iter().find(|kernel| kernel.isa == isa);
        for kernel in table.map_or(&[][..], |kernel| kernel.rows) {
            assert!(used.contains(kernel.name()), "no case reached {} among {used:?}", kernel.name());
        }
    });
}

/// The greatest sums there are, of either sign, with every kind of epilogue.
#[test]
fn extremes_along_rows_are_exact() {
    let mut failures = Failures::default();
    for (taps, stride) in [(3, 1), (3, 2), (5, 1), (5, 2)] {
        for weight in [0x00, 0x7F, 0x80, 0x81, 0xFF] {
            for fill in Fill::ALL {
                for (signed, rectified) in [(true, false), (false, true), (true, true), (false, false)] {
                    for (shift, bias) in [(-9, 0), (-3, 20_000), (0, i32::MAX)] {
                        let case = Case {
                            image: [1, 6, 9],
                            channels: 12,
                            window: square(taps, stride, taps / 2),
                            pad_after: [taps / 2; 2],
                            fill,
                            weight_fill: Fill::Constant(weight),
                            signed,
                            rectified,
                            shift,
                            bias,
                            seed: u64::from(weight),
                            ..Case::default()
                        };
                        kernels(&case, &mut failures);
                    }
                }
            }
        }
    }
    failures.finish();
}

/// Weights that decide between kernels, and between one term and two.
#[test]
fn weights_choose_the_kernel() {
    let names = |isa: Isa, signed: bool, fill: u8, odd: u8| {
        let case = Case {
            weight_fill: Fill::Constant(fill),
            odd_weight: Some((7, odd)),
            signed,
            image: [1, 8, 8],
            ..Case::default()
        };
        let mut failures = Failures::default();
        let data = case.data().expect("the window fits");
        let (kernel, got) = case.run(isa, &data, 0);
        failures.compare(got, &case.expected(&data), || format!("{kernel} {case:?}"));
        failures.finish();
        kernel
    };
    for_each_isa(|isa| {
        if isa == Isa::Neon {
            assert_eq!(names(isa, true, 0x81, 0x7F), "depthwise_s8s8_neon_3x3x8");
            assert_eq!(names(isa, true, 0x81, 0x80), "depthwise_s8s16_neon_3x3x8");
        }
        if isa.includes(Isa::DotProd) {
            assert_eq!(names(isa, true, 0x7F, 0x80), "depthwise_s8s8_dotprod_3x3x8k4");
            assert_eq!(names(isa, false, 0x00, 0xFF), "depthwise_s8s8_dotprod_3x3x8k4");
        }
    });
}
