//! Constants of float16 behind DEQUANTIZE: operators on float32 read them as they are.

use half::f16;
use ottava::schema::{self, BuiltinOptions, SubGraph, Tensor};
use ottava::{Backend, Model, Plan, PlanOptions, Session};

const FLOAT32: i8 = 0;
const FLOAT16: i8 = 1;
/// Codes of the operators in these networks.
const CODES: [i32; 3] = [6, 9, 8];
const DEQUANTIZE: u32 = 0;
const FULLY_CONNECTED: u32 = 1;
const FLOOR: u32 = 2;

/// Filters whose float32 values take more than an import folds.
const SHAPE: [i32; 2] = [40, 30];

fn tensor(shape: &[i32], type_: i8, buffer: u32) -> Tensor {
    Tensor { shape: Some(shape.to_vec()), type_, buffer, ..Default::default() }
}

fn node(opcode_index: u32, inputs: &[i32], output: i32) -> schema::Operator {
    schema::Operator { opcode_index, inputs: Some(inputs.to_vec()), outputs: Some(vec![output]), ..Default::default() }
}

/// Rows of tensor 0 times filters, tensor 1, that DEQUANTIZE makes of tensor 2: tensor 3. `more` operators may read the filters too.
fn network(more: &[schema::Operator], outputs: &[i32]) -> Model {
    let tensors = vec![
        tensor(&[2, SHAPE[1]], FLOAT32, 0),
        tensor(&SHAPE, FLOAT32, 0),
        tensor(&SHAPE, FLOAT16, 1),
        tensor(&[2, SHAPE[0]], FLOAT32, 0),
        tensor(&SHAPE, FLOAT32, 0),
        tensor(&[2, SHAPE[0]], FLOAT32, 0),
    ];
    let mut operators = vec![node(DEQUANTIZE, &[2], 1), product(3)];
    operators.extend_from_slice(more);
    let halves = (0..SHAPE[0] * SHAPE[1]).flat_map(|at| f16::from_f32((at % 97) as f32 / 7.0 - 3.0).to_le_bytes());
    let code = |builtin_code: i32| schema::OperatorCode {
        deprecated_builtin_code: builtin_code as i8,
        builtin_code,
        ..Default::default()
    };
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
        buffers: Some(vec![
            schema::Buffer::default(),
            schema::Buffer { data: Some(halves.collect()), ..Default::default() },
        ]),
        ..Default::default()
    };
    Model::from_bytes(schema::finish(&mut planus::Builder::new(), &model), "halves").unwrap()
}

/// The input's rows times the filters.
fn product(output: i32) -> schema::Operator {
    let mut product = node(FULLY_CONNECTED, &[0, 1, -1], output);
    product.builtin_options = Some(BuiltinOptions::FullyConnectedOptions(Box::default()));
    product
}

/// All outputs of a run, and the steps of the plan.
fn run(model: &Model, options: PlanOptions) -> (Vec<Vec<u8>>, Vec<String>) {
    let plan = Plan::new(model, &PlanOptions { threads: Some(1), ..options }).unwrap();
    let mut session = Session::new(&plan).unwrap();
    let values = (0..2 * SHAPE[1]).flat_map(|at| (at as f32 / 3.0 - 8.0).to_le_bytes());
    session.input_mut(0).unwrap().iter_mut().zip(values).for_each(|(byte, value)| *byte = value);
    session.run().unwrap();
    let outputs = (0..session.outputs().len()).map(|index| session.output(index).unwrap().to_vec()).collect();
    (outputs, plan.layers().iter().map(|layer| layer.op.clone()).collect())
}

/// Runs a network with both backends, which must agree; the steps of the optimized plan.
fn steps(model: &Model, keep_intermediates: bool) -> Vec<String> {
    let (want, _) = run(model, PlanOptions { backend: Backend::Reference, ..PlanOptions::default() });
    let (got, steps) = run(model, PlanOptions { keep_intermediates, ..PlanOptions::default() });
    assert_eq!(got, want);
    steps
}

#[test]
fn filters_of_float16_are_read_as_they_are() {
    assert_eq!(steps(&network(&[], &[3]), false), ["FULLY_CONNECTED"]);
    let twice = network(&[product(5)], &[3, 5]);
    assert_eq!(steps(&twice, false), ["FULLY_CONNECTED", "FULLY_CONNECTED"]);
}

#[test]
fn what_others_read_is_still_widened() {
    let floor = network(&[node(FLOOR, &[1], 4)], &[3, 4]);
    assert_eq!(steps(&floor, false), ["DEQUANTIZE", "FULLY_CONNECTED", "FLOOR"]);
    assert_eq!(steps(&network(&[], &[3, 1]), false), ["DEQUANTIZE", "FULLY_CONNECTED"]);
    assert_eq!(steps(&network(&[], &[3]), true), ["DEQUANTIZE", "FULLY_CONNECTED"]);
}
