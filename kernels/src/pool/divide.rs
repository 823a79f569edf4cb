//! Division of a window's sum by its number of taps: a multiplication, exact for every sum.
//!
//! In unsigned bytes an average is `floor((S + n/2) / n)`. Files with signed values round half away
//! from zero, so that sums of negative average, those below `128·n` here, round their ties down:
//! `S + n/2 - 1`. Only an even `n` has ties.
//!
//! With `M = ceil(2^k / n)` and `e = M·n - 2^k`, `floor(x·M / 2^k)` is `floor(x / n)` for all `x` with
//! `x·e < 2^k`. The largest `x` is `255·n + n/2`, and `M` must fit 16 bits.
//!
//! Where ties go up, as where there are none, a product that rounds by itself may do: `(S·N + 2^14) >> 15`
//! with `N = ceil(2^15 / n)` and `e = N·n - 2^15` is too large by at most `255·e / 2^15`.

use crate::arch::Divide;
use crate::isa::Storage;

/// Most taps whose sum of bytes, rounding included, stays within 16 bits.
const MAX_TAPS: usize = 256;

/// How to divide sums of `taps` stored bytes; `None` where 16 bits do not do.
pub(super) fn divide(storage: Storage, file_is_signed: bool, taps: usize) -> Option<Divide> {
    if taps == 0 || taps > MAX_TAPS {
        return None;
    }
    let lift = if storage == Storage::S8 { (128 * taps) as u16 } else { 0 };
    if taps == 1 {
        // floor((x + 1)(2^16 - 1) / 2^16) is x.
        return Some(Divide {
            lift,
            ties_down_below: 0,
            round: 1,
            reciprocal: u16::MAX,
            shift: 0,
            nearest: 0,
            signed: 0,
            away: false,
        });
    }
    let largest = (255 * taps + taps / 2) as u64;
    let fits = |shift: u32| {
        let unit = 1u64 << (16 + shift);
        let reciprocal = unit.div_ceil(taps as u64);
        let error = reciprocal * taps as u64 - unit;
        (largest * error < unit).then(|| u16::try_from(reciprocal).ok()).flatten()
    };
    let (shift, reciprocal) = (0..16).find_map(|shift| fits(shift).map(|reciprocal| (shift as u16, reciprocal)))?;
    let ties_down_below = if file_is_signed && taps.is_multiple_of(2) { (128 * taps) as u16 } else { 0 };
    let nearest = if ties_down_below == 0 { nearest(taps as u32) } else { 0 };
    let away = ties_down_below != 0;
    let signed = if storage == Storage::S8 { signed(file_is_signed, taps as i32, away) } else { 0 };
    Some(Divide { lift, ties_down_below, round: (taps / 2) as u16, reciprocal, shift, nearest, signed, away })
}

/// The reciprocal of a rounding product of signed sums that is the average of every one; 0 where there is none.
///
/// Where ties go away from zero, sums below 0 are made one less: only ties then round to another number.
fn signed(file_is_signed: bool, taps: i32, away: bool) -> i16 {
    const UNIT: i32 = 1 << 15;
    let reciprocal = i16::try_from((UNIT + taps - 1) / taps).unwrap_or(0);
    let exact = (-128 * taps..=127 * taps).all(|sum| {
        let less = if away && sum < 0 { sum - 1 } else { sum };
        let product = (less * i32::from(reciprocal) + (1 << 14)) >> 15;
        let expected = average(Storage::S8, file_is_signed, i64::from(sum), i64::from(taps));
        i16::try_from(less).is_ok() && product == expected
    });
    if exact { reciprocal } else { 0 }
}

/// The reciprocal of a rounding product that is the average of every sum, with ties up; 0 where there is none.
fn nearest(taps: u32) -> i16 {
    const UNIT: u32 = 1 << 15;
    let reciprocal = UNIT.div_ceil(taps);
    let error = reciprocal * taps - UNIT;
    // Half an average more is a multiple of 1 / n, or half of that more where n is odd; the product of the
    // largest sum may exceed it by less than reaches the next whole number.
    let parts = if taps.is_multiple_of(2) { taps } else { 2 * taps };
    let exact = 255 * taps < UNIT && 255 * error * parts < UNIT;
    if exact { i16::try_from(reciprocal).unwrap_or(0) } else { 0 }
}

/// The average of a sum of stored bytes, stored, for any number of taps.
pub(super) fn average(storage: Storage, file_is_signed: bool, sum: i64, taps: i64) -> i32 {
    let offset = i64::from(storage.offset_from(file_is_signed));
    let raw = sum - offset * taps;
    let rounded = if raw > 0 { (raw + taps / 2) / taps } else { (raw - taps / 2) / taps };
    (rounded + offset) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arithmetic of [`Divide`] on one sum of stored values; the stored average.
    fn quotient(storage: Storage, sum: i32, by: &Divide) -> i32 {
        let lifted = (sum as u16).wrapping_add(by.lift);
        let rounded = lifted.wrapping_add(by.round).wrapping_sub(u16::from(lifted < by.ties_down_below));
        let high = (u32::from(rounded) * u32::from(by.reciprocal)) >> 16;
        let (low, _) = storage.range();
        (high >> by.shift) as i32 + low
    }

    #[test]
    fn every_sum_of_every_window_is_exact() {
        let mut without = Vec::new();
        for storage in [Storage::U8, Storage::S8] {
            let (low, high) = storage.range();
            for signed in [true, false] {
                for taps in 1..=MAX_TAPS {
                    let Some(by) = divide(storage, signed, taps) else {
                        without.push(taps);
                        continue;
                    };
                    for sum in low * taps as i32..=high * taps as i32 {
                        let expected = average(storage, signed, i64::from(sum), taps as i64);
                        assert_eq!(quotient(storage, sum, &by), expected, "{storage:?} {signed} {sum} / {taps}");
                        if by.signed != 0 {
                            let less = (sum - i32::from(by.away && sum < 0)) as i16;
                            let product = (i32::from(less) * i32::from(by.signed) + (1 << 14)) >> 15;
                            assert_eq!(product, expected, "{signed} {sum} / {taps}");
                        }
                        if by.nearest != 0 {
                            let lifted = i32::from((sum as u16).wrapping_add(by.lift));
                            let product = (lifted * i32::from(by.nearest) + (1 << 14)) >> 15;
                            assert_eq!(product + low, expected, "{storage:?} {signed} {sum} / {taps}");
                        }
                    }
                }
            }
        }
        for taps in [2, 4, 6, 9] {
            assert!(divide(Storage::U8, false, taps).is_some_and(|by| by.nearest != 0), "{taps}");
        }
        for (taps, signed) in [(9, true), (9, false), (4, true), (64, true), (2, false)] {
            assert!(divide(Storage::S8, signed, taps).is_some_and(|by| by.signed != 0), "{signed} {taps}");
        }
        assert!(without.iter().all(|&taps| taps > 128), "{without:?} have no reciprocal");
    }
}
