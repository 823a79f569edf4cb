//! FULLY_CONNECTED: rows of the input times the rows of `[O, K]` weights, bias.

use std::sync::Arc;

use ottava_kernels::gemm16::{self, Conv16Spec};
use ottava_kernels::{Image, Layer, Requantize, Requantize16, Window, gemm};
use ottava_ref::ops::dynamic_range::Symmetry;
use ottava_ref::ops::fully_connected::{FcRequant, FullyConnectedParams, fully_connected};
use ottava_ref::{Multiplier, scales};

use super::quantized::{
    ConvQuantization, Filter, Operands, Sums, check_bias, check_bias_scale, check_no_zero_points, conv_or_hybrid_types,
};
use super::row_product::RowProduct;
use super::view::{input, only_output};
use super::weighted::{Constants, Constants16, WeightedTensors, evaluate_weighted};
use super::{
    ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, float_fully_connected,
    hybrid_fully_connected,
};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// A matrix product with fixed weights.
#[derive(Clone, Debug)]
struct FullyConnected {
    product: RowProduct,
    quantization: ConvQuantization,
    /// Input times filter over output scale in f64: one for all outputs, or one each. The product with the accumulator
    /// is rounded once, half away from zero.
    effective_scales: Vec<f64>,
    /// Present where weights have 16 bits, which are requantized by multipliers as convolutions are. Their sums always have
    /// 64 bits.
    wide_bias: Option<WideBias>,
}

/// How the reference reads the bias of int16 weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WideBias {
    /// As `i64`.
    Whole,
    /// As 32-bit words, whatever its type.
    Words,
}

struct Options {
    activation: i8,
    keep_dimensions: bool,
    bias_type: i8,
    symmetry: Symmetry,
}

/// As convolutions, and int16 weights for int16 activations.
pub(crate) fn types(types: &TypeList) -> bool {
    let wide = types.one_type(2, &[DType::I16]) && types.input_is(2, &[DType::I32, DType::I64]);
    conv_or_hybrid_types(types) || wide
}

fn options(context: &ImportContext<'_>) -> Result<Options> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::FullyConnectedOptions(options) => Some(options),
        _ => None,
    })?;
    let Some(options) = options else {
        return Ok(Options { activation: 0, keep_dimensions: false, bias_type: 0, symmetry: Symmetry::Symmetric });
    };
    if options.weights_format()? != 0 {
        return Err(Error::unsupported("shuffled weights are not supported"));
    }
    let activation = options.fused_activation_function()?;
    if !(0..=3).contains(&activation) {
        return Err(Error::invalid(format!("fused activation {activation} is not possible here")));
    }
    let symmetry = if options.asymmetric_quantize_inputs()? { Symmetry::Asymmetric } else { Symmetry::Symmetric };
    let (keep_dimensions, bias_type) = (options.keep_num_dims()?, options.quantized_bias_type()?);
    Ok(Options { activation, keep_dimensions, bias_type, symmetry })
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 3)?;
    let Options { activation, keep_dimensions, bias_type, symmetry } = options(context)?;
    let filter = context.input(1)?;
    let product = RowProduct::of(&filter.shape, keep_dimensions)?;
    if context.output()?.dtype == DType::F32 && filter.dtype == DType::I8 {
        return hybrid_fully_connected::import(context, (product, symmetry), activation);
    }
    if context.output()?.dtype == DType::F32 {
        return float_fully_connected::import(context, product, activation);
    }
    let input = context.quantization(context.inputs[0])?;
    let output = context.output_quantization()?;
    let weights = Filter::of(context, Operands::USUAL)?;
    check_bias(context, 2, product.output_depth)?;
    let filter_zero_point = if let &[scale] = weights.scales {
        check_bias_scale(context, 2, scale, (input, output))?;
        weights.single_zero_point(filter)?
    } else {
        0
    };
    let wide_weights = filter.dtype == DType::I16;
    let sums = if wide_weights { Sums::SixteenWide } else { Sums::of(context, Operands::USUAL, bias_type)? };
    if sums.of_16_bits() {
        check_no_zero_points(input, output)?;
        weights.no_zero_points(filter)?;
    }
    let (multipliers, wide_bias) = match wide_weights {
        true => import_wide(context, bias_type, weights.scales).map(|(multipliers, bias)| (multipliers, Some(bias)))?,
        false => (Vec::new(), None),
    };
    let quantization = ConvQuantization {
        input_zero_point: input.zero_point,
        filter_zero_point,
        output_zero_point: output.zero_point,
        multipliers,
        activation: context.activation(activation)?,
        sums,
    };
    let effective_scales = scales::effective_scales(input.scale, weights.scales, output.scale);
    Ok(Arc::new(FullyConnected { product, quantization, effective_scales, wide_bias }))
}

/// What int16 weights need.
fn import_wide(context: &ImportContext<'_>, bias_type: i8, filter: &[f32]) -> Result<(Vec<Multiplier>, WideBias)> {
    let bias = context.optional_input(2).map(|bias| bias.dtype);
    let suits = match bias_type {
        0 => true,
        2 => bias.is_none_or(|dtype| dtype == DType::I32),
        4 => bias.is_none_or(|dtype| dtype == DType::I64),
        _ => false,
    };
    if !suits {
        return Err(Error::invalid(format!("the options name bias type {bias_type}, which is not that of the bias")));
    }
    let (input, output) = (context.quantization(context.inputs[0])?.scale, context.output_quantization()?.scale);
    let multipliers = match *filter {
        [filter] => vec![scales::matrix_product(input, filter, output)?],
        _ => scales::conv_int8(input, filter, output)?,
    };
    multipliers.iter().try_for_each(|multiplier| multiplier.check_wide().map(drop))?;
    Ok((multipliers, if bias_type == 4 { WideBias::Whole } else { WideBias::Words }))
}

impl WideBias {
    /// The bias as the reference reads it.
    fn values(self, bias: Option<&TensorView<'_>>, outputs: usize) -> Option<Vec<i64>> {
        bias.map(|bias| match self {
            Self::Whole => bias.values(),
            Self::Words => bias.values::<i32>().into_iter().take(outputs).map(i64::from).collect(),
        })
    }
}

impl Operator for FullyConnected {
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
        let (x, output, quantization) = (input(inputs, 0)?, only_output(outputs)?, &self.quantization);
        let params = FullyConnectedParams {
            batches: self.product.rows(x.shape.iter().product()),
            input_depth: self.product.input_depth,
            output_depth: self.product.output_depth,
            input_zero_point: quantization.input_zero_point,
            filter_zero_point: quantization.filter_zero_point,
            requant: match self.wide_bias {
                Some(_) => FcRequant::Gemmlowp(&quantization.multipliers),
                None => FcRequant::F64Round(&self.effective_scales),
            },
            output_zero_point: quantization.output_zero_point,
            activation: quantization.activation,
        };
        let Some(wide_bias) = self.wide_bias else {
            return evaluate_weighted!(fully_connected(&params), quantization.sums, Operands::USUAL, inputs, output);
        };
        let mut values = output.zeros::<i16>();
        let bias = wide_bias.values(inputs.get(2).and_then(Option::as_ref), self.product.output_depth);
        let filter = input(inputs, 1)?.values::<i16>();
        fully_connected(&params, &x.values::<i16>(), &filter, bias.as_deref(), &mut values);
        output.store(&values)
    }
}

impl Lower for FullyConnected {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        if !lowering.suits_kernels(node, 1) || self.wide_bias.is_some() {
            return Ok(None);
        }
        let tensors = WeightedTensors::of(node, Operands::USUAL, 0)?;
        let WeightedTensors { source, output, .. } = tensors;
        let rows = self.product.rows(lowering.tensor(source).element_count());
        let input = Image::dense(1, 1, rows, self.product.input_depth);
        let (scales, sums) = (&self.effective_scales, self.quantization.sums);
        let layer: Box<dyn Layer> = if sums.of_16_bits() {
            let constants = Constants16::new(lowering, tensors, &self.quantization)?;
            let spec = Conv16Spec {
                input,
                window: Window::POINT,
                output: [1, rows],
                groups: 1,
                channels: self.product.output_depth,
                weights: constants.weights,
                bias: &constants.bias,
                requantize: match sums.is_wide() {
                    true => Requantize16::WideFloat(scales),
                    false => Requantize16::NarrowFloat(scales),
                },
                range: constants.range,
                threads: lowering.threads,
            };
            Box::new(lowering.pack(|packing| gemm16::prepare_packed(lowering.isa, &spec, packing))?)
        } else {
            let constants = Constants::new(lowering, tensors, self.product.output_depth, &self.quantization)?;
            let spec = gemm::ConvSpec {
                input,
                input_zero: self.quantization.input_zero_point + lowering.offset(source),
                window: Window::POINT,
                output: [1, rows],
                groups: 1,
                parts: &[constants.scaled_part(Requantize::Float(scales))],
                threads: lowering.threads,
            };
            Box::new(lowering.pack(|packing| gemm::prepare_packed(lowering.isa, &spec, packing))?)
        };
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }
}
