//! Operators: first whether all of them can run, then each by its own rules, then the order they run in.

use std::collections::BTreeMap;
use std::fmt;

use super::Budget;
use crate::error::{Error, Result};
use crate::graph::{DType, Graph, Node, Tensor, TensorId};
use crate::model::OperatorInfo;
use crate::ops::{self, ImportContext, OpSpec, TypeList};
use crate::schema;

/// An operator of the file with its indices checked and its code looked up.
struct Entry<'a> {
    info: OperatorInfo,
    spec: Option<&'static OpSpec>,
    operator: schema::OperatorRef<'a>,
    inputs: Vec<Option<TensorId>>,
    outputs: Vec<TensorId>,
}

/// Imports the operators of `main` into `graph`, whose tensors, inputs and outputs are there already.
pub(super) fn import(
    file: &[u8],
    (model, main): (&schema::ModelRef<'_>, &schema::SubGraphRef<'_>),
    mut graph: Graph,
    budget: &mut Budget,
) -> Result<(Graph, Vec<OperatorInfo>)> {
    let codes = model.operator_codes()?.unwrap_or_else(planus::Vector::new_empty);
    let operators = main.operators()?.unwrap_or_else(planus::Vector::new_empty);
    let mut entries = Vec::with_capacity(operators.len());
    for (index, operator) in operators.iter().enumerate() {
        entries.push(entry(index, operator?, codes, (&graph.tensors, budget))?);
    }
    refuse_unsupported(&entries, &graph.tensors)?;
    check_order(&entries, &graph)?;
    for entry in &entries {
        let node = import_entry(file, entry, &graph, budget)
            .map_err(|error| error.at_operator(entry.info.index, &entry.info.name))?;
        graph.nodes.push(node);
    }
    graph.check_sizes()?;
    Ok((graph, entries.into_iter().map(|entry| entry.info).collect()))
}

fn entry<'a>(
    index: usize,
    operator: schema::OperatorRef<'a>,
    codes: planus::Vector<'a, planus::Result<schema::OperatorCodeRef<'a>>>,
    (tensors, budget): (&[Tensor], &mut Budget),
) -> Result<Entry<'a>> {
    let opcode = usize::try_from(operator.opcode_index()?).unwrap_or(usize::MAX);
    let code = codes
        .get(opcode)
        .ok_or_else(|| Error::corrupt(format!("operator #{index} has code {opcode}, there are {}", codes.len())))??;
    // Old files have only the one-byte code, new ones put a placeholder there when the code does not fit.
    let number = code.builtin_code()?.max(i32::from(code.deprecated_builtin_code()?));
    let name = if number == ops::CUSTOM {
        let custom = code.custom_code().ok().flatten().unwrap_or("?");
        budget.charge(custom.len())?;
        format!("CUSTOM '{custom}'")
    } else {
        ops::builtin_name(number)
    };
    let at = |error: Error| error.at_operator(index, &name);
    let inputs = operator.inputs()?.unwrap_or_else(planus::Vector::new_empty);
    let outputs = operator.outputs()?.unwrap_or_else(planus::Vector::new_empty);
    budget.charge(4 * (inputs.len() + outputs.len())).map_err(at)?;
    let tensor = |id: i32| {
        let known = usize::try_from(id).ok().filter(|&id| id < tensors.len());
        known.ok_or_else(|| Error::corrupt(format!("refers to tensor {id}, there are {}", tensors.len())))
    };
    let optional = |id: i32| if id == -1 { Ok(None) } else { tensor(id).map(Some) };
    Ok(Entry {
        spec: ops::OPS.iter().find(|spec| spec.code == number),
        inputs: inputs.iter().map(optional).collect::<Result<_>>().map_err(at)?,
        outputs: outputs.iter().map(tensor).collect::<Result<_>>().map_err(at)?,
        operator,
        info: OperatorInfo { index, version: code.version()?, name },
    })
}

/// One line of the list of what cannot run; equal ones are counted.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Missing<'a> {
    name: &'a str,
    version: i32,
    max_version: Option<i32>,
    types: TypeList,
}

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{} ({})", self.name, self.version, self.types)?;
        match self.max_version {
            Some(known) => write!(f, " [known up to v{known}]"),
            None => Ok(()),
        }
    }
}

fn refuse_unsupported(entries: &[Entry<'_>], tensors: &[Tensor]) -> Result<()> {
    let mut missing = BTreeMap::<Missing<'_>, usize>::new();
    for entry in entries {
        let dtype = |id: TensorId| tensors[id].dtype;
        let types = TypeList {
            inputs: entry.inputs.iter().map(|id| id.map(dtype)).collect(),
            outputs: entry.outputs.iter().copied().map(dtype).collect::<Vec<DType>>(),
        };
        let version = entry.info.version;
        let newer = entry.spec.map(|spec| spec.max_version).filter(|&known| version > known);
        if newer.is_some() || !entry.spec.is_some_and(|spec| (spec.types)(&types)) {
            let line = Missing { name: &entry.info.name, version, max_version: newer, types };
            *missing.entry(line).or_default() += 1;
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let total: usize = missing.values().sum();
    let list: Vec<_> = missing.iter().map(|(line, count)| format!("{count} x {line}")).collect();
    let known: Vec<_> = ops::OPS.iter().map(|spec| spec.name).collect();
    Err(Error::unsupported(format!(
        "{total} of {} operators are not supported: {}; supported are int8 and uint8 {}",
        entries.len(),
        list.join("; "),
        known.join(", ")
    )))
}

/// Each tensor must be written once, and before it is read.
fn check_order(entries: &[Entry<'_>], graph: &Graph) -> Result<()> {
    let tensors = &graph.tensors;
    let mut written = vec![false; tensors.len()];
    for &id in &graph.inputs {
        if std::mem::replace(&mut written[id], true) {
            return Err(Error::invalid(format!("'{}' is a graph input twice", tensors[id].name)));
        }
    }
    for entry in entries {
        let at = |what: String| Err(Error::invalid(what).at_operator(entry.info.index, &entry.info.name));
        for &id in entry.inputs.iter().flatten() {
            if !written[id] && tensors[id].data.is_none() {
                return at(format!("reads tensor {id} '{}', which nothing has written yet", tensors[id].name));
            }
            if tensors[id].element_count() == 0 {
                return at(format!("reads tensor {id} '{}', which is empty", tensors[id].name));
            }
        }
        for &id in &entry.outputs {
            if tensors[id].data.is_some() {
                return at(format!("writes tensor {id} '{}', which is a constant", tensors[id].name));
            }
            if std::mem::replace(&mut written[id], true) {
                return at(format!("writes tensor {id} '{}' a second time", tensors[id].name));
            }
        }
    }
    for id in &graph.outputs {
        if graph.inputs.contains(id) {
            return Err(Error::unsupported(format!("graph input '{}' is also an output", tensors[*id].name)));
        }
        if !written[*id] {
            return Err(Error::invalid(format!("nothing writes graph output '{}'", tensors[*id].name)));
        }
    }
    Ok(())
}

fn import_entry(file: &[u8], entry: &Entry<'_>, graph: &Graph, budget: &mut Budget) -> Result<Node> {
    let spec = entry.spec.ok_or_else(|| Error::internal("an unsupported operator was not refused"))?;
    let mut context = ImportContext {
        tensors: &graph.tensors,
        file,
        operator: entry.operator,
        inputs: &entry.inputs,
        outputs: &entry.outputs,
        budget,
    };
    let operator = (spec.import)(&mut context)?;
    let node = Node {
        operator,
        inputs: entry.inputs.clone(),
        outputs: entry.outputs.clone(),
        file_operator: entry.info.index,
    };
    check_outputs(&node, graph)?;
    Ok(node)
}

/// The shapes in the file must be those that the operator computes.
fn check_outputs(node: &Node, graph: &Graph) -> Result<()> {
    let shapes = node.operator.infer_shapes(&graph.input_shapes(node))?;
    if shapes.len() != node.outputs.len() {
        return Err(Error::invalid(format!("has {} outputs, {} expected", node.outputs.len(), shapes.len())));
    }
    for (&id, shape) in node.outputs.iter().zip(&shapes) {
        let tensor = &graph.tensors[id];
        if tensor.shape != *shape {
            return Err(Error::invalid(format!(
                "output '{}' has shape {:?} in the file, the operator makes {shape:?}",
                tensor.name, tensor.shape
            )));
        }
        if tensor.element_count() == 0 {
            return Err(Error::unsupported(format!("output '{}' is empty: {shape:?}", tensor.name)));
        }
    }
    Ok(())
}
