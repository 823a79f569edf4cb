//! Operators: all that the engine knows of each one, in one file each.
//!
//! A new operator is a file here, a line in [`table::OPS`], and a function in `ottava-ref`.
//!
//! An operator's struct holds numbers only, taken and verified when the model is imported: window geometry, zero
//! points, multipliers, activation ranges. Tensors stay outside: a [`crate::graph::Node`] says which ones it reads.

mod arithmetic;
mod binary;
mod channels;
mod import;
pub(crate) mod movement;
mod names;
mod quantized;
mod resize;
mod table;
mod types;
mod unary;
mod view;
mod window;

pub(crate) mod absolute;
pub(crate) mod add;
pub(crate) mod arg_extreme;
pub(crate) mod average_pool_2d;
pub(crate) mod batch_matmul;
pub(crate) mod cast;
pub(crate) mod comparison;
pub(crate) mod concatenation;
pub(crate) mod conv_2d;
pub(crate) mod depthwise_conv_2d;
pub(crate) mod dequantize;
pub(crate) mod detection_postprocess;
pub(crate) mod div;
pub(crate) mod fill;
pub(crate) mod floor_mod;
pub(crate) mod fully_connected;
pub(crate) mod gather;
pub(crate) mod hard_swish;
pub(crate) mod max_pool_2d;
pub(crate) mod maximum_minimum;
pub(crate) mod mul;
pub(crate) mod pack;
pub(crate) mod pad;
pub(crate) mod prelu;
pub(crate) mod quantize;
pub(crate) mod real_function;
pub(crate) mod reduction;
pub(crate) mod relu;
pub(crate) mod reshape;
pub(crate) mod resize_bilinear;
pub(crate) mod resize_nearest_neighbor;
pub(crate) mod rows;
pub(crate) mod select;
pub(crate) mod shape;
pub(crate) mod slice;
pub(crate) mod softmax;
pub(crate) mod space_to_batch_nd;
pub(crate) mod space_to_depth;
pub(crate) mod split;
pub(crate) mod square_root;
pub(crate) mod squared_difference;
pub(crate) mod squeeze;
pub(crate) mod tile;
pub(crate) mod topk_v2;
pub(crate) mod transpose;
pub(crate) mod transpose_conv;

use std::any::Any;
use std::fmt::Debug;

use crate::error::Result;
use crate::optimize::Lower;

pub(crate) use import::ImportContext;
pub(crate) use names::builtin_name;
pub(crate) use quantized::ConvQuantization;
pub(crate) use table::{CUSTOM, OpSpec, find};
pub use table::{SupportedOperator, supported_operators};
pub(crate) use types::TypeList;
pub use view::{TensorView, TensorViewMut};
pub(crate) use window::Window2d;

/// Shapes of an operator's inputs; `None` where an optional one is absent.
pub type InputShapes<'a> = [Option<&'a [usize]>];

/// What an operator computes, with all its parameters.
pub trait Operator: Lower + Send + Sync + Debug {
    /// The format's name for it, such as `CONV_2D`.
    fn name(&self) -> &'static str;

    /// Shapes of the outputs for these input shapes.
    ///
    /// # Errors
    /// When the operator cannot take them.
    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>>;

    /// Whether an output element depends on several indices of dimension 0, so that a batch would mix.
    fn mixes_batch(&self) -> bool {
        false
    }

    /// Multiply-accumulates as usually counted, padding included; 0 for operators that do none.
    fn macs(&self, _inputs: &InputShapes<'_>, _outputs: &[&[usize]]) -> u64 {
        0
    }

    /// Those of [`Operator::macs`] whose tap lies inside the image: what a kernel that skips padding computes.
    fn macs_in_range(&self, inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        self.macs(inputs, outputs)
    }

    /// Whether only the shapes of the inputs matter, so that the result is known before any run.
    fn reads_only_shapes(&self) -> bool {
        false
    }

    /// Whether the work of an evaluation is in proportion to the bytes of the operands and to [`Operator::macs`], so that
    /// an import may evaluate it. Not where windows count taps in the padding, or elements meet each other.
    fn work_is_bounded(&self) -> bool {
        true
    }

    /// Evaluates the operator with the scalar reference.
    ///
    /// # Errors
    /// When the operator is not defined for these values, such as an index out of range, or when the tensors are not
    /// those that it was imported with.
    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()>;

    /// The operator as its own type, for the passes that look inside.
    fn as_any(&self) -> &dyn Any;
}

/// Shape of input `index`.
pub(crate) fn shape_of<'a>(inputs: &InputShapes<'a>, index: usize) -> Result<&'a [usize]> {
    let shape = inputs.get(index).copied().flatten();
    shape.ok_or_else(|| crate::Error::invalid(format!("input {index} is missing")))
}

/// Input `index` as NHWC.
pub(crate) fn nhwc_of(inputs: &InputShapes<'_>, index: usize) -> Result<[usize; 4]> {
    let shape = shape_of(inputs, index)?;
    shape.try_into().map_err(|_| crate::Error::invalid(format!("input {index} has shape {shape:?}, NHWC expected")))
}
