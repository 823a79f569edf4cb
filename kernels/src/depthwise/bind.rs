//! The kernel table.

use super::columns::ColumnKernel;
use super::pack::Format;
use super::quads::QuadKernel;
#[cfg(target_arch = "aarch64")]
use super::rows::RowKernel;
use super::tile::TileFn;
use crate::bound::Described;
use crate::isa::Isa;

/// The tiles of one instruction set.
pub struct Descriptor {
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
pub static KERNELS: &[&Descriptor] = &[
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
    /// The instruction set that the tiles need.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The name of the kernel for any window: stored type, instruction set, pixels by channels of a tile.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The tile of a convolution and how it wants the weights, the largest of which has magnitude `largest`.
    pub(super) fn tile(&self, multiplied: bool, largest: i32) -> (TileFn, Format) {
        #[cfg(target_arch = "aarch64")]
        if let Some(bytes) = self.bytes.filter(|_| !multiplied && largest < 128) {
            return (bytes, Format::Bytes);
        }
        let _ = largest;
        (if multiplied { self.multiplied } else { self.direct }, self.format)
    }

    /// The name of the kernel for four taps at a time, where the instruction set has one.
    pub fn quads_name(&self) -> Option<&'static str> {
        self.quads.map(|kernel| kernel.name)
    }

    /// The name of the kernel for windows that slide along rows, where the instruction set has one.
    pub fn columns_name(&self) -> Option<&'static str> {
        #[cfg(target_arch = "aarch64")]
        if let Some(rows) = self.rows.first() {
            return Some(rows.name);
        }
        self.columns.map(|kernel| kernel.name)
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }
}
