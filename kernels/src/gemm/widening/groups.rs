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
    pub(super) fn split(&mut self) -> Option<Self> {
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
    #[inline(always)]
    pub(super) fn load(&self) -> Load {
        let mut sides = [0; SIDES];
        for (lane, pair) in self.0.as_chunks::<2>().0.iter().enumerate() {
            let [a, b] = pair.map(i16::from);
            sides[lane] = (a.max(0) + b.max(0)).min(255) as u8;
            sides[2 * HALF + lane] = (-a.min(0) - b.min(0)).min(255) as u8;
        }
        Load(sides)
    }
}

/// Positive and negative parts of all 16-bit lanes.
const SIDES: usize = 4 * HALF;

/// Sums of positive parts in each 16-bit lane, then of negative ones; 255 stands for that and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load([u8; SIDES]);

impl Load {
    #[inline(always)]
    fn greatest(&self) -> u8 {
        self.0.iter().fold(0, |greatest, &side| greatest.max(side))
    }

    /// Whether all weights are 0.
    #[inline(always)]
    pub(super) fn is_nothing(&self) -> bool {
        self.0.iter().fold(true, |all, &side| all & (side == 0))
    }

    /// Whether no pair need be split.
    #[inline(always)]
    pub(super) fn is_safe(&self) -> bool {
        self.0.iter().fold(true, |all, &side| all & (side <= ROOM))
    }

    /// What it leaves of the room of each lane.
    #[inline(always)]
    fn room(&self) -> Room {
        let mut room = [ROOM; SIDES];
        room.iter_mut().zip(&self.0).for_each(|(room, side)| *room -= side);
        Room(room)
    }
}

/// How much more each lane's parts may sum to.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Room([u8; SIDES]);

impl Room {
    /// Whether a load is safe beside what is there.
    #[inline(always)]
    fn holds(&self, load: &Load) -> bool {
        // Without an early end this is one comparison of a register.
        self.0.iter().zip(&load.0).fold(true, |all, (room, load)| all & (load <= room))
    }

    #[inline(always)]
    fn take(&mut self, load: &Load) {
        for (room, load) in self.0.iter_mut().zip(&load.0) {
            *room -= load;
        }
    }
}

/// Lines that share a widening, by index: their 16-bit sums may be added up.
#[derive(Clone, Copy)]
pub(crate) struct WideningGroup {
    lines: [u32; MAX_GROUP_LINES],
    count: u32,
}

impl WideningGroup {
    /// The lines.
    pub(crate) fn lines(&self) -> &[u32] {
        &self.lines[..self.count as usize]
    }
}

/// Finds groups; its memory serves one unit after the other.
#[derive(Default)]
pub(super) struct Grouping {
    /// The fullness of each line, and the lines that are not of zeros, the fullest first.
    fullness: Vec<u8>,
    order: Vec<u32>,
    /// Groups that are not finished, and what room each has.
    open: Vec<WideningGroup>,
    rooms: Vec<Room>,
}

impl Grouping {
    /// Safe lines, of which these are the loads, in groups; lines of zeros are left out.
    ///
    /// The fullest lines choose first, each the first group that has room, so that the many with small
    /// weights fill up what is left.
    #[inline(always)]
    pub(super) fn group(&mut self, loads: &[Load], groups: &mut Vec<WideningGroup>) {
        let Self { fullness, order, open, rooms } = self;
        fullness.clear();
        fullness.extend(loads.iter().map(Load::greatest));
        order_fullest_first(fullness, order);
        groups.clear();
        for &line in &*order {
            let load = &loads[line as usize];
            let Some(at) = rooms.iter().take(TRIED).position(|room| room.holds(load)) else {
                open.push(WideningGroup { lines: [line; MAX_GROUP_LINES], count: 1 });
                rooms.push(load.room());
                continue;
            };
            let group = &mut open[at];
            group.lines[group.count as usize] = line;
            group.count += 1;
            rooms[at].take(load);
            if group.count as usize == MAX_GROUP_LINES {
                groups.push(open.remove(at));
                rooms.remove(at);
            }
        }
        groups.append(open);
        rooms.clear();
    }
}

/// The lines that are not of zeros, the fullest first, and those that are as full as each other in their order.
fn order_fullest_first(fullness: &[u8], order: &mut Vec<u32>) {
    // How many lines there are of each fullness, and then where the next of them goes.
    let mut places = [0; 256];
    fullness.iter().for_each(|&full| places[usize::from(full)] += 1);
    assert!(places[usize::from(ROOM) + 1..].iter().all(|&lines| lines == 0), "a line that is not safe");
    let mut fuller = 0;
    for next in places.iter_mut().rev() {
        let lines = *next;
        *next = fuller;
        fuller += lines;
    }
    order.clear();
    order.resize(places[0], 0);
    for (line, &full) in fullness.iter().enumerate().filter(|&(_, &full)| full > 0) {
        let next = &mut places[usize::from(full)];
        order[*next] = line as u32;
        *next += 1;
    }
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
    fn bounds(lines: &[HalfLine], group: &[u32], lane: usize) -> [i32; 2] {
        let weights =
            || group.iter().flat_map(|&line| lines[line as usize].0[2 * lane..][..2].iter().map(|&w| i32::from(w)));
        [weights().map(|w| 255 * w.min(0)).sum(), weights().map(|w| 255 * w.max(0)).sum()]
    }

    fn check(mut lines: Vec<HalfLine>) {
        let repairs: Vec<HalfLine> = lines.iter_mut().filter_map(HalfLine::split).collect();
        lines.extend(repairs);
        let loads: Vec<Load> = lines.iter().map(HalfLine::load).collect();
        // What an earlier unit has left behind does not show.
        let (mut grouping, mut groups) = (Grouping::default(), Vec::new());
        grouping.group(&loads[..loads.len() / 2], &mut groups);
        grouping.group(&loads, &mut groups);
        let mut seen = vec![0; lines.len()];
        for group in groups.iter().map(WideningGroup::lines) {
            assert!((1..=MAX_GROUP_LINES).contains(&group.len()));
            group.iter().for_each(|&line| seen[line as usize] += 1);
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
