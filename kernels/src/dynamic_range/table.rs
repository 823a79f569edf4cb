//! The kernels of every instruction set.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::bytes::{Byte, BytesFn, QuantizePiece, WholeNumber};
use super::range::{FindRange, RangeFn};
use crate::arch::InstructionSet;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "dynamic range";

/// The kernels of one instruction set.
pub(super) struct Descriptor {
    isa: Isa,
    /// Of the range, the bytes and the whole numbers.
    pub(super) names: [&'static str; 3],
    pub(super) range: RangeFn,
    pub(super) bytes: BytesFn,
    pub(super) whole_numbers: BytesFn,
}

/// The kernels of every instruction set of this build, best first.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni>(["range_f32_avx512vnni", "quantize_dynamic_f32_avx512vnni", "whole_numbers_f32_avx512vnni"]),
        Descriptor::of::<Avx2>(["range_f32_avx2", "quantize_dynamic_f32_avx2", "whole_numbers_f32_avx2"]),
        Descriptor::of::<Sse41>(["range_f32_sse41", "quantize_dynamic_f32_sse41", "whole_numbers_f32_sse41"]);
    aarch64:
        Descriptor::of::<Neon>(["range_f32_neon", "quantize_dynamic_f32_neon", "whole_numbers_f32_neon"]);
    any:
        Descriptor::of::<Scalar>(["range_f32_scalar", "quantize_dynamic_f32_scalar", "whole_numbers_f32_scalar"])
];

impl Descriptor {
    const fn of<A: InstructionSet>(names: [&'static str; 3]) -> Self {
        Self {
            isa: A::ISA,
            names,
            range: A::enter::<FindRange>,
            bytes: A::enter::<QuantizePiece<Byte>>,
            whole_numbers: A::enter::<QuantizePiece<WholeNumber>>,
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
