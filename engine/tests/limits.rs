//! Small files that ask for much: what is counted when they are opened refuses them.

use ottava::schema::{self, BuiltinOptions, ConcatenationOptions, Operator, QuantizationParameters, SubGraph, Tensor};
use ottava::{ErrorKind, Model};

/// A file whose tables refer to each other as often as its maker wants.
struct Maker {
    builder: planus::Builder,
    tensors: Vec<planus::Offset<Tensor>>,
    operators: Vec<planus::Offset<Operator>>,
}

impl Maker {
    fn new() -> Self {
        Self { builder: planus::Builder::new(), tensors: Vec::new(), operators: Vec::new() }
    }

    /// `count` int8 tensors that are one table in the file.
    fn tensors(&mut self, count: usize, shape: &[i32]) {
        let one = |value| QuantizationParameters {
            scale: Some(vec![value]),
            zero_point: Some(vec![0]),
            ..Default::default()
        };
        let tensor =
            Tensor::create(&mut self.builder, shape.to_vec(), 9, 0, (), Box::new(one(0.5)), false, (), (), true, 0);
        self.tensors.extend(vec![tensor; count]);
    }

    /// A list of tensors that operators can share.
    fn list(&mut self, ids: impl Iterator<Item = usize>) -> planus::Offset<[i32]> {
        let ids: Vec<i32> = ids.map(|id| id as i32).collect();
        self.builder.create_vector(ids)
    }

    fn operator(&mut self, code: u32, inputs: planus::Offset<[i32]>, output: usize, options: Option<BuiltinOptions>) {
        let outputs = vec![output as i32];
        let operator = Operator::create(&mut self.builder, code, inputs, outputs, options.as_ref(), ());
        self.operators.push(operator);
    }

    /// The file, with NEG and CONCATENATION as codes 0 and 1.
    fn file(mut self, inputs: impl Iterator<Item = usize>, outputs: impl Iterator<Item = usize>) -> Vec<u8> {
        let (inputs, outputs) = (self.list(inputs), self.list(outputs));
        let builder = &mut self.builder;
        let graph = SubGraph::create(builder, self.tensors, inputs, outputs, self.operators, ());
        let codes = [59, 2].map(|code: i32| schema::OperatorCode {
            deprecated_builtin_code: code as i8,
            builtin_code: code,
            ..Default::default()
        });
        let buffers = vec![schema::Buffer::default()];
        let model = schema::Model::create(builder, 3, codes.to_vec(), vec![graph], (), buffers, (), ());
        schema::finish(builder, model)
    }
}

fn refused(file: Vec<u8>) {
    match Model::from_bytes(file, "limits") {
        Ok(model) => panic!("{} tensors and {} operators", model.graph().tensors.len(), model.graph().nodes.len()),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            assert!(error.to_string().contains("too many times"), "{error}");
        }
    }
}

/// Eight bytes of the file for each tensor, and hundreds of memory.
#[test]
fn many_inputs_of_one_table_are_refused() {
    let count = 200_000;
    let mut maker = Maker::new();
    maker.tensors(count + 1, &[1, 4]);
    let first = maker.list(0..1);
    maker.operator(0, first, count, None);
    let file = maker.file(0..count, count..count + 1);
    assert!(file.len() < 2 << 20, "{} bytes", file.len());
    refused(file);
}

/// An operator reads a list of any length for the four bytes that refer to it.
#[test]
fn operators_that_share_a_long_list_are_refused() {
    let (parts, count) = (1_000, 200);
    let mut maker = Maker::new();
    maker.tensors(parts + 1, &[1, 4]);
    maker.tensors(count, &[1, 4 * parts as i32]);
    let first = maker.list(0..1);
    (1..=parts).for_each(|part| maker.operator(0, first, part, None));
    let list = maker.list(1..=parts);
    for index in 0..count {
        let options = ConcatenationOptions { axis: 1, fused_activation_function: 0 };
        let options = Some(BuiltinOptions::ConcatenationOptions(Box::new(options)));
        maker.operator(1, list, 1 + parts + index, options);
    }
    let file = maker.file(0..1, 1 + parts..1 + parts + count);
    assert!(file.len() < 1 << 17, "{} bytes", file.len());
    refused(file);
}
