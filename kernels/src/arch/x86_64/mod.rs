//! Instruction sets of x86-64.

pub(crate) mod amx;
mod avx2;
mod avx2_dot;
mod avx2_lanes16;
mod avx2_pairs16;
mod avx2_reals;
mod avx2_wide;
mod avx512;
mod avx512_lanes16;
mod avx512_pairs16;
mod avx512_reals;
mod avx512_wide;
mod halves;
mod products;
mod shuffle;
mod sse41;
mod sse41_lanes16;
mod sse41_products;
mod sse41_reals;
mod sse41_wide;
mod xmm;

pub(crate) use amx::Amx;
#[cfg(test)]
pub(crate) use avx2::AvxVnniByVl;
pub(crate) use avx2::{Avx2, AvxVnni};
pub(crate) use avx512::Avx512Vnni;
pub(crate) use shuffle::Shuffle;
pub(crate) use sse41::Sse41;
pub(crate) use xmm::Xmm;
