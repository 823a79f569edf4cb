//! The kernels of every instruction set.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::spec::PairF32Function as F;
use super::tile::{Combine, TileFn};
use crate::arch::Reals;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "pairs of float32";

/// The kernels of one instruction set.
pub(super) struct Descriptor {
    isa: Isa,
    pub(super) name: &'static str,
    /// In the order of [`F::ALL`].
    pub(super) tiles: [TileFn; 8],
    /// Bytes of a register.
    pub(super) width: usize,
}

/// The kernels of every instruction set of this build, best first; names have type, instruction set and lanes.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni>("pair_f32_avx512vnni_x16"),
        Descriptor::of::<Avx2>("pair_f32_avx2_x8"),
        Descriptor::of::<Sse41>("pair_f32_sse41_x4");
    aarch64: Descriptor::of::<Neon>("pair_f32_neon_x4");
    any: Descriptor::of::<Scalar>("pair_f32_scalar_x4")
];

impl Descriptor {
    const fn of<A: Reals>(name: &'static str) -> Self {
        let tiles: [TileFn; 8] = [
            A::enter::<Combine<{ F::Add as u8 }>>,
            A::enter::<Combine<{ F::Sub as u8 }>>,
            A::enter::<Combine<{ F::Mul as u8 }>>,
            A::enter::<Combine<{ F::Div as u8 }>>,
            A::enter::<Combine<{ F::SquaredDifference as u8 }>>,
            A::enter::<Combine<{ F::Maximum as u8 }>>,
            A::enter::<Combine<{ F::Minimum as u8 }>>,
            A::enter::<Combine<{ F::Prelu as u8 }>>,
        ];
        Self { isa: A::ISA, name, tiles, width: 4 * A::WIDTH32 }
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        [self.name.into()].to_vec()
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
