//! Shapes, and the operators that only move data: CONCATENATION, PAD, RESHAPE.

use super::{Append, NetworkBuilder, Padding, TensorId};
use crate::forward::{Window, Windows, movement};
use crate::quantization::Form;
use ottava::schema;
use ottava::schema::BuiltinOptions;

/// The geometry of `kernel`, `stride` and `dilation` over samples of a shape (numerics §3).
pub(super) fn windows(
    shape: [usize; 4],
    (kernel, stride, dilation): ([usize; 2], [usize; 2], [usize; 2]),
    padding: Padding,
) -> Windows {
    let window = |axis: usize| {
        let (input, stride, dilation) = (shape[1 + axis], stride[axis], dilation[axis]);
        let reach = (kernel[axis] - 1) * dilation + 1;
        let output = match padding {
            Padding::Same => input.div_ceil(stride),
            Padding::Valid => {
                assert!(reach <= input, "a window of {reach} does not fit into {input}");
                (input - reach) / stride + 1
            }
        };
        let total = ((output - 1) * stride + reach).saturating_sub(input);
        Window { input, output, taps: kernel[axis], stride, dilation, pad_before: total / 2 }
    };
    Windows { batch: shape[0], height: window(0), width: window(1), channels: shape[3] }
}

impl NetworkBuilder {
    /// `[batch, height, width, channels]` of an image tensor in the file.
    pub(super) fn image_shape(&self, tensor: TensorId) -> [usize; 4] {
        self.shape(tensor).try_into().expect("an image has four axes")
    }

    /// The same with the calibration samples in the batch.
    pub(super) fn samples_shape(&self, tensor: TensorId) -> [usize; 4] {
        let [batch, height, width, channels] = self.image_shape(tensor);
        [batch * self.images, height, width, channels]
    }

    /// The calibration samples of a tensor, one after another.
    pub(super) fn samples(&self, tensor: TensorId) -> std::slice::Chunks<'_, i16> {
        let record = self.record(tensor);
        record.samples.chunks((record.samples.len() / self.images).max(1))
    }

    /// Appends a CONCATENATION along `axis`.
    ///
    /// int8 inputs must share one quantization: those that differ from the first are requantized by a QUANTIZE operator.
    /// uint8 inputs may differ; the operator rescales to the first one's parameters.
    pub fn concat(&mut self, inputs: &[TensorId], axis: usize) -> TensorId {
        let first = inputs[0];
        let form = self.form(first);
        let inputs: Vec<TensorId> = inputs
            .iter()
            .map(|&input| {
                let equal = self.quantization(input) == self.quantization(first);
                if equal || form == Form::Uint8 { input } else { self.requantize_like(input, first) }
            })
            .collect();
        let mut shape = self.shape(first).to_vec();
        shape[axis] = inputs.iter().map(|&input| self.shape(input)[axis]).sum();
        let rescaled: Vec<Vec<i16>> =
            inputs.iter().map(|&input| self.rescaled_samples(input, form, self.quantization(first))).collect();
        let mut samples = Vec::new();
        for n in 0..self.images {
            let parts: Vec<(&[i16], &[usize])> = inputs
                .iter()
                .zip(&rescaled)
                .map(|(&input, values)| {
                    let run = values.len() / self.images;
                    (&values[n * run..][..run], self.shape(input))
                })
                .collect();
            samples.extend(movement::concat(&parts, axis));
        }
        let options = schema::ConcatenationOptions { axis: axis as i32, ..Default::default() };
        let operator = Append {
            code: 2,
            version: match form {
                Form::Int8 => 2,
                Form::Uint8 => 1,
            },
            name: "concatenation",
            inputs,
            options: Some(BuiltinOptions::ConcatenationOptions(Box::new(options))),
            macs: 0,
        };
        let output = self.activation_like(first, shape, samples);
        self.append(operator, output)
    }

    /// Appends a PAD by `(before, after)` on each axis.
    pub fn pad(&mut self, input: TensorId, padding: &[(usize, usize)]) -> TensorId {
        assert_eq!(padding.len(), self.shape(input).len(), "padding is given for every axis");
        let shape = self.shape(input).iter().zip(padding).map(|(n, (before, after))| n + before + after).collect();
        let samples = self.samples(input).flat_map(|s| movement::pad(s, self.shape(input), padding)).collect();
        let values: Vec<i32> = padding.iter().flat_map(|&(before, after)| [before as i32, after as i32]).collect();
        let amounts = self.constant_i32("paddings", &values, &[padding.len(), 2]);
        let operator = Append {
            code: 34,
            version: match self.form(input) {
                Form::Int8 => 2,
                Form::Uint8 => 1,
            },
            name: "pad",
            inputs: vec![input, amounts],
            options: Some(BuiltinOptions::PadOptions(Box::default())),
            macs: 0,
        };
        let output = self.activation_like(input, shape, samples);
        self.append(operator, output)
    }

    /// Appends a RESHAPE, the shape given as a constant input and as an option.
    pub fn reshape(&mut self, input: TensorId, shape: &[usize]) -> TensorId {
        assert_eq!(
            shape.iter().product::<usize>(),
            self.shape(input).iter().product(),
            "a reshape keeps the element count"
        );
        let extents: Vec<i32> = shape.iter().map(|&n| n as i32).collect();
        let amounts = self.constant_i32("shape", &extents, &[shape.len()]);
        let options = schema::ReshapeOptions { new_shape: Some(extents) };
        let operator = Append {
            code: 22,
            version: 1,
            name: "reshape",
            inputs: vec![input, amounts],
            options: Some(BuiltinOptions::ReshapeOptions(Box::new(options))),
            macs: 0,
        };
        let output = self.activation_like(input, shape.to_vec(), self.record(input).samples.clone());
        self.append(operator, output)
    }
}
