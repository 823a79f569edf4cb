//! SSD (Liu et al., "SSD: Single Shot MultiBox Detector", arXiv 1512.02325) on MobileNet v2, 300x300, 90 classes and the
//! background.
//!
//! Convolutions of 3x3 read six scales, from 19x19 pixels to one, and give four coordinates and 91 scores for each of
//! 1917 boxes. The custom operator that would decode and select the boxes is left out: the outputs are the coordinates
//! and the scores themselves.

use super::mobilenet::{self, Border, relu6};
use crate::builder::{Conv, NetworkBuilder, OutputQuantization, TensorId};
use crate::network::Network;
use crate::quantization::{Activation, Form};

const COORDINATES: usize = 4;
const CLASSES: usize = 91;

/// Builds it in int8.
pub(crate) fn mobilenet_v2() -> Network {
    let mut b = NetworkBuilder::new("SSD MobileNet v2 300", Form::Int8, 0x1512_0232_5000_0002).calibration_images(4);
    let image = b.input(&[1, 300, 300, 3]);
    let trunk = mobilenet::trunk(&mut b, image, Border::Same);
    let mut x = b.conv(trunk.output, &relu6(1280, 1));
    let mut scales = vec![trunk.expanded, x];
    for channels in [512, 256, 256, 128] {
        let narrow = b.conv(x, &relu6(channels / 2, 1));
        x = b.conv(narrow, &relu6(channels, 3).stride([2, 2]));
        scales.push(x);
    }
    let boxes = heads(&mut b, &scales, COORDINATES);
    let scores = heads(&mut b, &scales, CLASSES);
    let probabilities = b.logistic(scores);
    b.finish(&[boxes, probabilities])
}

/// So many values for each box of all scales.
fn heads(b: &mut NetworkBuilder, scales: &[TensorId], values: usize) -> TensorId {
    let mut of_scales: Vec<TensorId> = Vec::new();
    for (index, &scale) in scales.iter().enumerate() {
        let boxes = if index == 0 { 3 } else { 6 };
        let output = of_scales.first().map_or(OutputQuantization::Calibrated, |&first| OutputQuantization::Like(first));
        let head = Conv::new(boxes * values, [3, 3]).activation(Activation::None).output(output);
        let head = b.conv(scale, &Conv { spread: 2.0, ..head });
        let pixels = b.shape(head)[1] * b.shape(head)[2];
        of_scales.push(b.reshape(head, &[1, pixels * boxes, values]));
    }
    b.concat(&of_scales, 1)
}
