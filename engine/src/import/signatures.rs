//! Signatures: names that a model's author gave to inputs and outputs.

use crate::budget::{Budget, OPERAND_BYTES};
use crate::error::{Error, Result};
use crate::schema;
use crate::tensor::{MAX_RANK, TensorId};

/// A way to call the main graph, with names for its inputs and outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// The name of the signature, such as `serving_default`.
    pub key: String,
    /// Inputs, in the file's order, which need not be the graph's.
    pub inputs: Vec<SignatureTensor>,
    /// Outputs, likewise.
    pub outputs: Vec<SignatureTensor>,
}

/// An input or output of a [`Signature`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignatureTensor {
    /// The signature's name for it.
    pub name: String,
    /// The input or output of the graph that it is.
    pub tensor: TensorId,
}

/// The signatures of the main graph, whose inputs and outputs are given.
pub(crate) fn signatures(file: &[u8], inputs: &[TensorId], outputs: &[TensorId]) -> Result<Vec<Signature>> {
    let (model, _) = super::main_graph(file)?;
    let mut budget = Budget::new(file.len());
    let mut signatures = Vec::new();
    for signature in model.signature_defs()?.unwrap_or_else(planus::Vector::new_empty).iter() {
        let signature = signature?;
        budget.charge(OPERAND_BYTES)?;
        if signature.subgraph_index()? != 0 {
            continue;
        }
        let key = signature.signature_key()?.unwrap_or_default();
        budget.charge(key.len())?;
        let of = |what: &str| format!("{what} of signature '{key}'");
        signatures.push(Signature {
            inputs: named(signature.inputs()?, inputs, &of("an input"), &mut budget)?,
            outputs: named(signature.outputs()?, outputs, &of("an output"), &mut budget)?,
            key: key.to_owned(),
        });
    }
    Ok(signatures)
}

/// The tensors of a signature, which have to be among the graph's.
fn named(
    tensors: Option<planus::Vector<'_, planus::Result<schema::TensorMapRef<'_>>>>,
    known: &[TensorId],
    what: &str,
    budget: &mut Budget,
) -> Result<Vec<SignatureTensor>> {
    let tensors = tensors.unwrap_or_else(planus::Vector::new_empty);
    budget.charge_each(tensors.len(), OPERAND_BYTES)?;
    let mut named = Vec::with_capacity(tensors.len());
    for tensor in tensors.iter() {
        let tensor = tensor?;
        let name = tensor.name()?.unwrap_or_default();
        budget.charge(name.len())?;
        let index = tensor.tensor_index()?;
        let id = usize::try_from(index).ok().filter(|id| known.contains(id));
        let id = id.ok_or_else(|| Error::corrupt(format!("{what} is tensor {index}, which is none of the graph's")))?;
        named.push(SignatureTensor { name: name.to_owned(), tensor: id });
    }
    Ok(named)
}

/// The dimensions of a tensor of the main graph as the file declares them, `None` for those that it leaves open.
pub(crate) fn declared_shape(file: &[u8], id: TensorId) -> Result<Option<Vec<Option<usize>>>> {
    let (_, main) = super::main_graph(file)?;
    let tensors = main.tensors()?.unwrap_or_else(planus::Vector::new_empty);
    let Some(tensor) = tensors.get(id) else { return Ok(None) };
    let signature = tensor?.shape_signature()?.filter(|signature| !signature.is_empty() && signature.len() <= MAX_RANK);
    Ok(signature.map(|signature| signature.iter().map(|size| usize::try_from(size).ok()).collect()))
}
