//! Operators of one operand, element by element or over the last axis, and conversions.

use ottava::DType;
use ottava::schema::{self, BuiltinOptions};

use super::graph::Mixer;
use super::operands::{Draft, Operand, Out, ValueId};
use super::{Draw, EIGHT_BIT, QUANTIZED};

pub(super) static DRAWS: &[Draw] = &[
    rectifier,
    rectifier,
    leaky_relu,
    hard_swish,
    sigmoid,
    sigmoid,
    gelu,
    int8_function,
    root,
    negation,
    softmax,
    log_softmax,
    l2_normalization,
    requantize,
    requantize,
    dequantize,
    quantize,
    cast,
];

fn one(x: ValueId) -> Vec<Operand> {
    vec![Operand::Value(x)]
}

fn rectifier(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&EIGHT_BIT)?;
    let name = m.rng.pick(&["RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"]);
    m.apply(Draft::new(name, one(x), m.free(x))).map(drop)
}

fn leaky_relu(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&QUANTIZED)?;
    let options = schema::LeakyReluOptions { alpha: m.rng.uniform_in(0.01, 0.9) };
    let draft = Draft::new("LEAKY_RELU", one(x), m.free(x));
    m.apply(draft.with(BuiltinOptions::LeakyReluOptions(Box::new(options)))).map(drop)
}

fn hard_swish(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&EIGHT_BIT)?;
    m.apply(Draft::new("HARD_SWISH", one(x), m.free(x))).map(drop)
}

/// LOGISTIC and TANH, whose output scales the operators fix. With coarser scales of 16 bits the oracle's products
/// overflow.
fn sigmoid(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| QUANTIZED.contains(&value.dtype) && value.scale.is_some_and(|(scale, _)| scale < 4.0))?;
    let dtype = m.value(x).dtype;
    let middle = if dtype == DType::U8 { 128 } else { 0 };
    let (name, scale) = match (m.rng.chance(50), dtype) {
        (true, DType::I16) => ("LOGISTIC", (1.0 / 32768.0, 0)),
        (false, DType::I16) => ("TANH", (1.0 / 32768.0, 0)),
        (true, _) => ("LOGISTIC", (1.0 / 256.0, middle - 128)),
        (false, _) => ("TANH", (1.0 / 128.0, middle)),
    };
    m.apply(Draft::new(name, one(x), Out::Fixed(dtype, Some(scale)))).map(drop)
}

fn gelu(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&EIGHT_BIT)?;
    let options = schema::GeluOptions { approximate: m.rng.chance(50) };
    let draft = Draft::new("GELU", one(x), m.free(x));
    m.apply(draft.with(BuiltinOptions::GeluOptions(Box::new(options)))).map(drop)
}

fn int8_function(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&[DType::I8])?;
    let name = m.rng.pick(&["EXP", "LOG", "ABS"]);
    m.apply(Draft::new(name, one(x), m.free(x))).map(drop)
}

/// SQRT and RSQRT of what is never negative: a value whose zero point is the least one.
fn root(m: &mut Mixer) -> Option<()> {
    let x =
        m.pick(|value| value.dtype == DType::I8 && value.scale.is_some_and(|(_, zero_point)| zero_point == -128))?;
    let name = m.rng.pick(&["SQRT", "RSQRT"]);
    m.apply(Draft::new(name, one(x), m.free(x))).map(drop)
}

fn negation(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&[DType::I8, DType::F32, DType::I32])?;
    m.apply(Draft::new("NEG", one(x), m.like(x))).map(drop)
}

fn lowest(dtype: DType) -> i32 {
    if dtype == DType::I8 { -128 } else { 0 }
}

/// Longer rows of SOFTMAX may have so many elements at their maximum that the oracle aborts.
const ROW: usize = 400;

fn softmax(m: &mut Mixer) -> Option<()> {
    let x =
        m.pick(|value| EIGHT_BIT.contains(&value.dtype) && value.shape.last().is_some_and(|&depth| depth <= ROW))?;
    let dtype = m.value(x).dtype;
    let options = schema::SoftmaxOptions { beta: m.rng.pick(&[1.0, 1.0, 0.5, 1.7]) };
    let draft = Draft::new("SOFTMAX", one(x), Out::Fixed(dtype, Some((1.0 / 256.0, lowest(dtype)))));
    m.apply(draft.with(BuiltinOptions::SoftmaxOptions(Box::new(options)))).map(drop)
}

fn log_softmax(m: &mut Mixer) -> Option<()> {
    let x =
        m.pick(|value| EIGHT_BIT.contains(&value.dtype) && value.shape.last().is_some_and(|&depth| depth <= ROW))?;
    let dtype = m.value(x).dtype;
    let output = Out::Fixed(dtype, Some((16.0 / 256.0, lowest(dtype) + 255)));
    m.apply(Draft::new("LOG_SOFTMAX", one(x), output)).map(drop)
}

fn l2_normalization(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| EIGHT_BIT.contains(&value.dtype) && (1..=4).contains(&value.rank()))?;
    let dtype = m.value(x).dtype;
    m.apply(Draft::new("L2_NORMALIZATION", one(x), Out::Fixed(dtype, Some((1.0 / 128.0, lowest(dtype) + 128)))))
        .map(drop)
}

fn requantize(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&QUANTIZED)?;
    // The reference has no way from int16 to uint8.
    let target = match m.value(x).dtype {
        DType::I16 => m.rng.pick(&[DType::I8, DType::I16]),
        _ => m.rng.pick(&QUANTIZED),
    };
    m.apply(Draft::new("QUANTIZE", one(x), Out::Free(target))).map(drop)
}

fn dequantize(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&QUANTIZED)?;
    m.apply(Draft::new("DEQUANTIZE", one(x), Out::Fixed(DType::F32, None))).map(drop)
}

fn quantize(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&[DType::F32])?;
    let target = m.rng.pick(&QUANTIZED);
    m.apply(Draft::new("QUANTIZE", one(x), Out::Free(target))).map(drop)
}

fn cast(m: &mut Mixer) -> Option<()> {
    let x = m.pick_type(&[DType::F32, DType::I32, DType::U8, DType::Bool])?;
    let target = m.rng.pick(&[DType::F32, DType::I32]);
    m.apply(Draft::new("CAST", one(x), Out::Fixed(target, None))).map(drop)
}
