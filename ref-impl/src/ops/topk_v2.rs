//! TOPK_V2 (`docs/numerics.md` §7.7).

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::shape::check_length;

/// Elements that have an order.
pub trait Ordered: Copy + PartialOrd {
    /// A total order that agrees with `<` where that says anything.
    fn order(&self, other: &Self) -> Ordering;
}

macro_rules! ordered_integers {
    ($($T:ty)*) => {
        $(impl Ordered for $T {
            fn order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }
        })*
    };
}

ordered_integers!(i8 u8 i16 i32 i64);

impl Ordered for f32 {
    fn order(&self, other: &Self) -> Ordering {
        self.partial_cmp(other).unwrap_or_else(|| self.total_cmp(other))
    }
}

/// The `k` largest elements of each row of `size`, in falling order, and their indices; of equal elements the first ones.
///
/// # Panics
/// When `k` is larger than `size` or slices do not hold the same number of rows.
pub fn topk_v2<X: Ordered>([size, k]: [usize; 2], input: &[X], values: &mut [X], indices: &mut [i32]) {
    assert!(k <= size, "the {k} largest of {size}");
    check_length("the indices", indices.len(), values.len());
    if k == 0 {
        return;
    }
    check_length("the input", input.len(), values.len() / k * size);
    let outputs = values.chunks_exact_mut(k).zip(indices.chunks_exact_mut(k));
    for (row, (values, indices)) in input.chunks_exact(size).zip(outputs) {
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|&a, &b| row[b].order(&row[a]));
        for ((value, index), at) in values.iter_mut().zip(indices).zip(order) {
            (*value, *index) = (row[at], at as i32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_elements_keep_their_order() {
        let (mut values, mut indices) = ([0; 4], [0; 4]);
        topk_v2([5, 4], &[2, 7, 2, 7, 1], &mut values, &mut indices);
        assert_eq!((values, indices), ([7, 7, 2, 2], [1, 3, 0, 2]));
        let (mut values, mut indices) = ([0.0; 3], [0; 3]);
        topk_v2([3, 3], &[-0.0, f32::NAN, 0.0_f32], &mut values, &mut indices);
        assert_eq!(indices, [1, 0, 2]);
    }
}
