//! Average and maximum pooling over whole registers of channels.
//!
//! Both reduce a window byte by byte: the maximum in bytes, the average in 16-bit sums that are
//! divided by the true number of taps, exactly. Padding counts in neither. Where neighbouring windows
//! overlap, the reduced columns of a window are kept and shared.

use crate::bound::Bound;
use crate::isa::Isa;
use crate::window::{Image, Window};

mod bind;
mod divide;
mod edges;
mod layer;
mod tile;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub(crate) use bind::kernels;
use bind::{FAMILY, KERNELS};
pub use layer::Pool;

/// What becomes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The greatest value; a window that lies in the padding gives the least of all.
    Maximum,
    /// The average of the taps inside, rounded half away from zero in the file's domain.
    Average {
        /// Whether the file's tensor is `int8`, so that negative ties round down.
        file_is_signed: bool,
    },
}

/// What a pooling is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSpec {
    /// Average or maximum.
    pub kind: PoolKind,
    /// The input.
    pub input: Image,
    /// The window over the input, of dilation 1.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// Bytes from one output pixel to the next; at least the channels.
    pub pixel_stride: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// Prepares a pooling for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a dilation, pixels
/// that overlap, the average of a window that lies in the padding.
pub fn prepare(isa: Isa, spec: &PoolSpec) -> Pool {
    Pool::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
