//! Operators with weights and windows, and matrix products.

use ottava::DType;
use ottava::schema::{self, BuiltinOptions};

use super::graph::Mixer;
use super::operands::{Constant, Draft, Operand, ValueId};
use super::{Draw, QUANTIZED};

pub(super) static DRAWS: &[Draw] = &[
    convolution,
    convolution,
    convolution,
    convolution,
    depthwise,
    depthwise,
    depthwise,
    fully_connected,
    fully_connected,
    transpose_conv,
    pool,
    pool,
    batch_matmul,
];

/// A constant filter: bell-shaped `int8` for all but `uint8`, whose zero point lies near the middle.
fn filter(m: &mut Mixer, dtype: DType, shape: &[usize], dimension: usize) -> Constant {
    let count: usize = shape.iter().product();
    let spread = m.rng.uniform_in(8.0, 50.0);
    let per_channel = dtype != DType::U8 && m.rng.chance(70);
    let scales = (0..if per_channel { shape[dimension] } else { 1 }).map(|_| m.rng.uniform_in(0.002, 0.02)).collect();
    let zero_point = if dtype == DType::U8 { m.rng.between(90, 160) as i32 } else { 0 };
    let mut element = || ((m.rng.normal() * spread) as i32).clamp(-127, 127);
    let data = match dtype {
        DType::U8 => (0..count).map(|_| (element() + zero_point).clamp(0, 255) as u8).collect(),
        _ => (0..count).map(|_| element() as i8 as u8).collect(),
    };
    let dtype = if dtype == DType::U8 { DType::U8 } else { DType::I8 };
    Constant { shape: shape.to_vec(), dtype, data, quantization: Some((scales, zero_point, dimension)) }
}

/// A bias with the scales of the accumulators: 64 bits for 16-bit activations.
fn bias(m: &mut Mixer, x: ValueId, filter: &Constant, channels: usize) -> Option<Operand> {
    let (input, _) = m.value(x).scale?;
    let (scales, ..) = filter.quantization.as_ref()?;
    let scales: Vec<f32> = scales.iter().map(|scale| input * scale).collect();
    let wide = m.value(x).dtype == DType::I16;
    let element = |m: &mut Mixer| i64::from((m.rng.normal() * 800.0) as i32);
    let data = (0..channels).flat_map(|_| {
        let bytes = element(m).to_le_bytes();
        bytes[..if wide { 8 } else { 4 }].to_vec()
    });
    let dtype = if wide { DType::I64 } else { DType::I32 };
    let data = data.collect();
    Some(Operand::Constant(Constant { shape: vec![channels], dtype, data, quantization: Some((scales, 0, 0)) }))
}

fn activation(m: &mut Mixer) -> i8 {
    m.rng.pick(&[0, 0, 1, 2, 3])
}

/// A window that fits: kernel, stride, dilation, padding code.
fn window(m: &mut Mixer, shape: &[usize]) -> ([usize; 2], [i32; 2], [i32; 2], i8) {
    let padding = m.rng.below(2) as i8;
    let (mut kernel, mut stride, mut dilation) = ([1; 2], [1; 2], [1; 2]);
    for axis in 0..2 {
        kernel[axis] = m.rng.pick(&[1, 1, 2, 3, 3, 5]);
        stride[axis] = m.rng.pick(&[1, 1, 2, 3]);
        dilation[axis] = if stride == [1, 1] { m.rng.pick(&[1, 1, 2]) } else { 1 };
        if padding == 1 && (kernel[axis] - 1) * dilation[axis] as usize >= shape[1 + axis] {
            (kernel[axis], dilation[axis]) = (1, 1);
        }
    }
    (kernel, stride, dilation, padding)
}

fn convolution(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&QUANTIZED)?;
    let (dtype, shape) = (m.value(x).dtype, m.value(x).shape.clone());
    let (kernel, stride, dilation, padding) = window(m, &shape);
    let groups = if shape[3].is_multiple_of(2) && m.rng.chance(15) { 2 } else { 1 };
    let channels = groups * m.rng.between(1, 12);
    let filter = filter(m, dtype, &[channels, kernel[0], kernel[1], shape[3] / groups], 0);
    let bias = bias(m, x, &filter, channels)?;
    let options = schema::Conv2DOptions {
        padding,
        stride_h: stride[0],
        stride_w: stride[1],
        dilation_h_factor: dilation[0],
        dilation_w_factor: dilation[1],
        fused_activation_function: activation(m),
        ..Default::default()
    };
    let draft = Draft::new("CONV_2D", vec![Operand::Value(x), Operand::Constant(filter), bias], m.free(x));
    m.apply(draft.with(BuiltinOptions::Conv2DOptions(Box::new(options)))).map(drop)
}

fn depthwise(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&QUANTIZED)?;
    let (dtype, shape) = (m.value(x).dtype, m.value(x).shape.clone());
    let (kernel, stride, dilation, padding) = window(m, &shape);
    let multiplier = m.rng.pick(&[1, 1, 1, 2]);
    let channels = shape[3] * multiplier;
    let filter = filter(m, dtype, &[1, kernel[0], kernel[1], channels], 3);
    let bias = bias(m, x, &filter, channels)?;
    let options = schema::DepthwiseConv2DOptions {
        padding,
        stride_h: stride[0],
        stride_w: stride[1],
        dilation_h_factor: dilation[0],
        dilation_w_factor: dilation[1],
        depth_multiplier: multiplier as i32,
        fused_activation_function: activation(m),
    };
    let draft = Draft::new("DEPTHWISE_CONV_2D", vec![Operand::Value(x), Operand::Constant(filter), bias], m.free(x));
    m.apply(draft.with(BuiltinOptions::DepthwiseConv2DOptions(Box::new(options)))).map(drop)
}

fn fully_connected(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| QUANTIZED.contains(&value.dtype) && value.rank() > 1)?;
    let (dtype, depth) = (m.value(x).dtype, *m.value(x).shape.last()?);
    let channels = m.rng.between(1, 20);
    let filter = filter(m, dtype, &[channels, depth], 0);
    let bias = if m.rng.chance(80) { bias(m, x, &filter, channels)? } else { Operand::Absent };
    let options = schema::FullyConnectedOptions {
        keep_num_dims: m.rng.chance(50),
        fused_activation_function: activation(m),
        ..Default::default()
    };
    let draft = Draft::new("FULLY_CONNECTED", vec![Operand::Value(x), Operand::Constant(filter), bias], m.free(x));
    m.apply(draft.with(BuiltinOptions::FullyConnectedOptions(Box::new(options)))).map(drop)
}

fn transpose_conv(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&QUANTIZED)?;
    let (dtype, shape) = (m.value(x).dtype, m.value(x).shape.clone());
    let (kernel, channels) = ([m.rng.between(1, 4), m.rng.between(1, 4)], m.rng.between(1, 8));
    let stride = [m.rng.between(1, 3), m.rng.between(1, 3)];
    let same = m.rng.chance(50);
    let side = |axis: usize| {
        let (size, step) = (shape[1 + axis], stride[axis]);
        if same { size * step } else { (size - 1) * step + kernel[axis].max(step) }
    };
    let target = [shape[0], side(0), side(1), channels].map(|size| size as i32);
    let filter = filter(m, dtype, &[channels, kernel[0], kernel[1], shape[3]], 0);
    let bias = if m.rng.chance(60) { Some(bias(m, x, &filter, channels)?) } else { None };
    let options = schema::TransposeConvOptions {
        padding: i8::from(!same),
        stride_h: stride[0] as i32,
        stride_w: stride[1] as i32,
        ..Default::default()
    };
    let operands = [Constant::list(&target), Operand::Constant(filter), Operand::Value(x)];
    let draft = Draft::new("TRANSPOSE_CONV", operands.into_iter().chain(bias).collect(), m.free(x));
    m.apply(draft.with(BuiltinOptions::TransposeConvOptions(Box::new(options)))).map(drop)
}

fn pool(m: &mut Mixer) -> Option<()> {
    let x = m.pick_image(&QUANTIZED)?;
    let shape = m.value(x).shape.clone();
    let (kernel, stride, dilation, padding) = window(m, &shape);
    let reach = |axis: usize| if dilation[axis] == 1 { kernel[axis] as i32 } else { 1 };
    let options = schema::Pool2DOptions {
        padding,
        stride_h: stride[0],
        stride_w: stride[1],
        filter_height: reach(0),
        filter_width: reach(1),
        fused_activation_function: m.rng.pick(&[0, 0, 0, 1, 3]),
    };
    let name = m.rng.pick(&["AVERAGE_POOL_2D", "MAX_POOL_2D"]);
    let draft = Draft::new(name, vec![Operand::Value(x)], m.like(x));
    m.apply(draft.with(BuiltinOptions::Pool2DOptions(Box::new(options)))).map(drop)
}

fn batch_matmul(m: &mut Mixer) -> Option<()> {
    let x = m.pick(|value| value.dtype == DType::I8 && (2..=4).contains(&value.rank()))?;
    let shape = m.value(x).shape.clone();
    let (rows, depth) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let adj_x = m.rng.chance(30);
    let inner = if adj_x { rows } else { depth };
    let partner = m.pick(|value| {
        let rank = value.rank();
        value.dtype == DType::I8 && rank == shape.len() && value.shape[..rank - 2] == shape[..rank - 2] && {
            let sides = [value.shape[rank - 2], value.shape[rank - 1]];
            sides.contains(&inner)
        }
    })?;
    let partner_rank = m.value(partner).rank();
    let adj_y = m.value(partner).shape[partner_rank - 2] != inner;
    let options = schema::BatchMatMulOptions { adj_x, adj_y };
    let draft = Draft::new("BATCH_MATMUL", vec![Operand::Value(x), Operand::Value(partner)], m.free(x));
    m.apply(draft.with(BuiltinOptions::BatchMatMulOptions(Box::new(options)))).map(drop)
}
