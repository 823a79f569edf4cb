//! What a caller says of a pool of float32.

use crate::window::{Image, Window};

/// What becomes of the elements of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolF32Kind {
    /// Their sum from 0 on, each addition rounded.
    Sum,
    /// Their sum divided by their number.
    Average,
    /// The greatest, from the least finite number on; NaN is never greater.
    Maximum,
    /// The least, from the greatest finite number on; NaN is never less.
    Minimum,
}

impl PoolF32Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sum, Self::Average, Self::Maximum, Self::Minimum];
}

/// What a pool of float32 is to do.
#[derive(Clone, Copy, Debug)]
pub struct PoolF32Spec {
    /// What becomes of a window.
    pub kind: PoolF32Kind,
    /// The input; strides in elements.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Elements from one output pixel to the next.
    pub pixel_stride: usize,
    /// Range of the outputs, infinite where they are not clamped.
    pub range: [f32; 2],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
