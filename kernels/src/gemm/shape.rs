//! Shapes and names of kernels.

use alloc::format;

use crate::arch::LANES;
use crate::isa::{Isa, Storage};
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(crate) const FAMILY: &str = "convolution";

/// Most rows that any tile has.
pub(crate) const MAX_ROWS: usize = 14;
/// Most panels that any tile has.
pub(crate) const MAX_PANELS: usize = 4;

/// Rows and panels of a tile or a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KernelShape {
    /// Output pixels, MR.
    pub(crate) rows: usize,
    /// Panels of sixteen channels, NR / 16.
    pub(crate) panels: usize,
}

/// What the names of an instruction set's kernels have in common.
#[derive(Clone, Copy)]
pub(crate) struct KernelName {
    pub(crate) isa: Isa,
    /// k of a step.
    pub(crate) depth: usize,
}

impl KernelName {
    /// The kernel of a shape: operands, instruction set, rows by columns, k of a step, e.g. `gemm_u8s8_avx512vnni_6x64k4`.
    pub(crate) fn of(self, shape: KernelShape) -> KernelId {
        let Self { isa, depth } = self;
        let operands = match isa.storage() {
            Storage::U8 => "u8s8",
            Storage::S8 => "s8s8",
        };
        let name = format!("gemm_{operands}_{isa}_{}x{}k{depth}", shape.rows, shape.panels * LANES);
        KernelId::new(FAMILY, isa, name)
    }
}
