//! The kernels of every instruction set.

use alloc::vec::Vec;

use super::tile::{Average, TileFn};
use crate::arch::Elements;
use crate::bound::{Entry, list, table};
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "mean";

/// The kernels of every instruction set of this build, best first; names have stored type, instruction set and lanes.
pub(super) static KERNELS: &[&Entry<TileFn>] = table![
    x86_64: entry::<Avx512Vnni>("mean_u8_avx512vnni_x16"), entry::<Avx2>("mean_u8_avx2_x16"), entry::<Sse41>("mean_u8_sse41_x16");
    aarch64: entry::<Neon>("mean_s8_neon_x16");
    any: entry::<Scalar>("mean_u8_scalar_x16")
];

const fn entry<A: Elements>(name: &'static str) -> Entry<TileFn> {
    Entry { isa: A::ISA, name, run: A::enter::<Average> }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
