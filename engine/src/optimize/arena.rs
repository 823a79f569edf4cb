//! Offsets of buffers in one arena: those alive at the same time do not overlap.

use std::collections::BTreeSet;

/// A buffer with the steps during which it must keep its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buffer {
    /// Size, a multiple of 64.
    pub(crate) bytes: usize,
    /// First step that writes it.
    pub(crate) first: usize,
    /// Last step that reads it.
    pub(crate) last: usize,
}

/// Comparisons of buffers that a plan may take. Buffers that are left then, the small ones, share nothing.
const MAX_COMPARISONS: usize = 1 << 24;

/// Offsets of the buffers, and the arena's size.
///
/// Large buffers get theirs first, each the lowest at which it meets no buffer that is alive with it.
pub(crate) fn assign(buffers: &[Buffer]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(buffers[index].bytes), buffers[index].first));
    let mut offsets = vec![0; buffers.len()];
    let mut assigned = Assigned::new(buffers);
    let mut comparisons = 0;
    let mut total = 0;
    for index in order {
        let buffer = buffers[index];
        let mut offset = total;
        if comparisons < MAX_COMPARISONS {
            let mut others = assigned.alive_with(buffer);
            comparisons += others.len();
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
    (offsets, total)
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
        let steps = buffers.iter().map(|buffer| buffer.last + 1).max().unwrap_or(1);
        Self { nodes: vec![Vec::new(); 2 * steps], firsts: BTreeSet::new() }
    }

    fn insert(&mut self, index: usize, buffer: Buffer) {
        let steps = self.nodes.len() / 2;
        let (mut low, mut high) = (buffer.first + steps, buffer.last + 1 + steps);
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
        self.firsts.insert((buffer.first, index));
    }

    /// The buffers that are alive in one of the steps in which this one is.
    fn alive_with(&self, buffer: Buffer) -> Vec<usize> {
        let leaf = buffer.first + self.nodes.len() / 2;
        let ancestors = std::iter::successors(Some(leaf), |&node| (node > 1).then_some(node / 2));
        let in_first_step = ancestors.flat_map(|node| self.nodes[node].iter().copied());
        let later = self.firsts.range((buffer.first, usize::MAX)..=(buffer.last, usize::MAX));
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
                .map(|&(lines, first, length)| Buffer { bytes: 64 * lines, first, last: first + length })
                .collect();
            let (offsets, total) = assign(&buffers);
            for (i, a) in buffers.iter().enumerate() {
                prop_assert!(offsets[i] + a.bytes <= total);
                for (j, b) in buffers.iter().enumerate().skip(i + 1) {
                    let together = a.first <= b.last && b.first <= a.last;
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
                (0..length).map(|step| Buffer { bytes: 640, first: step, last: step + 1 }).collect();
            assert_eq!(assign(&chain).1, 2 * 640, "of {length} buffers");
        }
    }

    /// More comparisons than a plan may take: all of these meet each other.
    #[test]
    fn buffers_beyond_the_comparisons_share_nothing() {
        let crowd = vec![Buffer { bytes: 64, first: 3, last: 5 }; 50_000];
        let (mut offsets, total) = assign(&crowd);
        offsets.sort_unstable();
        assert!(offsets.iter().enumerate().all(|(index, &offset)| offset == 64 * index));
        assert_eq!(total, 64 * crowd.len());
    }

    proptest! {
        /// The offsets are those of the plain rule, which compares all pairs.
        #[test]
        fn the_lowest_offset_is_found(
            shapes in prop::collection::vec((1..50_usize, 0..20_usize, 0..6_usize), 0..40)
        ) {
            let buffers: Vec<Buffer> = shapes
                .iter()
                .map(|&(lines, first, length)| Buffer { bytes: 64 * lines, first, last: first + length })
                .collect();
            let mut order: Vec<usize> = (0..buffers.len()).collect();
            order.sort_by_key(|&index| (std::cmp::Reverse(buffers[index].bytes), buffers[index].first));
            let mut offsets = vec![0; buffers.len()];
            for (rank, &index) in order.iter().enumerate() {
                let buffer = buffers[index];
                let fits = |offset: &usize| {
                    order[..rank].iter().all(|&other| {
                        let together = buffers[other].first <= buffer.last && buffer.first <= buffers[other].last;
                        let apart = offset + buffer.bytes <= offsets[other]
                            || offsets[other] + buffers[other].bytes <= *offset;
                        !together || apart
                    })
                };
                offsets[index] = (0..).step_by(64).find(fits).expect("there is room above all others");
            }
            prop_assert_eq!(assign(&buffers).0, offsets);
        }
    }
}
