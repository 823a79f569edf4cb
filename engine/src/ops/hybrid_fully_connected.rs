//! FULLY_CONNECTED of float32 activations and int8 weights: dynamic range quantization.

use std::sync::Arc;

use ottava_ref::ops::dynamic_range::Symmetry;
use ottava_ref::ops::fully_connected::FloatFullyConnectedParams;
use ottava_ref::ops::hybrid_fully_connected::fully_connected_hybrid;

use super::float_conv::check_bias;
use super::hybrid_conv::filter_scales;
use super::quantized::Operands;
use super::row_product::RowProduct;
use super::view::{TensorView, TensorViewMut, input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator};
use crate::error::Result;

/// A matrix product whose rows become int8 one by one.
#[derive(Clone, Debug)]
struct HybridFullyConnected {
    product: RowProduct,
    symmetry: Symmetry,
    /// Of the weights: one, or one for each output.
    scales: Vec<f32>,
    /// Bounds of the fused activation, infinite where it has none.
    range: [f32; 2],
}

/// The operator with the fused activation of this code.
pub(crate) fn import(
    context: &mut ImportContext<'_>,
    (product, symmetry): (RowProduct, Symmetry),
    activation: i8,
) -> Result<Arc<dyn Operator>> {
    let scales = filter_scales(context, Operands::USUAL)?;
    check_bias(context, Operands::USUAL, product.output_depth)?;
    let range = context.activation_f32(activation)?;
    Ok(Arc::new(HybridFullyConnected { product, symmetry, scales, range }))
}

impl Operator for HybridFullyConnected {
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
        let bias = inputs.get(2).copied().flatten().map(|bias| bias.values::<f32>());
        let params = FloatFullyConnectedParams {
            batches: self.product.rows(x.shape.iter().product()),
            input_depth: self.product.input_depth,
            output_depth: self.product.output_depth,
            range: self.range,
        };
        let mut values = output.zeros::<f32>();
        let filter = (filter.bytes_as::<i8>()?, self.scales.as_slice());
        fully_connected_hybrid((&params, self.symmetry), &x.values::<f32>(), filter, bias.as_deref(), &mut values);
        output.store(&values)
    }
}

impl Lower for HybridFullyConnected {}
