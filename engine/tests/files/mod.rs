//! One small convolution as a file, and what can be broken about it.

use ottava::ErrorKind;
use ottava::schema::{self, BuiltinOptions, Conv2DOptions, Operator, QuantizationParameters, Tensor};

mod broken;

pub use broken::broken;

/// One way to break the model.
pub struct Case {
    pub name: &'static str,
    pub kind: ErrorKind,
    /// A piece of the message that must be there.
    pub message: &'static str,
    pub edit: Box<dyn Fn(&mut schema::Model)>,
}

/// The tables of a file that are edited most.
pub fn tensor(model: &mut schema::Model, index: usize) -> &mut Tensor {
    &mut graph(model).tensors.as_mut().unwrap()[index]
}

/// The main graph.
pub fn graph(model: &mut schema::Model) -> &mut schema::SubGraph {
    &mut model.subgraphs.as_mut().unwrap()[0]
}

/// The convolution.
pub fn operator(model: &mut schema::Model) -> &mut Operator {
    &mut graph(model).operators.as_mut().unwrap()[0]
}

/// The convolution's options.
pub fn options(model: &mut schema::Model) -> &mut Conv2DOptions {
    match operator(model).builtin_options.as_mut() {
        Some(BuiltinOptions::Conv2DOptions(options)) => options,
        _ => panic!("the model is a convolution"),
    }
}

/// Scales and zero points of a tensor.
pub fn quantization(model: &mut schema::Model, index: usize) -> &mut QuantizationParameters {
    tensor(model, index).quantization.as_mut().unwrap()
}

/// Per-tensor or per-channel quantization with zero point `zero_point` throughout.
pub fn scales(scale: &[f32], zero_point: i64) -> Option<Box<QuantizationParameters>> {
    Some(Box::new(QuantizationParameters {
        scale: Some(scale.to_vec()),
        zero_point: Some(vec![zero_point; scale.len()]),
        ..Default::default()
    }))
}

fn new_tensor(shape: &[i32], dtype: i8, buffer: u32, quantization: Option<Box<QuantizationParameters>>) -> Tensor {
    let name = Some(format!("tensor of buffer {buffer}"));
    Tensor { shape: Some(shape.to_vec()), type_: dtype, buffer, name, quantization, ..Default::default() }
}

/// int8 `[1, 4, 4, 3]` through a 3x3 SAME convolution with ReLU to `[1, 4, 4, 2]`.
pub fn conv_model() -> schema::Model {
    let tensors = vec![
        new_tensor(&[1, 4, 4, 3], 9, 0, scales(&[0.5], 3)),
        new_tensor(&[2, 3, 3, 3], 9, 1, scales(&[0.01, 0.02], 0)),
        new_tensor(&[2], 2, 2, scales(&[0.005, 0.01], 0)),
        new_tensor(&[1, 4, 4, 2], 9, 0, scales(&[0.1], -1)),
    ];
    let conv = Conv2DOptions { stride_w: 1, stride_h: 1, fused_activation_function: 1, ..Default::default() };
    let operator = Operator {
        opcode_index: 0,
        inputs: Some(vec![0, 1, 2]),
        outputs: Some(vec![3]),
        builtin_options: Some(BuiltinOptions::Conv2DOptions(Box::new(conv))),
        ..Default::default()
    };
    let graph = schema::SubGraph {
        tensors: Some(tensors),
        inputs: Some(vec![0]),
        outputs: Some(vec![3]),
        operators: Some(vec![operator]),
        name: None,
    };
    let weights = (0..54).map(|at| (at * 29) as u8).collect();
    let bias = [100_i32, -200].iter().flat_map(|value| value.to_le_bytes()).collect();
    let buffer = |data: Vec<u8>| schema::Buffer { data: Some(data), ..Default::default() };
    schema::Model {
        version: 3,
        operator_codes: Some(vec![schema::OperatorCode {
            deprecated_builtin_code: 3,
            builtin_code: 3,
            ..Default::default()
        }]),
        subgraphs: Some(vec![graph]),
        buffers: Some(vec![schema::Buffer::default(), buffer(weights), buffer(bias)]),
        ..Default::default()
    }
}

/// The file of a model.
pub fn file(model: &schema::Model) -> Vec<u8> {
    schema::finish(&mut planus::Builder::new(), model)
}

/// The file of [`conv_model`].
pub fn conv_file() -> Vec<u8> {
    file(&conv_model())
}

/// The file of [`conv_model`] after an edit.
pub fn edited(edit: &dyn Fn(&mut schema::Model)) -> Vec<u8> {
    let mut model = conv_model();
    edit(&mut model);
    file(&model)
}

/// [`conv_model`] with its constants behind the tables, at odd offsets.
pub fn conv_file_with_far_constants() -> Vec<u8> {
    let constants: Vec<_> = conv_model().buffers.unwrap().into_iter().map(|b| b.data.unwrap_or_default()).collect();
    let build = |start: u64| {
        edited(&|model| {
            let mut offset = start;
            for (buffer, data) in model.buffers.as_mut().unwrap().iter_mut().zip(&constants).skip(1) {
                *buffer = schema::Buffer { data: None, offset, size: data.len() as u64 };
                offset += data.len() as u64;
            }
        })
    };
    // The values of offsets do not change the size of a file.
    let start = build(1 << 20).len() | 1;
    let mut file = build(start as u64);
    file.resize(start, 0);
    file.extend(constants.concat());
    file
}

/// Many tensors that all refer to one long vector of scales, as a hand-made file can.
pub fn shared_scales(tensors: usize, scales: usize) -> Vec<u8> {
    let mut builder = planus::Builder::new();
    let scale = builder.create_vector(vec![1.0_f32; scales]);
    let zero_point = builder.create_vector(vec![0_i64; scales]);
    let shape = builder.create_vector(vec![scales as i32]);
    let quantization = QuantizationParameters::create(&mut builder, scale, zero_point, (), 0);
    let tensor = Tensor::create(&mut builder, shape, 9, 0, (), quantization, false, (), (), false, 0);
    let tensors = builder.create_vector(vec![tensor; tensors]);
    let graph = schema::SubGraph::create(&mut builder, tensors, (), (), (), ());
    let graphs = builder.create_vector(vec![graph]);
    let model = schema::Model::create(&mut builder, 3, (), graphs, (), (), (), ());
    schema::finish(&mut builder, model)
}
