//! The kernels of every instruction set.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use super::tile::{ADD, Combine, MUL, SUB, TileFn};
use crate::arch::Arch;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "arithmetic of 16 bits";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    pub(super) name: &'static str,
    /// Sum, difference, product.
    pub(super) tiles: [TileFn; 3],
}

/// Kernels of every instruction set of this build, best first; names have type, instruction set and lanes.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni>("pairs_s16_avx512vnni_x16"),
        Descriptor::of::<Avx2>("pairs_s16_avx2_x16"),
        Descriptor::of::<Sse41>("pairs_s16_sse41_x16");
    aarch64: Descriptor::of::<Neon>("pairs_s16_neon_x16");
    any: Descriptor::of::<Scalar>("pairs_s16_scalar_x16")
];

impl Descriptor {
    const fn of<A: Arch>(name: &'static str) -> Self {
        let tiles: [TileFn; 3] = [A::enter::<Combine<ADD>>, A::enter::<Combine<SUB>>, A::enter::<Combine<MUL>>];
        Self { isa: A::ISA, name, tiles }
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name.into()]
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
