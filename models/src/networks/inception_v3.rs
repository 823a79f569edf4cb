//! Inception v3 (Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", arXiv 1512.00567), batch
//! normalization folded: 94 convolutions and the classifier, 1001 classes.
//!
//! The order of branches and operators is that of the usual converted files: in each block the pooled branch first.

use crate::builder::{Conv, FullyConnected, NetworkBuilder, OutputQuantization, Padding, Pool, TensorId};
use crate::network::Network;
use crate::quantization::Form;

/// Builds it in `form`.
pub(crate) fn build(form: Form) -> Network {
    layers(builder(form))
}

/// Builds it in float32, with the weights that the int8 form quantizes.
pub(crate) fn build_f32() -> Network {
    layers(builder(Form::Int8).keep_reals()).in_floats()
}

fn builder(form: Form) -> NetworkBuilder {
    NetworkBuilder::new("Inception v3", form, 0x1512_0056_7000_0003).calibration_images(4)
}

fn layers(mut b: NetworkBuilder) -> Network {
    let image = b.input(&[1, 299, 299, 3]);
    let mut x = stem(&mut b, image);
    for pooled in [32, 64, 64] {
        x = block_35(&mut b, x, pooled);
    }
    x = reduce_to_17(&mut b, x);
    for middle in [128, 160, 160, 192] {
        x = block_17(&mut b, x, middle);
    }
    x = reduce_to_8(&mut b, x);
    for _ in 0..2 {
        x = block_8(&mut b, x);
    }
    let features = b.mean(x, &[1, 2], false);
    let logits = b.fully_connected(features, &FullyConnected { spread: 1.6, ..FullyConnected::new(1001) });
    let probabilities = b.softmax(logits, 1.0);
    b.finish(&[probabilities])
}

/// The convolutions of a branch, each `[channels, height taps, width taps]`, SAME; the last one's output is stored as
/// `last` says.
fn branch(b: &mut NetworkBuilder, mut x: TensorId, convs: &[[usize; 3]], last: OutputQuantization) -> TensorId {
    for (i, &[channels, height, width]) in convs.iter().enumerate() {
        let output = if i + 1 == convs.len() { last } else { OutputQuantization::Calibrated };
        x = b.conv(x, &Conv::new(channels, [height, width]).output(output));
    }
    x
}

const FREE: OutputQuantization = OutputQuantization::Calibrated;

fn stem(b: &mut NetworkBuilder, image: TensorId) -> TensorId {
    let x = b.conv(image, &Conv::new(32, [3, 3]).stride([2, 2]).valid());
    let x = b.conv(x, &Conv::new(32, [3, 3]).valid());
    let x = b.conv(x, &Conv::new(64, [3, 3]));
    let x = b.max_pool(x, &Pool::new([3, 3], [2, 2], Padding::Valid));
    let x = b.conv(x, &Conv::new(80, [1, 1]).valid());
    let x = b.conv(x, &Conv::new(192, [3, 3]).valid());
    b.max_pool(x, &Pool::new([3, 3], [2, 2], Padding::Valid))
}

/// The pooled branch that opens a block; the other branches share its output parameters, as the concatenation needs.
fn pooled_branch(b: &mut NetworkBuilder, x: TensorId, channels: usize) -> (TensorId, OutputQuantization) {
    let average = b.average_pool(x, &Pool::new([3, 3], [1, 1], Padding::Same));
    let pooled = b.conv(average, &Conv::new(channels, [1, 1]));
    (pooled, OutputQuantization::Like(pooled))
}

fn block_35(b: &mut NetworkBuilder, x: TensorId, channels: usize) -> TensorId {
    let (pooled, like) = pooled_branch(b, x, channels);
    let one = branch(b, x, &[[64, 1, 1]], like);
    let five = branch(b, x, &[[48, 1, 1], [64, 5, 5]], like);
    let double = branch(b, x, &[[64, 1, 1], [96, 3, 3], [96, 3, 3]], like);
    b.concat(&[one, five, double, pooled], 3)
}

fn reduce_to_17(b: &mut NetworkBuilder, x: TensorId) -> TensorId {
    let like = OutputQuantization::Like(x);
    let halving = |channels| Conv::new(channels, [3, 3]).stride([2, 2]).valid().output(like);
    let three = b.conv(x, &halving(384));
    let double = branch(b, x, &[[64, 1, 1], [96, 3, 3]], FREE);
    let double = b.conv(double, &halving(96));
    let pooled = b.max_pool(x, &Pool::new([3, 3], [2, 2], Padding::Valid));
    b.concat(&[three, double, pooled], 3)
}

fn block_17(b: &mut NetworkBuilder, x: TensorId, m: usize) -> TensorId {
    let (pooled, like) = pooled_branch(b, x, 192);
    let one = branch(b, x, &[[192, 1, 1]], like);
    let seven = branch(b, x, &[[m, 1, 1], [m, 1, 7], [192, 7, 1]], like);
    let double = branch(b, x, &[[m, 1, 1], [m, 7, 1], [m, 1, 7], [m, 7, 1], [192, 1, 7]], like);
    b.concat(&[one, seven, double, pooled], 3)
}

fn reduce_to_8(b: &mut NetworkBuilder, x: TensorId) -> TensorId {
    let like = OutputQuantization::Like(x);
    let halving = |channels| Conv::new(channels, [3, 3]).stride([2, 2]).valid().output(like);
    let three = branch(b, x, &[[192, 1, 1]], FREE);
    let three = b.conv(three, &halving(320));
    let seven = branch(b, x, &[[192, 1, 1], [192, 1, 7], [192, 7, 1]], FREE);
    let seven = b.conv(seven, &halving(192));
    let pooled = b.max_pool(x, &Pool::new([3, 3], [2, 2], Padding::Valid));
    b.concat(&[three, seven, pooled], 3)
}

fn block_8(b: &mut NetworkBuilder, x: TensorId) -> TensorId {
    let (pooled, like) = pooled_branch(b, x, 192);
    let one = branch(b, x, &[[320, 1, 1]], like);
    let three = branch(b, x, &[[384, 1, 1]], FREE);
    let three = fork(b, three, like);
    let double = branch(b, x, &[[448, 1, 1], [384, 3, 3]], FREE);
    let double = fork(b, double, like);
    b.concat(&[one, three, double, pooled], 3)
}

/// A 1x3 and a 3x1 convolution side by side.
fn fork(b: &mut NetworkBuilder, x: TensorId, like: OutputQuantization) -> TensorId {
    let wide = branch(b, x, &[[384, 1, 3]], like);
    let tall = branch(b, x, &[[384, 3, 1]], like);
    b.concat(&[wide, tall], 3)
}
