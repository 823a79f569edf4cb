//! FULLY_CONNECTED: rows of the input times the rows of `[O, K]` weights, int32 bias.

use std::any::Any;
use std::sync::Arc;

use ottava_kernels::{Image, Window, gemm};
use ottava_ref::ops::fully_connected::{FcRequant, FullyConnectedParams, fully_connected};
use ottava_ref::{ActivationRange, scales};

use super::quantized::{Filter, check_bias, check_bias_scale};
use super::view::{input, only_output, with_8_bit};
use super::{ImportContext, InputShapes, Operator, TensorView, TensorViewMut, shape_of};
use crate::error::{Error, Result};
use crate::optimize::{Lower, Lowered, Lowering, Member};
use crate::schema::BuiltinOptionsRef;

/// A matrix product with fixed weights.
#[derive(Clone, Debug)]
pub(crate) struct FullyConnected {
    /// K: elements of an input row.
    pub(crate) input_depth: usize,
    /// O: elements of an output row.
    pub(crate) output_depth: usize,
    /// Whether the output keeps the input's leading dimensions, or is `[rows, O]`.
    pub(crate) keep_dimensions: bool,
    pub(crate) input_zero_point: i32,
    /// 0 when the weights have one scale per output.
    pub(crate) filter_zero_point: i32,
    pub(crate) output_zero_point: i32,
    /// Input times filter over output scale in f64: one for all outputs, or one each. The product with the accumulator
    /// is rounded once, half away from zero.
    pub(crate) effective_scales: Vec<f64>,
    pub(crate) activation: ActivationRange,
}

struct Options {
    activation: i8,
    keep_dimensions: bool,
}

fn options(context: &ImportContext<'_>) -> Result<Options> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::FullyConnectedOptions(options) => Some(options),
        _ => None,
    })?;
    let Some(options) = options else {
        return Ok(Options { activation: 0, keep_dimensions: false });
    };
    if options.weights_format()? != 0 {
        return Err(Error::unsupported("shuffled weights are not supported"));
    }
    let activation = options.fused_activation_function()?;
    if !(0..=3).contains(&activation) {
        return Err(Error::invalid(format!("fused activation {activation} is not possible here")));
    }
    Ok(Options { activation, keep_dimensions: options.keep_num_dims()? })
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 3)?;
    let Options { activation, keep_dimensions } = options(context)?;
    let filter = context.input(1)?;
    let &[output_depth, input_depth] = &filter.shape[..] else {
        return Err(Error::invalid(format!("weights of shape {:?}, [outputs, inputs] expected", filter.shape)));
    };
    let input = context.quantization(context.inputs[0])?;
    let output = context.output_quantization()?;
    let weights = Filter::of(context, 0)?;
    check_bias(context, output_depth)?;
    let filter_zero_point = if let &[scale] = weights.scales {
        check_bias_scale(context, scale, (input, output))?;
        weights.single_zero_point(filter)?
    } else {
        0
    };
    Ok(Arc::new(FullyConnected {
        input_depth,
        output_depth,
        keep_dimensions,
        input_zero_point: input.zero_point,
        filter_zero_point,
        output_zero_point: output.zero_point,
        effective_scales: scales::effective_scales(input.scale, weights.scales, output.scale),
        activation: context.activation(activation)?,
    }))
}

impl Operator for FullyConnected {
    fn name(&self) -> &'static str {
        "FULLY_CONNECTED"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = shape_of(inputs, 0)?;
        let elements: usize = shape.iter().product();
        let rows = elements / self.input_depth.max(1);
        let row_fits = !self.keep_dimensions || shape.last() == Some(&self.input_depth);
        if rows * self.input_depth != elements || !row_fits {
            return Err(Error::invalid(format!("an input of shape {shape:?} for rows of {}", self.input_depth)));
        }
        if !self.keep_dimensions {
            return Ok(vec![vec![rows, self.output_depth]]);
        }
        let mut output = shape.to_vec();
        output.pop();
        output.push(self.output_depth);
        Ok(vec![output])
    }

    fn macs(&self, _inputs: &InputShapes<'_>, outputs: &[&[usize]]) -> u64 {
        let elements: usize = outputs.iter().flat_map(|shape| shape.iter()).product();
        (elements as u64).saturating_mul(self.input_depth as u64)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, filter, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
        let bias = inputs.get(2).copied().flatten().map(|bias| bias.values::<i32>());
        let params = FullyConnectedParams {
            batches: x.bytes.len() / self.input_depth,
            input_depth: self.input_depth,
            output_depth: self.output_depth,
            input_zero_point: self.input_zero_point,
            filter_zero_point: self.filter_zero_point,
            requant: FcRequant::F64Round(&self.effective_scales),
            output_zero_point: self.output_zero_point,
            activation: self.activation,
        };
        with_8_bit!(x.dtype, T => {
            let (x, filter) = (x.bytes_as::<T>()?, filter.bytes_as::<T>()?);
            fully_connected(&params, x, filter, bias.as_deref(), output.bytes_as_mut()?);
            Ok(())
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Lower for FullyConnected {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        let member = &members[0];
        let (Some(source), Some(filter)) = (member.inputs[0], member.inputs[1]) else { return Ok(None) };
        if !lowering.suits_kernels(member, 1) {
            return Ok(None);
        }
        let output = member.outputs[0];
        let offset = lowering.offset(output);
        let bias = lowering.bias(member.inputs.get(2).copied().flatten())?;
        let weights = gemm::Weights {
            bytes: lowering.constant(filter)?,
            signed: lowering.is_signed(filter),
            zero: self.filter_zero_point,
        };
        let part = gemm::ConvPart {
            channels: self.output_depth,
            weights,
            bias: &bias,
            requantize: gemm::Requantize::Float(&self.effective_scales),
            output_zero: self.output_zero_point + offset,
            output_min: self.activation.lo + offset,
            output_max: self.activation.hi + offset,
            output_offset: offset,
            pixel_stride: lowering.image(output).pixel_stride,
        };
        let rows = lowering.tensor(source).element_count() / self.input_depth;
        let layer = gemm::prepare(
            lowering.isa,
            &gemm::ConvSpec {
                input: Image::dense(1, 1, rows, self.input_depth),
                input_zero: self.input_zero_point + lowering.offset(source),
                window: Window::POINT,
                output: [1, rows],
                groups: 1,
                parts: &[part],
                threads: lowering.threads,
            },
        );
        Ok(Some(Lowered { layer: Box::new(layer), inputs: vec![source], outputs: vec![output], note: None }))
    }
}
