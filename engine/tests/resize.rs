//! Other shapes for inputs: image size and batch change where the network allows it, and nothing else changes.

use std::sync::LazyLock;

use ottava::schema::{self, BuiltinOptions, QuantizationParameters, Tensor};
use ottava::{Backend, ErrorKind, Model, Plan, PlanOptions, Session};

fn builtin(name: &str) -> Model {
    Model::from_bytes(ottava_models::builtin(name).unwrap().build(), name).unwrap()
}

/// Building a network takes longer than running it.
static MOBILENET_V1: LazyLock<Model> = LazyLock::new(|| builtin("mobilenet-v1"));

fn session(model: &Model, backend: Backend) -> Session {
    let options = PlanOptions { backend, threads: Some(2), ..PlanOptions::default() };
    Session::new(&Plan::new(model, &options).unwrap()).unwrap()
}

fn fill(session: &mut Session, seed: usize) {
    let bytes = session.input_mut(0).unwrap();
    bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 31 / 7 + seed * 13) as u8);
}

/// A convolutional network takes any image; both backends agree on it.
#[test]
fn an_image_of_another_size() {
    let model = builtin("mobilenet-v2");
    let outputs = [Backend::Reference, Backend::Optimized].map(|backend| {
        let mut session = session(&model, backend);
        session.resize_input(0, &[1, 96, 64, 3]).unwrap();
        assert_eq!(session.inputs()[0].shape, [1, 96, 64, 3]);
        let shapes = || session.plan().layers().iter().map(|layer| layer.output_shape.clone());
        assert!(shapes().any(|shape| shape == [1, 48, 32, 32]));
        fill(&mut session, 1);
        session.run().unwrap();
        session.output(0).unwrap().to_vec()
    });
    assert!(outputs[0] == outputs[1]);
    // The same from the start.
    let options = PlanOptions { input_shapes: vec![(0, vec![1, 96, 64, 3])], ..PlanOptions::default() };
    let mut planned = Session::new(&Plan::new(&model, &options).unwrap()).unwrap();
    fill(&mut planned, 1);
    planned.run().unwrap();
    assert!(planned.output(0).unwrap() == outputs[0]);
}

#[test]
fn a_batch_and_back() {
    let mut session = session(&MOBILENET_V1, Backend::Optimized);
    let single = session.inputs()[0].shape.clone();
    let one: Vec<Vec<u8>> = (0..2)
        .map(|seed| {
            fill(&mut session, seed);
            session.run().unwrap();
            session.output(0).unwrap().to_vec()
        })
        .collect();
    let images: Vec<u8> = (0..2)
        .flat_map(|seed| {
            fill(&mut session, seed);
            session.input_mut(0).unwrap().to_vec()
        })
        .collect();
    session.resize_input(0, &[&[2], &single[1..]].concat()).unwrap();
    assert_eq!(session.plan().batch(), 2);
    session.input_mut(0).unwrap().copy_from_slice(&images);
    session.run().unwrap();
    assert!(session.output(0).unwrap() == one.concat());
    session.resize_input(0, &single).unwrap();
    fill(&mut session, 1);
    session.run().unwrap();
    assert!(session.output(0).unwrap() == one[1]);
}

/// What cannot be is an error with the operator's name, and the session goes on as it was.
#[test]
fn an_impossible_shape_changes_nothing() {
    let mut session = session(&MOBILENET_V1, Backend::Optimized);
    fill(&mut session, 3);
    session.run().unwrap();
    let before = session.output(0).unwrap().to_vec();
    let refused =
        |session: &mut Session, index: usize, shape: &[usize]| session.resize_input(index, shape).unwrap_err();
    let channels = refused(&mut session, 0, &[1, 224, 224, 4]);
    assert_eq!(channels.operator(), Some((1, "CONV_2D")), "{channels}");
    assert!(refused(&mut session, 0, &[224, 224, 3]).operator().is_some());
    for shape in [&[1, 0, 224, 3][..], &[1, usize::MAX >> 4, usize::MAX >> 4, 3], &[1; 9]] {
        assert_eq!(refused(&mut session, 0, shape).kind(), ErrorKind::InvalidArgument, "{shape:?}");
    }
    assert_eq!(refused(&mut session, 1, &[1]).kind(), ErrorKind::InvalidArgument);
    fill(&mut session, 3);
    session.run().unwrap();
    assert!(session.output(0).unwrap() == before);
}

fn tensor(shape: &[i32], dtype: i8, buffer: u32) -> Tensor {
    let scales = QuantizationParameters { scale: Some(vec![0.5]), zero_point: Some(vec![0]), ..Default::default() };
    let quantization = (dtype == 9).then(|| Box::new(scales));
    Tensor { shape: Some(shape.to_vec()), type_: dtype, buffer, quantization, has_rank: true, ..Default::default() }
}

/// Flattening as converters write it for open batches: the batch is taken off the SHAPE and packed with -1.
fn flattening() -> Model {
    const INT32: i8 = 2;
    const INT8: i8 = 9;
    let tensors = vec![
        tensor(&[1, 2, 3, 4], INT8, 0),
        tensor(&[4], INT32, 0),
        tensor(&[1], INT32, 1),
        tensor(&[1], INT32, 2),
        tensor(&[], INT32, 0),
        tensor(&[], INT32, 3),
        tensor(&[2], INT32, 0),
        Tensor { shape_signature: Some(vec![-1, 24]), ..tensor(&[1, 24], INT8, 0) },
        Tensor { shape_signature: Some(vec![-1, 24]), ..tensor(&[1, 24], INT8, 0) },
    ];
    let operator = |opcode_index, inputs: &[i32], output, builtin_options| schema::Operator {
        opcode_index,
        inputs: Some(inputs.to_vec()),
        outputs: Some(vec![output]),
        builtin_options,
        ..Default::default()
    };
    let slice = schema::StridedSliceOptions { shrink_axis_mask: 1, ..Default::default() };
    let pack = schema::PackOptions { values_count: 2, axis: 0 };
    let shape = schema::ShapeOptions { out_type: INT32 };
    let operators = vec![
        operator(0, &[0], 1, Some(BuiltinOptions::ShapeOptions(Box::new(shape)))),
        operator(1, &[1, 2, 3, 3], 4, Some(BuiltinOptions::StridedSliceOptions(Box::new(slice)))),
        operator(2, &[4, 5], 6, Some(BuiltinOptions::PackOptions(Box::new(pack)))),
        operator(3, &[0, 6], 7, None),
        operator(4, &[7], 8, None),
    ];
    // SHAPE, STRIDED_SLICE, PACK, RESHAPE, NEG.
    let code = |builtin_code: i32| schema::OperatorCode {
        deprecated_builtin_code: builtin_code as i8,
        builtin_code,
        ..Default::default()
    };
    let buffer = |value: i32| schema::Buffer { data: Some(value.to_le_bytes().to_vec()), ..Default::default() };
    let model = schema::Model {
        version: 3,
        operator_codes: Some([77, 45, 83, 22, 59].map(code).to_vec()),
        subgraphs: Some(vec![schema::SubGraph {
            tensors: Some(tensors),
            inputs: Some(vec![0]),
            outputs: Some(vec![8]),
            operators: Some(operators),
            name: None,
        }]),
        buffers: Some(vec![schema::Buffer::default(), buffer(0), buffer(1), buffer(-1)]),
        ..Default::default()
    };
    Model::from_bytes(schema::finish(&mut planus::Builder::new(), &model), "flattening").unwrap()
}

#[test]
fn arithmetic_on_shapes_is_done_at_import() {
    let model = flattening();
    let names: Vec<&str> = model.graph().nodes.iter().map(|node| node.operator.name()).collect();
    assert_eq!(names, ["RESHAPE", "NEG"]);
    for backend in [Backend::Reference, Backend::Optimized] {
        let mut session = session(&model, backend);
        session.resize_input(0, &[3, 5, 1, 2]).unwrap();
        assert_eq!(session.outputs()[0].shape, [3, 10]);
        fill(&mut session, 5);
        let negated: Vec<u8> = session.input_mut(0).unwrap().iter().map(|byte| byte.wrapping_neg()).collect();
        session.run().unwrap();
        assert_eq!(session.output(0).unwrap(), negated);
        let options = PlanOptions { backend, batch: Some(4), ..PlanOptions::default() };
        assert_eq!(Plan::new(&model, &options).unwrap().outputs()[0].shape, [4, 24]);
    }
}
