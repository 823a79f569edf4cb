//! ResNet-50 (He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385) in the variant known as v1.5: where
//! a stage halves the image, the 3x3 convolution of its first block has the stride. Batch normalization folded, 224x224, 1001
//! classes.
//!
//! A window of stride 2 has its border from a PAD, the same on all sides, so that the file does not depend on how SAME
//! would share it out. The int8 form averages with MEAN, the uint8 form with AVERAGE_POOL_2D.

use crate::builder::{Conv, FullyConnected, NetworkBuilder, OutputQuantization, Padding, Pool, TensorId};
use crate::network::Network;
use crate::quantization::{Activation, Form};

const CLASSES: usize = 1001;

/// A block's output has so many times the channels of its 3x3 convolution.
const EXPANSION: usize = 4;

/// Builds it in `form`.
pub(crate) fn build(form: Form) -> Network {
    let mut b = NetworkBuilder::new("ResNet-50 v1.5", form, 0x1512_0338_5000_0050).calibration_images(4);
    let image = b.input(&[1, 224, 224, 3]);
    let mut x = halving(&mut b, image, Conv::new(64, [7, 7]));
    x = b.max_pool(x, &Pool::new([3, 3], [2, 2], Padding::Same));
    for (channels, blocks, stride) in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)] {
        x = projected_block(&mut b, x, [channels, stride]);
        for _ in 1..blocks {
            x = bottleneck(&mut b, x, (x, [channels, 1]));
        }
    }
    let features = match form {
        Form::Int8 => b.mean(x, &[1, 2], false),
        Form::Uint8 => {
            let pooled = b.average_pool(x, &Pool::new([7, 7], [1, 1], Padding::Valid));
            let depth = b.shape(pooled)[3];
            b.reshape(pooled, &[1, depth])
        }
    };
    let logits = b.fully_connected(features, &FullyConnected { spread: 1.6, ..FullyConnected::new(CLASSES) });
    let probabilities = b.softmax(logits, 1.0);
    b.finish(&[probabilities])
}

/// A stage's first block, whose shortcut is a convolution of its own.
fn projected_block(b: &mut NetworkBuilder, x: TensorId, [channels, stride]: [usize; 2]) -> TensorId {
    let projection = linear(channels).stride([stride, stride]);
    let shortcut = b.conv(x, &projection);
    bottleneck(b, x, (shortcut, [channels, stride]))
}

/// 1x1, 3x3 and 1x1 convolutions of `x`, added to `shortcut`; the sum is rectified.
fn bottleneck(b: &mut NetworkBuilder, x: TensorId, (shortcut, [channels, stride]): (TensorId, [usize; 2])) -> TensorId {
    let narrow = b.conv(x, &Conv::new(channels, [1, 1]));
    let filter = Conv::new(channels, [3, 3]);
    let filtered = if stride == 2 { halving(b, narrow, filter) } else { b.conv(narrow, &filter) };
    let wide = b.conv(filtered, &linear(channels));
    b.add(wide, shortcut, (Activation::Relu, OutputQuantization::Calibrated))
}

/// The 1x1 convolution that a sum follows.
fn linear(channels: usize) -> Conv {
    Conv::new(EXPANSION * channels, [1, 1]).activation(Activation::None)
}

/// A convolution of stride 2 over an image that a PAD has made larger by half a window on each side.
fn halving(b: &mut NetworkBuilder, x: TensorId, conv: Conv) -> TensorId {
    let [above, left] = conv.kernel.map(|taps| taps / 2);
    let padded = b.pad(x, &[(0, 0), (above, above), (left, left), (0, 0)]);
    b.conv(padded, &conv.stride([2, 2]).valid())
}
