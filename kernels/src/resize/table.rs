//! The kernels of every instruction set.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::row::{Bilinear, Element, I8, RowFn, U8};
use crate::arch::InstructionSet;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "resizing";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    /// Of each element type, in the order of the fields below.
    pub(super) names: [&'static str; 4],
    pub(super) u8: RowFn<f32>,
    pub(super) i8: RowFn<i32>,
    pub(super) i16: RowFn<i32>,
    pub(super) f32: RowFn<f32>,
}

/// Kernels of every instruction set of this build, best first; names have element type, instruction set and channels.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni, i16>(["resize_bilinear_u8_avx512vnni_x16", "resize_bilinear_s8_avx512vnni_x16", "resize_bilinear_s16_avx512vnni_x16", "resize_bilinear_f32_avx512vnni_x16"]),
        Descriptor::of::<Avx2, i16>(["resize_bilinear_u8_avx2_x16", "resize_bilinear_s8_avx2_x16", "resize_bilinear_s16_avx2_x16", "resize_bilinear_f32_avx2_x16"]),
        Descriptor::of::<Sse41, i16>(["resize_bilinear_u8_sse41_x16", "resize_bilinear_s8_sse41_x16", "resize_bilinear_s16_sse41_x16", "resize_bilinear_f32_sse41_x16"]);
    aarch64: Descriptor::of::<Neon, super::neon::I16>(["resize_bilinear_u8_neon_x16", "resize_bilinear_s8_neon_x16", "resize_bilinear_s16_neon_x16", "resize_bilinear_f32_neon_x16"]);
    any: Descriptor::of::<Scalar, i16>(["resize_bilinear_u8_scalar_x16", "resize_bilinear_s8_scalar_x16", "resize_bilinear_s16_scalar_x16", "resize_bilinear_f32_scalar_x16"])
];

impl Descriptor {
    /// `Words` is how the instruction set has `int16`.
    const fn of<A: InstructionSet, Words: Element<Fraction = i32>>(names: [&'static str; 4]) -> Self {
        Self {
            isa: A::ISA,
            names,
            u8: A::enter::<Bilinear<U8>>,
            i8: A::enter::<Bilinear<I8>>,
            i16: A::enter::<Bilinear<Words>>,
            f32: A::enter::<Bilinear<f32>>,
        }
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.names.map(Into::into).to_vec()
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
