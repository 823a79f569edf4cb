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

/// What stands around the image where a convolution of stride 2 reads it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Border {
    /// SAME padding.
    Same,
    /// What a PAD puts below and to the right of images of even size.
    Padded,
}

impl Border {
    fn of_classifier(form: Form) -> Border {
        match form {
            Form::Int8 => Border::Padded,
            Form::Uint8 => Border::Same,
        }
    }
}

/// MobileNet v2 without its last convolution.
pub(super) struct Trunk {
    /// What the last block of stride 2 filters: a sixteenth of the image's height and width.
    pub(super) expanded: TensorId,
    /// A thirty-second of the image's height and width.
    pub(super) output: TensorId,
}

/// Builds MobileNet v1.
pub(crate) fn v1(form: Form) -> Network {
    let mut b = NetworkBuilder::new("MobileNet v1 1.0 224", form, 0x1704_0486_1000_0001).calibration_images(4);
    let border = Border::of_classifier(form);
    let image = b.input(&[1, 224, 224, 3]);
    let mut x = strided(&mut b, image, border);
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
        x = depthwise(&mut b, x, (stride, border));
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
    v2_layers(v2_builder(form), form)
}

/// Builds MobileNet v2 in float32, with the weights that the int8 form quantizes.
pub(crate) fn v2_f32() -> Network {
    v2_layers(v2_builder(Form::Int8).keep_reals(), Form::Int8).in_floats()
}

fn v2_builder(form: Form) -> NetworkBuilder {
    NetworkBuilder::new("MobileNet v2 1.0 224", form, 0x1801_0438_1000_0002).calibration_images(4)
}

fn v2_layers(mut b: NetworkBuilder, form: Form) -> Network {
    let image = b.input(&[1, 224, 224, 3]);
    let trunk = trunk(&mut b, image, Border::of_classifier(form));
    let x = b.conv(trunk.output, &relu6(1280, 1));
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

/// The layers of MobileNet v2 up to the 320 channels.
pub(super) fn trunk(b: &mut NetworkBuilder, image: TensorId, border: Border) -> Trunk {
    let first = strided(b, image, border);
    let mut trunk = Trunk { expanded: first, output: first };
    for (expansion, channels, repeats, stride) in
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    {
        for repeat in 0..repeats {
            let stride = if repeat == 0 { stride } else { 1 };
            let wide = expand(b, trunk.output, expansion);
            if stride == 2 {
                trunk.expanded = wide;
            }
            let filtered = depthwise(b, wide, (stride, border));
            trunk.output = bottleneck(b, filtered, (trunk.output, channels));
        }
    }
    trunk
}

pub(super) fn relu6(channels: usize, kernel: usize) -> Conv {
    Conv { spread: 1.5, ..Conv::new(channels, [kernel, kernel]).activation(Activation::Relu6) }
}

fn expand(b: &mut NetworkBuilder, x: TensorId, factor: usize) -> TensorId {
    let channels = b.shape(x)[3];
    if factor == 1 { x } else { b.conv(x, &relu6(channels * factor, 1)) }
}

/// A linear bottleneck, added to the block's input where the shapes agree.
fn bottleneck(b: &mut NetworkBuilder, filtered: TensorId, (input, channels): (TensorId, usize)) -> TensorId {
    let narrow = b.conv(filtered, &Conv::new(channels, [1, 1]).activation(Activation::None));
    if b.shape(narrow) == b.shape(input) {
        return b.add(narrow, input, (Activation::None, OutputQuantization::Calibrated));
    }
    narrow
}

fn depthwise(b: &mut NetworkBuilder, x: TensorId, stride: (usize, Border)) -> TensorId {
    let channels = b.shape(x)[3];
    let (x, spec) = place_stride(b, x, (relu6(channels, 3), stride));
    b.depthwise(x, &spec)
}

/// The first convolution.
fn strided(b: &mut NetworkBuilder, image: TensorId, border: Border) -> TensorId {
    let (image, spec) = place_stride(b, image, (relu6(32, 3), (2, border)));
    b.conv(image, &spec)
}

fn place_stride(
    b: &mut NetworkBuilder,
    x: TensorId,
    (conv, (stride, border)): (Conv, (usize, Border)),
) -> (TensorId, Conv) {
    let conv = conv.stride([stride, stride]);
    if stride == 1 || border == Border::Same {
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
