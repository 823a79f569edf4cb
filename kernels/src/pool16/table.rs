//! The kernel table.

use alloc::vec::Vec;

use super::tile::{BlockFn, Windows};
use crate::arch::Pairs16;
use crate::bound::{Entry, list, table};
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "pooling of 16 bits";

/// The kernels of every instruction set of this build, best first; names have stored type, instruction set and lanes.
pub(super) static KERNELS: &[&Entry<BlockFn>] = table![
    x86_64: entry::<Avx512Vnni>("pool_s16_avx512vnni_x16"), entry::<Avx2>("pool_s16_avx2_x16"), entry::<Sse41>("pool_s16_sse41_x16");
    aarch64: entry::<Neon>("pool_s16_neon_x16");
    any: entry::<Scalar>("pool_s16_scalar_x16")
];

const fn entry<A: Pairs16>(name: &'static str) -> Entry<BlockFn> {
    Entry { isa: A::ISA, name, run: A::enter::<Windows> }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
