//! A network of a few kilobytes that uses the operators of image classifiers.

use crate::builder::{Conv, FullyConnected, NetworkBuilder, OutputQuantization, Padding, Pool};
use crate::network::Network;
use crate::quantization::{Activation, Form};

/// Builds it; even seeds give int8, odd ones uint8. Input `[1, 13, 11, 3]` and output `[1, 10]`, both float32.
pub(crate) fn build(seed: u64) -> Network {
    let form = if seed.is_multiple_of(2) { Form::Int8 } else { Form::Uint8 };
    let free = OutputQuantization::Calibrated;
    let mut b = NetworkBuilder::new("tiny", form, seed).calibration_images(6);
    let image = b.input_f32(&[1, 13, 11, 3]);
    let x = b.quantize(image, form, free);
    let x = b.pad(x, &[(0, 0), (0, 1), (1, 2), (0, 0)]);
    let x = b.conv(x, &Conv::new(8, [3, 3]).stride([2, 2]).valid());
    let dilated = Conv { dilation: [2, 1], ..Conv::new(8, [3, 3]).activation(Activation::Relu6) };
    let left = b.depthwise(x, &dilated);
    let grouped = Conv { groups: 2, ..Conv::new(8, [1, 3]).activation(Activation::None) };
    let left = b.conv(left, &grouped);
    let sum = b.add(left, x, (Activation::None, free));
    let pooled = b.average_pool(x, &Pool::new([3, 3], [1, 1], Padding::Same));
    let right = b.conv(pooled, &Conv::new(5, [1, 1]));
    let x = b.concat(&[sum, right], 3);
    let x = b.max_pool(x, &Pool::new([2, 2], [2, 2], Padding::Valid));
    let x = b.quantize(x, form, OutputQuantization::ZeroPoint(form.range().0 + 100));
    let x = b.mean(x, &[1, 2], true);
    let x = b.reshape(x, &[1, 13]);
    let logits = b.fully_connected(x, &FullyConnected { spread: 2.0, ..FullyConnected::new(10) });
    let x = b.softmax(logits, 1.0);
    let x = b.dequantize(x);
    b.finish(&[x])
}
