//! AVX2 products: `vpmaddwd`.

use super::Descriptor;
use super::block::{self, Block};
use super::float::{self, FloatBlock};
use crate::arch::{Avx2, InstructionSet};
use crate::isa::Isa;

/// See [`block::run`].
#[target_feature(enable = "avx2")]
unsafe fn block(call: &Block<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { block::run::<_, 6>(Avx2::assume(), call) }
}

/// See [`float::run`].
#[target_feature(enable = "avx2")]
unsafe fn float(call: &FloatBlock) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { float::run(call) }
}

pub(super) static BLOCKS: Descriptor = Descriptor {
    isa: Isa::Avx2,
    names: ["matmul_s16_avx2_6x16", "matmul_s16_avx2_6x16", "matmul_f32_avx2_4x16"],
    block,
    float,
};
