//! The 128-bit vectors that all instruction sets of x86 have here.

use super::avx2::Ymm;
use super::avx512::Avx512Vnni;
use super::products::Product;
use crate::arch::InstructionSet;

/// An instruction set that includes SSE4.1, whose 128-bit vectors are enough where rows are short.
pub(crate) trait Xmm: InstructionSet {}

impl<P: Product> Xmm for Ymm<P> where Self: InstructionSet {}
impl Xmm for Avx512Vnni {}
