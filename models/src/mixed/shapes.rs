//! Operators that rename, resize and select: shapes, images, extremes.

use ottava::DType;
use ottava::schema::{self, BuiltinOptions};

use super::graph::Mixer;
use super::operands::{Constant, Draft, Operand, Out};
use super::{Draw, EIGHT_BIT, QUANTIZED};

pub(super) static DRAWS: &[Draw] = &[
    reshape,
    computed_reshape,
    squeeze,
    expand_dims,
    resize_bilinear,
    resize_nearest,
    arg_extreme,
    top_k,
    fill,
    shape,
];

fn reshape(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| QUANTIZED.contains(&value.dtype) || value.dtype == DType::F32)?;
    let elements = m.value(x).elements();
    let first = (2..=7).filter(|&size| elements.is_multiple_of(size)).max().unwrap_or(1);
    let (first, rest) = (first as i32, (elements / first) as i32);
    let target = m.rng.pick(&[[1, first, rest], [-1, 1, first], [first, -1, 1], [1, 1, -1]]);
    m.apply(Draft::new("RESHAPE", vec![Operand::Value(x), Constant::list(&target)], m.like(x))).map(drop)
}

/// Flattens as converters do for open batches: SHAPE, STRIDED_SLICE, PACK, RESHAPE.
fn computed_reshape(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| QUANTIZED.contains(&value.dtype) && value.rank() >= 2)?;
    let options = BuiltinOptions::ShapeOptions(Box::new(schema::ShapeOptions { out_type: 2 }));
    let whole = m.apply(Draft::new("SHAPE", vec![Operand::Value(x)], Out::Fixed(DType::I32, None)).with(options))?[0];
    let one = schema::StridedSliceOptions { shrink_axis_mask: 1, ..Default::default() };
    let operands = vec![Operand::Value(whole), Constant::list(&[0]), Constant::list(&[1]), Constant::list(&[1])];
    let draft = Draft::new("STRIDED_SLICE", operands, Out::Fixed(DType::I32, None));
    let batch = m.apply(draft.with(BuiltinOptions::StridedSliceOptions(Box::new(one))))?[0];
    let options = schema::PackOptions { values_count: 2, axis: 0 };
    let draft = Draft::new("PACK", vec![Operand::Value(batch), Constant::scalar(-1)], Out::Fixed(DType::I32, None));
    let target = m.apply(draft.with(BuiltinOptions::PackOptions(Box::new(options))))?[0];
    // Alone the target is no constant, so the engine refuses it; the elements are the same as for a literal one.
    let literal = Constant::list(&[m.value(x).shape[0] as i32, -1]);
    m.apply_as(
        Draft::new("RESHAPE", vec![Operand::Value(x), literal], m.like(x)),
        vec![Operand::Value(x), Operand::Value(target)],
    )
}

fn squeeze(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| value.shape.contains(&1) && value.rank() > 1)?;
    let at = m.value(x).shape.iter().position(|&size| size == 1)? as i32;
    let squeeze_dims = if m.rng.chance(50) { Some(vec![at]) } else { None };
    let options = BuiltinOptions::SqueezeOptions(Box::new(schema::SqueezeOptions { squeeze_dims }));
    m.apply(Draft::new("SQUEEZE", vec![Operand::Value(x)], m.like(x)).with(options)).map(drop)
}

fn expand_dims(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| value.rank() < 4 && value.dtype != DType::Bool)?;
    let at = m.rng.below(m.value(x).rank() + 1) as i32;
    m.apply(Draft::new("EXPAND_DIMS", vec![Operand::Value(x), Constant::scalar(at)], m.like(x))).map(drop)
}

/// Sides of the target: at most a little more than twice as long.
fn sides(m: &mut Mixer, shape: &[usize]) -> [i32; 2] {
    [1, 2].map(|axis| m.rng.between(1, 2 * shape[axis] + 2) as i32)
}

fn resize_bilinear(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&EIGHT_BIT)?;
    let shape = m.value(x).shape.clone();
    let (align_corners, half_pixel_centers) = m.rng.pick(&[(false, false), (true, false), (false, true)]);
    let options = schema::ResizeBilinearOptions { align_corners, half_pixel_centers };
    let size = Constant::list(&sides(m, &shape));
    let draft = Draft::new("RESIZE_BILINEAR", vec![Operand::Value(x), size], m.like(x));
    m.apply(draft.with(BuiltinOptions::ResizeBilinearOptions(Box::new(options)))).map(drop)
}

fn resize_nearest(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&QUANTIZED)?;
    let shape = m.value(x).shape.clone();
    let (align_corners, half_pixel_centers) = (m.rng.chance(40), m.rng.chance(40));
    let options = schema::ResizeNearestNeighborOptions { align_corners, half_pixel_centers };
    let size = Constant::list(&sides(m, &shape));
    let draft = Draft::new("RESIZE_NEAREST_NEIGHBOR", vec![Operand::Value(x), size], m.like(x));
    m.apply(draft.with(BuiltinOptions::ResizeNearestNeighborOptions(Box::new(options)))).map(drop)
}

fn arg_extreme(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| EIGHT_BIT.contains(&value.dtype) && value.rank() > 1)?;
    let rank = m.value(x).rank();
    let axis = Constant::scalar(m.rng.below(rank) as i32 - if m.rng.chance(50) { rank as i32 } else { 0 });
    let operands = vec![Operand::Value(x), axis];
    let (dtype, code) = m.rng.pick(&[(DType::I32, 2), (DType::I64, 4)]);
    let draft = if m.rng.chance(50) {
        let options = schema::ArgMaxOptions { output_type: code };
        Draft::new("ARG_MAX", operands, Out::Fixed(dtype, None)).with(BuiltinOptions::ArgMaxOptions(Box::new(options)))
    } else {
        let options = schema::ArgMinOptions { output_type: code };
        Draft::new("ARG_MIN", operands, Out::Fixed(dtype, None)).with(BuiltinOptions::ArgMinOptions(Box::new(options)))
    };
    m.apply(draft).map(drop)
}

fn top_k(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| EIGHT_BIT.contains(&value.dtype) && value.rank() > 0)?;
    let last = *m.value(x).shape.last()?;
    let k = m.rng.between(1, last.min(5)) as i32;
    let draft = Draft {
        name: "TOPK_V2",
        options: None,
        inputs: vec![Operand::Value(x), Constant::scalar(k)],
        outputs: vec![m.like(x), Out::Fixed(DType::I32, None)],
    };
    m.apply(draft).map(drop)
}

/// A tensor of one computed element: the largest of another.
fn fill(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| QUANTIZED.contains(&value.dtype) && value.rank() > 0)?;
    let axes: Vec<i32> = (0..m.value(x).rank() as i32).collect();
    let options = BuiltinOptions::ReducerOptions(Box::new(schema::ReducerOptions { keep_dims: false }));
    let draft = Draft::new("REDUCE_MAX", vec![Operand::Value(x), Constant::list(&axes)], m.like(x));
    let largest = m.apply(draft.with(options))?[0];
    let dims = Constant::list(&[1, m.rng.between(1, 4) as i32, m.rng.between(1, 4) as i32, 2]);
    m.apply(Draft::new("FILL", vec![dims, Operand::Value(largest)], m.like(x))).map(drop)
}

fn shape(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| value.rank() > 0)?;
    let (dtype, out_type) = m.rng.pick(&[(DType::I32, 2), (DType::I64, 4)]);
    let options = BuiltinOptions::ShapeOptions(Box::new(schema::ShapeOptions { out_type }));
    m.apply(Draft::new("SHAPE", vec![Operand::Value(x)], Out::Fixed(dtype, None)).with(options)).map(drop)
}
