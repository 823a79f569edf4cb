//! Pooling, ADD, MEAN, SOFTMAX, LOGISTIC, QUANTIZE, DEQUANTIZE.

use super::shape::windows;
use super::{Append, NetworkBuilder, OutputQuantization, Pool, TensorId};
use crate::forward::{Windows, elementwise, pool};
use crate::network::{Element, TensorRecord};
use crate::quantization::{Activation, Form, Quantization};
use ottava::schema;
use ottava::schema::BuiltinOptions;

/// Operator code, name and forward pass of a pooling operator.
type Kind = (i32, &'static str, fn(&[i16], &Windows) -> Vec<i16>);

impl NetworkBuilder {
    /// Appends a MAX_POOL_2D.
    pub fn max_pool(&mut self, input: TensorId, spec: &Pool) -> TensorId {
        self.pool(input, spec, (17, "max_pool2d", pool::max))
    }

    /// Appends an AVERAGE_POOL_2D.
    pub fn average_pool(&mut self, input: TensorId, spec: &Pool) -> TensorId {
        self.pool(input, spec, (1, "average_pool2d", pool::average))
    }

    fn pool(&mut self, input: TensorId, spec: &Pool, (code, name, run): Kind) -> TensorId {
        let windows = windows(self.samples_shape(input), (spec.window, spec.stride, [1, 1]), spec.padding);
        let (low, high) = spec.activation.centered_range(self.form(input), self.quantization(input));
        let mut samples = run(&self.record(input).samples, &windows);
        samples.iter_mut().for_each(|v| *v = i32::from(*v).max(low).min(high) as i16);
        let [batch, .., channels] = self.image_shape(input);
        let options = schema::Pool2DOptions {
            padding: spec.padding.code(),
            stride_h: spec.stride[0] as i32,
            stride_w: spec.stride[1] as i32,
            filter_height: spec.window[0] as i32,
            filter_width: spec.window[1] as i32,
            fused_activation_function: spec.activation.code(),
        };
        let operator = Append {
            code,
            version: match self.form(input) {
                Form::Int8 => 2,
                Form::Uint8 => 1,
            },
            name,
            inputs: vec![input],
            options: Some(BuiltinOptions::Pool2DOptions(Box::new(options))),
            macs: 0,
        };
        let shape = vec![batch, windows.height.output, windows.width.output, channels];
        let output = self.activation_like(input, shape, samples);
        self.append(operator, output)
    }

    /// Appends an ADD; the shapes may be broadcast.
    pub fn add(
        &mut self,
        a: TensorId,
        b: TensorId,
        (activation, output): (Activation, OutputQuantization),
    ) -> TensorId {
        let form = self.form(a);
        let shape = broadcast(self.shape(a), self.shape(b));
        let operand = |id: TensorId, sample| elementwise::Operand {
            sample,
            shape: self.shape(id),
            scale: self.quantization(id).scale,
        };
        let reals: Vec<f32> = self
            .samples(a)
            .zip(self.samples(b))
            .flat_map(|(sa, sb)| elementwise::add(operand(a, sa), operand(b, sb), &shape))
            .collect();
        let mut quantization = self.choose(form, &reals, (activation, output));
        // The operator needs an output multiplier below one (numerics §7.4).
        let larger = self.quantization(a).scale.max(self.quantization(b).scale);
        quantization.scale = quantization.scale.max(larger / 65536.0);
        let samples = quantize_reals(&reals, activation.centered_range(form, quantization), quantization.scale);
        let options = schema::AddOptions { fused_activation_function: activation.code(), ..Default::default() };
        let operator = Append {
            code: 0,
            version: match form {
                Form::Int8 => 2,
                Form::Uint8 => 1,
            },
            name: "add",
            inputs: vec![a, b],
            options: Some(BuiltinOptions::AddOptions(Box::new(options))),
            macs: 0,
        };
        self.append(operator, activation_record(form, (shape, samples), quantization))
    }

    /// Appends a MEAN over `axes`.
    pub fn mean(&mut self, input: TensorId, axes: &[usize], keep_dims: bool) -> TensorId {
        let form = self.form(input);
        let shape = self.shape(input).to_vec();
        let reduced: Vec<bool> = (0..shape.len()).map(|axis| axes.contains(&axis)).collect();
        let scale = self.quantization(input).scale;
        let reals: Vec<f32> = self
            .samples(input)
            .flat_map(|sample| {
                let (sums, count) = pool::sum_axes(sample, &shape, &reduced);
                sums.into_iter().map(move |sum| sum as f32 / count as f32 * scale)
            })
            .collect();
        let quantization = self.choose(form, &reals, (Activation::None, OutputQuantization::Calibrated));
        let samples = quantize_reals(&reals, quantization.centered_range(form), quantization.scale);
        let extents = shape.iter().zip(&reduced);
        let output = match keep_dims {
            true => extents.map(|(&n, &gone)| if gone { 1 } else { n }).collect(),
            false => extents.filter(|(_, gone)| !**gone).map(|(&n, _)| n).collect(),
        };
        let values: Vec<i32> = axes.iter().map(|&axis| axis as i32).collect();
        let axes = self.constant_i32("axes", &values, &[values.len()]);
        let operator = Append {
            code: 40,
            version: match form {
                Form::Int8 => 2,
                Form::Uint8 => 1,
            },
            name: "mean",
            inputs: vec![input, axes],
            options: Some(BuiltinOptions::ReducerOptions(Box::new(schema::ReducerOptions { keep_dims }))),
            macs: 0,
        };
        self.append(operator, activation_record(form, (output, samples), quantization))
    }

    /// Appends a SOFTMAX over the last axis.
    pub fn softmax(&mut self, input: TensorId, beta: f32) -> TensorId {
        let depth = self.shape(input).last().copied().unwrap_or(1);
        let scale = self.quantization(input).scale * beta;
        let samples = elementwise::softmax(&self.record(input).samples, depth, scale);
        let options = BuiltinOptions::SoftmaxOptions(Box::new(schema::SoftmaxOptions { beta }));
        self.append_probabilities(input, (25, "softmax", Some(options)), samples)
    }

    /// Appends a LOGISTIC.
    pub fn logistic(&mut self, input: TensorId) -> TensorId {
        let samples = elementwise::logistic(&self.record(input).samples, self.quantization(input).scale);
        self.append_probabilities(input, (14, "logistic", None), samples)
    }

    /// An operator whose outputs are from 0 to 1, which are always quantized the same way.
    fn append_probabilities(
        &mut self,
        input: TensorId,
        (code, name, options): (i32, &'static str, Option<BuiltinOptions>),
        samples: Vec<i16>,
    ) -> TensorId {
        let form = self.form(input);
        let quantization = Quantization { scale: 1.0 / 256.0, zero_point: form.range().0 };
        let operator = Append {
            code,
            version: match form {
                Form::Int8 => 2,
                Form::Uint8 => 1,
            },
            name,
            inputs: vec![input],
            options,
            macs: 0,
        };
        let shape = self.shape(input).to_vec();
        self.append(operator, activation_record(form, (shape, samples), quantization))
    }

    /// Appends a QUANTIZE to `form`, from float32 or from another quantization.
    pub fn quantize(&mut self, input: TensorId, form: Form, output: OutputQuantization) -> TensorId {
        let scale = self.quantization(input).scale;
        let reals: Vec<f32> = self.record(input).samples.iter().map(|&v| f32::from(v) * scale).collect();
        let quantization = self.choose(form, &reals, (Activation::None, output));
        self.append_quantize(input, form, quantization)
    }

    /// Appends a DEQUANTIZE to float32.
    pub fn dequantize(&mut self, input: TensorId) -> TensorId {
        let operator = Append {
            code: 6,
            version: match self.form(input) {
                Form::Int8 => 2,
                Form::Uint8 => 1,
            },
            name: "dequantize",
            inputs: vec![input],
            options: Some(BuiltinOptions::DequantizeOptions(Box::default())),
            macs: 0,
        };
        let mut output = self.activation_like(input, self.shape(input).to_vec(), self.record(input).samples.clone());
        output.element = Element::F32;
        self.append(operator, output)
    }

    pub(super) fn requantize_like(&mut self, input: TensorId, like: TensorId) -> TensorId {
        self.append_quantize(input, self.form(like), self.quantization(like))
    }

    fn append_quantize(&mut self, input: TensorId, form: Form, quantization: Quantization) -> TensorId {
        let samples = self.rescaled_samples(input, form, quantization);
        let from_float = self.record(input).element == Element::F32;
        let operator = Append {
            code: 114,
            version: if from_float { 1 } else { 2 },
            name: "quantize",
            inputs: vec![input],
            options: Some(BuiltinOptions::QuantizeOptions(Box::default())),
            macs: 0,
        };
        let shape = self.shape(input).to_vec();
        self.append(operator, activation_record(form, (shape, samples), quantization))
    }

    /// All samples of a tensor under other parameters.
    pub(super) fn rescaled_samples(&self, input: TensorId, form: Form, quantization: Quantization) -> Vec<i16> {
        let factor = self.quantization(input).scale / quantization.scale;
        elementwise::rescale(&self.record(input).samples, factor, quantization.centered_range(form))
    }

    fn choose(
        &self,
        form: Form,
        reals: &[f32],
        (activation, output): (Activation, OutputQuantization),
    ) -> Quantization {
        let (floor, ceiling) = activation.real_range();
        let low = reals.iter().fold(0f64, |low, &v| low.min(f64::from(v))).max(floor);
        let high = reals.iter().fold(1e-3f64, |high, &v| high.max(f64::from(v))).min(ceiling);
        match output {
            OutputQuantization::Calibrated => Quantization::for_range(form, (low, high), None),
            OutputQuantization::ZeroPoint(zero_point) => Quantization::for_range(form, (low, high), Some(zero_point)),
            OutputQuantization::Like(other) => self.quantization(other),
        }
    }
}

fn activation_record(form: Form, (shape, samples): (Vec<usize>, Vec<i16>), quantization: Quantization) -> TensorRecord {
    TensorRecord {
        shape,
        samples,
        element: Element::Quantized(form),
        quantization: Some(quantization),
        ..Default::default()
    }
}

fn quantize_reals(reals: &[f32], (low, high): (i32, i32), scale: f32) -> Vec<i16> {
    reals.iter().map(|&v| ((v / scale).round() as i32).max(low).min(high) as i16).collect()
}

/// The shape that two shapes broadcast to.
fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let extent = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    (0..rank)
        .map(|axis| match (extent(a, axis), extent(b, axis)) {
            (1, n) | (n, 1) => n,
            (n, m) if n == m => n,
            _ => panic!("{a:?} and {b:?} cannot be added"),
        })
        .collect()
}
