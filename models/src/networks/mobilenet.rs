//! MobileNet v1 (Howard et al., arXiv 1704.04861) and v2 (Sandler et al., arXiv 1801.04381), width 1.0, 224x224, 1001
//! classes.
//!
//! The int8 forms are shaped like files converted from Keras: a PAD before each convolution of stride 2, MEAN before the
//! classifier. The uint8 forms are shaped like the hosted legacy files: SAME padding, AVERAGE_POOL_2D, a 1x1 convolution
//! as the classifier, ReLU6 outputs over the fixed range 0..6.

use crate::builder::{Conv, FullyConnected, NetworkBuilder, OutputQuantization, Padding, Pool, TensorId};
use crate::network::Network;
use crate::quantization::{Activation, Form};

const CLASSES: usize = 1001;
const LOGIT_SPREAD: f32 = 2.2;

/// Builds MobileNet v1.
pub(crate) fn v1(form: Form) -> Network {
    let mut b = NetworkBuilder::new("MobileNet v1 1.0 224", form, 0x1704_0486_1000_0001).calibration_images(4);
    let image = b.input(&[1, 224, 224, 3]);
    let mut x = strided(&mut b, image, (relu6(32, 3), 2));
    for (channels, stride) in [
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        (512, 1),
        (512, 1),
        (512, 1),
        (512, 1),
        (512, 1),
        (1024, 2),
        (1024, 1),
    ] {
        x = strided_depthwise(&mut b, x, stride);
        x = b.conv(x, &relu6(channels, 1));
    }
    let pooled = match form {
        Form::Int8 => b.mean(x, &[1, 2], true),
        Form::Uint8 => b.average_pool(x, &Pool::new([7, 7], [2, 2], Padding::Valid)),
    };
    let probabilities = conv_classifier(&mut b, pooled);
    b.finish(&[probabilities])
}

/// Builds MobileNet v2.
pub(crate) fn v2(form: Form) -> Network {
    let mut b = NetworkBuilder::new("MobileNet v2 1.0 224", form, 0x1801_0438_1000_0002).calibration_images(4);
    let image = b.input(&[1, 224, 224, 3]);
    let mut x = strided(&mut b, image, (relu6(32, 3), 2));
    for (expansion, channels, repeats, stride) in
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    {
        for repeat in 0..repeats {
            x = inverted_residual(&mut b, x, [expansion, channels, if repeat == 0 { stride } else { 1 }]);
        }
    }
    let x = b.conv(x, &relu6(1280, 1));
    let probabilities = match form {
        Form::Int8 => {
            let pooled = b.mean(x, &[1, 2], false);
            let classifier = FullyConnected { spread: LOGIT_SPREAD, ..FullyConnected::new(CLASSES) };
            let logits = b.fully_connected(pooled, &classifier);
            b.softmax(logits, 1.0)
        }
        Form::Uint8 => {
            let pooled = b.average_pool(x, &Pool::new([7, 7], [1, 1], Padding::Valid));
            conv_classifier(&mut b, pooled)
        }
    };
    b.finish(&[probabilities])
}

fn relu6(channels: usize, kernel: usize) -> Conv {
    Conv { spread: 1.5, ..Conv::new(channels, [kernel, kernel]).activation(Activation::Relu6) }
}

/// A linear bottleneck, added to its input where the shapes agree.
fn inverted_residual(b: &mut NetworkBuilder, input: TensorId, [expansion, channels, stride]: [usize; 3]) -> TensorId {
    let before = b.shape(input)[3];
    let wide = if expansion == 1 { input } else { b.conv(input, &relu6(before * expansion, 1)) };
    let filtered = strided_depthwise(b, wide, stride);
    let narrow = b.conv(filtered, &Conv::new(channels, [1, 1]).activation(Activation::None));
    if stride == 1 && before == channels {
        return b.add(narrow, input, (Activation::None, OutputQuantization::Calibrated));
    }
    narrow
}

fn strided_depthwise(b: &mut NetworkBuilder, x: TensorId, stride: usize) -> TensorId {
    let channels = b.shape(x)[3];
    let (x, spec) = place_stride(b, x, (relu6(channels, 3), stride));
    b.depthwise(x, &spec)
}

fn strided(b: &mut NetworkBuilder, x: TensorId, conv: (Conv, usize)) -> TensorId {
    let (x, spec) = place_stride(b, x, conv);
    b.conv(x, &spec)
}

fn place_stride(b: &mut NetworkBuilder, x: TensorId, (conv, stride): (Conv, usize)) -> (TensorId, Conv) {
    let conv = conv.stride([stride, stride]);
    if stride == 1 || b.form(x) == Form::Uint8 {
        return (x, conv);
    }
    (b.pad(x, &[(0, 0), (0, 1), (0, 1), (0, 0)]), conv.valid())
}

fn conv_classifier(b: &mut NetworkBuilder, pooled: TensorId) -> TensorId {
    let classifier = Conv::new(CLASSES, [1, 1]).activation(Activation::None);
    let logits = b.conv(pooled, &Conv { spread: LOGIT_SPREAD, ..classifier });
    let flat = b.reshape(logits, &[1, CLASSES]);
    b.softmax(flat, 1.0)
}
