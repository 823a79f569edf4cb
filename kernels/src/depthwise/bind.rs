//! The kernel table.

use std::borrow::Cow;

use super::columns::ColumnKernel;
use super::pack::Format;
use super::quads::QuadKernel;
#[cfg(target_arch = "aarch64")]
use super::rows::RowKernel;
use super::tile::TileFn;
use crate::bound::{Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "depthwise";

/// The tiles of one instruction set.
pub(crate) struct Descriptor {
    pub(super) isa: Isa,
    /// The kernel's name.
    pub(super) name: &'static str,
    /// One output channel for each input channel.
    pub(super) direct: TileFn,
    /// Several output channels for each input channel.
    pub(super) multiplied: TileFn,
    /// How both want their weights.
    pub(super) format: Format,
    /// One output channel for each input channel, and weights in [`Format::Bytes`].
    #[cfg(target_arch = "aarch64")]
    pub(super) bytes: Option<TileFn>,
    /// Square windows that slide along rows of eight channels, best first.
    #[cfg(target_arch = "aarch64")]
    pub(super) rows: &'static [RowKernel],
    /// Four taps at a time, where the instruction set adds up four products.
    pub(super) quads: Option<QuadKernel>,
    /// Square windows that slide along rows, on the same condition.
    pub(super) columns: Option<ColumnKernel>,
}

/// Tiles of every instruction set of this build, best first.
pub(super) static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &super::avx512vnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &super::avx2::TILES,
    #[cfg(target_arch = "aarch64")]
    &super::dotprod::TILES,
    #[cfg(target_arch = "aarch64")]
    &super::neon::TILES,
    &super::scalar::TILES,
];

impl Descriptor {
    /// The tile of a convolution and how it wants the weights, the largest of which has magnitude `largest`.
    pub(super) fn tile(&self, multiplied: bool, largest: i32) -> (TileFn, Format) {
        #[cfg(target_arch = "aarch64")]
        if let Some(bytes) = self.bytes.filter(|_| !multiplied && largest < 128) {
            return (bytes, Format::Bytes);
        }
        let _ = largest;
        (if multiplied { self.multiplied } else { self.direct }, self.format)
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        let columns = self.columns.map(|kernel| kernel.name);
        #[cfg(target_arch = "aarch64")]
        let columns = self.rows.first().map(|rows| rows.name).or(columns);
        let quads = self.quads.map(|kernel| kernel.name);
        [Some(self.name), quads, columns].into_iter().flatten().map(Into::into).collect()
    }
}
