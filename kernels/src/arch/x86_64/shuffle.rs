//! Shuffles of bytes within sixteen of them, as all instruction sets of x86 have them here.

use core::arch::x86_64::*;

use super::avx2::Ymm;
use super::products::Product;
use crate::arch::register::register;
use crate::arch::{InstructionSet, Wide};

/// Whole registers of bytes as tables of sixteen entries, and what looking up in several of them takes.
pub(crate) trait Shuffle: Wide {
    /// Sixteen bytes in every sixteen of a register.
    ///
    /// # Safety
    /// `source` is valid for reads of 16 bytes.
    unsafe fn load_repeated(self, source: *const u8) -> Self::Bytes;

    /// The entries at the low four bits of each index, 0 where its highest bit is set.
    fn shuffle(self, table: Self::Bytes, indices: Self::Bytes) -> Self::Bytes;

    /// Exclusive or.
    fn xor(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;

    /// `a - b` of signed bytes, not below -128.
    fn sub_saturating(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
}

impl<P: Product> Shuffle for Ymm<P>
where
    Self: InstructionSet,
{
    #[inline(always)]
    unsafe fn load_repeated(self, source: *const u8) -> __m256i {
        // SAFETY: the caller vouches for 16 readable bytes.
        unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(source.cast())) }
    }

    #[inline(always)]
    fn shuffle(self, table: __m256i, indices: __m256i) -> __m256i {
        register!(_mm256_shuffle_epi8(table, indices))
    }

    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i) -> __m256i {
        register!(_mm256_xor_si256(a, b))
    }

    #[inline(always)]
    fn sub_saturating(self, a: __m256i, b: __m256i) -> __m256i {
        register!(_mm256_subs_epi8(a, b))
    }
}
