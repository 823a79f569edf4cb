//! SOFTMAX over the last dimension, in fixed point or in float32.

use std::sync::Arc;

use ottava_kernels::softmax::{self, SoftmaxSpec};
use ottava_ref::ops::float_rows::softmax_f32;
use ottava_ref::ops::softmax::{SoftmaxParams, softmax};
use ottava_ref::ops::softmax16::{Softmax16Params, softmax16};

use super::types::EIGHT_BIT;
use super::unary::{lower_rows, map};
use super::view::{input, only_output, with_8_bit};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// The longest rows whose sum of exponentials fits the reference's 32 bits, for 8-bit and for int16 inputs.
const MAX_DEPTH: [usize; 2] = [4095, 65535];

/// Softmax over rows of `depth` elements.
#[derive(Clone, Debug)]
pub(crate) struct Softmax {
    depth: usize,
    params: Params,
    rank: usize,
}

/// The arithmetic of an input type.
#[derive(Clone, Debug)]
enum Params {
    Bytes(SoftmaxParams),
    Int16(Box<Softmax16Params>),
    /// float32, with this beta.
    Real(f32),
}

/// One quantized type, int8 to int16, or float32.
pub(crate) fn types(types: &TypeList) -> bool {
    let one = types.one_8_bit_type(1) || types.one_type(1, &[DType::I16, DType::F32]);
    one || types.input_is(0, &[DType::I8]) && types.output_is(&[DType::I16])
}

/// The scale and zero point that an output must have, if it must: the scale up to a thousandth.
fn check_output(context: &ImportContext<'_>, from: DType) -> Result<()> {
    let output = context.output_quantization()?;
    let (unit, zero_point, words) = match (from, context.output()?.dtype) {
        (DType::I8, DType::I8) => (1.0_f32 / 256.0, -128, "1/256 and -128"),
        (DType::I16, _) => (1.0 / 32768.0, 0, "1/32768 and 0"),
        _ => return Ok(()),
    };
    if output.zero_point == zero_point && (output.scale - unit).abs() <= 0.001 * unit {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the output has scale {} and zero point {}; {words} expected",
        output.scale, output.zero_point
    )))
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::SoftmaxOptions(options) => Some(options),
        _ => None,
    })?;
    let beta = options.map(|options| options.beta()).transpose()?.unwrap_or(0.0);
    if !beta.is_finite() {
        return Err(Error::invalid(format!("beta is {beta}")));
    }
    let source = context.input(0)?;
    let is_int16 = source.dtype == DType::I16;
    let depth = *source.shape.last().ok_or_else(|| Error::invalid("softmax of a scalar"))?;
    if source.dtype == DType::F32 {
        return Ok(Arc::new(Softmax { depth, params: Params::Real(beta), rank: source.shape.len() }));
    }
    let most = MAX_DEPTH[usize::from(is_int16)];
    if depth > most {
        return Err(Error::unsupported(format!("rows of {depth} elements; at most {most} are exact")));
    }
    let input = context.quantization(context.inputs[0])?;
    if is_int16 && input.zero_point != 0 {
        return Err(Error::invalid(format!("the int16 input has zero point {}, 0 expected", input.zero_point)));
    }
    check_output(context, source.dtype)?;
    let params = match is_int16 {
        true => Params::Int16(Box::new(Softmax16Params::new(beta, input.scale)?)),
        false => Params::Bytes(SoftmaxParams::new(beta, input.scale)?),
    };
    Ok(Arc::new(Softmax { depth, params, rank: source.shape.len() }))
}

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        "SOFTMAX"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![shape_of(inputs, 0)?.to_vec()])
    }

    fn mixes_batch(&self) -> bool {
        self.rank == 1
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        let params = match &self.params {
            Params::Bytes(params) => params,
            Params::Real(beta) => return map(&x, output, |x, y| softmax_f32(*beta, self.depth.max(1), x, y)),
            Params::Int16(params) => return map(&x, output, |x, y| softmax16(params, self.depth, x, y)),
        };
        if output.dtype == DType::I16 {
            return map::<i8, i16>(&x, output, |x, y| softmax(params, self.depth, x, y));
        }
        with_8_bit!(x.dtype, T => map::<T, T>(&x, output, |x, y| softmax(params, self.depth, x, y)))
    }
}

impl Lower for Softmax {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), output) = (node.inputs[0], node.outputs[0]) else { return Ok(None) };
        let params = match &self.params {
            Params::Bytes(params) => params,
            Params::Int16(_) => return Ok(None),
            &Params::Real(beta) => {
                let depth = self.depth;
                return lower_rows(lowering, node, depth, Box::new(move |x, y| softmax_f32(beta, depth, x, y)));
            }
        };
        let is_8_bit = EIGHT_BIT.contains(&lowering.tensor(output).dtype);
        if !is_8_bit || !lowering.suits_kernels(node, 1) {
            return Ok(None);
        }
        let strided = lowering.strided(source, output);
        let layer = softmax::prepare(&SoftmaxSpec {
            rows: strided.pixels,
            depth: strided.channels,
            input_stride: strided.input_strides[0],
            output_stride: strided.output_stride,
            exponentials: &params.exponentials(),
            storage: lowering.isa.storage(),
            threads: lowering.threads,
        });
        Ok(Some(Lowered::one(Box::new(layer), vec![source], vec![output])))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
