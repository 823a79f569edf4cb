//! Every rule of the importer that a convolution can break, one at a time.

use ottava::ErrorKind::{self, Corrupt, InvalidModel, Unsupported};
use ottava::schema::{self, BuiltinOptions, SoftmaxOptions, SparsityParameters};

use super::{Case, graph, operator, options, quantization, scales, tensor};

fn case(
    name: &'static str,
    kind: ErrorKind,
    message: &'static str,
    edit: impl Fn(&mut schema::Model) + 'static,
) -> Case {
    Case { name, kind, message, edit: Box::new(edit) }
}

/// All cases.
pub fn broken() -> Vec<Case> {
    let mut cases = files();
    cases.extend(tensors());
    cases.extend(graphs());
    cases.extend(operators());
    cases.extend(convolutions());
    cases
}

fn files() -> Vec<Case> {
    vec![
        case("version", Unsupported, "format version 2", |model| model.version = 2),
        case("no graph", Corrupt, "no graph", |model| model.subgraphs = None),
        case("empty graphs", Corrupt, "no graph", |model| model.subgraphs = Some(Vec::new())),
        case("buffer index", Corrupt, "buffer 7 of 3", |model| tensor(model, 1).buffer = 7),
        case("far buffer", Corrupt, "lies at 1000000+9", |model| {
            model.buffers.as_mut().unwrap()[1] = schema::Buffer { data: None, offset: 1_000_000, size: 9 };
        }),
        case("overflowing buffer", Corrupt, "lies at", |model| {
            model.buffers.as_mut().unwrap()[1] = schema::Buffer { data: None, offset: u64::MAX - 3, size: 9 };
        }),
        case("short buffer", Corrupt, "needs 54 bytes, its buffer holds 53", |model| {
            model.buffers.as_mut().unwrap()[1].data.as_mut().unwrap().pop();
        }),
    ]
}

fn tensors() -> Vec<Case> {
    vec![
        case("negative dimension", Corrupt, "a dimension of -1", |model| {
            tensor(model, 0).shape = Some(vec![-1, 4, 4, 3]);
        }),
        case("huge tensor", Unsupported, "too large", |model| tensor(model, 0).shape = Some(vec![i32::MAX; 4])),
        case("large tensor", Unsupported, "too large", |model| {
            tensor(model, 0).shape = Some(vec![1, 65536, 32768, 3]);
        }),
        case("rank", Unsupported, "9 dimensions", |model| tensor(model, 0).shape = Some(vec![1; 9])),
        case("variable", Unsupported, "is a variable", |model| tensor(model, 0).is_variable = true),
        case("sparse", Unsupported, "sparse", |model| {
            tensor(model, 1).sparsity = Some(Box::new(SparsityParameters::default()));
        }),
        case("external", Unsupported, "another file", |model| tensor(model, 1).external_buffer = 1),
        case("scales without zero points", InvalidModel, "1 scales but 0 zero points", |model| {
            quantization(model, 0).zero_point = None;
        }),
        case("number of scales", InvalidModel, "3 scales along dimension 0", |model| {
            tensor(model, 1).quantization = scales(&[0.1; 3], 0);
        }),
        case("empty input", Unsupported, "is empty", |model| tensor(model, 0).shape = Some(vec![1, 0, 4, 3])),
        case("string input", Unsupported, "is string", |model| tensor(model, 0).type_ = 5),
    ]
}

fn graphs() -> Vec<Case> {
    vec![
        case("no input", InvalidModel, "no input", |model| graph(model).inputs = None),
        case("input index", Corrupt, "tensor 4, there are 4", |model| graph(model).inputs = Some(vec![4])),
        case("negative output", Corrupt, "tensor -1", |model| graph(model).outputs = Some(vec![-1])),
        case("constant input", Unsupported, "is a constant", |model| graph(model).inputs = Some(vec![0, 1])),
        case("input twice", InvalidModel, "input twice", |model| graph(model).inputs = Some(vec![0, 0])),
        case("input as output", Unsupported, "also an output", |model| graph(model).outputs = Some(vec![0])),
        case("unwritten output", InvalidModel, "nothing writes", |model| {
            let spare = tensor(model, 3).clone();
            graph(model).tensors.as_mut().unwrap().push(spare);
            graph(model).outputs = Some(vec![4]);
        }),
        case("read before written", InvalidModel, "nothing has written yet", |model| {
            operator(model).inputs = Some(vec![3, 1, 2]);
        }),
        case("written twice", InvalidModel, "a second time", |model| {
            let again = operator(model).clone();
            graph(model).operators.as_mut().unwrap().push(again);
        }),
        case("constant written", InvalidModel, "which is a constant", |model| operator(model).outputs = Some(vec![1])),
    ]
}

fn operators() -> Vec<Case> {
    vec![
        case("tensor index", Corrupt, "tensor 99", |model| operator(model).inputs = Some(vec![0, 99, 2])),
        case("operator code", Corrupt, "has code 5", |model| operator(model).opcode_index = 5),
        case("unknown operator", Unsupported, "1 x operator code 12345 v1", |model| {
            model.operator_codes.as_mut().unwrap()[0].builtin_code = 12345;
        }),
        case("custom operator", Unsupported, "CUSTOM 'Mystery' v1 (int8, int8, int32 -> int8)", |model| {
            let code = &mut model.operator_codes.as_mut().unwrap()[0];
            code.builtin_code = 32;
            code.custom_code = Some("Mystery".to_owned());
        }),
        case("newer version", Unsupported, "CONV_2D v99 (int8, int8, int32 -> int8) [known up to v8]", |model| {
            model.operator_codes.as_mut().unwrap()[0].version = 99;
        }),
        case("float", Unsupported, "CONV_2D v1 (float32, int8, int32 -> int8)", |model| tensor(model, 0).type_ = 0),
        case("mixed types", Unsupported, "(uint8, int8, int32 -> int8)", |model| tensor(model, 0).type_ = 3),
        case("missing filter", InvalidModel, "input 1 is missing", |model| {
            operator(model).inputs = Some(vec![0, -1, 2]);
        }),
        case("one input", InvalidModel, "has 1 inputs", |model| operator(model).inputs = Some(vec![0])),
        case("no output", InvalidModel, "nothing writes", |model| operator(model).outputs = None),
        case("other options", InvalidModel, "options of another operator", |model| {
            let options = SoftmaxOptions { beta: 1.0 };
            operator(model).builtin_options = Some(BuiltinOptions::SoftmaxOptions(Box::new(options)));
        }),
        case("no options", InvalidModel, "no options", |model| operator(model).builtin_options = None),
        case("output shape", InvalidModel, "the operator makes [1, 4, 4, 2]", |model| {
            tensor(model, 3).shape = Some(vec![1, 4, 2, 4]);
        }),
    ]
}

fn convolutions() -> Vec<Case> {
    vec![
        case("stride 0", InvalidModel, "a stride of 0", |model| options(model).stride_h = 0),
        case("negative dilation", InvalidModel, "a dilation of -1", |model| options(model).dilation_w_factor = -1),
        case("padding", InvalidModel, "padding 2", |model| options(model).padding = 2),
        case("activation", InvalidModel, "fused activation 9", |model| options(model).fused_activation_function = 9),
        case("channels", InvalidModel, "do not divide", |model| {
            tensor(model, 0).shape = Some(vec![1, 4, 4, 2]);
        }),
        case("rank 3", InvalidModel, "NHWC expected", |model| tensor(model, 0).shape = Some(vec![4, 4, 3])),
        case("filter zero point", InvalidModel, "zero point that is not 0", |model| {
            quantization(model, 1).zero_point = Some(vec![0, 1]);
        }),
        case("filter scale", InvalidModel, "scale NaN", |model| {
            quantization(model, 1).scale = Some(vec![0.1, f32::NAN]);
        }),
        case("no quantization", InvalidModel, "no scale and zero point", |model| tensor(model, 0).quantization = None),
        case("two input scales", Unsupported, "only weights may have several", |model| {
            tensor(model, 0).quantization = scales(&[0.1; 4], 0);
            quantization(model, 0).quantized_dimension = 1;
        }),
        case("zero scale", InvalidModel, "has scale 0", |model| quantization(model, 3).scale = Some(vec![0.0])),
        case("zero point", InvalidModel, "zero point 128, outside its type int8", |model| {
            quantization(model, 0).zero_point = Some(vec![128]);
        }),
        case("huge multiplier", InvalidModel, "multiplier", |model| quantization(model, 3).scale = Some(vec![1e-30])),
        case("computed filter", Unsupported, "must be a constant", |model| {
            tensor(model, 1).buffer = 0;
            graph(model).inputs = Some(vec![0, 1]);
        }),
        case("bias length", InvalidModel, "has shape [1], 2 expected", |model| {
            tensor(model, 2).shape = Some(vec![1]);
            tensor(model, 2).quantization = scales(&[0.005], 0);
        }),
        case("bias zero point", InvalidModel, "zero point 1, 0 expected", |model| {
            quantization(model, 2).zero_point = Some(vec![0, 1]);
        }),
    ]
}
