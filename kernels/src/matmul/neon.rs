//! Advanced SIMD products: `smlal` by element.

use super::Descriptor;
use super::block::{self, Block};
use super::float::{self, FloatBlock};
use crate::arch::{InstructionSet, Neon};
use crate::isa::Isa;

/// See [`block::run`].
#[target_feature(enable = "neon")]
pub(super) unsafe fn block(call: &Block<'_>) {
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { block::run::<_, 4>(Neon::assume(), call) }
}

/// See [`float::run`].
#[target_feature(enable = "neon")]
pub(super) unsafe fn float(call: &FloatBlock) {
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { float::run(call) }
}

pub(super) static BLOCKS: Descriptor = Descriptor {
    isa: Isa::Neon,
    names: ["matmul_s16_neon_4x16", "matmul_s16_neon_4x16", "matmul_f32_neon_4x16"],
    block,
    float,
};
