//! Operators: all that the engine knows of each one, in one file each.
//!
//! A new operator is a file here, a line in [`OPS`], and a function in `ottava-ref`.
//!
//! An operator's struct holds numbers only, taken and verified when the model is imported: window geometry, zero
//! points, multipliers, activation ranges. Tensors stay outside: a [`crate::graph::Node`] says which ones it reads.

mod import;
mod names;
mod quantized;
mod types;
mod view;
mod window;

pub(crate) mod add;
pub(crate) mod average_pool_2d;
pub(crate) mod concatenation;
pub(crate) mod conv_2d;
pub(crate) mod depthwise_conv_2d;
pub(crate) mod dequantize;
pub(crate) mod fully_connected;
pub(crate) mod max_pool_2d;
pub(crate) mod mean;
pub(crate) mod pad;
pub(crate) mod quantize;
pub(crate) mod reshape;
pub(crate) mod softmax;

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use crate::error::Result;
use crate::optimize::Lower;

pub(crate) use import::ImportContext;
pub(crate) use names::builtin_name;
pub(crate) use quantized::ConvQuantization;
pub(crate) use types::TypeList;
pub use view::{TensorView, TensorViewMut};
pub(crate) use window::Window2d;

/// Code of the operators that are known by name only.
pub(crate) const CUSTOM: i32 = 32;

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

    /// Evaluates the operator with the scalar reference.
    ///
    /// # Errors
    /// When the tensors are not those that the operator was imported with.
    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()>;

    /// The operator as its own type, for the passes that look inside.
    fn as_any(&self) -> &dyn Any;
}

/// One line of the operator table.
pub(crate) struct OpSpec {
    /// Builtin code.
    pub(crate) code: i32,
    /// The format's name.
    pub(crate) name: &'static str,
    /// Newest version whose meaning is known.
    pub(crate) max_version: i32,
    /// Whether the operator can run with these element types. Inputs that are missing altogether are for `import` to
    /// refuse.
    pub(crate) types: fn(&TypeList) -> bool,
    pub(crate) import: Import,
}

/// Every operator that Ottava runs: code, name, newest known version, element types, import.
pub(crate) static OPS: &[OpSpec] = &[
    op(0, "ADD", 5, add::types, add::import),
    op(1, "AVERAGE_POOL_2D", 3, window::pool_types, average_pool_2d::import),
    op(2, "CONCATENATION", 4, concatenation::types, concatenation::import),
    op(3, "CONV_2D", 8, quantized::conv_types, conv_2d::import),
    op(4, "DEPTHWISE_CONV_2D", 7, quantized::conv_types, depthwise_conv_2d::import),
    op(6, "DEQUANTIZE", 6, dequantize::types, dequantize::import),
    op(9, "FULLY_CONNECTED", 14, quantized::conv_types, fully_connected::import),
    op(17, "MAX_POOL_2D", 3, window::pool_types, max_pool_2d::import),
    op(22, "RESHAPE", 1, reshape::types, reshape::import),
    op(25, "SOFTMAX", 3, softmax::types, softmax::import),
    op(34, "PAD", 4, pad::types, pad::import),
    op(40, "MEAN", 3, mean::types, mean::import),
    op(114, "QUANTIZE", 4, quantize::types, quantize::import),
];

/// Verifies an operator of the file and takes its parameters.
type Import = fn(&mut ImportContext<'_>) -> Result<Arc<dyn Operator>>;

const fn op(code: i32, name: &'static str, max_version: i32, types: fn(&TypeList) -> bool, import: Import) -> OpSpec {
    OpSpec { code, name, max_version, types, import }
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
