//! Portable windows.

use super::Descriptor;
use super::tile::{self, Block};
use crate::arch::{InstructionSet, Scalar};
use crate::isa::Isa;

/// See [`tile::run`].
unsafe fn block(call: &Block<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Scalar::assume(), call) }
}

pub(super) static BLOCKS: Descriptor = Descriptor { isa: Isa::Scalar, name: "pool_s16_scalar_x16", block };
