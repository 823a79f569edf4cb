//! From the bytes of a file to a [`Graph`]: everything is verified here, nothing is trusted.
//!
//! The generated readers keep each read inside the buffer. What they cannot know is checked here: indices, shapes
//! (checked arithmetic), buffer lengths, quantization, the order of the operators and, in [`crate::ops`], the rules of
//! each operator. FlatBuffers may point to one table many times over, so copies are charged to a [`Budget`]: the
//! memory an import takes stays proportional to the file.

mod fold;
mod operators;
mod signatures;
mod survey;
mod tensors;

use std::ops::Range;

use planus::ReadAsRoot;

use crate::budget::Budget;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Graph;
use crate::schema;
use crate::tensor::{MAX_RANK, MAX_TENSOR_BYTES, TensorId, checked_size_bytes};

pub use signatures::{Signature, SignatureTensor};
pub(crate) use signatures::{declared_shape, signatures};
pub use survey::{FileOperator, MissingSupport, OperatorInfo};

/// The only version of the format there is.
const FORMAT_VERSION: u32 = 3;

/// The bytes of a `.tflite` file, as much of them as there is.
#[derive(Clone, Copy)]
pub(crate) struct SourceBytes<'a> {
    pub(crate) bytes: &'a [u8],
    /// Ranges that were left out, in order. Constants in them have no bytes.
    pub(crate) holes: &'a [Range<usize>],
    /// Size of the file that the bytes come from, which bounds what an import may take.
    pub(crate) file_bytes: usize,
}

/// Verifies a file and imports its main graph, with other shapes for some inputs (index and shape).
pub(crate) fn import(source: SourceBytes<'_>, shapes: &[(usize, Vec<usize>)]) -> Result<(Graph, Vec<OperatorInfo>)> {
    let file = source.bytes;
    let (model, main) = main_graph(file)?;
    let mut budget = Budget::new(source.file_bytes);
    let mut tensors = tensors::import(file, &model, &main, &mut budget)?;
    tensors::leave_out(&mut tensors, source.holes);
    let (inputs, outputs) = (indices(main.inputs()?), indices(main.outputs()?));
    let inputs = tensors::graph_tensors(&tensors, inputs, "input", &mut budget)?;
    let outputs = tensors::graph_tensors(&tensors, outputs, "output", &mut budget)?;
    let mut graph = Graph { tensors, nodes: Vec::new(), inputs, outputs };
    let declared = shapes.iter().map(|(index, shape)| resize(&mut graph, *index, shape)).collect::<Result<_>>()?;
    operators::import(file, (&model, &main), operators::Imported { graph, declared, budget })
}

/// The operators of a file and whether each can run, without their own rules being looked at.
pub(crate) fn survey(source: SourceBytes<'_>) -> Result<Vec<FileOperator>> {
    let file = source.bytes;
    let (model, main) = main_graph(file)?;
    let mut budget = Budget::new(source.file_bytes);
    let tensors = tensors::import(file, &model, &main, &mut budget)?;
    operators::survey((&model, &main), &tensors, &mut budget)
}

/// The tables of the model and of its main graph.
fn main_graph(file: &[u8]) -> Result<(schema::ModelRef<'_>, schema::SubGraphRef<'_>)> {
    if file.get(4..8) != Some(&schema::FILE_IDENTIFIER) {
        return Err(Error::new(
            ErrorKind::NotAModel,
            "not a .tflite model (the identifier 'TFL3' is missing at byte 4)",
        ));
    }
    let model = schema::ModelRef::read_as_root(file)?;
    let version = model.version()?;
    if version != FORMAT_VERSION {
        return Err(Error::unsupported(format!("format version {version}; only {FORMAT_VERSION} is known")));
    }
    let subgraphs = model.subgraphs()?.ok_or_else(|| Error::corrupt("the model has no graph"))?;
    let main = subgraphs.get(0).ok_or_else(|| Error::corrupt("the model has no graph"))??;
    Ok((model, main))
}

/// Gives an input another shape; returns the tensor and the shape it had.
fn resize(graph: &mut Graph, index: usize, shape: &[usize]) -> Result<(TensorId, Vec<usize>)> {
    let Some(&id) = graph.inputs.get(index) else {
        return Err(Error::argument(format!("there is no input {index}; the model has {}", graph.inputs.len())));
    };
    let tensor = &mut graph.tensors[id];
    let why = match checked_size_bytes(shape, tensor.dtype) {
        _ if shape.len() > MAX_RANK => format!("more than {MAX_RANK} dimensions"),
        None => format!("that is too large, more than {} GiB", MAX_TENSOR_BYTES >> 30),
        Some(0) => "that is empty".to_owned(),
        Some(_) => return Ok((id, std::mem::replace(&mut tensor.shape, shape.to_vec()))),
    };
    Err(Error::argument(format!("input {index} '{}' cannot have the shape {shape:?}: {why}", tensor.name)))
}

/// The elements of an optional vector of tensor indices.
fn indices(vector: Option<planus::Vector<'_, i32>>) -> planus::Vector<'_, i32> {
    vector.unwrap_or_else(planus::Vector::new_empty)
}
