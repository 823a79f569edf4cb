//! The scalar reference of Ottava: each quantized operator once, as plain loops.
//!
//! Everything here follows `docs/numerics.md` line by line and is never optimized. It is what the
//! kernels are tested against, and what `Backend::Reference` runs. The only thing it is tested
//! against itself is the oracle: the engine's `tests/golden_ops.rs` replays models of one operator
//! recorded from LiteRT's reference kernels, bit for bit.
//!
//! * [`fixed`]: the fixed-point primitives; [`Multiplier`] is a real factor as mantissa and shift.
//! * [`scales`]: how each operator forms its multipliers from tensor scales.
//! * [`activation`]: fused activations as clamping ranges; [`geometry`]: SAME and VALID windows.
//! * [`accumulator`]: sums of products of 32 and of 64 bits.
//! * [`element`]: [`Quantized`], the storage types `i8`, `u8` and `i16`.
//! * [`shape`]: row-major index arithmetic; [`broadcast`]: elementwise functions of several operands.
//! * [`number`]: [`Number`], the unquantized elements of operators that also run on plain numbers.
//! * [`real`]: real functions with the same bits on every machine.
//! * [`resample`]: pictures of bytes in another size, which become inputs.
//! * [`ops`]: one module per operator: a params struct with the numbers the operator needs and one
//!   function over slices.
//!
//! Activations are NHWC, convolution filters OHWI, depthwise filters 1HWO, everything row-major
//! and dense. Real value = scale · (stored - zero point). Functions that form parameters return an
//! [`Error`] for scales and windows that the arithmetic cannot represent. Functions that compute
//! assert that slices match their shapes and document it under *Panics*: the engine validates a
//! model before it comes here.
//!
//! ```
//! use ottava_ref::{Activation, activation_range, ops, scales};
//!
//! let params = ops::requantize::RequantizeParams {
//!     input_zero_point: 0,
//!     multiplier: scales::rescale(0.5, 0.25)?,
//!     output_zero_point: -3,
//! };
//! let mut output = [0_i8; 3];
//! ops::requantize::requantize(&params, &[1_u8, 2, 200], &mut output);
//! assert_eq!(output, [-1, 1, 127]);
//!
//! let relu = activation_range::<i8>(Activation::Relu, 0.25, -3)?;
//! assert_eq!((relu.lo, relu.hi), (-3, 127));
//! # Ok::<(), ottava_ref::Error>(())
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

pub mod accumulator;
pub mod activation;
pub mod broadcast;
pub mod element;
pub mod error;
pub mod fixed;
#[cfg(not(any(feature = "std", test)))]
mod float;
pub mod geometry;
pub mod number;
pub mod ops;
pub mod real;
pub mod resample;
pub mod scales;
pub mod shape;

pub use accumulator::Accumulator;
pub use activation::{Activation, ActivationRange, activation_range};
pub use broadcast::{Operand, Pair};
pub use element::Quantized;
pub use error::{Error, Result};
pub use fixed::Multiplier;
pub use geometry::{Extent, Padding, Window};
pub use number::Number;
