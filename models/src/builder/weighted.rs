//! Operators with weights: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED.

use super::shape::windows;
use super::{Append, Conv, FullyConnected, NetworkBuilder, OutputQuantization, TensorId};
use crate::calibrate::{self, Affine, Store, Target};
use crate::forward::{Window, Windows, conv, depthwise};
use crate::network::{Element, TensorRecord, WeightQuantization};
use crate::quantization::{Activation, Form, Quantization};
use crate::rng::Rng;
use crate::weights::{self, QuantizedWeights, WeightShape, Weights};
use ottava::schema;
use ottava::schema::BuiltinOptions;

/// Everything between the accumulators and the output tensor.
struct Finish<'a> {
    input: TensorId,
    channels: usize,
    spread: f32,
    bias: bool,
    activation: Activation,
    weights: &'a Weights,
    output: OutputQuantization,
}

/// A layer's weights as they were generated, `[channels, depth]`, and as the file shapes them.
struct Layer {
    name: &'static str,
    weights: QuantizedWeights,
    shape: Vec<usize>,
    dimension: usize,
    bytes: Vec<u8>,
}

impl NetworkBuilder {
    /// Appends a CONV_2D; `input` is `[batch, height, width, channels]`.
    pub fn conv(&mut self, input: TensorId, spec: &Conv) -> TensorId {
        let shape = self.image_shape(input);
        assert!(
            shape[3].is_multiple_of(spec.groups) && spec.channels.is_multiple_of(spec.groups),
            "groups divide the channels"
        );
        assert!(spec.bias, "CONV_2D has a bias");
        let windows = windows(self.samples_shape(input), (spec.kernel, spec.stride, spec.dilation), spec.padding);
        let depth = spec.kernel[0] * spec.kernel[1] * shape[3] / spec.groups;
        let weights = self.make_weights(input, (spec.channels, depth), &spec.weights);
        let filters = conv::Filters { values: &weights.centered, outputs: spec.channels, groups: spec.groups };
        let accumulators = conv::accumulate(&self.record(input).samples, &windows, &filters);
        let filter = vec![spec.channels, spec.kernel[0], spec.kernel[1], shape[3] / spec.groups];
        let layer = Layer { name: "conv2d", bytes: weights.bytes(), weights, shape: filter, dimension: 0 };
        let options = schema::Conv2DOptions {
            padding: spec.padding.code(),
            stride_h: spec.stride[0] as i32,
            stride_w: spec.stride[1] as i32,
            dilation_h_factor: spec.dilation[0] as i32,
            dilation_w_factor: spec.dilation[1] as i32,
            fused_activation_function: spec.activation.code(),
            ..Default::default()
        };
        let output = vec![shape[0], windows.height.output, windows.width.output, spec.channels];
        let operator = Append {
            code: 3,
            version: match self.form(input) {
                Form::Int8 => 3,
                Form::Uint8 => 1,
            },
            name: "conv2d",
            inputs: vec![],
            options: Some(BuiltinOptions::Conv2DOptions(Box::new(options))),
            macs: (output.iter().product::<usize>() * depth) as u64,
        };
        self.finish_layer(operator, (layer, accumulators, output), &Finish::of_conv(input, spec))
    }

    /// Appends a DEPTHWISE_CONV_2D; `spec.channels` is a multiple of the input's channels.
    pub fn depthwise(&mut self, input: TensorId, spec: &Conv) -> TensorId {
        let shape = self.image_shape(input);
        assert!(spec.groups == 1 && spec.channels.is_multiple_of(shape[3]), "channels are a multiple of the input's");
        let windows = windows(self.samples_shape(input), (spec.kernel, spec.stride, spec.dilation), spec.padding);
        let depth = spec.kernel[0] * spec.kernel[1];
        let mut weights = self.make_weights(input, (spec.channels, depth), &spec.weights);
        let by_channel = weights.centered.clone();
        let taps_first =
            (0..by_channel.len()).map(|i| by_channel[i % spec.channels * depth + i / spec.channels]).collect();
        weights.centered = taps_first;
        let bytes = weights.bytes();
        let accumulators =
            depthwise::accumulate(&self.record(input).samples, &windows, &weights.centered, spec.channels);
        weights.centered = by_channel;
        let filter = vec![1, spec.kernel[0], spec.kernel[1], spec.channels];
        let layer = Layer { name: "depthwise", bytes, weights, shape: filter, dimension: 3 };
        let options = schema::DepthwiseConv2DOptions {
            padding: spec.padding.code(),
            stride_h: spec.stride[0] as i32,
            stride_w: spec.stride[1] as i32,
            depth_multiplier: (spec.channels / shape[3]) as i32,
            dilation_h_factor: spec.dilation[0] as i32,
            dilation_w_factor: spec.dilation[1] as i32,
            fused_activation_function: spec.activation.code(),
        };
        let output = vec![shape[0], windows.height.output, windows.width.output, spec.channels];
        let operator = Append {
            code: 4,
            version: match (self.form(input), spec.dilation) {
                (Form::Int8, _) => 3,
                (Form::Uint8, [1, 1]) => 1,
                _ => 2,
            },
            name: "depthwise_conv2d",
            inputs: vec![],
            options: Some(BuiltinOptions::DepthwiseConv2DOptions(Box::new(options))),
            macs: (output.iter().product::<usize>() * depth) as u64,
        };
        self.finish_layer(operator, (layer, accumulators, output), &Finish::of_conv(input, spec))
    }

    /// Appends a FULLY_CONNECTED over the last axis of `input`.
    pub fn fully_connected(&mut self, input: TensorId, spec: &FullyConnected) -> TensorId {
        let shape = self.shape(input).to_vec();
        let depth = *shape.last().expect("a fully connected layer reads at least one axis");
        let weights = self.make_weights(input, (spec.channels, depth), &spec.weights);
        let samples = &self.record(input).samples;
        let one = Window { input: 1, output: 1, taps: 1, stride: 1, dilation: 1, pad_before: 0 };
        let windows = Windows { batch: samples.len() / depth, height: one, width: one, channels: depth };
        let filters = conv::Filters { values: &weights.centered, outputs: spec.channels, groups: 1 };
        let accumulators = conv::accumulate(samples, &windows, &filters);
        let batches = shape[..shape.len() - 1].iter().product::<usize>();
        let mut output = if spec.keep_dims { shape[..shape.len() - 1].to_vec() } else { vec![batches] };
        output.push(spec.channels);
        let filter = vec![spec.channels, depth];
        let layer = Layer { name: "dense", bytes: weights.bytes(), weights, shape: filter, dimension: 0 };
        let options = schema::FullyConnectedOptions {
            fused_activation_function: spec.activation.code(),
            keep_num_dims: spec.keep_dims,
            ..Default::default()
        };
        let operator = Append {
            code: 9,
            version: match (self.form(input), spec.keep_dims) {
                (Form::Int8, false) => 4,
                (Form::Uint8, false) => 1,
                _ => 5,
            },
            name: "fully_connected",
            inputs: vec![],
            options: Some(BuiltinOptions::FullyConnectedOptions(Box::new(options))),
            macs: (batches * spec.channels * depth) as u64,
        };
        let finish = Finish {
            input,
            channels: spec.channels,
            spread: spec.spread,
            bias: spec.bias,
            activation: spec.activation,
            weights: &spec.weights,
            output: spec.output,
        };
        self.finish_layer(operator, (layer, accumulators, output), &finish)
    }

    fn make_weights(&mut self, input: TensorId, (outputs, depth): (usize, usize), spec: &Weights) -> QuantizedWeights {
        let shape = WeightShape { outputs, depth, form: self.form(input), seed: self.layer_seed() };
        weights::generate(shape, spec, self.keep_reals)
    }

    /// Calibrates, stores weights and bias, and appends the operator.
    fn finish_layer(
        &mut self,
        mut operator: Append,
        (layer, accumulators, shape): (Layer, Vec<i32>, Vec<usize>),
        finish: &Finish,
    ) -> TensorId {
        let form = self.form(finish.input);
        let per_channel = form == Form::Int8 && finish.weights.per_channel;
        let input_scale = f64::from(self.quantization(finish.input).scale);
        let count = accumulators.len() / finish.channels;
        let all = calibrate::statistics(&accumulators, finish.channels);
        let target = Target { spread: finish.spread, per_channel, bias: finish.bias };
        let mut rng = Rng::new(self.layer_seed());
        let mut affine = calibrate::normalize(&all, count, &layer.floors(finish.channels), (&target, &mut rng));
        let scales: Vec<f32> = affine.multipliers.iter().map(|m| (m / input_scale) as f32).collect();
        affine.multipliers = scales.iter().map(|&scale| f64::from(scale) * input_scale).collect();
        let range = calibrate::output_range(&all, count, &affine, finish.activation);
        let quantization = match finish.output {
            OutputQuantization::Calibrated => Quantization::for_range(form, range, None),
            OutputQuantization::ZeroPoint(zero_point) => Quantization::for_range(form, range, Some(zero_point)),
            OutputQuantization::Like(other) => self.quantization(other),
        };
        let store = Store { form, quantization, activation: finish.activation };
        let samples = calibrate::requantize(&accumulators, &affine, store);
        let scales = if per_channel { scales } else { scales[..1].to_vec() };
        operator.inputs = vec![finish.input];
        operator.inputs.extend(self.store_weights(
            layer,
            (form, input_scale as f32, &scales),
            finish.bias.then_some(&affine),
        ));
        let output = TensorRecord {
            shape,
            samples,
            element: Element::Quantized(form),
            quantization: Some(quantization),
            ..Default::default()
        };
        self.append(operator, output)
    }

    fn store_weights(
        &mut self,
        layer: Layer,
        (form, input_scale, scales): (Form, f32, &[f32]),
        affine: Option<&Affine>,
    ) -> Vec<TensorId> {
        let index = self.operators.len();
        let reals = layer.reals(scales);
        let weights = TensorRecord {
            name: format!("{}_{index}/weights", layer.name),
            shape: layer.shape,
            element: Element::Quantized(form),
            data: Some(layer.bytes),
            reals,
            weights: Some(WeightQuantization {
                scales: scales.to_vec(),
                zero_point: layer.weights.zero_point,
                dimension: layer.dimension,
            }),
            ..Default::default()
        };
        let mut ids = vec![self.push(weights)];
        if let Some(affine) = affine {
            let bias = TensorRecord {
                name: format!("{}_{index}/bias", layer.name),
                shape: vec![affine.biases.len()],
                element: Element::I32,
                data: Some(affine.biases.iter().flat_map(|b| b.to_le_bytes()).collect()),
                weights: Some(WeightQuantization {
                    scales: scales.iter().map(|scale| scale * input_scale).collect(),
                    zero_point: 0,
                    dimension: 0,
                }),
                ..Default::default()
            };
            ids.push(self.push(bias));
        }
        ids
    }
}

impl<'a> Finish<'a> {
    fn of_conv(input: TensorId, spec: &'a Conv) -> Finish<'a> {
        Finish {
            input,
            channels: spec.channels,
            spread: spec.spread,
            bias: spec.bias,
            activation: spec.activation,
            weights: &spec.weights,
            output: spec.output,
        }
    }
}

impl Layer {
    /// The weights before they were quantized, in the order of the file.
    fn reals(&self, scales: &[f32]) -> Vec<f32> {
        let steps = &self.weights.steps;
        let (channels, channel_scale) = (self.shape[self.dimension], |c: usize| scales[c.min(scales.len() - 1)]);
        let depth = (steps.len() / channels).max(1);
        let by_channel = |at: usize| steps[at] * channel_scale(at / depth);
        match self.dimension {
            0 => (0..steps.len()).map(by_channel).collect(),
            // Channels come last in the file.
            _ => (0..steps.len()).map(|i| by_channel(i % channels * depth + i / channels)).collect(),
        }
    }

    /// Deviation of each channel's accumulators if its inputs varied by one step only: less is no signal.
    fn floors(&self, channels: usize) -> Vec<f64> {
        let depth = (self.weights.centered.len() / channels).max(1);
        let energy = |filter: &[i16]| filter.iter().map(|&w| i64::from(w) * i64::from(w)).sum::<i64>();
        self.weights.centered.chunks(depth).map(|filter| (energy(filter) as f64).sqrt().max(1.0)).collect()
    }
}
