//! What the engine asks of an operator.

use std::fmt::Debug;
use std::sync::Arc;

use super::quantized::ConvFilters;
use super::shapes::InputShapes;
use super::view::{TensorView, TensorViewMut};
use super::window::{ImagePadding, Window2d};
use crate::error::Result;
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::tensor::DType;

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
}

/// A convolution of single pixels, one or several of which may become one.
pub struct PointConvolution<'a> {
    pub(crate) window: &'a Window2d,
    /// Channels of the input.
    pub(crate) depth: usize,
    pub(crate) filters: &'a [ConvFilters],
}

/// What the optimizing backend asks of an operator. Every question has an answer that is right for any operator.
pub trait Lower {
    /// The operator as a kernel, or `None` where the reference is to run it.
    ///
    /// # Errors
    /// Only defects: the import has verified everything else.
    fn lower(&self, _lowering: &Lowering<'_>, _node: &NodeTensors) -> Result<Option<Lowered>> {
        Ok(None)
    }

    /// The border of zero points around height and width that is all that the operator adds to its first input.
    fn padding(&self) -> Option<ImagePadding> {
        None
    }

    /// The operator with more padding of its own.
    fn padded(&self, _padding: ImagePadding) -> Option<Arc<dyn Operator>> {
        None
    }

    /// What a convolution tells of itself if it can be computed together with others of the same window on the same
    /// tensor.
    fn point_convolution(&self) -> Option<PointConvolution<'_>> {
        None
    }

    /// Whether the output's stored bytes are the input's, given the types of both and what their file bytes are XORed
    /// with when stored.
    fn keeps_bytes(&self, _types: [DType; 2], _xor_masks: [u8; 2]) -> bool {
        false
    }

    /// Whether the output's elements are the first input's, of float16, as float32.
    fn widens(&self) -> bool {
        false
    }

    /// Whether input `index` may be a constant of float16 where the file has float32.
    fn reads_halves(&self, _index: usize) -> bool {
        false
    }

    /// The input whose bytes the outputs are, one after the other, if that is all there is to them.
    fn splits(&self) -> Option<usize> {
        None
    }

    /// The axis along which the output is the inputs one after the other, if that is what the operator makes.
    fn concatenates(&self) -> Option<usize> {
        None
    }

    /// Whether a concatenation takes the bytes of input `index` as they are.
    fn copies(&self, _index: usize) -> bool {
        false
    }

    /// Whether inputs may be channels of a wider tensor.
    fn reads_strided_pixels(&self) -> bool {
        false
    }
}
