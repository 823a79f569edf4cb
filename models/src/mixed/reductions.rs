//! Reductions.

use ottava::DType;
use ottava::schema::{self, BuiltinOptions};

use super::graph::Mixer;
use super::operands::{Constant, Draft, Operand};
use super::{Draw, QUANTIZED};

pub(super) static DRAWS: &[Draw] = &[mean, mean, sum, extreme, product];

fn reducer(m: &mut Mixer) -> BuiltinOptions {
    BuiltinOptions::ReducerOptions(Box::new(schema::ReducerOptions { keep_dims: m.rng.chance(50) }))
}

/// One axis, or height and width.
fn axes(m: &mut Mixer, rank: usize) -> Operand {
    if rank == 4 && m.rng.chance(50) {
        return Constant::list(&[1, 2]);
    }
    let axis = m.rng.below(rank) as i32;
    Constant::list(&[if m.rng.chance(50) { axis } else { axis - rank as i32 }])
}

fn mean(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| QUANTIZED.contains(&value.dtype) && value.rank() > 1)?;
    let axes = axes(m, m.value(x).rank());
    let options = reducer(m);
    m.apply(Draft::new("MEAN", vec![Operand::Value(x), axes], m.free(x)).with(options)).map(drop)
}

/// Of `uint8` only: the oracle's sum of signed types is wrong.
fn sum(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| value.dtype == DType::U8 && value.rank() > 1)?;
    let axes = axes(m, m.value(x).rank());
    let options = reducer(m);
    m.apply(Draft::new("SUM", vec![Operand::Value(x), axes], m.free(x)).with(options)).map(drop)
}

fn extreme(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| QUANTIZED.contains(&value.dtype) && value.rank() > 1)?;
    let axes = axes(m, m.value(x).rank());
    let options = reducer(m);
    let name = m.rng.pick(&["REDUCE_MAX", "REDUCE_MIN"]);
    m.apply(Draft::new(name, vec![Operand::Value(x), axes], m.like(x)).with(options)).map(drop)
}

fn product(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| value.dtype == DType::I8 && value.rank() > 1)?;
    let axis = m.value(x).shape.iter().position(|&size| (2..=4).contains(&size))?;
    let options = reducer(m);
    let operands = vec![Operand::Value(x), Constant::list(&[axis as i32])];
    m.apply(Draft::new("REDUCE_PROD", operands, m.free(x)).with(options)).map(drop)
}
