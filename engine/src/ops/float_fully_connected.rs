//! FULLY_CONNECTED of float32. Weights and bias may be computed, as where they come from float16 constants.

use std::sync::Arc;

use ottava_kernels::gemm_f32::ConvF32Spec;
use ottava_kernels::{Image, Window};
use ottava_ref::ops::fully_connected::{FloatFullyConnectedParams, fully_connected_f32};

use super::binary::bounds;
use super::float_conv::{check_bias, lower_conv};
use super::quantized::Operands;
use super::row_product::RowProduct;
use super::view::{TensorView, TensorViewMut, input, only_output};
use super::weighted::{WeightedTensors, has_real_constants, real_bias, real_filter};
use super::{ImportContext, InputShapes, Lower, Operator};
use crate::error::Result;
use crate::lowering::{Lowered, Lowering, NodeTensors};

/// A matrix product of real numbers.
#[derive(Clone, Debug)]
struct FloatFullyConnected {
    product: RowProduct,
    /// Bounds of the fused activation, finite.
    range: [f32; 2],
}

/// The operator with the fused activation of this code. The operands are of float32.
pub(crate) fn import(context: &ImportContext<'_>, product: RowProduct, activation: i8) -> Result<Arc<dyn Operator>> {
    check_bias(context, Operands::USUAL, product.output_depth)?;
    let range = bounds(context.activation_f32(activation)?);
    Ok(Arc::new(FloatFullyConnected { product, range }))
}

impl Operator for FloatFullyConnected {
    fn name(&self) -> &'static str {
        "FULLY_CONNECTED"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        self.product.infer_shapes(inputs)
    }

    fn macs(&self, _inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        self.product.macs(outputs)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, filter, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
        let bias = inputs.get(2).copied().flatten().map(|bias| bias.reals());
        let params = FloatFullyConnectedParams {
            batches: self.product.rows(x.shape.iter().product()),
            input_depth: self.product.input_depth,
            output_depth: self.product.output_depth,
            range: self.range,
        };
        let mut values = output.zeros::<f32>();
        fully_connected_f32(&params, &x.values::<f32>(), &filter.reals(), bias.as_deref(), &mut values);
        output.store(&values)
    }
}

impl Lower for FloatFullyConnected {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let tensors = WeightedTensors::of(node, Operands::USUAL, 0)?;
        if !has_real_constants(lowering, tensors) || !lowering.suits_kernels(node, 1) {
            return Ok(None);
        }
        let rows = self.product.rows(lowering.tensor(tensors.source).element_count());
        let spec = ConvF32Spec {
            input: Image::dense(1, 1, rows, self.product.input_depth),
            window: Window::POINT,
            output: [1, rows],
            groups: 1,
            channels: self.product.output_depth,
            pixel_stride: self.product.output_depth,
            weights: &real_filter(lowering, tensors)?,
            bias: &real_bias(lowering, tensors)?,
            range: self.range,
            threads: lowering.threads,
        };
        Ok(Some(lower_conv(lowering, &spec, tensors)?))
    }

    fn reads_halves(&self, index: usize) -> bool {
        [Operands::USUAL.filter, Operands::USUAL.bias].contains(&index)
    }
}
