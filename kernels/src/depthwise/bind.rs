//! The kernel table.

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
}

/// Tiles of every instruction set of this build, best first.
pub static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &super::avx512vnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &super::avx2::TILES,
    #[cfg(target_arch = "aarch64")]
    &super::neon::TILES,
    &super::scalar::TILES,
];

impl Descriptor {
    /// The instruction set that the tiles need.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The kernel's name: stored type, instruction set, pixels by channels of a tile.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }
}
