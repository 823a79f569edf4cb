//! What the passes may merge and what not: PAD into convolutions, batches into one network.

use ottava::schema::{self, BuiltinOptions, Conv2DOptions, QuantizationParameters, ReshapeOptions, SubGraph, Tensor};
use ottava::{Backend, ErrorKind, Model, Plan, PlanOptions, Session};

const INT32: i8 = 2;
const INT8: i8 = 9;

/// Codes of the operators in these networks.
const CODES: [i32; 5] = [3, 34, 59, 105, 22];
const CONV_2D: u32 = 0;
const PAD: u32 = 1;
const NEG: u32 = 2;
const REVERSE_V2: u32 = 3;
const RESHAPE: u32 = 4;

fn integers(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn tensor(shape: &[i32], type_: i8, buffer: u32) -> Tensor {
    // Weights have no zero point, 32-bit integers no scale that matters.
    let zero_point = Some(vec![if type_ == INT8 && buffer == 0 { 3 } else { 0 }]);
    let quantization = QuantizationParameters { scale: Some(vec![0.5]), zero_point, ..Default::default() };
    let quantization = (type_ == INT8).then(|| Box::new(quantization));
    Tensor { shape: Some(shape.to_vec()), type_, buffer, quantization, ..Default::default() }
}

fn node(opcode_index: u32, inputs: &[i32], output: i32) -> schema::Operator {
    schema::Operator { opcode_index, inputs: Some(inputs.to_vec()), outputs: Some(vec![output]), ..Default::default() }
}

/// A network whose input is tensor 0; buffers count from 1.
fn network(tensors: Vec<Tensor>, operators: Vec<schema::Operator>, outputs: &[i32], buffers: &[Vec<u8>]) -> Model {
    let code = |builtin_code: i32| schema::OperatorCode {
        deprecated_builtin_code: builtin_code as i8,
        builtin_code,
        ..Default::default()
    };
    let buffer = |data: &Vec<u8>| schema::Buffer { data: Some(data.clone()), ..Default::default() };
    let graph = SubGraph {
        tensors: Some(tensors),
        inputs: Some(vec![0]),
        outputs: Some(outputs.to_vec()),
        operators: Some(operators),
        name: None,
    };
    let model = schema::Model {
        version: 3,
        operator_codes: Some(CODES.map(code).to_vec()),
        subgraphs: Some(vec![graph]),
        buffers: Some([schema::Buffer::default()].into_iter().chain(buffers.iter().map(buffer)).collect()),
        ..Default::default()
    };
    Model::from_bytes(schema::finish(&mut planus::Builder::new(), &model), "passes").unwrap()
}

/// A PAD from tensor 0 to tensor 1, a 3x3 convolution to tensor 2, and perhaps an operator to tensor 3.
fn padded_convolution(more: Option<schema::Operator>, outputs: &[i32]) -> Model {
    let tensors = vec![
        tensor(&[1, 4, 4, 3], INT8, 0),
        tensor(&[1, 6, 6, 3], INT8, 0),
        tensor(&[1, 4, 4, 2], INT8, 0),
        tensor(&[1, 6, 6, 3], INT8, 0),
        tensor(&[4, 2], INT32, 1),
        tensor(&[2, 3, 3, 3], INT8, 2),
    ];
    let valid = Conv2DOptions { padding: 1, stride_w: 1, stride_h: 1, ..Default::default() };
    let mut convolution = node(CONV_2D, &[1, 5], 2);
    convolution.builtin_options = Some(BuiltinOptions::Conv2DOptions(Box::new(valid)));
    let operators = [node(PAD, &[0, 4], 1), convolution].into_iter().chain(more).collect();
    let weights = (0..54).map(|at| (at * 29) as u8).collect();
    network(tensors, operators, outputs, &[integers(&[0, 0, 1, 1, 1, 1, 0, 0]), weights])
}

/// All outputs of a run, and whether a PAD became a part of another layer.
fn run(model: &Model, backend: Backend) -> (Vec<Vec<u8>>, bool) {
    let plan = Plan::new(model, &PlanOptions { backend, threads: Some(1), ..PlanOptions::default() }).unwrap();
    let mut session = Session::new(&plan).unwrap();
    session.input_mut(0).unwrap().iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 37) as u8);
    session.run().unwrap();
    let outputs = (0..session.outputs().len()).map(|index| session.output(index).unwrap().to_vec()).collect();
    (outputs, plan.layers().iter().any(|layer| layer.notes.contains("padding fused")))
}

/// Runs a network with both backends, which must agree; whether its PAD was fused.
fn fuses(model: &Model) -> bool {
    let ((want, _), (got, fused)) = (run(model, Backend::Reference), run(model, Backend::Optimized));
    assert_eq!(got, want);
    fused
}

#[test]
fn a_pad_that_only_a_convolution_reads_is_fused() {
    assert!(fuses(&padded_convolution(None, &[2])));
}

#[test]
fn a_pad_that_another_operator_reads_stays() {
    assert!(!fuses(&padded_convolution(Some(node(NEG, &[1], 3)), &[2, 3])));
}

#[test]
fn a_pad_that_the_caller_gets_stays() {
    assert!(!fuses(&padded_convolution(None, &[2, 1])));
}

/// A network of one operator from an image `[1, 2, 3, 4]` and a constant list to `shape`.
fn one_operator(code: u32, constant: &[i32], shape: &[i32]) -> Model {
    let mut node = node(code, &[0, 1], 2);
    if code == RESHAPE {
        let options = ReshapeOptions { new_shape: Some(constant.to_vec()) };
        node.builtin_options = Some(BuiltinOptions::ReshapeOptions(Box::new(options)));
    }
    let list = tensor(&[constant.len() as i32], INT32, 1);
    let tensors = vec![tensor(&[1, 2, 3, 4], INT8, 0), list, tensor(shape, INT8, 0)];
    network(tensors, vec![node], &[2], &[integers(constant)])
}

/// Whether a network runs as a batch of 3.
fn takes_batch(model: &Model) -> bool {
    match Plan::new(model, &PlanOptions { batch: Some(3), ..PlanOptions::default() }) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert!(error.to_string().contains("a batch of 3"), "{error}");
            false
        }
    }
}

/// REVERSE_V2 turns the images of a batch around, too, though its shapes would suit any batch.
#[test]
fn an_operator_that_mixes_the_batch_refuses_it() {
    assert!(takes_batch(&one_operator(REVERSE_V2, &[1], &[1, 2, 3, 4])));
    assert!(!takes_batch(&one_operator(REVERSE_V2, &[0], &[1, 2, 3, 4])));
}

/// RESHAPE has no dimension that is the batch here, though it works on each element by itself.
#[test]
fn an_output_without_the_batch_in_front_refuses_it() {
    assert!(takes_batch(&one_operator(RESHAPE, &[-1, 12], &[2, 12])));
    assert!(!takes_batch(&one_operator(RESHAPE, &[2, -1], &[2, 12])));
    assert!(!takes_batch(&one_operator(RESHAPE, &[12, -1], &[12, 2])));
}
