//! Offsets of buffers in one arena: those alive at the same time do not overlap.

use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The steps during which a buffer must keep its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// First step that writes it.
    pub(crate) first: usize,
    /// Last step that reads it.
    pub(crate) last: usize,
}

impl Span {
    /// Makes a span include a step.
    pub(crate) fn touch(span: &mut Option<Self>, step: usize) {
        let Self { first, last } = span.unwrap_or(Self { first: step, last: step });
        *span = Some(Self { first: first.min(step), last: last.max(step) });
    }

    /// Whether both have a step.
    fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// A buffer and when it is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buffer {
    /// Size, a multiple of 64.
    pub(crate) bytes: usize,
    /// When it is alive.
    pub(crate) span: Span,
}

/// Comparisons of buffers that a plan may take. Buffers that are left then, the small ones, share nothing.
const MAX_COMPARISONS: usize = 1 << 24;
/// The same of all that is done after the first order, in which a buffer counts as some.
const MAX_MORE_COMPARISONS: usize = 1 << 20;
const COMPARISONS_OF_A_BUFFER: usize = 4;
/// How often an order is mended.
const MENDINGS: usize = 60;
/// A part of the peak that an arena may be larger by without more orders being tried.
const TOLERATED: usize = 64;

/// The most bytes that are alive in one step: no arena is smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peak {
    /// Bytes of the buffers that are alive.
    pub(crate) bytes: usize,
    /// The first step in which they are.
    pub(crate) step: usize,
}

impl Peak {
    /// The peak of these buffers.
    pub(crate) fn of(buffers: &[Buffer]) -> Self {
        let steps = steps(buffers);
        // How many bytes come to life in a step, and how many are dead from then on.
        let mut changes = vec![(0, 0); steps + 1];
        for buffer in buffers {
            changes[buffer.span.first].0 += buffer.bytes;
            changes[buffer.span.last + 1].1 += buffer.bytes;
        }
        let mut peak = Self::default();
        let mut bytes = 0;
        for (step, (born, dead)) in changes.into_iter().enumerate() {
            bytes = bytes + born - dead;
            if bytes > peak.bytes {
                peak = Self { bytes, step };
            }
        }
        peak
    }
}

/// Steps up to the last in which a buffer is alive.
fn steps(buffers: &[Buffer]) -> usize {
    buffers.iter().map(|buffer| buffer.span.last + 1).max().unwrap_or(1)
}

/// Where buffers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Of each buffer.
    pub(crate) offsets: Vec<usize>,
    /// The arena's size.
    pub(crate) bytes: usize,
}

/// Places the buffers in an arena that is as small as a few orders find it.
///
/// In each order buffers get the lowest offset at which they meet no buffer that is alive with them. Large ones come first, which is
/// nearly always as good as can be. Other orders are tried, and mended where a buffer ends beyond the others, while the arena is larger
/// than the [`Peak`] by more than a little.
pub(crate) fn assign(buffers: &[Buffer]) -> Assignment {
    let peak = Peak::of(buffers).bytes;
    let enough = peak + peak / TOLERATED;
    let mut search = Search { buffers, comparisons: MAX_COMPARISONS };
    let mut best = search.place(&by_size(buffers));
    search.comparisons = search.comparisons.min(MAX_MORE_COMPARISONS);
    if best.bytes <= enough {
        return best;
    }
    for mut order in [by_size, by_duration, by_first_step, by_last_step].map(|order| order(buffers)) {
        for _ in 0..MENDINGS {
            if best.bytes <= enough || search.comparisons < COMPARISONS_OF_A_BUFFER * buffers.len() {
                return best;
            }
            search.comparisons -= COMPARISONS_OF_A_BUFFER * buffers.len();
            let placed = search.place(&order);
            let other = mend(&mut order, buffers, &placed);
            if placed.bytes < best.bytes {
                best = placed;
            }
            if !other {
                break;
            }
        }
    }
    best
}

fn by_size(buffers: &[Buffer]) -> Vec<usize> {
    sorted(buffers, |buffer| (Reverse(buffer.bytes), buffer.span.first))
}

fn by_duration(buffers: &[Buffer]) -> Vec<usize> {
    sorted(buffers, |buffer| (Reverse(buffer.span.last - buffer.span.first), Reverse(buffer.bytes)))
}

fn by_first_step(buffers: &[Buffer]) -> Vec<usize> {
    sorted(buffers, |buffer| (buffer.span.first, Reverse(buffer.bytes)))
}

fn by_last_step(buffers: &[Buffer]) -> Vec<usize> {
    sorted(buffers, |buffer| (Reverse(buffer.span.last), Reverse(buffer.bytes)))
}

/// The buffers in the order of a key.
fn sorted<K: Ord>(buffers: &[Buffer], key: impl Fn(&Buffer) -> K) -> Vec<usize> {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&index| key(&buffers[index]));
    order
}

/// Lets the buffer that ends last choose before all that are alive with it; whether it did not already.
fn mend(order: &mut [usize], buffers: &[Buffer], placed: &Assignment) -> bool {
    let end = |&rank: &usize| placed.offsets[order[rank]] + buffers[order[rank]].bytes;
    let Some(rank) = (0..order.len()).max_by_key(end) else { return false };
    let last = buffers[order[rank]].span;
    let earlier = order[..rank].iter().position(|&other| buffers[other].span.meets(last));
    earlier.inspect(|&earlier| order[earlier..=rank].rotate_right(1)).is_some()
}

/// What the orders of a plan's buffers are tried with.
struct Search<'a> {
    buffers: &'a [Buffer],
    /// Comparisons that are left.
    comparisons: usize,
}

impl Search<'_> {
    /// Gives each buffer its offset, in this order.
    fn place(&mut self, order: &[usize]) -> Assignment {
        let buffers = self.buffers;
        let mut offsets = vec![0; buffers.len()];
        let mut assigned = Assigned::new(buffers);
        let mut total = 0;
        for &index in order {
            let buffer = buffers[index];
            let mut offset = total;
            if self.comparisons > 0 {
                let mut others = assigned.alive_with(buffer);
                self.comparisons = self.comparisons.saturating_sub(others.len());
                others.sort_unstable_by_key(|&other| offsets[other]);
                offset = 0;
                // One sweep finds the first gap that is wide enough.
                for other in others {
                    if offset + buffer.bytes > offsets[other] {
                        offset = offset.max(offsets[other] + buffers[other].bytes);
                    }
                }
                assigned.insert(index, buffer);
            }
            offsets[index] = offset;
            total = total.max(offset + buffer.bytes);
        }
        Assignment { offsets, bytes: total }
    }
}

/// The buffers that have an offset, to be found by the steps of their lives.
struct Assigned {
    /// A segment tree over the steps: each node has the buffers that are alive in all of its steps, but not in all of its
    /// parent's.
    nodes: Vec<Vec<usize>>,
    /// First steps with the buffers.
    firsts: BTreeSet<(usize, usize)>,
}

impl Assigned {
    /// None of these yet.
    fn new(buffers: &[Buffer]) -> Self {
        Self { nodes: vec![Vec::new(); 2 * steps(buffers)], firsts: BTreeSet::new() }
    }

    fn insert(&mut self, index: usize, buffer: Buffer) {
        let steps = self.nodes.len() / 2;
        let (mut low, mut high) = (buffer.span.first + steps, buffer.span.last + 1 + steps);
        while low < high {
            if low % 2 == 1 {
                self.nodes[low].push(index);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                self.nodes[high].push(index);
            }
            (low, high) = (low / 2, high / 2);
        }
        self.firsts.insert((buffer.span.first, index));
    }

    /// The buffers that are alive in one of the steps in which this one is.
    fn alive_with(&self, buffer: Buffer) -> Vec<usize> {
        let leaf = buffer.span.first + self.nodes.len() / 2;
        let ancestors = std::iter::successors(Some(leaf), |&node| (node > 1).then_some(node / 2));
        let in_first_step = ancestors.flat_map(|node| self.nodes[node].iter().copied());
        let later = self.firsts.range((buffer.span.first, usize::MAX)..=(buffer.span.last, usize::MAX));
        in_first_step.chain(later.map(|&(_, index)| index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn buffers_alive_together_do_not_overlap(
            shapes in prop::collection::vec((1..50_usize, 0..20_usize, 0..6_usize), 0..40)
        ) {
            let buffers: Vec<Buffer> = shapes
                .iter()
                .map(|&(lines, first, length)| Buffer { bytes: 64 * lines, span: Span { first, last: first + length } })
                .collect();
            let Assignment { offsets, bytes: total } = assign(&buffers);
            for (i, a) in buffers.iter().enumerate() {
                prop_assert!(offsets[i] + a.bytes <= total);
                for (j, b) in buffers.iter().enumerate().skip(i + 1) {
                    let together = a.span.meets(b.span);
                    let apart = offsets[i] + a.bytes <= offsets[j] || offsets[j] + b.bytes <= offsets[i];
                    prop_assert!(!together || apart, "{a:?} at {} and {b:?} at {}", offsets[i], offsets[j]);
                }
            }
        }
    }

    /// A long one too: only neighbours are compared, else the comparisons would not suffice.
    #[test]
    fn a_chain_needs_two_buffers() {
        for length in [10, 100_000] {
            let chain: Vec<Buffer> =
                (0..length).map(|step| Buffer { bytes: 640, span: Span { first: step, last: step + 1 } }).collect();
            assert_eq!(assign(&chain).bytes, 2 * 640, "of {length} buffers");
        }
    }

    /// More comparisons than a plan may take: all of these meet each other.
    #[test]
    fn buffers_beyond_the_comparisons_share_nothing() {
        let crowd = vec![Buffer { bytes: 64, span: Span { first: 3, last: 5 } }; 50_000];
        let Assignment { mut offsets, bytes: total } = assign(&crowd);
        offsets.sort_unstable();
        assert!(offsets.iter().enumerate().all(|(index, &offset)| offset == 64 * index));
        assert_eq!(total, 64 * crowd.len());
    }

    /// Large ones first leave a gap that no other fits.
    #[test]
    fn other_orders_are_tried_where_the_first_misses_the_peak() {
        let shapes = [(9, 0, 2), (9, 1, 3), (5, 2, 3), (6, 3, 4), (7, 4, 6)];
        let buffers = shapes.map(|(lines, first, last)| Buffer { bytes: 64 * lines, span: Span { first, last } });
        let first = Search { buffers: &buffers, comparisons: MAX_COMPARISONS }.place(&by_size(&buffers));
        assert_eq!((first.bytes, Peak::of(&buffers)), (64 * 29, Peak { bytes: 64 * 23, step: 2 }));
        assert_eq!(assign(&buffers).bytes, 64 * 23);
    }

    proptest! {
        /// The offsets are those of the plain rule, which compares all pairs.
        #[test]
        fn the_lowest_offset_is_found(
            shapes in prop::collection::vec((1..50_usize, 0..20_usize, 0..6_usize), 0..40)
        ) {
            let buffers: Vec<Buffer> = shapes
                .iter()
                .map(|&(lines, first, length)| Buffer { bytes: 64 * lines, span: Span { first, last: first + length } })
                .collect();
            let order = by_size(&buffers);
            let mut offsets = vec![0; buffers.len()];
            for (rank, &index) in order.iter().enumerate() {
                let buffer = buffers[index];
                let fits = |offset: &usize| {
                    order[..rank].iter().all(|&other| {
                        let together = buffers[other].span.meets(buffer.span);
                        let apart = offset + buffer.bytes <= offsets[other]
                            || offsets[other] + buffers[other].bytes <= *offset;
                        !together || apart
                    })
                };
                offsets[index] = (0..).step_by(64).find(fits).expect("there is room above all others");
            }
            let placed = Search { buffers: &buffers, comparisons: MAX_COMPARISONS }.place(&order);
            prop_assert_eq!(&placed.offsets, &offsets);
            prop_assert!(assign(&buffers).bytes <= placed.bytes);
        }
    }
}
