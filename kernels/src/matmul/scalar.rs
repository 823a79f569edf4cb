//! Portable products.

use super::Descriptor;
use super::block::{self, Block};
use super::float::{self, FloatBlock};
use crate::arch::{InstructionSet, Scalar};
use crate::isa::Isa;

/// See [`block::run`].
unsafe fn block(call: &Block<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the CPU and the pointers.
    unsafe { block::run::<_, 4>(Scalar::assume(), call) }
}

/// See [`float::run`].
unsafe fn float(call: &FloatBlock) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the CPU and the pointers.
    unsafe { float::run(call) }
}

pub(super) static BLOCKS: Descriptor = Descriptor {
    isa: Isa::Scalar,
    names: ["matmul_s16_scalar_4x16", "matmul_s16_scalar_4x16", "matmul_f32_scalar_4x16"],
    block,
    float,
};
