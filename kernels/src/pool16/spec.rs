//! What a caller says of windows over 16-bit activations.

use crate::quantization::Multiplier;
use crate::requantize16::Range16;
use crate::window::{Image, Window};

/// What becomes of the values of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool16Kind {
    /// The greatest; a window in the padding gives the least of all.
    Maximum,
    /// The average of the taps inside, rounded half away from zero. Every window has some.
    Average,
    /// The sum times a multiplier: MEAN with the count divided in, and SUM.
    Scaled {
        /// The multiplier.
        multiplier: Multiplier,
    },
}

/// What is to be done to the windows.
#[derive(Clone, Copy, Debug)]
pub struct Pool16Spec {
    /// What becomes of their values.
    pub kind: Pool16Kind,
    /// The input; strides in elements, without gaps.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Range of the outputs.
    pub range: Range16,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
