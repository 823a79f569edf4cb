//! The kernels of every instruction set.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::block::{BlockFn, IntegerRows};
use super::float::{FloatFn, FloatRows};
use crate::arch::Pairs16;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "matrix product";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    /// Of 8 bits, of 16 bits, of f32.
    pub(super) names: [&'static str; 3],
    /// Where both operands have 8 bits.
    pub(super) eight: BlockFn,
    /// Where one operand has 16 bits.
    pub(super) sixteen: BlockFn,
    pub(super) float: FloatFn,
}

/// Kernels of every instruction set of this build, best first; names have element type, instruction set, rows and columns.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni, 12>(["matmul_s16_avx512vnni_12x16", "matmul_s16_avx512vnni_12x16", "matmul_f32_avx512vnni_4x16"]),
        Descriptor::of::<Avx2, 6>(["matmul_s16_avx2_6x16", "matmul_s16_avx2_6x16", "matmul_f32_avx2_4x16"]),
        Descriptor::of::<Sse41, 2>(["matmul_s16_sse41_2x16", "matmul_s16_sse41_2x16", "matmul_f32_sse41_4x16"]);
    aarch64:
        Descriptor {
            isa: Isa::I8mm,
            names: ["matmul_s8_i8mm_4x16", "matmul_s16_i8mm_4x16", "matmul_f32_i8mm_4x16"],
            eight: I8mm::enter::<super::bytes::ByteRows>,
            ..Descriptor::of::<Neon, 4>([""; 3])
        },
        Descriptor {
            isa: Isa::DotProd,
            names: ["matmul_s8_dotprod_4x16", "matmul_s16_dotprod_4x16", "matmul_f32_dotprod_4x16"],
            eight: DotProd::enter::<super::bytes::ByteRows>,
            ..Descriptor::of::<Neon, 4>([""; 3])
        },
        Descriptor::of::<Neon, 4>(["matmul_s16_neon_4x16", "matmul_s16_neon_4x16", "matmul_f32_neon_4x16"]);
    any: Descriptor::of::<Scalar, 4>(["matmul_s16_scalar_4x16", "matmul_s16_scalar_4x16", "matmul_f32_scalar_4x16"])
];

impl Descriptor {
    /// An instruction set that widens 8 bits, with `MR` rows at a time.
    const fn of<A: Pairs16, const MR: usize>(names: [&'static str; 3]) -> Self {
        let integers: BlockFn = A::enter::<IntegerRows<MR>>;
        Self { isa: A::ISA, names, eight: integers, sixteen: integers, float: A::enter::<FloatRows> }
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        // Where 8 bits are not widened apart, one kernel takes both types of integers.
        let distinct = if self.names[0] == self.names[1] { &self.names[1..] } else { &self.names[..] };
        distinct.iter().map(|&name| name.into()).collect()
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
