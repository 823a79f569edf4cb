//! Seeded random networks for comparing backends: odd sizes, every option of every operator, parameters at their ends.

use crate::builder::{Conv, FullyConnected, NetworkBuilder, OutputQuantization, Padding, Pool, TensorId};
use crate::network::Network;
use crate::quantization::{Activation, Form, Quantization};
use crate::rng::Rng;
use crate::weights::{WeightStyle, Weights};

/// Tensors are kept below this many elements, so that a reference run stays quick.
const LARGEST: usize = 12_000;

/// Builds the network of `seed`.
pub(crate) fn build(seed: u64) -> Network {
    let mut rng = Rng::stream(seed, 0x7A6D);
    let form = if rng.chance(55) { Form::Int8 } else { Form::Uint8 };
    let mut b = NetworkBuilder::new(&format!("random {seed}"), form, seed).calibration_images(rng.between(2, 4));
    let steps = rng.between(3, 12);
    let mut x = input(&mut b, &mut rng, form);
    for _ in 0..steps {
        x = attempt(&mut b, &mut rng, (x, step));
    }
    let mut outputs = vec![attempt(&mut b, &mut rng, (x, finish))];
    if rng.chance(25) && outputs[0] != x {
        outputs.push(x);
    }
    b.finish(&outputs)
}

type Step = fn(&mut NetworkBuilder, &mut Rng, TensorId) -> TensorId;

/// Takes a step whose result is not nearly constant; after some failures stays where it is.
fn attempt(b: &mut NetworkBuilder, rng: &mut Rng, (x, step): (TensorId, Step)) -> TensorId {
    for _ in 0..6 {
        let mut changed = b.clone();
        let y = step(&mut changed, rng, x);
        let spread = changed.spread(y);
        if spread.distinct >= 4.min(elements(&changed, y)) && spread.difference > 0.0 && spread.deviation > 1.0 {
            *b = changed;
            return y;
        }
    }
    x
}

fn input(b: &mut NetworkBuilder, rng: &mut Rng, form: Form) -> TensorId {
    let channels = if rng.chance(50) { rng.pick(&[3, 4, 8, 16]) } else { rng.between(1, 20) };
    let shape = [if rng.chance(10) { 2 } else { 1 }, rng.between(1, 21), rng.between(1, 21), channels];
    match rng.below(10) {
        0 | 1 => {
            let image = b.input_f32(&shape);
            b.quantize(image, form, OutputQuantization::Calibrated)
        }
        2..=5 => b.input(&shape),
        _ => {
            let quantization = Quantization { scale: rng.uniform_in(0.002, 0.2), zero_point: zero_point(rng, form) };
            b.input_with(&shape, quantization)
        }
    }
}

/// A zero point at either end of the type, or inside.
fn zero_point(rng: &mut Rng, form: Form) -> i32 {
    let (min, max) = form.range();
    match rng.below(4) {
        0 => min,
        1 => max,
        _ => rng.between(0, 255) as i32 + min,
    }
}

fn step(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let operator: Step = match rng.below(100) {
        0..=21 => convolution,
        22..=36 => depthwise,
        37..=43 => pool,
        44..=56 => branches,
        57..=66 => residual,
        67..=73 => padded,
        74..=79 => requantize,
        80..=84 => concatenated,
        85..=89 => broadcast_add,
        90..=93 => dense,
        94..=96 => pooled_attention,
        _ => softmax_inside,
    };
    operator(b, rng, x)
}

fn finish(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let shape = b.shape(x).to_vec();
    let x = match rng.below(4) {
        0 => x,
        1 => {
            let flat = b.reshape(x, &[shape[0], shape[1..].iter().product()]);
            classifier(b, rng, flat)
        }
        _ => {
            let axes = rng.pick(&[&[1, 2][..], &[2, 1], &[1], &[2], &[3], &[1, 2, 3]]);
            let keep = axes.len() == 3 || rng.chance(40);
            let mean = b.mean(x, axes, keep);
            if rng.chance(70) { classifier(b, rng, mean) } else { mean }
        }
    };
    if rng.chance(20) { b.dequantize(x) } else { x }
}

fn classifier(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let spec = FullyConnected { spread: rng.uniform_in(0.5, 4.0), ..dense_spec(rng, b.form(x)) };
    let logits = b.fully_connected(x, &spec);
    if rng.chance(70) { b.softmax(logits, softmax_beta(rng)) } else { logits }
}

fn softmax_beta(rng: &mut Rng) -> f32 {
    if rng.chance(70) { 1.0 } else { rng.uniform_in(0.3, 2.0) }
}

fn activation(rng: &mut Rng) -> Activation {
    rng.pick(&[Activation::None, Activation::Relu, Activation::Relu, Activation::Relu6, Activation::ReluN1To1])
}

fn weights(rng: &mut Rng) -> Weights {
    Weights {
        style: if rng.chance(15) { WeightStyle::Extreme } else { WeightStyle::Bell },
        per_channel: rng.chance(80),
        zero_point: match rng.below(8) {
            0 => Some(0),
            1 => Some(255),
            2 => Some(rng.below(256) as u8),
            _ => None,
        },
    }
}

/// Output parameters; a zero point at the top is only given to outputs that can be negative.
fn output(rng: &mut Rng, form: Form, activation: Activation) -> OutputQuantization {
    if rng.chance(70) {
        return OutputQuantization::Calibrated;
    }
    let zero_point = zero_point(rng, form);
    let rectified = matches!(activation, Activation::Relu | Activation::Relu6);
    OutputQuantization::ZeroPoint(if rectified { zero_point.min(form.range().1 - 30) } else { zero_point })
}

fn padding(rng: &mut Rng) -> Padding {
    rng.pick(&[Padding::Same, Padding::Same, Padding::Valid])
}

/// A window over the image of `x` with sizes, strides and dilations that fit.
fn window(b: &NetworkBuilder, rng: &mut Rng, (x, channels): (TensorId, usize)) -> Conv {
    let shape = b.shape(x).to_vec();
    let activation = activation(rng);
    let mut spec = Conv {
        padding: padding(rng),
        activation,
        weights: weights(rng),
        output: output(rng, b.form(x), activation),
        spread: rng.uniform_in(0.5, 2.0),
        ..Conv::new(channels, [1, 1])
    };
    for axis in 0..2 {
        spec.kernel[axis] = rng.pick(&[1, 1, 2, 3, 3, 3, 4, 5, 7]);
        spec.stride[axis] = rng.pick(&[1, 1, 1, 2, 2, 3]);
        spec.dilation[axis] = if spec.stride == [1, 1] { rng.pick(&[1, 1, 1, 2, 3]) } else { 1 };
        let reach = (spec.kernel[axis] - 1) * spec.dilation[axis] + 1;
        if spec.padding == Padding::Valid && reach > shape[1 + axis] {
            (spec.kernel[axis], spec.dilation[axis]) = (1, 1);
        }
    }
    spec
}

fn convolution(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let channels = b.shape(x)[3];
    let wanted = rng.pick(&[1, 3, 5, 8, 13, 16, 17, 24, 31, 32, 40]);
    let mut spec = window(b, rng, (x, wanted));
    if rng.chance(20) {
        spec.groups = (2..=channels.min(4)).rev().find(|g| channels.is_multiple_of(*g)).unwrap_or(1);
        spec.channels = wanted.next_multiple_of(spec.groups);
    }
    b.conv(x, &spec)
}

fn depthwise(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let channels = b.shape(x)[3];
    let multiplier = if channels <= 16 && rng.chance(25) { rng.between(2, 3) } else { 1 };
    let mut spec = window(b, rng, (x, channels * multiplier));
    spec.bias = rng.chance(85);
    b.depthwise(x, &spec)
}

fn pool(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let spec = window(b, rng, (x, 1));
    let reach = |axis: usize| if spec.dilation[axis] == 1 { spec.kernel[axis] } else { 1 };
    let activation = if rng.chance(70) { Activation::None } else { spec.activation };
    let pool = Pool { window: [reach(0), reach(1)], stride: spec.stride, padding: spec.padding, activation };
    if rng.chance(50) { b.max_pool(x, &pool) } else { b.average_pool(x, &pool) }
}

/// Sibling 1x1 convolutions and a pooled branch, concatenated along the channels.
fn branches(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let first = b.conv(x, &pointwise(b, rng, x));
    let mut parts = vec![first];
    for _ in 0..rng.between(1, 3) {
        let mut spec = pointwise(b, rng, x);
        if rng.chance(75) {
            spec.output = OutputQuantization::Like(first);
        }
        let mut part = b.conv(x, &spec);
        if rng.chance(40) {
            let deeper = Conv { kernel: [3, 3], output: OutputQuantization::Like(first), ..pointwise(b, rng, part) };
            part = b.conv(part, &deeper);
        }
        parts.push(part);
    }
    if rng.chance(30) {
        parts.push(b.max_pool(x, &Pool::new([3, 3], [1, 1], Padding::Same)));
    }
    if elements(b, x) / b.shape(x)[3] * parts.iter().map(|&p| b.shape(p)[3]).sum::<usize>() > LARGEST {
        return first;
    }
    b.concat(&parts, 3)
}

fn pointwise(b: &NetworkBuilder, rng: &mut Rng, x: TensorId) -> Conv {
    let channels = rng.between(1, 24);
    Conv { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: Padding::Same, ..window(b, rng, (x, channels)) }
}

fn elements(b: &NetworkBuilder, x: TensorId) -> usize {
    b.shape(x).iter().product()
}

fn sum(rng: &mut Rng, form: Form) -> (Activation, OutputQuantization) {
    let activation = activation(rng);
    (activation, output(rng, form, activation))
}

/// A branch added to its own input, their scales apart.
fn residual(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let channels = b.shape(x)[3];
    let mut spec = Conv { channels, ..pointwise(b, rng, x) };
    spec.kernel = rng.pick(&[[1, 1], [3, 3], [1, 3]]);
    spec.spread = rng.pick(&[0.05, 0.5, 1.0, 4.0]);
    let branch = if rng.chance(50) { b.conv(x, &spec) } else { b.depthwise(x, &spec) };
    let how = sum(rng, b.form(x));
    if rng.chance(50) { b.add(branch, x, how) } else { b.add(x, branch, how) }
}

fn padded(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let mut amount = || (rng.below(3), rng.below(3));
    let mut padding = [(0, 0), amount(), amount(), (0, 0)];
    if rng.chance(10) {
        padding[3] = (rng.below(3), rng.below(3));
    }
    let x = b.pad(x, &padding);
    if rng.chance(80) { convolution(b, rng, x) } else { depthwise(b, rng, x) }
}

fn requantize(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let form = b.form(x);
    let other = if form == Form::Int8 { Form::Uint8 } else { Form::Int8 };
    let target = if rng.chance(25) { other } else { form };
    b.quantize(x, target, output(rng, target, Activation::None))
}

/// A tensor concatenated with a pooled or convolved copy of itself along some axis.
fn concatenated(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    if 2 * elements(b, x) > LARGEST {
        return convolution(b, rng, x);
    }
    let axis = rng.pick(&[1, 2, 3, 0]);
    let channels = b.shape(x)[3];
    let other = match rng.below(3) {
        0 => b.max_pool(x, &Pool::new([2, 2], [1, 1], Padding::Same)),
        1 => b.conv(x, &Conv { channels, kernel: [1, 3], ..pointwise(b, rng, x) }),
        _ => x,
    };
    if rng.chance(50) { b.concat(&[x, other], axis) } else { b.concat(&[other, x], axis) }
}

/// ADD with a per-channel or per-pixel tensor.
fn broadcast_add(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let small = b.mean(x, rng.pick(&[&[1, 2][..], &[3], &[1]]), true);
    let how = sum(rng, b.form(x));
    if rng.chance(50) { b.add(x, small, how) } else { b.add(small, x, how) }
}

/// FULLY_CONNECTED over the channels of every pixel.
fn dense(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let spec = FullyConnected { keep_dims: true, ..dense_spec(rng, b.form(x)) };
    b.fully_connected(x, &spec)
}

fn dense_spec(rng: &mut Rng, form: Form) -> FullyConnected {
    let activation = activation(rng);
    FullyConnected {
        activation,
        bias: rng.chance(80),
        weights: weights(rng),
        output: output(rng, form, activation),
        ..FullyConnected::new(rng.between(1, 40))
    }
}

/// Mean, a convolution of the single pixel, and back onto the image by ADD.
fn pooled_attention(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let channels = b.shape(x)[3];
    let mean = b.mean(x, &[1, 2], true);
    let gate = b.conv(mean, &Conv { channels, ..pointwise(b, rng, mean) });
    b.add(x, gate, (activation(rng), OutputQuantization::Calibrated))
}

fn softmax_inside(b: &mut NetworkBuilder, rng: &mut Rng, x: TensorId) -> TensorId {
    let probabilities = b.softmax(x, softmax_beta(rng));
    convolution(b, rng, probabilities)
}
