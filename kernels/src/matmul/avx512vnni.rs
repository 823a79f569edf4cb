//! AVX-512 products: `vpdpwssd`.

use super::Descriptor;
use super::block::{self, Block};
use super::float::{self, FloatBlock};
use crate::arch::{Avx512Vnni, InstructionSet};
use crate::isa::Isa;

/// See [`block::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn block(call: &Block<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { block::run::<_, 12>(Avx512Vnni::assume(), call) }
}

/// See [`float::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn float(call: &FloatBlock) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { float::run(call) }
}

pub(super) static BLOCKS: Descriptor = Descriptor {
    isa: Isa::Avx512Vnni,
    names: ["matmul_s16_avx512vnni_12x16", "matmul_s16_avx512vnni_12x16", "matmul_f32_avx512vnni_4x16"],
    block,
    float,
};
