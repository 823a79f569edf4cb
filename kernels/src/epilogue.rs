//! What becomes of a tile's accumulators: a parameter of the tile.

use crate::arch::{Arch, LANES};

/// A type of outputs that a tile's accumulators become.
///
/// Implementations are types without values, so that a kernel can have one as its parameter.
pub(crate) trait Epilogue<A: Arch> {
    /// Constants of the columns, and where the outputs of the tile's rows and columns go.
    type Call<'a>;

    /// Turns the accumulators of `MR` rows by `NV` vectors of sixteen columns into stored outputs.
    ///
    /// # Safety
    /// In a function that enables the instruction set of `arch`. The call is one of so many rows and vectors; its outputs are
    /// valid, and nobody else touches them.
    unsafe fn finish<const MR: usize, const NV: usize>(arch: A, call: &Self::Call<'_>, sums: [[A::I32; NV]; MR]);
}

/// An epilogue of sums that may need 64 bits.
pub(crate) trait WideEpilogue<A: Arch>: Epilogue<A> {
    /// Turns the sums of `MR` rows by sixteen columns into stored outputs.
    ///
    /// # Safety
    /// As [`Epilogue::finish`], for one vector of columns.
    unsafe fn finish_wide<const MR: usize>(arch: A, call: &Self::Call<'_>, sums: &[[i64; LANES]; MR]);
}
