//! The kernel table.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use super::tile::{BlockFn, Convolve};
use crate::arch::Pairs16;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "depthwise of 16 bits";

/// The kernel of one instruction set.
pub(super) struct Descriptor {
    isa: Isa,
    pub(super) name: &'static str,
    /// Values of a tap's packed weights.
    pub(super) tap_step: usize,
    pub(super) block: BlockFn,
}

/// The kernels of every instruction set of this build, best first; names have stored types, instruction set and lanes,
/// with pixels that share weights on ARM.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni>("depthwise_s16s8_avx512vnni_x16"),
        Descriptor::of::<Avx2>("depthwise_s16s8_avx2_x16"),
        Descriptor::of::<Sse41>("depthwise_s16s8_sse41_x16");
    aarch64: Descriptor::of::<Neon>("depthwise_s16s8_neon_4x16");
    any: Descriptor::of::<Scalar>("depthwise_s16s8_scalar_x16")
];

impl Descriptor {
    const fn of<A: Pairs16>(name: &'static str) -> Self {
        Self { isa: A::ISA, name, tap_step: A::TAP_STEP, block: A::enter::<Convolve> }
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
