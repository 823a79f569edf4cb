//! Operators of dynamic range as steps: the range of the activations, their bytes, and the products.

use ottava_kernels::dynamic_range::{self, DynamicRangeSpec};
use ottava_kernels::gemm::ConvPart;
use ottava_kernels::{Layer, RealScales, Requantize, Weights};

use crate::lowering::{Lowered, LoweredLayer, Lowering, Operand};
use crate::tensor::TensorId;

/// Where the layers of a step leave what the next ones read.
const RANGES: Operand = Operand::Temporary(0);
const STORED: Operand = Operand::Temporary(1);
const SCALES: Operand = Operand::Temporary(2);

/// A step that quantizes `source` and hands it to a layer of products, of which input 0 is stored bytes and input 1 scales.
pub(crate) fn lower(
    lowering: &Lowering<'_>,
    activations: &DynamicRangeSpec,
    [source, output]: [TensorId; 2],
    (products, note): (Box<dyn Layer>, Option<String>),
) -> Lowered {
    let (range, quantize) = dynamic_range::prepare(lowering.isa, activations);
    let temporaries = vec![range.output_bytes(), quantize.stored_bytes(), quantize.scale_bytes()];
    let source = Operand::Tensor(source);
    let layers = vec![
        LoweredLayer { layer: Box::new(range), inputs: vec![source], outputs: vec![RANGES] },
        LoweredLayer { layer: Box::new(quantize), inputs: vec![source, RANGES], outputs: vec![STORED, SCALES] },
        LoweredLayer { layer: products, inputs: vec![STORED, SCALES], outputs: vec![Operand::Tensor(output)] },
    ];
    Lowered { layers, temporaries, note }
}

/// A convolution of int8 weights without zero points, to dense pixels of float32.
pub(crate) fn part<'a>(channels: usize, weights: &'a [u8], scales: RealScales<'a>) -> ConvPart<'a> {
    ConvPart {
        channels,
        weights: Weights { bytes: weights, signed: true, zero: 0 },
        bias: &[],
        requantize: Requantize::Real(scales),
        output_zero: 0,
        output_min: 0,
        output_max: 0,
        output_offset: 0,
        pixel_stride: size_of::<f32>() * channels,
    }
}
