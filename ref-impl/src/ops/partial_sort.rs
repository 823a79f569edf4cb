//! The greatest elements in the order that the oracle's partial sort leaves them in.
//!
//! Which of equal elements comes first is decided by how a heap moves them, so the heap is part of
//! the result: its root is the least of the elements kept, a hole sinks to the bottom along the
//! lesser children before the new element rises from there, and the heap is emptied back to front.

use alloc::vec;
use alloc::vec::Vec;

/// Indices of the `count` greatest values, the greatest first; with a `count` of 1 the first of the
/// greatest.
///
/// # Panics
/// When there are fewer values or `count` is 0.
pub fn greatest_first(values: &[f32], count: usize) -> Vec<usize> {
    assert!(0 < count && count <= values.len(), "{count} of {} values", values.len());
    if count == 1 {
        let best = (1..values.len()).fold(0, |best, index| if values[index] > values[best] { index } else { best });
        return vec![best];
    }
    let mut heap = Heap { values, indices: (0..count).collect() };
    for node in (0..count / 2).rev() {
        heap.sink(node, count, heap.indices[node]);
    }
    for index in count..values.len() {
        if values[index] > values[heap.indices[0]] {
            heap.sink(0, count, index);
        }
    }
    for last in (1..count).rev() {
        let (least, moved) = (heap.indices[0], heap.indices[last]);
        heap.sink(0, last, moved);
        heap.indices[last] = least;
    }
    heap.indices
}

struct Heap<'a> {
    values: &'a [f32],
    indices: Vec<usize>,
}

impl Heap<'_> {
    /// Puts `index` where it belongs below `top`, whose own element goes, in a heap of `size`.
    fn sink(&mut self, top: usize, size: usize, index: usize) {
        let value = |index: usize| self.values[index];
        let mut hole = top;
        while 2 * hole + 1 < size {
            let (left, right) = (2 * hole + 1, 2 * hole + 2);
            let lesser =
                if right < size && value(self.indices[right]) <= value(self.indices[left]) { right } else { left };
            self.indices[hole] = self.indices[lesser];
            hole = lesser;
        }
        while hole > top {
            let parent = (hole - 1) / 2;
            if value(self.indices[parent]) <= value(index) {
                break;
            }
            self.indices[hole] = self.indices[parent];
            hole = parent;
        }
        self.indices[hole] = index;
    }
}
