//! Offsets of buffers in one arena: those alive at the same time do not overlap.

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

/// Offsets of the buffers, and the arena's size.
///
/// Large buffers are placed first, each at the lowest offset where it meets no buffer that is alive
/// with it.
pub(crate) fn assign(buffers: &[Buffer]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(buffers[index].bytes), buffers[index].first));
    let mut offsets = vec![0; buffers.len()];
    let mut placed: Vec<usize> = Vec::new();
    let mut total = 0;
    for index in order {
        let buffer = buffers[index];
        let mut offset = 0;
        // `placed` is sorted by offset, so one sweep finds the first gap that is wide enough.
        for &other in &placed {
            let meets = buffers[other].first <= buffer.last && buffer.first <= buffers[other].last;
            if meets && offset + buffer.bytes > offsets[other] {
                offset = offset.max(offsets[other] + buffers[other].bytes);
            }
        }
        offsets[index] = offset;
        total = total.max(offset + buffer.bytes);
        let at = placed.partition_point(|&other| offsets[other] <= offset);
        placed.insert(at, index);
    }
    (offsets, total)
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

    #[test]
    fn a_chain_needs_two_buffers() {
        let chain: Vec<Buffer> = (0..10).map(|step| Buffer { bytes: 640, first: step, last: step + 1 }).collect();
        assert_eq!(assign(&chain).1, 2 * 640);
    }
}
