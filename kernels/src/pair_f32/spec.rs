//! What a caller says of arithmetic of two float32 tensors.

use crate::pairs::Pairs;

/// What becomes of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairF32Function {
    /// `a + b`, clamped.
    Add,
    /// `a - b`, clamped.
    Sub,
    /// `a · b`, clamped.
    Mul,
    /// `a / b`, clamped.
    Div,
    /// `(a - b)²`, clamped.
    SquaredDifference,
    /// The greater, else the second, with its bits; not clamped.
    Maximum,
    /// The lesser, else the second, with its bits; not clamped.
    Minimum,
    /// `a` with its bits where it is at least 0, else `a · b`; not clamped.
    Prelu,
}

impl PairF32Function {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::SquaredDifference,
        Self::Maximum,
        Self::Minimum,
        Self::Prelu,
    ];
}

/// What arithmetic of two float32 tensors is to do.
#[derive(Clone, Debug)]
pub struct PairF32Spec {
    /// What becomes of a pair.
    pub function: PairF32Function,
    /// Where the elements are, of four bytes.
    pub pairs: Pairs,
    /// Range of the outputs, where they are clamped; finite.
    pub range: [f32; 2],
}
