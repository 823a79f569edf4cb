//! Why a convolution is not computed by way of points.

use core::fmt;

use crate::isa::Isa;

/// Why a convolution is not computed by way of points.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody wants it.
    Unwanted,
    /// Its window is no 3x3 of stride and dilation 1, or it has groups.
    Window,
    /// The instruction set has no kernels for it.
    InstructionSet(Isa),
    /// A sum may leave 26 bits.
    Sums {
        /// The part.
        part: usize,
        /// The part's output channel.
        channel: usize,
    },
    /// Transformed values would take too much memory.
    Memory {
        /// How much for each thread.
        bytes: usize,
    },
    /// It is hardly faster, or slower.
    Slower {
        /// How many times its cost the direct way costs.
        gain: f64,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwanted => f.write_str("it is not wanted"),
            Self::Window => f.write_str("the window is no 3x3 of stride 1"),
            Self::InstructionSet(isa) => write!(f, "{isa} has no kernels for it"),
            Self::Sums { channel, .. } => write!(f, "sums of channel {channel} may leave 26 bits"),
            Self::Memory { bytes } => write!(f, "its workspace would take {:.1} MB", *bytes as f64 / 1e6),
            Self::Slower { gain } => write!(f, "estimated to be {gain:.2} times as fast"),
        }
    }
}
