//! A part of the host's graph as a model: a `.tflite` file that is written in memory, and that the engine verifies as any other.

use std::collections::BTreeMap;
use std::ffi::c_int;

use ottava::{Model, schema};
use planus::Builder;

use crate::abi::{AFFINE, NOT_QUANTIZED, Tensor};
use crate::builtin::type_code;
use crate::host::{Host, Part, affine, elements, text};
use crate::operator::HostOperator;

/// The version of the file format.
const FORMAT_VERSION: u32 = 3;

/// What errors call the model.
const NAME: &str = "the host's graph";

/// The model that computes a part.
///
/// # Errors
/// Why Ottava does not run it.
pub(crate) fn model(host: &Host<'_>, operators: &BTreeMap<c_int, HostOperator>, part: &Part) -> Result<Model, String> {
    let mut tables = Tables { host, tensors: Vec::new(), index: BTreeMap::new(), constants: Vec::new() };
    let (mut codes, mut nodes) = (Vec::new(), Vec::new());
    for id in &part.nodes {
        let operator = operators.get(id).ok_or_else(|| format!("node {id} was not looked at"))?;
        codes.push(code(operator));
        nodes.push(schema::Operator {
            opcode_index: index(nodes.len())? as u32,
            inputs: Some(tables.indices(&operator.inputs)?),
            outputs: Some(tables.indices(&operator.outputs)?),
            builtin_options: operator.options.clone(),
            custom_options: operator.custom_options.clone(),
        });
    }
    let (inputs, outputs) = (tables.indices(&part.inputs)?, tables.indices(&part.outputs)?);
    let Tables { tensors, constants, .. } = tables;
    let graph = schema::SubGraph {
        tensors: Some(tensors),
        inputs: Some(inputs),
        outputs: Some(outputs),
        operators: Some(nodes),
        name: None,
    };
    let bytes: usize = constants.iter().map(|constant| constant.len()).sum();
    let mut builder = Builder::with_capacity(bytes + bytes / 8 + 4096);
    let mut buffers = vec![schema::Buffer::create(&mut builder, None::<&[u8]>, 0_u64, 0_u64)];
    for constant in constants {
        let data = builder.create_vector(constant);
        buffers.push(schema::Buffer::create(&mut builder, data, 0_u64, 0_u64));
    }
    let model = schema::Model::create(&mut builder, FORMAT_VERSION, &codes, &[graph], NAME, &buffers, (), ());
    let file = schema::finish(&mut builder, model);
    Model::from_bytes(file, NAME).map_err(|error| error.to_string())
}

fn code(operator: &HostOperator) -> schema::OperatorCode {
    schema::OperatorCode {
        deprecated_builtin_code: operator.code.min(127) as i8,
        builtin_code: operator.code,
        custom_code: operator.custom.clone(),
        version: operator.version,
    }
}

/// The tensors of the file while it grows.
struct Tables<'a> {
    host: &'a Host<'a>,
    tensors: Vec<schema::Tensor>,
    /// Indices of the file by those of the host.
    index: BTreeMap<c_int, c_int>,
    /// Buffers from the second on.
    constants: Vec<&'a [u8]>,
}

impl Tables<'_> {
    /// The file's indices of tensors, which are added where they are new.
    fn indices(&mut self, ids: &[c_int]) -> Result<Vec<i32>, String> {
        ids.iter().map(|&id| if id < 0 { Ok(-1) } else { self.add(id) }).collect()
    }

    fn add(&mut self, id: c_int) -> Result<c_int, String> {
        if let Some(&known) = self.index.get(&id) {
            return Ok(known);
        }
        let constant = self.host.constant(id)?.filter(|bytes| !bytes.is_empty());
        let buffer = match constant {
            Some(bytes) => {
                self.constants.push(bytes);
                self.constants.len() as u32
            }
            None => 0,
        };
        let new = index(self.tensors.len())?;
        self.tensors.push(tensor(self.host.tensor(id)?, id, buffer)?);
        self.index.insert(id, new);
        Ok(new)
    }
}

fn index(index: usize) -> Result<c_int, String> {
    c_int::try_from(index).map_err(|_| "the graph is too large".into())
}

fn tensor(tensor: &Tensor, id: c_int, buffer: u32) -> Result<schema::Tensor, String> {
    // SAFETY: arrays and the name of the host's tensor.
    let (shape, signature, name) =
        unsafe { (elements(tensor.dims), elements(tensor.dims_signature), text(tensor.name)) };
    let type_ = type_code(tensor.dtype).ok_or_else(|| format!("tensor '{name}' has type {}", tensor.dtype))?;
    let sparsity = (!tensor.sparsity.is_null()).then(|| Box::new(schema::SparsityParameters {}));
    Ok(schema::Tensor {
        shape: Some(shape.to_vec()),
        type_,
        buffer,
        name: Some(if name.is_empty() { format!("tensor {id}") } else { name.to_owned() }),
        quantization: quantization(tensor, name)?.map(Box::new),
        is_variable: tensor.is_variable,
        sparsity,
        shape_signature: (signature.len() == shape.len()).then(|| signature.to_vec()),
        has_rank: !shape.is_empty(),
        external_buffer: 0,
    })
}

fn quantization(tensor: &Tensor, name: &str) -> Result<Option<schema::QuantizationParameters>, String> {
    let (scale, zero_point, dimension) = match tensor.quantization {
        AFFINE => {
            // SAFETY: the tensor says that its parameters are those.
            let Some((scale, zero_point, dimension)) = (unsafe { affine(tensor.quantization_params) }) else {
                return Ok(None);
            };
            // Hosts may keep one zero point for all channels.
            let zero_point = match zero_point {
                &[shared] => vec![shared; scale.len()],
                each => each.to_vec(),
            };
            (scale.to_vec(), zero_point, dimension)
        }
        NOT_QUANTIZED if tensor.scale == 0.0 => return Ok(None),
        NOT_QUANTIZED => (vec![tensor.scale], vec![tensor.zero_point], 0),
        other => return Err(format!("tensor '{name}' has quantization of kind {other}")),
    };
    Ok(Some(schema::QuantizationParameters {
        scale: Some(scale),
        zero_point: Some(zero_point.into_iter().map(i64::from).collect()),
        details: None,
        quantized_dimension: dimension,
    }))
}
