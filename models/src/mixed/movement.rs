//! Operators that move elements: split, concatenate, repeat, turn.

use ottava::DType;
use ottava::schema::{self, BuiltinOptions};

use super::graph::Mixer;
use super::operands::{Constant, Draft, Operand, Out, ValueId};
use super::{Draw, EIGHT_BIT, QUANTIZED};

pub(super) static DRAWS: &[Draw] = &[
    pad,
    padv2,
    mirror_pad,
    transpose,
    slice,
    strided_slice,
    split,
    split_v,
    pack,
    unpack,
    concatenation,
    tile,
    broadcast_to,
    reverse,
    gather,
    gather_nd,
    space_to_depth,
    depth_to_space,
    space_to_batch,
    batch_to_space,
];

/// The types that all movement operators of the oracle take.
const MOVED: [DType; 4] = [DType::I8, DType::U8, DType::I16, DType::F32];

/// A tensor of at least one dimension.
fn any(m: &mut Mixer) -> Option<(ValueId, Vec<usize>)> {
    let id = m.pick(|value| MOVED.contains(&value.dtype) && (1..=4).contains(&value.rank()))?;
    Some((id, m.value(id).shape.clone()))
}

/// An axis, counted from either end.
fn axis(m: &mut Mixer, rank: usize) -> (usize, i32) {
    let axis = m.rng.below(rank);
    (axis, if m.rng.chance(50) { axis as i32 } else { axis as i32 - rank as i32 })
}

fn paddings(m: &mut Mixer, most: &[usize]) -> Operand {
    let amounts: Vec<i32> =
        most.iter().flat_map(|&most| [m.rng.below(most + 1) as i32, m.rng.below(most + 1) as i32]).collect();
    Constant::ints(&[most.len(), 2], &amounts)
}

fn pad(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let amounts = paddings(m, &vec![2; shape.len()]);
    m.apply(Draft::new("PAD", vec![Operand::Value(x), amounts], m.like(x))).map(drop)
}

fn padv2(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| EIGHT_BIT.contains(&value.dtype) && (1..=4).contains(&value.rank()))?;
    let amounts = paddings(m, &vec![2; m.value(x).rank()]);
    let (scale, zero_point) = m.value(x).scale?;
    let fill = Constant {
        shape: vec![1],
        dtype: m.value(x).dtype,
        data: vec![m.rng.below(256) as u8],
        quantization: Some((vec![scale], zero_point, 0)),
    };
    m.apply(Draft::new("PADV2", vec![Operand::Value(x), amounts, Operand::Constant(fill)], m.like(x))).map(drop)
}

fn mirror_pad(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let symmetric = m.rng.chance(50);
    let most: Vec<usize> = shape.iter().map(|&size| (size - usize::from(!symmetric)).min(2)).collect();
    let amounts = paddings(m, &most);
    let options = schema::MirrorPadOptions { mode: i8::from(symmetric) };
    let draft = Draft::new("MIRROR_PAD", vec![Operand::Value(x), amounts], m.like(x));
    m.apply(draft.with(BuiltinOptions::MirrorPadOptions(Box::new(options)))).map(drop)
}

fn transpose(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let mut order: Vec<i32> = (0..shape.len() as i32).collect();
    for index in (1..order.len()).rev() {
        order.swap(index, m.rng.below(index + 1));
    }
    m.apply(Draft::new("TRANSPOSE", vec![Operand::Value(x), Constant::list(&order)], m.like(x))).map(drop)
}

fn slice(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let begin: Vec<i32> = shape.iter().map(|&size| m.rng.below(size.div_ceil(2)) as i32).collect();
    let mut size = |(&size, &begin): (&usize, &i32)| match m.rng.below(3) {
        0 => -1,
        _ => m.rng.between(1, size - begin as usize) as i32,
    };
    let sizes: Vec<i32> = shape.iter().zip(&begin).map(&mut size).collect();
    let operands = vec![Operand::Value(x), Constant::list(&begin), Constant::list(&sizes)];
    m.apply(Draft::new("SLICE", operands, m.like(x))).map(drop)
}

fn strided_slice(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let (mut begin, mut end, mut strides) = (Vec::new(), Vec::new(), Vec::new());
    let mut shrink = 0;
    for (axis, &size) in shape.iter().enumerate() {
        let size = size as i32;
        let stride = m.rng.pick(&[1, 1, 1, 2, 3, -1, -2]);
        let first = m.rng.below(size as usize) as i32;
        let (low, high) = if stride > 0 { (first, size) } else { (size - 1 - first, -size - 1) };
        begin.push(low);
        end.push(high);
        strides.push(stride);
        if shape.len() > 1 && m.rng.chance(8) {
            shrink |= 1 << axis;
            strides[axis] = 1;
            begin[axis] = first;
            end[axis] = first + 1;
        }
    }
    let mask = |m: &mut Mixer| if m.rng.chance(30) { m.rng.below(16) as i32 & !shrink } else { 0 };
    let options = schema::StridedSliceOptions {
        begin_mask: mask(m),
        end_mask: mask(m),
        shrink_axis_mask: shrink,
        ..Default::default()
    };
    let lists = [&begin, &end, &strides].map(|list| Constant::list(list));
    let operands = [Operand::Value(x)].into_iter().chain(lists).collect();
    let draft = Draft::new("STRIDED_SLICE", operands, m.like(x));
    m.apply(draft.with(BuiltinOptions::StridedSliceOptions(Box::new(options)))).map(drop)
}

fn split(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let (at, signed) = axis(m, shape.len());
    let parts = (2..=4).rev().find(|&parts| shape[at].is_multiple_of(parts) && shape[at] > parts)?;
    let draft = Draft {
        name: "SPLIT",
        options: Some(BuiltinOptions::SplitOptions(Box::new(schema::SplitOptions { num_splits: parts as i32 }))),
        inputs: vec![Constant::scalar(signed), Operand::Value(x)],
        outputs: vec![m.like(x); parts],
    };
    m.apply(draft).map(drop)
}

fn split_v(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let (at, signed) = axis(m, shape.len());
    let first = m.rng.between(1, shape[at].checked_sub(1).filter(|&most| most > 0)?);
    let rest = if m.rng.chance(50) { -1 } else { (shape[at] - first) as i32 };
    let draft = Draft {
        name: "SPLIT_V",
        options: Some(BuiltinOptions::SplitVOptions(Box::new(schema::SplitVOptions { num_splits: 2 }))),
        inputs: vec![Operand::Value(x), Constant::list(&[first as i32, rest]), Constant::scalar(signed)],
        outputs: vec![m.like(x); 2],
    };
    m.apply(draft).map(drop)
}

fn pack(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let (dtype, scale) = (m.value(x).dtype, m.value(x).scale);
    let other = m.pick(|value| value.shape == shape && value.dtype == dtype && value.scale == scale)?;
    let (_, signed) = axis(m, shape.len() + 1);
    let options = schema::PackOptions { values_count: 2, axis: signed };
    let draft = Draft::new("PACK", vec![Operand::Value(x), Operand::Value(other)], m.like(x));
    m.apply(draft.with(BuiltinOptions::PackOptions(Box::new(options)))).map(drop)
}

fn unpack(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let (at, signed) = axis(m, shape.len());
    if shape[at] > 4 || shape.len() < 2 {
        return None;
    }
    let options = schema::UnpackOptions { num: shape[at] as i32, axis: signed };
    let draft = Draft {
        name: "UNPACK",
        options: Some(BuiltinOptions::UnpackOptions(Box::new(options))),
        inputs: vec![Operand::Value(x)],
        outputs: vec![m.like(x); shape[at]],
    };
    m.apply(draft).map(drop)
}

fn concatenation(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let (at, signed) = axis(m, shape.len());
    let (dtype, scale) = (m.value(x).dtype, m.value(x).scale);
    let other = m.pick(|value| {
        let fits = value.rank() == shape.len()
            && value.shape.iter().zip(&shape).enumerate().all(|(axis, (a, b))| axis == at || a == b);
        fits && value.dtype == dtype && (dtype == DType::U8 || value.scale == scale)
    })?;
    let operands = if m.rng.chance(50) { vec![x, other] } else { vec![other, x, x] };
    let out = if dtype == DType::U8 && m.rng.chance(50) { m.free(x) } else { m.like(x) };
    let draft = Draft::new("CONCATENATION", operands.into_iter().map(Operand::Value).collect(), out);
    let options = schema::ConcatenationOptions { axis: signed, ..Default::default() };
    m.apply(draft.with(BuiltinOptions::ConcatenationOptions(Box::new(options)))).map(drop)
}

fn tile(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let times: Vec<i32> = shape.iter().map(|_| m.rng.pick(&[1, 1, 2, 3])).collect();
    m.apply(Draft::new("TILE", vec![Operand::Value(x), Constant::list(&times)], m.like(x))).map(drop)
}

fn broadcast_to(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let mut target: Vec<i32> =
        shape.iter().map(|&size| if size == 1 { m.rng.between(1, 5) } else { size } as i32).collect();
    if m.rng.chance(30) && target.len() < 4 {
        target.insert(0, m.rng.between(1, 3) as i32);
    }
    m.apply(Draft::new("BROADCAST_TO", vec![Operand::Value(x), Constant::list(&target)], m.like(x))).map(drop)
}

fn reverse(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let at = m.rng.below(shape.len()) as i32;
    m.apply(Draft::new("REVERSE_V2", vec![Operand::Value(x), Constant::list(&[at])], m.like(x))).map(drop)
}

fn gather(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let (at, signed) = axis(m, shape.len());
    let count = m.rng.between(1, 6);
    let indices: Vec<i32> = (0..count).map(|_| m.rng.below(shape[at]) as i32).collect();
    let options = schema::GatherOptions { axis: signed, batch_dims: 0 };
    let draft = Draft::new("GATHER", vec![Operand::Value(x), Constant::list(&indices)], m.like(x));
    m.apply(draft.with(BuiltinOptions::GatherOptions(Box::new(options)))).map(drop)
}

fn gather_nd(m: &mut Mixer) -> Option<()> {
    let (x, shape) = any(m)?;
    let (count, depth) = (m.rng.between(1, 5), m.rng.between(1, shape.len()));
    let indices: Vec<i32> = (0..count * depth).map(|at| m.rng.below(shape[at % depth]) as i32).collect();
    let operands = vec![Operand::Value(x), Constant::ints(&[count, depth], &indices)];
    m.apply(Draft::new("GATHER_ND", operands, m.like(x))).map(drop)
}

fn space_to_depth(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&EIGHT_BIT)?;
    let shape = m.value(x).shape.clone();
    let block = (2..=3).find(|&block| shape[1].is_multiple_of(block) && shape[2].is_multiple_of(block))?;
    let options = schema::SpaceToDepthOptions { block_size: block as i32 };
    let draft = Draft::new("SPACE_TO_DEPTH", vec![Operand::Value(x)], m.like(x));
    m.apply(draft.with(BuiltinOptions::SpaceToDepthOptions(Box::new(options)))).map(drop)
}

fn depth_to_space(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&EIGHT_BIT)?;
    let channels = m.value(x).shape[3];
    let block = (2..=3).find(|&block| channels.is_multiple_of(block * block))?;
    let options = schema::DepthToSpaceOptions { block_size: block as i32 };
    let draft = Draft::new("DEPTH_TO_SPACE", vec![Operand::Value(x)], m.like(x));
    m.apply(draft.with(BuiltinOptions::DepthToSpaceOptions(Box::new(options)))).map(drop)
}

/// What is missing to the next multiple of the block goes to the end.
fn space_to_batch(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&QUANTIZED)?;
    let shape = m.value(x).shape.clone();
    let block = [m.rng.between(1, 3), m.rng.between(1, 3)];
    let missing = |axis: usize| (shape[1 + axis].next_multiple_of(block[axis]) - shape[1 + axis]) as i32;
    let operands = vec![
        Operand::Value(x),
        Constant::list(&block.map(|size| size as i32)),
        Constant::ints(&[2, 2], &[0, missing(0), 0, missing(1)]),
    ];
    m.apply(Draft::new("SPACE_TO_BATCH_ND", operands, m.like(x))).map(drop)
}

fn batch_to_space(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| QUANTIZED.contains(&value.dtype) && value.rank() == 4 && value.shape[0] > 1)?;
    let batch = m.value(x).shape[0];
    let block = (2..=3).find(|&block| batch.is_multiple_of(block))?;
    let crops = [0, m.rng.below(2) as i32, 0, 0];
    let operands = vec![Operand::Value(x), Constant::list(&[block as i32, 1]), Constant::ints(&[2, 2], &crops)];
    m.apply(Draft::new("BATCH_TO_SPACE_ND", operands, Out::Fixed(m.value(x).dtype, m.value(x).scale))).map(drop)
}
