//! Quotients of sums, against those of the specification.

use super::*;

fn quotients<A: Wide>(arch: A) {
    let (storage, width) = (A::ISA.storage(), A::WIDTH);
    let mut random = Random(5);
    for taps in 1..=256u16 {
        let lift = if storage.range().0 < 0 { 128u16.wrapping_mul(taps) } else { 0 };
        for ties_down_below in [0, if taps % 2 == 0 { 128u16.wrapping_mul(taps) } else { 0 }] {
            for (reciprocal, shift) in [((65536 / u32::from(taps)).min(65535) as u16, 0), (0xFFFF, 8)] {
                let by = Divide {
                    lift,
                    ties_down_below,
                    round: taps / 2,
                    reciprocal,
                    shift,
                    nearest: 0,
                    signed: 0,
                    away: false,
                };
                let (mut left, mut right) = (arch.no_words(), arch.no_words());
                let mut sums = vec![0i32; width];
                for tap in 0..taps {
                    let bytes: Vec<u8> = (0..width).map(|i| [random.next() as u8, 0, 255][(i + 1) % 3]).collect();
                    sums.iter_mut().zip(&bytes).for_each(|(sum, &byte)| *sum += storage.value(byte));
                    // SAFETY: there are `width` bytes.
                    let bytes = unsafe { arch.load_wide(bytes.as_ptr()) };
                    let half = if tap % 2 == 0 { &mut left } else { &mut right };
                    *half = arch.add_bytes(*half, bytes);
                }
                let got = stored(arch, arch.divide(arch.add_words(left, right), arch.prepare_divide(&by)));
                for (i, (&got, &sum)) in got.iter().zip(&sums).enumerate() {
                    let lifted = (sum as u16).wrapping_add(lift);
                    let rounded = lifted.wrapping_add(by.round).wrapping_sub(u16::from(lifted < ties_down_below));
                    let quotient = ((u32::from(rounded) * u32::from(reciprocal)) >> 16) >> shift;
                    let expected = (quotient as i32 + storage.range().0) as u8;
                    assert_eq!(got, expected, "{} byte {i} {by:?} sum {sum}", A::ISA);
                }
            }
        }
    }
}

fn nearest_quotients<A: Wide>(arch: A) {
    let (storage, width) = (A::ISA.storage(), A::WIDTH);
    let lift = if storage.range().0 < 0 { 9 * 128 } else { 0 };
    let by = Divide {
        lift,
        ties_down_below: 0,
        round: 4,
        reciprocal: 7282,
        shift: 0,
        nearest: 3641,
        signed: 0,
        away: false,
    };
    let by = arch.prepare_divide(&by);
    for total in 0..=255 * 9i32 {
        let mut sums = arch.no_words();
        let byte = |tap: i32, at: i32| ((total + at).min(255 * 9) - 255 * tap).clamp(0, 255);
        for tap in 0..9 {
            let bytes: Vec<u8> = (0..width as i32).map(|at| (byte(tap, at) + storage.range().0) as u8).collect();
            // SAFETY: there are `width` bytes.
            sums = arch.add_bytes(sums, unsafe { arch.load_wide(bytes.as_ptr()) });
        }
        let got = stored(arch, arch.divide_nearest(sums, by));
        for (at, &got) in (0..).zip(&got) {
            let expected = ((total + at).min(255 * 9) + 4) / 9 + storage.range().0;
            assert_eq!(got, expected as u8, "{} {total} + {at}", A::ISA);
        }
    }
}

#[test]
fn nearest_quotients_are_exact_on_every_arch() {
    on_every_arch!(nearest_quotients);
}

#[test]
fn quotients_are_exact_on_every_arch() {
    on_every_arch!(quotients);
}
