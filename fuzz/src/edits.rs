//! What a mutant differs in from the sound network it is made of.

use std::sync::LazyLock;

use ottava::schema::{self, BuiltinOptions, Operator, QuantizationParameters, SubGraph, Tensor};
use planus::ReadAsRoot;

use crate::script::Script;

/// How many changes of tables a mutant has: few, mostly, as nearly every change that is refused hides all the others.
const TABLE_EDITS: [u8; 8] = [0, 1, 1, 1, 2, 2, 3, 8];
/// How many changes of bytes.
const BYTE_EDITS: [u8; 8] = [0, 0, 0, 0, 0, 1, 2, 6];

/// The tables of the networks that mutants are made of, of both forms.
static NETWORKS: LazyLock<Vec<schema::Model>> = LazyLock::new(|| (0..4).map(network).collect());

fn network(seed: u64) -> schema::Model {
    let file = ottava_models::tiny(seed);
    let tables = schema::ModelRef::read_as_root(&file).and_then(schema::Model::try_from);
    tables.unwrap_or_else(|error| panic!("tiny network {seed} cannot be read: {error}"))
}

/// The file of a changed network.
pub(crate) fn mutant(script: &mut Script<'_>) -> Vec<u8> {
    let network = script.index(NETWORKS.len());
    let mut tables = NETWORKS[network].clone();
    let [table_edits, byte_edits] = [TABLE_EDITS, BYTE_EDITS].map(|counts| counts[script.index(8)]);
    for _ in 0..table_edits {
        edit_tables(script, &mut tables);
    }
    let mut file = schema::finish(&mut planus::Builder::new(), &tables);
    for _ in 0..byte_edits {
        edit_bytes(script, &mut file);
    }
    file
}

fn edit_tables(script: &mut Script<'_>, model: &mut schema::Model) {
    let kind = script.byte() % 16;
    let buffers = model.buffers.get_or_insert_default();
    let codes = model.operator_codes.get_or_insert_default();
    let Some(graph) = model.subgraphs.get_or_insert_default().first_mut() else { return };
    match kind {
        0..=3 => edit_options(script, graph),
        4..=7 => edit_tensor(script, graph),
        8..=9 => edit_quantization(script, graph),
        10 => edit_operators(script, graph),
        11 => edit_index(script, graph),
        12 => {
            let Some(buffer) = script.pick(buffers) else { return };
            match script.byte() % 3 {
                0 => buffer.data = None,
                1 => (buffer.offset, buffer.size) = (u64::from(script.u32()), u64::from(script.byte())),
                _ => resize(script, buffer.data.get_or_insert_default()),
            }
        }
        13 => {
            // Constants such as paddings, axes and shapes are small: a byte of them matters more than one of weights.
            let mut small: Vec<_> =
                buffers.iter_mut().filter_map(|b| b.data.as_mut()).filter(|data| data.len() <= 64).collect();
            let Some(byte) = script.pick(&mut small).and_then(|data| script.pick(data)) else { return };
            *byte = script.byte();
        }
        14 => {
            let Some(buffer) = script.pick(buffers).and_then(|buffer| buffer.data.as_mut()) else { return };
            let fill = script.byte();
            buffer.fill(fill);
        }
        _ => {
            let Some(code) = script.pick(codes) else { return };
            code.builtin_code = script.i32(code.builtin_code) % 160;
            code.deprecated_builtin_code = code.builtin_code.min(127) as i8;
        }
    }
}

/// Makes a list a few elements longer or shorter.
fn resize<T: Clone + Default>(script: &mut Script<'_>, list: &mut Vec<T>) {
    let length = list.len() as i64 + i64::from(script.byte() as i8);
    list.resize(length.max(0) as usize, T::default());
}

fn edit_options(script: &mut Script<'_>, graph: &mut SubGraph) {
    let operators = graph.operators.get_or_insert_default();
    let Some(options) = script.pick(operators).and_then(|operator| operator.builtin_options.as_mut()) else { return };
    let mut set = |steps: &mut [&mut i32], codes: &mut [&mut i8]| {
        let choice = script.index(steps.len() + codes.len());
        match steps.get_mut(choice) {
            Some(step) => **step = script.i32(**step),
            None => *codes[choice - steps.len()] = script.byte() as i8 % 8,
        }
    };
    match options {
        BuiltinOptions::Conv2DOptions(o) => set(
            &mut [&mut o.stride_h, &mut o.stride_w, &mut o.dilation_h_factor, &mut o.dilation_w_factor],
            &mut [&mut o.padding, &mut o.fused_activation_function],
        ),
        BuiltinOptions::DepthwiseConv2DOptions(o) => set(
            &mut [
                &mut o.stride_h,
                &mut o.stride_w,
                &mut o.dilation_h_factor,
                &mut o.dilation_w_factor,
                &mut o.depth_multiplier,
            ],
            &mut [&mut o.padding, &mut o.fused_activation_function],
        ),
        BuiltinOptions::Pool2DOptions(o) => set(
            &mut [&mut o.stride_h, &mut o.stride_w, &mut o.filter_height, &mut o.filter_width],
            &mut [&mut o.padding, &mut o.fused_activation_function],
        ),
        BuiltinOptions::FullyConnectedOptions(o) => {
            o.keep_num_dims = !o.keep_num_dims;
            set(&mut [], &mut [&mut o.fused_activation_function, &mut o.weights_format]);
        }
        BuiltinOptions::ConcatenationOptions(o) => set(&mut [&mut o.axis], &mut [&mut o.fused_activation_function]),
        BuiltinOptions::AddOptions(o) => set(&mut [], &mut [&mut o.fused_activation_function]),
        BuiltinOptions::ReducerOptions(o) => o.keep_dims = !o.keep_dims,
        BuiltinOptions::SoftmaxOptions(o) => o.beta = script.f32(o.beta),
        BuiltinOptions::ReshapeOptions(o) => match script.pick(o.new_shape.get_or_insert_default()) {
            Some(dimension) => *dimension = script.i32(*dimension),
            None => o.new_shape = None,
        },
        _ => {}
    }
}

fn edit_tensor(script: &mut Script<'_>, graph: &mut SubGraph) {
    let Some(tensor) = script.pick(graph.tensors.get_or_insert_default()) else { return };
    let Tensor { shape, type_, buffer, quantization, is_variable, .. } = tensor;
    match script.byte() % 8 {
        0..=3 => {
            if let Some(dimension) = script.pick(shape.get_or_insert_default()) {
                *dimension = script.i32(*dimension);
            }
        }
        4 => resize(script, shape.get_or_insert_default()),
        5 => *type_ = [3, 9, 2, 0, 4, 7, 1, 17][script.index(8)],
        6 => *buffer = script.i32(*buffer as i32) as u32,
        _ => match script.byte() % 2 {
            0 => *quantization = None,
            _ => *is_variable = !*is_variable,
        },
    }
}

fn edit_quantization(script: &mut Script<'_>, graph: &mut SubGraph) {
    let Some(tensor) = script.pick(graph.tensors.get_or_insert_default()) else { return };
    let Some(quantization) = tensor.quantization.as_mut() else { return };
    let QuantizationParameters { scale, zero_point, quantized_dimension, .. } = &mut **quantization;
    match script.byte() % 6 {
        0 | 1 => {
            if let Some(scale) = script.pick(scale.get_or_insert_default()) {
                *scale = script.f32(*scale);
            }
        }
        2 | 3 => {
            if let Some(zero_point) = script.pick(zero_point.get_or_insert_default()) {
                *zero_point = script.integer(*zero_point);
            }
        }
        4 => resize(script, scale.get_or_insert_default()),
        _ => *quantized_dimension = script.i32(*quantized_dimension),
    }
}

/// Removes, repeats or swaps operators.
fn edit_operators(script: &mut Script<'_>, graph: &mut SubGraph) {
    let operators: &mut Vec<Operator> = graph.operators.get_or_insert_default();
    if operators.is_empty() {
        return;
    }
    let (at, other) = (script.index(operators.len()), script.index(operators.len()));
    match script.byte() % 4 {
        0 => drop(operators.remove(at)),
        1 => operators.swap(at, other),
        2 => operators[at].builtin_options = operators[other].builtin_options.clone(),
        _ => operators.insert(at, operators[other].clone()),
    }
}

/// Another tensor, or another operator code, where an index stands.
fn edit_index(script: &mut Script<'_>, graph: &mut SubGraph) {
    let lists = match script.byte() % 8 {
        0 => &mut graph.inputs,
        1 => &mut graph.outputs,
        choice => {
            let Some(operator) = script.pick(graph.operators.get_or_insert_default()) else { return };
            match choice {
                2 | 3 => &mut operator.outputs,
                4 => return operator.opcode_index = u32::from(script.byte() % 16),
                _ => &mut operator.inputs,
            }
        }
    };
    let list = lists.get_or_insert_default();
    match script.pick(list) {
        Some(index) => *index = script.i32(*index),
        None => list.push(i32::from(script.byte())),
    }
}

fn edit_bytes(script: &mut Script<'_>, file: &mut Vec<u8>) {
    if file.is_empty() {
        return;
    }
    let kind = script.byte() % 8;
    let at = script.index(file.len());
    match kind {
        0 => file.truncate(at),
        1..=3 => file[at] = script.byte(),
        4 => file[at] ^= 1 << (script.byte() % 8),
        5..=6 => {
            let start = at / 4 * 4;
            let value = script.i32(at as i32).to_le_bytes();
            file.iter_mut().skip(start).zip(value).for_each(|(byte, new)| *byte = new);
        }
        _ => {
            let length = usize::from(script.byte()).min(file.len() - at);
            let to = script.index(file.len() - length + 1);
            file.copy_within(at..at + length, to);
        }
    }
}
