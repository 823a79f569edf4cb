//! The kernels of every instruction set.

use alloc::vec::Vec;

use super::tile::{Convolve, WorkFn};
use crate::arch::Reals;
use crate::bound::{Entry, list, table};
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(crate) const FAMILY: &str = "depthwise of float32";

/// The kernels of every instruction set of this build, best first; names have type, instruction set, pixels and lanes.
pub(super) static KERNELS: &[&Entry<WorkFn>] = table![
    x86_64:
        entry::<Avx512Vnni>("depthwise_f32_avx512vnni_8x16"),
        entry::<Avx2>("depthwise_f32_avx2_8x8"),
        entry::<Sse41>("depthwise_f32_sse41_8x4");
    aarch64: entry::<Neon>("depthwise_f32_neon_8x4");
    any: entry::<Scalar>("depthwise_f32_scalar_8x4")
];

const fn entry<A: Reals>(name: &'static str) -> Entry<WorkFn> {
    Entry { isa: A::ISA, name, run: A::enter::<Convolve> }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
