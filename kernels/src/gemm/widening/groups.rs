//! Which lines of weights may be added up in 16 bits, for instruction sets that multiply in pairs.
//!
//! `vpmaddubsw` adds two products of an unsigned activation and a signed weight in 16 bits. A pair
//! of weights is *safe* when its positive parts sum to at most 128 and its negative parts to at
//! least -128: then no activations leave 16 bits, because `255 · 128 < 2^15`. Two things follow.
//!
//! * A pair that is not safe is split in two that are, in a line and its *repair*.
//! * The 16-bit sums of several lines may be added up before they are widened, as long as the
//!   weights of *all* of them are safe together. That saves a widening for each line but one, and
//!   weights as networks have them leave room for it: they are small, but for a few.
//!
//! Here lines are half as wide as elsewhere, eight columns by four k, because the fewer columns a
//! line has, the less they restrict what it can be grouped with. In what order lines come does not
//! matter to a sum, so any lines of a unit may share a widening ([`super::pack`]).

use alloc::vec::Vec;

use crate::gemm::statistics::MAX_GROUP_LINES;

/// Columns of a half line.
pub(crate) const HALF: usize = 8;
/// What the positive parts, or the negative ones, of weights may sum to.
const ROOM: u8 = 128;
/// Unfinished groups that are tried for a line, which bounds the time that packing takes.
const TRIED: usize = 192;

/// Weights of eight columns by four k.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(32))]
pub(crate) struct HalfLine(pub(crate) [i8; 4 * HALF]);

impl HalfLine {
    /// All weights 0.
    pub(crate) const ZERO: Self = Self([0; 4 * HALF]);

    /// Splits the line so that both parts are safe; returns the repair where there is one.
    ///
    /// The clipped pair keeps as much as is safe, and what remains is safe too, because a pair
    /// sums to between -256 and 254.
    pub(crate) fn split(&mut self) -> Option<Self> {
        let mut repair = Self::ZERO;
        for (pair, rest) in self.0.chunks_exact_mut(2).zip(repair.0.chunks_exact_mut(2)) {
            let (a, b) = (i32::from(pair[0]), i32::from(pair[1]));
            let positive = a.max(0) + b.max(0);
            let negative = a.min(0) + b.min(0);
            if positive > i32::from(ROOM) || negative < -i32::from(ROOM) {
                // Both have the same sign here, and each gives up what exceeds its half.
                let clip = |w: i32| w.clamp(-64, 64) as i8;
                rest.copy_from_slice(&[(a - i32::from(clip(a))) as i8, (b - i32::from(clip(b))) as i8]);
                pair.copy_from_slice(&[clip(a), clip(b)]);
            }
        }
        (repair != Self::ZERO).then_some(repair)
    }

    /// How much of the room of each 16-bit lane the line takes: its positive parts, then its negative ones.
    fn load(&self) -> Load {
        let mut load = Load([0; 4 * HALF]);
        let (positive, negative) = load.0.split_at_mut(2 * HALF);
        for (lane, pair) in self.0.chunks_exact(2).enumerate() {
            for &weight in pair {
                let side = if weight > 0 { &mut positive[lane] } else { &mut negative[lane] };
                *side = side.saturating_add(weight.unsigned_abs());
            }
        }
        load
    }
}

/// Sums of positive and of negative parts in each 16-bit lane; 255 stands for that and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Load([u8; 4 * HALF]);

impl Load {
    /// Both together, if they are still safe.
    fn with(&self, other: &Self) -> Option<Self> {
        let mut sum = [0; 4 * HALF];
        for (sum, (a, b)) in sum.iter_mut().zip(self.0.iter().zip(&other.0)) {
            *sum = a.saturating_add(*b);
        }
        (Self(sum).greatest() <= ROOM).then_some(Self(sum))
    }

    fn greatest(&self) -> u8 {
        self.0.iter().fold(0, |greatest, &load| greatest.max(load))
    }
}

/// Lines that share a widening: their 16-bit sums may be added up.
struct WideningGroup {
    load: Load,
    lines: [usize; MAX_GROUP_LINES],
    count: usize,
}

/// Safe lines in groups, by index; lines of zeros are left out.
///
/// The fullest lines choose first, each the first group that has room, so that the many with small
/// weights fill up what is left.
pub(crate) fn widening_groups(lines: &[HalfLine]) -> Vec<Vec<usize>> {
    let mut order: Vec<(usize, Load)> = lines.iter().map(HalfLine::load).enumerate().collect();
    order.retain(|(_, load)| load.greatest() > 0);
    order.sort_by_key(|(_, load)| core::cmp::Reverse(load.greatest()));
    let mut open: Vec<WideningGroup> = Vec::new();
    let mut groups = Vec::new();
    for (line, load) in order {
        assert!(load.greatest() <= ROOM, "a line that is not safe");
        let found = open.iter().take(TRIED).enumerate().find_map(|(at, group)| Some((at, group.load.with(&load)?)));
        let Some((at, together)) = found else {
            open.push(WideningGroup { load, lines: [line; MAX_GROUP_LINES], count: 1 });
            continue;
        };
        let group = &mut open[at];
        group.load = together;
        group.lines[group.count] = line;
        group.count += 1;
        if group.count == MAX_GROUP_LINES {
            groups.push(open.remove(at).lines.to_vec());
        }
    }
    groups.extend(open.iter().map(|group| group.lines[..group.count].to_vec()));
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn safe(a: i8, b: i8) -> bool {
        let (a, b) = (i32::from(a), i32::from(b));
        a.max(0) + b.max(0) <= 128 && a.min(0) + b.min(0) >= -128
    }

    #[test]
    fn every_pair_splits_into_two_safe_ones() {
        for a in i8::MIN..=i8::MAX {
            for b in i8::MIN..=i8::MAX {
                let mut line = HalfLine::ZERO;
                line.0[6] = a;
                line.0[7] = b;
                let repair = line.split();
                let rest = repair.unwrap_or(HalfLine::ZERO);
                assert_eq!(repair.is_none(), safe(a, b), "{a} {b}");
                assert!(safe(line.0[6], line.0[7]) && safe(rest.0[6], rest.0[7]), "{a} {b}");
                assert_eq!(i32::from(line.0[6]) + i32::from(rest.0[6]), i32::from(a));
                assert_eq!(i32::from(line.0[7]) + i32::from(rest.0[7]), i32::from(b));
            }
        }
    }

    /// The least and greatest 16-bit sum that any activations can bring about, at any point of the addition.
    fn bounds(lines: &[HalfLine], group: &[usize], lane: usize) -> [i32; 2] {
        let weights = || group.iter().flat_map(|&line| lines[line].0[2 * lane..][..2].iter().map(|&w| i32::from(w)));
        [weights().map(|w| 255 * w.min(0)).sum(), weights().map(|w| 255 * w.max(0)).sum()]
    }

    fn check(mut lines: Vec<HalfLine>) {
        let repairs: Vec<HalfLine> = lines.iter_mut().filter_map(HalfLine::split).collect();
        lines.extend(repairs);
        let groups = widening_groups(&lines);
        let mut seen = vec![0; lines.len()];
        for group in &groups {
            assert!((1..=MAX_GROUP_LINES).contains(&group.len()));
            group.iter().for_each(|&line| seen[line] += 1);
            for lane in 0..2 * HALF {
                let [low, high] = bounds(&lines, group, lane);
                assert!(low >= i32::from(i16::MIN) && high <= i32::from(i16::MAX), "{low} to {high}");
            }
        }
        for (line, count) in lines.iter().zip(seen) {
            assert_eq!(count, i32::from(*line != HalfLine::ZERO));
        }
    }

    #[test]
    fn extremes_stay_within_sixteen_bits() {
        for weight in [i8::MIN, -127, -65, -64, -32, 0, 16, 32, 33, 64, 127] {
            check(vec![HalfLine([weight; 4 * HALF]); 37]);
        }
    }

    fn any_lines() -> impl Strategy<Value = Vec<HalfLine>> {
        let weight = |largest: i8| prop_oneof![8 => -largest..=largest, 1 => Just(0i8), 1 => prop_oneof![Just(i8::MIN), Just(i8::MAX)]];
        prop_oneof![Just(4i8), Just(30), Just(64), Just(127)].prop_flat_map(move |largest| {
            prop::collection::vec(prop::array::uniform32(weight(largest)).prop_map(HalfLine), 0..60)
        })
    }

    proptest! {
        #[test]
        fn groups_of_any_lines_stay_within_sixteen_bits(lines in any_lines()) {
            check(lines);
        }
    }
}
