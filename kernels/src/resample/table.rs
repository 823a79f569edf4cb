//! The kernels of every instruction set.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::rows::{MeanColumns, MeansFn, SumRows, Sums};
use crate::arch::InstructionSet;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "resampling of pictures";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    /// Of pixels of one byte, and of several.
    pub(super) names: [&'static str; 2],
    pub(super) sums: unsafe fn(&Sums<'_>),
    pub(super) means1: MeansFn,
    pub(super) means3: MeansFn,
    pub(super) means4: MeansFn,
}

/// Kernels of every instruction set of this build, best first; names have the element type, the instruction set and what is
/// in the lanes of a mean.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni>(["resample_u8_avx512vnni_t4", "resample_u8_avx512vnni_c3"]),
        Descriptor::of::<Avx2>(["resample_u8_avx2_t4", "resample_u8_avx2_c3"]),
        Descriptor::of::<Sse41>(["resample_u8_sse41_t4", "resample_u8_sse41_c3"]);
    aarch64: Descriptor::of::<Neon>(["resample_u8_neon_t4", "resample_u8_neon_c3"]);
    any: Descriptor::of::<Scalar>(["resample_u8_scalar_t4", "resample_u8_scalar_c3"])
];

impl Descriptor {
    const fn of<A: InstructionSet>(names: [&'static str; 2]) -> Self {
        Self {
            isa: A::ISA,
            names,
            sums: A::enter::<SumRows>,
            means1: A::enter::<MeanColumns<1>>,
            means3: A::enter::<MeanColumns<3>>,
            means4: A::enter::<MeanColumns<4>>,
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
