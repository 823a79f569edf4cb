//! The kernels of every instruction set.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::spec::PoolF32Kind;
use super::tile::{Pool, WorkFn};
use crate::arch::Reals;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "pooling of float32";

/// The kernels of one instruction set, in the order of [`PoolF32Kind::ALL`].
pub(super) struct Descriptor {
    isa: Isa,
    pub(super) names: [&'static str; 4],
    pub(super) run: [WorkFn; 4],
}

/// The kernels of every instruction set of this build, best first; names have type, instruction set, pixels and lanes.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni>([
            "sum_f32_avx512vnni_8x16",
            "average_pool_f32_avx512vnni_8x16",
            "max_pool_f32_avx512vnni_8x16",
            "min_pool_f32_avx512vnni_8x16",
        ]),
        Descriptor::of::<Avx2>([
            "sum_f32_avx2_8x8",
            "average_pool_f32_avx2_8x8",
            "max_pool_f32_avx2_8x8",
            "min_pool_f32_avx2_8x8",
        ]),
        Descriptor::of::<Sse41>([
            "sum_f32_sse41_8x4",
            "average_pool_f32_sse41_8x4",
            "max_pool_f32_sse41_8x4",
            "min_pool_f32_sse41_8x4",
        ]);
    aarch64:
        Descriptor::of::<Neon>([
            "sum_f32_neon_8x4",
            "average_pool_f32_neon_8x4",
            "max_pool_f32_neon_8x4",
            "min_pool_f32_neon_8x4",
        ]);
    any:
        Descriptor::of::<Scalar>([
            "sum_f32_scalar_8x4",
            "average_pool_f32_scalar_8x4",
            "max_pool_f32_scalar_8x4",
            "min_pool_f32_scalar_8x4",
        ])
];

impl Descriptor {
    const fn of<A: Reals>(names: [&'static str; 4]) -> Self {
        let run = [
            A::enter::<Pool<{ PoolF32Kind::Sum as u8 }>>,
            A::enter::<Pool<{ PoolF32Kind::Average as u8 }>>,
            A::enter::<Pool<{ PoolF32Kind::Maximum as u8 }>>,
            A::enter::<Pool<{ PoolF32Kind::Minimum as u8 }>>,
        ];
        Self { isa: A::ISA, names, run: run as [WorkFn; 4] }
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
