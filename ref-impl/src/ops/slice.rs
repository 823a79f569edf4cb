//! SLICE, STRIDED_SLICE and REVERSE_V2 (`docs/numerics.md` §7.7).

use alloc::vec::Vec;

use crate::shape::{check_length, element_count, fill_by, index_of};

/// What is taken of one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceAxis {
    /// Index of the first element.
    pub start: usize,
    /// From one element to the next, backwards if negative.
    pub step: i64,
    /// Number of elements.
    pub count: usize,
}

impl SliceAxis {
    /// All of a dimension of `size` elements.
    pub fn all(size: usize) -> Self {
        Self { start: 0, step: 1, count: size }
    }

    /// Index of element `at`.
    pub fn source(&self, at: usize) -> usize {
        (self.start as i64 + at as i64 * self.step) as usize
    }
}

/// Takes the elements that each of `axes` names.
///
/// # Panics
/// When a slice does not match its shape, there is not one axis for each dimension, or an index is outside.
pub fn slice<X: Copy>(shape: &[usize], axes: &[SliceAxis], input: &[X], output: &mut [X]) {
    check_length("the axes", axes.len(), shape.len());
    check_length("the input", input.len(), element_count(shape));
    let counts: Vec<usize> = axes.iter().map(|axis| axis.count).collect();
    check_length("the output", output.len(), element_count(&counts));
    fill_by(&counts, output, |at| {
        let source: Vec<usize> = axes.iter().zip(at).map(|(axis, &at)| axis.source(at)).collect();
        assert!(source.iter().zip(shape).all(|(at, size)| at < size), "{source:?} of {shape:?}");
        input[index_of(shape, &source)]
    });
}

/// The operands and options of STRIDED_SLICE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StridedSliceParams {
    /// First index of each entry.
    pub begin: Vec<i64>,
    /// Index after the last of each entry, or how many beyond `begin` with `offset`.
    pub end: Vec<i64>,
    /// Step of each entry, not 0.
    pub strides: Vec<i64>,
    /// Entries that begin at the first element in their direction.
    pub begin_mask: u32,
    /// Entries that end with the last element in their direction.
    pub end_mask: u32,
    /// The entry that stands for all dimensions that no other one names; at most one bit.
    pub ellipsis_mask: u32,
    /// Entries that add a dimension of 1.
    pub new_axis_mask: u32,
    /// Entries that take one element and remove the dimension.
    pub shrink_axis_mask: u32,
    /// Whether `end` counts from `begin`.
    pub offset: bool,
}

/// What a strided slice takes of each input dimension, and the shape of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedSlice {
    /// One for each dimension of the input.
    pub axes: Vec<SliceAxis>,
    /// Without shrunk dimensions, with new ones.
    pub shape: Vec<usize>,
}

impl StridedSliceParams {
    /// Applies begin, end, strides and masks to a shape; `None` when there are more entries than dimensions, when a
    /// stride is 0, or when a dimension is shrunk to an element that it does not have.
    pub fn resolve(&self, shape: &[usize]) -> Option<ResolvedSlice> {
        let entries = self.begin.len();
        if self.end.len() != entries
            || self.strides.len() != entries
            || entries > 31
            || self.ellipsis_mask.count_ones() > 1
        {
            return None;
        }
        let is = |mask: u32, entry: usize| mask >> entry & 1 == 1;
        let added =
            (0..entries).filter(|&entry| is(self.new_axis_mask, entry) && !is(self.ellipsis_mask, entry)).count();
        let has_ellipsis = (0..entries).any(|entry| is(self.ellipsis_mask, entry));
        let named = entries - added - usize::from(has_ellipsis);
        let unnamed = shape.len().checked_sub(named)?;
        let mut resolved = ResolvedSlice { axes: Vec::new(), shape: Vec::new() };
        let mut rest = shape.iter();
        let mut open = shape.len() + added;
        for entry in 0..entries {
            // An ellipsis stands for one dimension at least, and entries that are too many then are left out.
            let taken = if is(self.ellipsis_mask, entry) { unnamed.max(1) } else { 1 };
            let Some(left) = open.checked_sub(taken) else { break };
            open = left;
            if is(self.ellipsis_mask, entry) {
                rest.by_ref().take(taken).for_each(|&size| resolved.keep(size));
            } else if is(self.new_axis_mask, entry) {
                resolved.shape.push(1);
            } else {
                let axis = self.resolve_entry(entry, *rest.next()?)?;
                resolved.axes.push(axis);
                if !is(self.shrink_axis_mask, entry) {
                    resolved.shape.push(axis.count);
                }
            }
        }
        rest.for_each(|&size| resolved.keep(size));
        Some(resolved)
    }

    fn resolve_entry(&self, entry: usize, size: usize) -> Option<SliceAxis> {
        let is = |mask: u32| mask >> entry & 1 == 1;
        let (stride, size) = (self.strides[entry], i64::try_from(size).ok()?);
        let (lowest, highest) = if stride > 0 { (0, size) } else { (-1, size - 1) };
        let within = |index: i64| if index < 0 { index.saturating_add(size) } else { index }.clamp(lowest, highest);
        let forwards = stride > 0;
        let start = match is(self.begin_mask) {
            true if forwards => lowest,
            true => highest,
            false => within(self.begin[entry]),
        };
        if stride == 0 || is(self.shrink_axis_mask) {
            let inside = forwards && (0..size).contains(&start);
            return inside.then_some(SliceAxis { start: start as usize, step: 1, count: 1 });
        }
        let end = match is(self.end_mask) {
            true if forwards => highest,
            true => lowest,
            false if self.offset => within(self.end[entry].saturating_add(start)),
            false => within(self.end[entry]),
        };
        let distance = if forwards { end - start } else { start - end };
        let count = distance.max(0).unsigned_abs().div_ceil(stride.unsigned_abs());
        Some(SliceAxis { start: start.max(0) as usize, step: stride, count: count as usize })
    }
}

impl ResolvedSlice {
    fn keep(&mut self, size: usize) {
        self.axes.push(SliceAxis::all(size));
        self.shape.push(size);
    }
}
