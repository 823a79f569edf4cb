//! Layers from a network's file.

use ottava::schema::{self, BuiltinOptions, Operator, OperatorCode, SubGraph, Tensor};
use ottava_kernels::{Image, Window};
use planus::ReadAsRoot;

use crate::{Family, LayerCase, Shape};

/// The distinct layers of a built-in `int8` network that the benches have kernels for, in the file's order.
///
/// # Panics
/// No built-in network has this name.
pub fn layers(network: &str) -> Vec<LayerCase> {
    let builtin = ottava_models::builtin(network).unwrap_or_else(|| panic!("no built-in network '{network}'"));
    let file = builtin.build();
    let model = schema::ModelRef::read_as_root(&file).and_then(schema::Model::try_from);
    let mut model = model.unwrap_or_else(|error| panic!("{network}: {error}"));
    let graph = model.subgraphs.as_mut().and_then(Vec::pop).unwrap_or_default();
    let tables = Tables { graph: &graph, codes: model.operator_codes.as_deref().unwrap_or_default() };
    let buffers = model.buffers.unwrap_or_default();
    let mut cases: Vec<LayerCase> = Vec::new();
    for operator in graph.operators.iter().flatten() {
        let Some(shape) = tables.shape(operator) else { continue };
        if let Some(case) = cases.iter_mut().find(|case| case.shape == shape) {
            case.count += 1;
            continue;
        }
        let weights = match shape.family {
            Family::Gemm | Family::Depthwise => {
                let buffer = buffers.get(tables.input(operator, 1).buffer as usize);
                buffer.and_then(|buffer| buffer.data.clone()).unwrap_or_default()
            }
            Family::AveragePool | Family::MaxPool => Vec::new(),
        };
        cases.push(LayerCase { shape, count: 1, weights });
    }
    cases
}

/// Codes of the file format.
const AVERAGE_POOL_2D: i32 = 1;
const SAME: i8 = 0;
const NO_ACTIVATION: i8 = 0;

struct Tables<'a> {
    graph: &'a SubGraph,
    codes: &'a [OperatorCode],
}

impl Tables<'_> {
    fn tensor(&self, index: i32) -> &Tensor {
        &self.graph.tensors.as_deref().unwrap_or_default()[index as usize]
    }

    fn input(&self, operator: &Operator, input: usize) -> &Tensor {
        self.tensor(operator.inputs.as_deref().unwrap_or_default()[input])
    }

    fn shape(&self, operator: &Operator) -> Option<Shape> {
        let options = operator.builtin_options.as_ref()?;
        let filter = || dimensions(self.input(operator, 1));
        let (family, taps, steps, padding, activation) = match options {
            BuiltinOptions::Conv2DOptions(o) => {
                let [_, height, width, _] = filter();
                let steps = [[o.stride_h, o.stride_w], [o.dilation_h_factor, o.dilation_w_factor]];
                (Family::Gemm, [height, width], steps, o.padding, o.fused_activation_function)
            }
            BuiltinOptions::DepthwiseConv2DOptions(o) => {
                let [_, height, width, _] = filter();
                let steps = [[o.stride_h, o.stride_w], [o.dilation_h_factor, o.dilation_w_factor]];
                (Family::Depthwise, [height, width], steps, o.padding, o.fused_activation_function)
            }
            BuiltinOptions::Pool2DOptions(o) => {
                let average = self.codes.get(operator.opcode_index as usize)?.builtin_code == AVERAGE_POOL_2D;
                let family = if average { Family::AveragePool } else { Family::MaxPool };
                let taps = [o.filter_height as usize, o.filter_width as usize];
                (family, taps, [[o.stride_h, o.stride_w], [1, 1]], o.padding, o.fused_activation_function)
            }
            BuiltinOptions::FullyConnectedOptions(o) => {
                (Family::Gemm, [1, 1], [[1; 2]; 2], SAME, o.fused_activation_function)
            }
            _ => return None,
        };
        let [batch, height, width, channels] = dimensions(self.input(operator, 0));
        let output = operator.outputs.as_ref()?.first()?;
        let [_, output_height, output_width, output_channels] = dimensions(self.tensor(*output));
        let [stride, dilation] = steps.map(|pair| pair.map(|step| step as usize));
        let pad = |axis: usize, input: usize, output: usize| {
            let covered = (output - 1) * stride[axis] + (taps[axis] - 1) * dilation[axis] + 1;
            if padding == SAME { covered.saturating_sub(input) / 2 } else { 0 }
        };
        let pad_before = [pad(0, height, output_height), pad(1, width, output_width)];
        Some(Shape {
            family,
            input: Image::dense(batch, height, width, channels),
            window: Window { taps, stride, dilation, pad_before },
            output: [output_height, output_width, output_channels],
            rectified: activation != NO_ACTIVATION,
        })
    }
}

/// Up to four dimensions, missing ones 1: `[N, C]` is an image of one pixel.
fn dimensions(tensor: &Tensor) -> [usize; 4] {
    let shape = tensor.shape.as_deref().unwrap_or_default();
    let mut dimensions = [1; 4];
    let (first, rest) = dimensions.split_at_mut(1);
    if let Some((&batch, others)) = shape.split_first() {
        first[0] = batch as usize;
        let start = rest.len() - others.len();
        rest[start..].iter_mut().zip(others).for_each(|(to, &from)| *to = from as usize);
    }
    dimensions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shapes_are_those_of_the_networks() {
        let cases = layers("inception-v3");
        let of = |family| cases.iter().filter(move |case| case.shape.family == family);
        // 94 convolutions and the classifier.
        assert_eq!(of(Family::Gemm).map(|case| case.count).sum::<usize>(), 95);
        assert_eq!(of(Family::MaxPool).map(|case| case.count).sum::<usize>(), 4);
        assert_eq!(of(Family::AveragePool).map(|case| case.count).sum::<usize>(), 9);
        let macs: u64 = of(Family::Gemm).map(|case| case.shape.macs() * case.count as u64).sum();
        let network = ottava_models::builtin("inception-v3").map(|builtin| builtin.network().macs());
        assert_eq!(Some(macs), network);
        let in_range: u64 = of(Family::Gemm).map(|case| case.shape.macs_in_range() * case.count as u64).sum();
        assert_eq!((in_range + 5_000_000) / 10_000_000, 547);
        assert_eq!(cases[0].shape.to_string(), "299x299x3 3x3 s2 -> 149x149x32");
    }

    #[test]
    fn every_case_runs_and_gives_more_than_one_value() {
        for case in layers("mobilenet-v2") {
            let mut prepared = case.prepare(ottava_kernels::Isa::Scalar);
            let output = prepared.run();
            assert!(output.iter().any(|value| value != &output[0]), "{}: all {}", case.shape, output[0]);
        }
    }
}
