//! FULLY_CONNECTED of float32 activations and int8 weights: dynamic range quantization.

use std::sync::Arc;

use ottava_kernels::dynamic_range::{DynamicRangeSpec, Quantized};
use ottava_kernels::gemm::{self, ConvSpec};
use ottava_kernels::{Image, RealOrder, RealScales, Window};
use ottava_ref::ops::dynamic_range::Symmetry;
use ottava_ref::ops::fully_connected::FloatFullyConnectedParams;
use ottava_ref::ops::hybrid_fully_connected::fully_connected_hybrid;

use super::float_conv::check_bias;
use super::hybrid_conv::filter_scales;
use super::quantized::Operands;
use super::row_product::RowProduct;
use super::view::{TensorView, TensorViewMut, input, only_output};
use super::weighted::{WeightedTensors, has_real_constants, real_bias};
use super::{ImportContext, InputShapes, Lower, Operator, hybrid_step};
use crate::error::Result;
use crate::lowering::{Lowered, Lowering, NodeTensors};

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

impl Lower for HybridFullyConnected {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let tensors = WeightedTensors::of(node, Operands::USUAL, 0)?;
        if !has_real_constants(lowering, tensors) || !lowering.suits_kernels(node, 1) {
            return Ok(None);
        }
        let WeightedTensors { source, output, .. } = tensors;
        let RowProduct { input_depth: elements, output_depth: channels, .. } = self.product;
        let rows = self.product.rows(lowering.tensor(source).element_count());
        let bias = real_bias(lowering, tensors)?;
        let scales = RealScales { weights: &self.scales, bias: &bias, order: RealOrder::Rows, range: self.range };
        let spec = ConvSpec {
            input: Image::dense(1, 1, rows, elements),
            input_zero: 0,
            window: Window::POINT,
            output: [1, rows],
            groups: 1,
            parts: &[hybrid_step::part(channels, lowering.weights(tensors.filter)?, scales)],
            threads: lowering.threads,
        };
        let activations = DynamicRangeSpec {
            rows,
            elements,
            symmetric: self.symmetry == Symmetry::Symmetric,
            marks_zeros: true,
            quantized: Quantized::Bytes,
            threads: lowering.threads,
        };
        let products = lowering.pack(|packing| gemm::prepare_packed(lowering.isa, &spec, packing))?;
        Ok(Some(hybrid_step::lower(lowering, &activations, [source, output], (Box::new(products), None))))
    }
}
