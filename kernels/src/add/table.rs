//! The kernels of every instruction set.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use super::fused_tile::{Fused, FusedTileFn};
use super::tile::{Sum, TileFn};
use crate::arch::FusedAdd;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "addition";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    pub(super) isa: Isa,
    pub(super) name: &'static str,
    /// Sums and differences, each where neither operand, the second, the first, or both have a multiplier of one
    /// half.
    pub(super) tiles: [[TileFn; 4]; 2],
    /// The addition as one fused scaled add.
    pub(super) fused: FusedKernel,
}

/// An instruction set's addition as one fused scaled add.
pub(super) struct FusedKernel {
    pub(super) name: &'static str,
    pub(super) tile: FusedTileFn,
    /// Bytes of a register.
    pub(super) width: usize,
}

/// Kernels of every instruction set of this build, best first: step by step, and as a fused scaled add. Names have stored type,
/// instruction set and elements.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni>("add_u8_avx512vnni_x16", "add_u8_avx512vnni_x64"),
        Descriptor::of::<Avx2>("add_u8_avx2_x16", "add_u8_avx2_x32"),
        Descriptor::of::<Sse41>("add_u8_sse41_x16", "add_u8_sse41_mix_x16");
    aarch64: Descriptor::of::<Neon>("add_s8_neon_x16", "add_s8_neon_mix_x16");
    any: Descriptor::of::<Scalar>("add_u8_scalar_x16", "add_u8_scalar_mix_x16")
];

impl Descriptor {
    const fn of<A: FusedAdd>(name: &'static str, fused_name: &'static str) -> Self {
        let fused = FusedKernel { name: fused_name, tile: A::enter::<Fused>, width: A::WIDTH };
        Self { isa: A::ISA, name, tiles: [tiles::<A, false>(), tiles::<A, true>()], fused }
    }
}

/// The tiles of a function for each choice of operands whose multiplier is one half.
const fn tiles<A: FusedAdd, const SUBTRACT: bool>() -> [TileFn; 4] {
    [
        A::enter::<Sum<false, false, SUBTRACT>>,
        A::enter::<Sum<false, true, SUBTRACT>>,
        A::enter::<Sum<true, false, SUBTRACT>>,
        A::enter::<Sum<true, true, SUBTRACT>>,
    ]
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name.into(), self.fused.name.into()]
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
