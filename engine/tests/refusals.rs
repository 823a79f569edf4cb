//! Models that ask for the impossible are refused with the operator's index and name; those that ask for what is not
//! there, with all of it.
//!
//! The recordings of `models/golden` are the sound models; each case breaks one thing in one of them.

mod recordings;

use ottava::schema::{self, BuiltinOptions, QuantizationParameters, Tensor};
use ottava::{Error, ErrorKind, Model};
use planus::ReadAsRoot;
use recordings::{archives, cases};

/// A recorded model of an operator as tables that can be edited.
fn recorded(operator: &str, name: &str) -> schema::Model {
    let archive = &archives()[operator];
    let case = cases(archive).remove(name).unwrap_or_else(|| panic!("{operator} has no case {name}"));
    schema::Model::try_from(schema::ModelRef::read_as_root(&case.model).unwrap()).unwrap()
}

fn load(model: &schema::Model) -> Result<Model, Error> {
    Model::from_bytes(schema::finish(&mut planus::Builder::new(), model), "edited")
}

fn graph(model: &mut schema::Model) -> &mut schema::SubGraph {
    &mut model.subgraphs.as_mut().unwrap()[0]
}

fn operator(model: &mut schema::Model) -> &mut schema::Operator {
    &mut graph(model).operators.as_mut().unwrap()[0]
}

fn options(model: &mut schema::Model) -> &mut BuiltinOptions {
    operator(model).builtin_options.as_mut().unwrap()
}

/// The tensor that is input `index` of the operator.
fn input(model: &mut schema::Model, index: usize) -> &mut Tensor {
    let id = operator(model).inputs.as_ref().unwrap()[index] as usize;
    &mut graph(model).tensors.as_mut().unwrap()[id]
}

fn quantization(model: &mut schema::Model, index: usize) -> &mut QuantizationParameters {
    input(model, index).quantization.as_mut().unwrap()
}

/// Replaces the first 32-bit element of the constant that is input `index`.
fn set_constant(model: &mut schema::Model, index: usize, value: i32) {
    let buffer = input(model, index).buffer as usize;
    let data = model.buffers.as_mut().unwrap()[buffer].data.as_mut().expect("a constant");
    data[..4].copy_from_slice(&value.to_le_bytes());
}

/// Drops one scale of a filter.
fn drop_scale(model: &mut schema::Model, index: usize) {
    let quantization = quantization(model, index);
    assert!(quantization.scale.as_ref().unwrap().len() > 2, "not a filter of three channels");
    quantization.scale.as_mut().unwrap().pop();
    quantization.zero_point.as_mut().unwrap().pop();
}

/// Expects that the edit makes the model's operator impossible.
fn refuse(name: &str, case: &str, edit: impl Fn(&mut schema::Model)) {
    let mut model = recorded(name, case);
    load(&model).unwrap_or_else(|error| panic!("{name} {case} is sound: {error}"));
    edit(&mut model);
    let error = load(&model).err().unwrap_or_else(|| panic!("{name} {case} was not refused"));
    assert!(matches!(error.kind(), ErrorKind::InvalidModel | ErrorKind::Unsupported), "{error}");
    assert_eq!(error.operator(), Some((0, name)), "{error}");
}

/// The first case of an operator for which `suits` holds.
fn find(name: &str, dtype: &str, suits: impl Fn(&mut schema::Model) -> bool) -> String {
    let all = cases(&archives()[name]);
    let mut named = all.keys().filter(|case| case.starts_with(&format!("{dtype}-")));
    named.find(|case| suits(&mut recorded(name, case))).unwrap_or_else(|| panic!("{name} has no such case")).clone()
}

#[test]
fn a_stride_of_zero() {
    refuse("DEPTHWISE_CONV_2D", "int8-00", |model| match options(model) {
        BuiltinOptions::DepthwiseConv2DOptions(options) => options.stride_h = 0,
        _ => panic!(),
    });
    refuse("TRANSPOSE_CONV", "uint8-00", |model| match options(model) {
        BuiltinOptions::TransposeConvOptions(options) => options.stride_w = 0,
        _ => panic!(),
    });
    for name in ["AVERAGE_POOL_2D", "MAX_POOL_2D"] {
        refuse(name, "int16-00", |model| match options(model) {
            BuiltinOptions::Pool2DOptions(options) => options.stride_h = 0,
            _ => panic!(),
        });
        refuse(name, "uint8-00", |model| match options(model) {
            BuiltinOptions::Pool2DOptions(options) => options.filter_width = -2,
            _ => panic!(),
        });
    }
    let plain = find("STRIDED_SLICE", "int8", |model| match options(model) {
        BuiltinOptions::StridedSliceOptions(options) => {
            options.shrink_axis_mask | options.new_axis_mask | options.ellipsis_mask == 0
        }
        _ => panic!(),
    });
    refuse("STRIDED_SLICE", &plain, |model| set_constant(model, 3, 0));
    refuse("SPACE_TO_DEPTH", "int8-00", |model| match options(model) {
        BuiltinOptions::SpaceToDepthOptions(options) => options.block_size = 0,
        _ => panic!(),
    });
    refuse("SPACE_TO_BATCH_ND", "int8-00", |model| set_constant(model, 1, 0));
}

/// The number of taps is 0 where it is counted in 32 bits.
#[test]
fn a_window_of_more_taps_than_32_bits_count() {
    let mut model = recorded("MAX_POOL_2D", "int8-00");
    match options(&mut model) {
        BuiltinOptions::Pool2DOptions(options) => {
            (options.padding, options.filter_height, options.filter_width) = (0, 1 << 16, 1 << 16);
        }
        _ => panic!(),
    }
    let error = load(&model).unwrap_err();
    assert!(error.to_string().contains("a window of 65536 x 65536 elements"), "{error}");
}

#[test]
fn a_negative_size() {
    refuse("SLICE", "int8-00", |model| set_constant(model, 2, -7));
    refuse("PAD", "int8-00", |model| set_constant(model, 1, -1));
    refuse("MIRROR_PAD", "int8-00", |model| set_constant(model, 1, -1));
    refuse("TILE", "int8-00", |model| set_constant(model, 1, -3));
    refuse("BROADCAST_TO", "int8-00", |model| set_constant(model, 1, -3));
    refuse("RESIZE_BILINEAR", "int8-00", |model| set_constant(model, 1, -5));
    refuse("RESIZE_NEAREST_NEIGHBOR", "int8-00", |model| set_constant(model, 1, 0));
    refuse("TRANSPOSE_CONV", "int8-00", |model| set_constant(model, 0, -1));
    refuse("TOPK_V2", "int8-00", |model| set_constant(model, 1, -1));
    refuse("SPLIT_V", "int8-00", |model| set_constant(model, 1, -5));
}

#[test]
fn an_axis_out_of_range() {
    for far in [9, -9] {
        for (name, axis) in
            [("MEAN", 1), ("SUM", 1), ("REDUCE_MAX", 1), ("ARG_MAX", 1), ("EXPAND_DIMS", 1), ("SPLIT", 0)]
        {
            let dtype = if name == "SUM" { "uint8" } else { "int8" };
            refuse(name, &format!("{dtype}-00"), |model| set_constant(model, axis, far));
        }
        refuse("REVERSE_V2", "int8-00", |model| set_constant(model, 1, far));
        refuse("TRANSPOSE", "int8-00", |model| set_constant(model, 1, far));
        refuse("CONCATENATION", "int8-00", |model| match options(model) {
            BuiltinOptions::ConcatenationOptions(options) => options.axis = far,
            _ => panic!(),
        });
        refuse("GATHER", "int8-00", |model| match options(model) {
            BuiltinOptions::GatherOptions(options) => options.axis = far,
            _ => panic!(),
        });
        refuse("PACK", "int8-00", |model| match options(model) {
            BuiltinOptions::PackOptions(options) => options.axis = far,
            _ => panic!(),
        });
        refuse("UNPACK", "int8-00", |model| match options(model) {
            BuiltinOptions::UnpackOptions(options) => options.axis = far,
            _ => panic!(),
        });
    }
}

#[test]
fn scales_that_do_not_match_the_channels() {
    for (name, filter) in [("CONV_2D", 1), ("DEPTHWISE_CONV_2D", 1), ("FULLY_CONNECTED", 1), ("TRANSPOSE_CONV", 1)] {
        let case = find(name, "int8", |model| quantization(model, filter).scale.as_ref().unwrap().len() > 2);
        let mut model = recorded(name, &case);
        drop_scale(&mut model, filter);
        // The tensor itself is wrong, whoever reads it: the message names it.
        let error = load(&model).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidModel);
        assert!(error.to_string().contains("scales along dimension"), "{error}");
        // As many scales as another dimension has, and no fewer: only the operator knows that this is wrong.
        let other = find(name, "int8", |model| {
            let dimension = usize::try_from(quantization(model, filter).quantized_dimension).unwrap();
            let shape = input(model, filter).shape.clone().unwrap();
            let count = quantization(model, filter).scale.as_ref().unwrap().len();
            count > 1 && shape.iter().enumerate().any(|(at, &size)| at != dimension && size > 1)
        });
        refuse(name, &other, |model| {
            let shape = input(model, filter).shape.clone().unwrap();
            let quantization = quantization(model, filter);
            let dimension = usize::try_from(quantization.quantized_dimension).unwrap();
            let (at, &size) = shape.iter().enumerate().find(|&(at, &size)| at != dimension && size > 1).unwrap();
            quantization.quantized_dimension = at as i32;
            quantization.scale = Some(vec![0.01; size as usize]);
            quantization.zero_point = Some(vec![0; size as usize]);
        });
    }
}

#[test]
fn weights_of_another_type() {
    const UINT8: i8 = 3;
    for name in ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"] {
        let mut model = recorded(name, "int8-00");
        input(&mut model, 1).type_ = UINT8;
        let error = load(&model).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(&format!("1 x {name} v1 (")), "{error}");
        assert!(error.to_string().contains("uint8"), "{error}");
    }
}

#[test]
fn scales_that_an_operator_fixes() {
    refuse("LOGISTIC", "int8-00", |model| {
        let id = operator(model).outputs.as_ref().unwrap()[0] as usize;
        let tensor = &mut graph(model).tensors.as_mut().unwrap()[id];
        tensor.quantization.as_mut().unwrap().scale = Some(vec![0.25]);
    });
    refuse("REDUCE_MAX", "int8-00", |model| quantization(model, 0).scale = Some(vec![0.77]));
    refuse("CONCATENATION", "int8-00", |model| quantization(model, 0).scale = Some(vec![0.77]));
    refuse("MUL", "int8-00", |model| quantization(model, 0).scale = Some(vec![f32::NAN]));
    refuse("ADD", "int8-00", |model| quantization(model, 1).zero_point = Some(vec![128]));
    refuse("CONV_2D", "int16-00", |model| quantization(model, 0).zero_point = Some(vec![3]));
}

/// Of every operator, whether it computes with scales or only moves values; of inputs, constants and outputs.
#[test]
fn scales_and_zero_points_that_none_can_have() {
    let mut edited = 0;
    for (name, archive) in archives() {
        for dtype in ["int8", "uint8", "int16"] {
            let all = cases(&archive);
            let Some(case) = all.keys().find(|case| case.starts_with(&format!("{dtype}-"))) else { continue };
            let sound = recorded(&name, case);
            for id in 0..sound.subgraphs.as_ref().unwrap()[0].tensors.as_ref().unwrap().len() {
                edited += refuse_quantizations(&sound, id, &format!("{name} {case}, tensor {id}"));
            }
        }
    }
    assert!(edited > 1000, "{edited} edits");
}

/// Expects that a tensor of a quantized type can have no unsound scale or zero point, if it has any; how often.
fn refuse_quantizations(sound: &schema::Model, id: usize, what: &str) -> usize {
    const QUANTIZED: [(i8, i64); 3] = [(3, 256), (9, 128), (7, 32768)];
    let mut model = sound.clone();
    let operator = operator(&mut model).clone();
    let has = |list: &Option<Vec<i32>>| list.as_ref().unwrap().contains(&(id as i32));
    let tensor = graph(&mut model).tensors.as_mut().unwrap()[id].clone();
    let Some(&(_, outside)) = QUANTIZED.iter().find(|(code, _)| *code == tensor.type_) else { return 0 };
    let quantized = tensor.quantization.as_ref().is_some_and(|it| it.scale.as_ref().is_some_and(|it| !it.is_empty()));
    if !quantized || !(has(&operator.inputs) || has(&operator.outputs)) {
        return 0;
    }
    let refuse = |edit: &dyn Fn(&mut QuantizationParameters), value: String| {
        let mut model = sound.clone();
        edit(graph(&mut model).tensors.as_mut().unwrap()[id].quantization.as_mut().unwrap());
        let error = load(&model).err().unwrap_or_else(|| panic!("{what}: {value} was not refused"));
        assert_eq!(error.kind(), ErrorKind::InvalidModel, "{what}: {error}");
        assert!(error.operator().is_some() && error.to_string().contains(&value), "{what}: {error}");
    };
    let weights = tensor.buffer != 0 && operator_has_filter(sound) && operator.inputs.as_ref().unwrap()[1] == id as i32;
    let zero = if weights { &[][..] } else { &[0.0, -0.0] };
    let scales = [&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.25][..], zero].concat();
    for &scale in &scales {
        // The last one: all are looked at.
        refuse(&|it| *it.scale.as_mut().unwrap().last_mut().unwrap() = scale, format!("has scale {scale}"));
    }
    refuse(&|it| *it.zero_point.as_mut().unwrap().last_mut().unwrap() = outside, format!("zero point {outside}"));
    scales.len() + 1
}

/// Whether the only operator has a filter, whose scales may be 0.
fn operator_has_filter(model: &schema::Model) -> bool {
    let code = &model.operator_codes.as_ref().unwrap()[0];
    [3, 4, 9, 67].contains(&code.builtin_code.max(code.deprecated_builtin_code.into()))
}

#[test]
fn a_channel_of_zeros_may_have_scale_0() {
    for name in ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"] {
        let case = find(name, "int8", |model| quantization(model, 1).scale.as_ref().unwrap().len() > 1);
        let mut model = recorded(name, &case);
        quantization(&mut model, 1).scale.as_mut().unwrap()[0] = 0.0;
        load(&model).unwrap_or_else(|error| panic!("{name} {case}: {error}"));
    }
}

/// All that cannot run is in one message: what is unknown, what is too new, what has other types.
#[test]
fn everything_that_is_missing_is_listed() {
    let mut model = recorded("MUL", "int8-00");
    let code = |code: i32, version: i32, custom: Option<&str>| schema::OperatorCode {
        deprecated_builtin_code: code.min(127) as i8,
        builtin_code: code,
        version,
        custom_code: custom.map(str::to_owned),
    };
    const WHERE: i32 = 109;
    model.operator_codes =
        Some(vec![code(18, 99, None), code(WHERE, 1, None), code(32, 2, Some("Mystery")), code(18, 1, None)]);
    let first = operator(&mut model).clone();
    let tensors = graph(&mut model).tensors.as_mut().unwrap();
    let (output, text) = (tensors[first.outputs.as_ref().unwrap()[0] as usize].clone(), tensors.len() as i32);
    tensors.push(Tensor { type_: 10, ..output.clone() });
    tensors.extend([output.clone(), output.clone(), output]);
    let inputs = first.inputs.clone().unwrap();
    let node = |opcode_index: u32, inputs: Vec<i32>, output: i32| schema::Operator {
        opcode_index,
        inputs: Some(inputs),
        outputs: Some(vec![output]),
        ..Default::default()
    };
    let operators = graph(&mut model).operators.as_mut().unwrap();
    operators.push(node(1, vec![inputs[0]], text + 1));
    operators.push(node(2, vec![inputs[0]], text + 2));
    operators.push(node(3, vec![inputs[0], inputs[1]], text));
    operators.push(node(1, vec![inputs[0]], text + 3));
    let error = load(&model).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    for piece in [
        "5 of 5 operators are not supported",
        "1 x MUL v99 (int8, int8 -> int8) [known up to v",
        "2 x WHERE v1 (int8 -> int8)",
        "1 x CUSTOM 'Mystery' v2 (int8 -> int8)",
        "1 x MUL v1 (int8, int8 -> float64)",
    ] {
        assert!(text.contains(piece), "{piece} in\n{text}");
    }
}
