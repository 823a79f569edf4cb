//! Exact int8 kernels for x86-64 and ARM, one algorithm per operator family.
//!
//! A kernel is prepared once, from shapes, constants and an [`Isa`], into a [`Layer`]: packed
//! weights, border classes and a list of independent tasks. Running a layer does no shape
//! arithmetic, no feature detection and no allocation.
//!
//! * [`isa`] detects what the CPU has. Everything else is told.
//! * [`packed`] is the memory of packed weights, which may have been packed before.
//! * [`gemm`] is convolution and fully connected layers; [`gemm16`] those of 16-bit activations, [`gemm_f32`] of
//!   float32.
//! * `arch` holds the vector primitives; the kernels of each operator family are types, written once on top of them. Each
//!   instruction set has one `#[target_feature]` function that they are compiled in, and a row in the family's table.
//! * Activations are stored in the type that the instruction set multiplies ([`Storage`]), with
//!   the zero point moved along. All zero points and ranges in this crate are stored ones.
//!
//! Every kernel equals `ottava-ref` bit for bit; the tests run each entry of each table against it.
#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

mod activation_scale;
pub mod add;
mod arch;
pub mod arg_extreme;
mod bound;
pub mod convert;
pub mod copy;
pub mod depthwise;
pub mod depthwise16;
pub mod depthwise_f32;
pub mod dynamic_range;
mod epilogue;
pub mod extremum;
#[cfg(not(any(feature = "std", test)))]
mod float;
mod float_scale;
pub mod gemm;
pub mod gemm16;
pub mod gemm_f32;
pub mod isa;
mod kernel_id;
pub mod layer;
pub mod lut;
pub mod lut16;
pub mod map_f32;
pub mod matmul;
pub mod mean;
pub mod memory;
pub mod movement;
pub mod mul;
pub mod packed;
pub mod pair16;
pub mod pair_f32;
pub mod pair_table;
pub mod pairs;
#[cfg(feature = "std")]
pub mod peak;
pub mod pool;
pub mod pool16;
pub mod pool_f32;
mod quantization;
mod registry;
mod requantize;
mod requantize16;
pub mod resample;
pub mod resize;
pub mod softmax;
pub mod strided;
#[cfg(test)]
mod testing;
pub mod transpose;
pub mod window;
mod window_rows;

pub use isa::{Isa, IsaError, Storage};
pub use kernel_id::KernelId;
pub use layer::{Failure, Layer, Task, run_all, try_run_all};
pub use memory::{Input, Line, Output, SLACK, Workspace};
pub use packed::{
    PackedBuffer, PackedLayout, PackedMemory, PackedSlice, Packing, Scratch, StableBytes, StoredBuffer, Unfit,
};
pub use quantization::{Multiplier, RealOrder, RealScales, Requantize, Weights};
pub use registry::{all, multiplies_float32, used_by};
pub use requantize16::{Range16, Requantize16};
pub use strided::Strided;
pub use window::{Image, Window};
