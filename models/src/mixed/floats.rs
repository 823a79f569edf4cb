//! Operators on float32 whose results the oracle does not define: sums of products and functions.

use ottava::DType;
use ottava::schema::{self, BuiltinOptions};

use super::graph::Mixer;
use super::operands::{Constant, Draft, Operand, Out, ValueId};
use super::{Draw, QUANTIZED};

/// Drawn only for networks that are not compared with the oracle.
pub(super) static OWN_DRAWS: &[Draw] = &[
    into_floats,
    convolution,
    convolution,
    fully_connected,
    transpose_conv,
    pool,
    function,
    float_functions,
    rows,
    logic,
];

/// A tensor of float32 to go on with, from a quantized one.
fn into_floats(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&QUANTIZED)?;
    m.apply(Draft::new("DEQUANTIZE", vec![Operand::Value(x)], Out::Fixed(DType::F32, None))).map(drop)
}

/// Bell-shaped weights that keep sums of `depth` products at the size of the input.
fn weights(m: &mut Mixer, shape: &[usize], depth: usize) -> Operand {
    let spread = 1.0 / (depth.max(1) as f32).sqrt();
    let count = shape.iter().product();
    let data = (0..count).flat_map(|_| (m.rng.normal() * spread).to_le_bytes()).collect();
    Operand::Constant(Constant { shape: shape.to_vec(), dtype: DType::F32, data, quantization: None })
}

/// A bias, or none.
fn bias(m: &mut Mixer, channels: usize) -> Operand {
    if m.rng.chance(75) { weights(m, &[channels], 4) } else { Operand::Absent }
}

fn activation(m: &mut Mixer) -> i8 {
    m.rng.pick(&[0, 0, 1, 2, 3])
}

fn convolution(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&[DType::F32])?;
    let channels = m.value(x).shape[3];
    let kernel = [m.rng.pick(&[1, 1, 2, 3]), m.rng.pick(&[1, 1, 2, 3])];
    let stride = m.rng.pick(&[1, 1, 2]);
    let taps = kernel[0] * kernel[1];
    let fused_activation_function = activation(m);
    if m.rng.chance(50) {
        let outputs = channels * m.rng.pick(&[1, 1, 2]);
        let filter = weights(m, &[1, kernel[0], kernel[1], outputs], taps);
        let options = schema::DepthwiseConv2DOptions {
            stride_h: stride,
            stride_w: 1,
            dilation_h_factor: 1,
            dilation_w_factor: 1,
            fused_activation_function,
            ..Default::default()
        };
        let inputs = vec![Operand::Value(x), filter, bias(m, outputs)];
        let draft = Draft::new("DEPTHWISE_CONV_2D", inputs, m.like(x));
        return m.apply(draft.with(BuiltinOptions::DepthwiseConv2DOptions(Box::new(options)))).map(drop);
    }
    let outputs = m.rng.between(1, 12);
    let filter = weights(m, &[outputs, kernel[0], kernel[1], channels], taps * channels);
    let options = schema::Conv2DOptions {
        stride_h: stride,
        stride_w: 1,
        dilation_h_factor: 1,
        dilation_w_factor: m.rng.pick(&[1, 1, 2]),
        fused_activation_function,
        ..Default::default()
    };
    let draft = Draft::new("CONV_2D", vec![Operand::Value(x), filter, bias(m, outputs)], m.like(x));
    m.apply(draft.with(BuiltinOptions::Conv2DOptions(Box::new(options)))).map(drop)
}

fn fully_connected(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| value.dtype == DType::F32 && value.rank() > 1)?;
    let depth = *m.value(x).shape.last()?;
    let outputs = m.rng.between(1, 16);
    let options = schema::FullyConnectedOptions {
        fused_activation_function: activation(m),
        keep_num_dims: m.rng.chance(50),
        ..Default::default()
    };
    let inputs = vec![Operand::Value(x), weights(m, &[outputs, depth], depth), bias(m, outputs)];
    let draft = Draft::new("FULLY_CONNECTED", inputs, m.like(x));
    m.apply(draft.with(BuiltinOptions::FullyConnectedOptions(Box::new(options)))).map(drop)
}

fn transpose_conv(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&[DType::F32])?;
    let [batch, height, width, channels] = <[usize; 4]>::try_from(&m.value(x).shape[..]).ok()?;
    let (outputs, stride) = (m.rng.between(1, 6), m.rng.between(1, 2));
    let shape = [batch, height * stride, width * stride, outputs].map(|size| size as i32);
    let options = schema::TransposeConvOptions {
        stride_h: stride as i32,
        stride_w: stride as i32,
        fused_activation_function: activation(m),
        ..Default::default()
    };
    let filter = weights(m, &[outputs, 3, 2, channels], 6 * channels);
    let inputs = vec![Constant::list(&shape), filter, Operand::Value(x), bias(m, outputs)];
    let draft = Draft::new("TRANSPOSE_CONV", inputs, m.like(x));
    m.apply(draft.with(BuiltinOptions::TransposeConvOptions(Box::new(options)))).map(drop)
}

fn pool(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&[DType::F32])?;
    let options = schema::Pool2DOptions {
        stride_h: m.rng.pick(&[1, 2]),
        stride_w: m.rng.pick(&[1, 2]),
        filter_height: m.rng.pick(&[1, 2, 3]),
        filter_width: m.rng.pick(&[1, 2, 3]),
        fused_activation_function: activation(m),
        ..Default::default()
    };
    let name = m.rng.pick(&["AVERAGE_POOL_2D", "MAX_POOL_2D"]);
    let draft = Draft::new(name, vec![Operand::Value(x)], m.like(x));
    m.apply(draft.with(BuiltinOptions::Pool2DOptions(Box::new(options)))).map(drop)
}

fn one(m: &Mixer, name: &'static str, x: ValueId) -> Draft {
    Draft::new(name, vec![Operand::Value(x)], m.like(x))
}

fn function(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&[DType::F32])?;
    let name = m.rng.pick(&["LOGISTIC", "TANH", "EXP", "ELU", "GELU", "HARD_SWISH", "RELU", "RELU6"]);
    let draft = one(m, name, x);
    m.apply(draft).map(drop)
}

/// Functions that only float32 has, each of the same value, and a power.
fn float_functions(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&[DType::F32])?;
    for name in ["SIN", "COS", "FLOOR", "CEIL", "ROUND"] {
        let draft = one(m, name, x);
        m.apply(draft)?;
    }
    power(m, x)
}

fn rows(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| value.dtype == DType::F32 && value.rank() > 0)?;
    let name = m.rng.pick(&["SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION"]);
    let options = schema::SoftmaxOptions { beta: 1.0 };
    let draft = one(m, name, x);
    let draft = if name == "SOFTMAX" { draft.with(BuiltinOptions::SoftmaxOptions(Box::new(options))) } else { draft };
    m.apply(draft).map(drop)
}

/// The power of what is above 0, to a constant.
fn power(m: &mut Mixer, x: ValueId) -> Option<()> {
    let draft = one(m, "LOGISTIC", x);
    let above = m.apply(draft)?;
    let exponent = m.rng.uniform_in(-2.0, 2.0).to_le_bytes().to_vec();
    let exponent = Constant { shape: Vec::new(), dtype: DType::F32, data: exponent, quantization: None };
    let inputs = vec![Operand::Value(*above.first()?), Operand::Constant(exponent)];
    m.apply(Draft::new("POW", inputs, m.like(x))).map(drop)
}

/// Comparisons of one value with constants, and what is true of them.
fn logic(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&[DType::F32])?;
    let mut truths = Vec::new();
    for name in ["LESS", "GREATER"] {
        let bound = m.rng.uniform_in(-0.5, 0.5).to_le_bytes().to_vec();
        let bound = Constant { shape: Vec::new(), dtype: DType::F32, data: bound, quantization: None };
        let inputs = vec![Operand::Value(x), Operand::Constant(bound)];
        truths.extend(m.apply(Draft::new(name, inputs, Out::Fixed(DType::Bool, None)))?);
    }
    let both: Vec<Operand> = truths.iter().copied().map(Operand::Value).collect();
    for name in ["LOGICAL_AND", "LOGICAL_OR"] {
        m.apply(Draft::new(name, both.clone(), Out::Fixed(DType::Bool, None)))?;
    }
    let draft = one(m, "LOGICAL_NOT", *truths.first()?);
    m.apply(draft).map(drop)
}
