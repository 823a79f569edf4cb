//! Operators of two operands with broadcasting, comparisons and selection.

use ottava::DType;
use ottava::schema::{self, BuiltinOptions};

use super::graph::Mixer;
use super::operands::{Constant, Draft, Operand, Out, ValueId};
use super::{Draw, EIGHT_BIT, QUANTIZED};

pub(super) static DRAWS: &[Draw] =
    &[add, add, sub, mul, mul, extreme, extreme, squared_difference, prelu, comparison, select, plain_arithmetic];

/// Operators whose oracle is wrong for some values.
pub(super) static OWN_DRAWS: &[Draw] = &[div];

/// A tensor and another that broadcasts with it: computed, itself, or a constant for each channel or for all.
fn operands(m: &mut Mixer, types: &[DType]) -> Option<(ValueId, Vec<Operand>)> {
    let x = m.pick(|value| types.contains(&value.dtype) && (1..=4).contains(&value.rank()))?;
    let (dtype, shape) = (m.value(x).dtype, m.value(x).shape.clone());
    let partner = m.pick(|value| value.dtype == dtype && broadcasts(&value.shape, &shape));
    let other = match (m.rng.below(3), partner) {
        (0 | 1, Some(partner)) => Operand::Value(partner),
        _ => Operand::Constant(constant(m, x)),
    };
    let pair = if m.rng.chance(50) { vec![Operand::Value(x), other] } else { vec![other, Operand::Value(x)] };
    Some((x, pair))
}

fn broadcasts(a: &[usize], b: &[usize]) -> bool {
    let same = |(x, y): (&usize, &usize)| x == y || *x == 1 || *y == 1;
    a.len() <= 4 && a.iter().rev().zip(b.iter().rev()).all(same)
}

/// A constant operand for `x`: one element for each of its channels, or one in all.
fn constant(m: &mut Mixer, x: ValueId) -> Constant {
    let (dtype, shape) = (m.value(x).dtype, m.value(x).shape.clone());
    let channels = shape.last().copied().unwrap_or(1);
    let shape = if m.rng.chance(70) { vec![channels] } else { Vec::new() };
    let count = shape.iter().product();
    let quantization = m.value(x).scale.map(|_| (vec![m.scale()], m.zero_point(dtype), 0));
    let data = match dtype {
        DType::F32 => (0..count).flat_map(|_| m.rng.uniform_in(0.1, 2.0).to_le_bytes()).collect(),
        DType::I32 => (0..count).flat_map(|_| (m.rng.between(1, 20) as i32).to_le_bytes()).collect(),
        _ => (0..count * dtype.size_bytes()).map(|_| m.rng.below(256) as u8).collect(),
    };
    Constant { shape, dtype, data, quantization }
}

fn activation(m: &mut Mixer) -> i8 {
    m.rng.pick(&[0, 0, 0, 1, 2, 3])
}

fn add(m: &mut Mixer) -> Option<()> {
    let (x, pair) = operands(m, &QUANTIZED)?;
    let options = schema::AddOptions { fused_activation_function: activation(m), pot_scale_int16: false };
    let draft = Draft::new("ADD", pair, m.free(x));
    m.apply(draft.with(BuiltinOptions::AddOptions(Box::new(options)))).map(drop)
}

fn sub(m: &mut Mixer) -> Option<()> {
    let (x, pair) = operands(m, &QUANTIZED)?;
    let options = schema::SubOptions { fused_activation_function: activation(m), pot_scale_int16: false };
    let draft = Draft::new("SUB", pair, m.free(x));
    m.apply(draft.with(BuiltinOptions::SubOptions(Box::new(options)))).map(drop)
}

fn mul(m: &mut Mixer) -> Option<()> {
    let (x, pair) = operands(m, &QUANTIZED)?;
    let options = schema::MulOptions { fused_activation_function: activation(m) };
    let draft = Draft::new("MUL", pair, m.free(x));
    m.apply(draft.with(BuiltinOptions::MulOptions(Box::new(options)))).map(drop)
}

fn div(m: &mut Mixer) -> Option<()> {
    let (x, pair) = operands(m, &EIGHT_BIT)?;
    let options = schema::DivOptions { fused_activation_function: activation(m) };
    let draft = Draft::new("DIV", pair, m.free(x));
    m.apply(draft.with(BuiltinOptions::DivOptions(Box::new(options)))).map(drop)
}

fn extreme(m: &mut Mixer) -> Option<()> {
    let (x, pair) = operands(m, &QUANTIZED)?;
    let name = if m.rng.chance(50) { "MAXIMUM" } else { "MINIMUM" };
    m.apply(Draft::new(name, pair, m.like(x))).map(drop)
}

fn squared_difference(m: &mut Mixer) -> Option<()> {
    let (x, pair) = operands(m, &[DType::I8])?;
    m.apply(Draft::new("SQUARED_DIFFERENCE", pair, m.free(x))).map(drop)
}

fn prelu(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| EIGHT_BIT.contains(&value.dtype) && value.rank() == 4)?;
    let mut slopes = constant(m, x);
    // The slopes have a dimension less than the input, or as many.
    let channels = m.value(x).shape[3];
    slopes.shape = vec![1, 1, channels];
    slopes.data = (0..channels).map(|_| m.rng.below(256) as u8).collect();
    m.apply(Draft::new("PRELU", vec![Operand::Value(x), Operand::Constant(slopes)], m.free(x))).map(drop)
}

fn comparison(m: &mut Mixer) -> Option<()> {
    let (_, pair) = operands(m, &EIGHT_BIT)?;
    // The oracle's comparison of values with scales from 1 on is not defined.
    let coarse = |operand: &Operand| match operand {
        Operand::Value(id) => m.value(*id).scale.is_some_and(|(scale, _)| scale >= 1.0),
        _ => false,
    };
    if pair.iter().any(coarse) {
        return None;
    }
    let name = m.rng.pick(&["EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"]);
    m.apply(Draft::new(name, pair, Out::Fixed(DType::Bool, None))).map(drop)
}

fn select(m: &mut Mixer) -> Option<()> {
    let condition = m.pick_type(&[DType::Bool])?;
    let shape = m.value(condition).shape.clone();
    let x = m.pick(|value| QUANTIZED.contains(&value.dtype) && value.shape == shape)?;
    let dtype = m.value(x).dtype;
    let y = m.pick(|value| value.dtype == dtype && value.shape == shape)?;
    let name = m.rng.pick(&["SELECT", "SELECT_V2"]);
    m.apply(Draft::new(name, [condition, x, y].map(Operand::Value).to_vec(), m.like(x))).map(drop)
}

/// What heads compute on coordinates: `float32` and `int32`.
fn plain_arithmetic(m: &mut Mixer) -> Option<()> {
    let (x, pair) = operands(m, &[DType::F32, DType::I32])?;
    let output = m.like(x);
    // A divisor must not be 0, whatever the input is: it is a constant.
    let quotient = vec![Operand::Value(x), Operand::Constant(constant(m, x))];
    let draft = match m.rng.below(6) {
        0 => Draft::new("ADD", pair, output).with(BuiltinOptions::AddOptions(Box::default())),
        1 => Draft::new("SUB", pair, output).with(BuiltinOptions::SubOptions(Box::default())),
        2 => Draft::new("MUL", pair, output).with(BuiltinOptions::MulOptions(Box::default())),
        3 => Draft::new("DIV", quotient, output).with(BuiltinOptions::DivOptions(Box::default())),
        4 => Draft::new("FLOOR_DIV", quotient, output),
        _ => Draft::new("FLOOR_MOD", quotient, output),
    };
    m.apply(draft).map(drop)
}
