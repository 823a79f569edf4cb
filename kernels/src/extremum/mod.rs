//! The greater or the lesser of each pair of stored bytes, whole registers at a time.

use crate::bound::{Bound, Described};
use crate::isa::Isa;
use crate::layer::Layer;
use crate::memory::{Input, Output};
use crate::pairs::{Pairs, Walk};

mod tile;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

/// What an extremum of pairs is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtremumSpec {
    /// Where the elements are; all tensors are of one type.
    pub pairs: Pairs,
    /// Whether the greater is taken, or the lesser.
    pub maximum: bool,
}

/// The kernels of one instruction set.
pub struct Descriptor {
    isa: Isa,
    /// Names for the lesser and the greater.
    names: [&'static str; 2],
    tiles: [tile::TileFn; 2],
    /// Bytes of a register.
    width: usize,
}

/// Kernels of every instruction set of this build, best first.
pub static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &avx512vnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &avx2::TILES,
    #[cfg(target_arch = "aarch64")]
    &neon::TILES,
    &scalar::TILES,
];

impl Descriptor {
    /// The instruction set that the kernels need.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The kernels' names: stored type, instruction set, bytes.
    pub fn names(&self) -> [&'static str; 2] {
        self.names
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }
}

/// An extremum of pairs, ready to run. The operands that are no constants are its inputs, in order.
pub struct Extremum {
    bound: Bound<Descriptor>,
    walk: Walk,
    maximum: bool,
}

/// Prepares an extremum of pairs for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or elements have more than one byte.
pub fn prepare(isa: Isa, spec: &ExtremumSpec) -> Extremum {
    assert!(spec.pairs.bytes == 1, "elements of {} bytes", spec.pairs.bytes);
    let bound = Bound::new(KERNELS, isa);
    Extremum { bound, walk: Walk::new(&spec.pairs, 1, bound.descriptor().width), maximum: spec.maximum }
}

impl Layer for Extremum {
    fn kernel(&self) -> &str {
        self.bound.descriptor().names[usize::from(self.maximum)]
    }

    fn tasks(&self) -> usize {
        self.walk.tasks()
    }

    fn packed_bytes(&self) -> usize {
        self.walk.constant_bytes()
    }

    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        let tile = self.bound.descriptor().tiles[usize::from(self.maximum)];
        // SAFETY: the bound descriptor proves the CPU feature. The caller's promise; the walk was made for the
        // tile's width, so each run is as the tile wants it.
        unsafe { self.walk.run(task, (inputs, outputs), |run| tile(run)) }
    }
}

#[cfg(test)]
mod tests;
