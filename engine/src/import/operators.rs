//! Operators: first whether all of them can run, then each by its own rules, then the order they run in.

use std::collections::BTreeMap;
use std::fmt;

use super::fold::fold;
use super::survey::{FileOperator, MissingSupport, OperatorInfo};
use super::tensors::{ScaleRule, check_scales};
use crate::budget::{Budget, OPERAND_BYTES, OPERATOR_BYTES};
use crate::error::{Error, Result};
use crate::graph::{Graph, Node};
use crate::ops::{self, ImportContext, OpSpec, TypeList};
use crate::schema;
use crate::tensor::{DType, MAX_RANK, Tensor, TensorId, checked_size_bytes};

/// An operator of the file with its indices checked and its code looked up.
struct Entry<'a> {
    info: OperatorInfo,
    spec: Option<&'static OpSpec>,
    operator: schema::OperatorRef<'a>,
    inputs: Vec<Option<TensorId>>,
    outputs: Vec<TensorId>,
}

/// What there is before the operators are looked at.
pub(super) struct Imported {
    /// Without nodes.
    pub(super) graph: Graph,
    /// Shapes in the file of the inputs that got another one.
    pub(super) declared: BTreeMap<TensorId, Vec<usize>>,
    pub(super) budget: Budget,
}

/// Imports the operators of `main` into `graph`, whose tensors, inputs and outputs are there already.
pub(super) fn import(
    file: &[u8],
    (model, main): (&schema::ModelRef<'_>, &schema::SubGraphRef<'_>),
    imported: Imported,
) -> Result<(Graph, Vec<OperatorInfo>)> {
    let Imported { mut graph, mut declared, mut budget } = imported;
    let resized = !declared.is_empty();
    let entries = entries((model, main), &graph.tensors, &mut budget)?;
    refuse_unsupported(&entries, &graph.tensors)?;
    check_order(&entries, &graph)?;
    check_quantization(&entries, &graph.tensors)?;
    let mut is_output = vec![false; graph.tensors.len()];
    graph.outputs.iter().for_each(|&id| is_output[id] = true);
    for entry in &entries {
        let at = |error: Error| error.at_operator(entry.info.index, &entry.info.name);
        let node = import_entry(file, entry, (&graph, &declared), &mut budget).map_err(at)?;
        let before = take_shapes(&node, &mut graph, resized).map_err(at)?;
        declared.extend(before);
        // What the caller gets is computed in each run.
        let visible = node.outputs.iter().any(|&id| is_output[id]);
        if visible || !fold(file, &node, &mut graph, &mut budget).map_err(at)? {
            graph.nodes.push(node);
        }
    }
    if graph.nodes.is_empty() {
        return Err(Error::unsupported("nothing is left to compute: all outputs are constants"));
    }
    graph.check_sizes()?;
    Ok((graph, entries.into_iter().map(|entry| entry.info).collect()))
}

/// All operators, in the file's order.
fn entries<'a>(
    (model, main): (&schema::ModelRef<'a>, &schema::SubGraphRef<'a>),
    tensors: &[Tensor],
    budget: &mut Budget,
) -> Result<Vec<Entry<'a>>> {
    let codes = model.operator_codes()?.unwrap_or_else(planus::Vector::new_empty);
    let operators = main.operators()?.unwrap_or_else(planus::Vector::new_empty);
    budget.charge_each(operators.len(), OPERATOR_BYTES)?;
    let mut entries = Vec::with_capacity(operators.len());
    for (index, operator) in operators.iter().enumerate() {
        entries.push(entry(index, operator?, codes, (tensors, budget))?);
    }
    Ok(entries)
}

/// What the file asks for, and whether it can run.
pub(super) fn survey(
    tables: (&schema::ModelRef<'_>, &schema::SubGraphRef<'_>),
    tensors: &[Tensor],
    budget: &mut Budget,
) -> Result<Vec<FileOperator>> {
    let entries = entries(tables, tensors, budget)?;
    let one = |entry: Entry<'_>| {
        let types = entry.types(tensors);
        let missing = entry.missing(&types);
        FileOperator { info: entry.info, inputs: types.inputs, outputs: types.outputs, missing }
    };
    Ok(entries.into_iter().map(one).collect())
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
    let custom = (number == ops::CUSTOM).then(|| code.custom_code().ok().flatten().unwrap_or("?"));
    let name = match custom {
        Some(custom) => {
            budget.charge(custom.len())?;
            format!("CUSTOM '{custom}'")
        }
        None => ops::builtin_name(number),
    };
    let at = |error: Error| error.at_operator(index, &name);
    let inputs = operator.inputs()?.unwrap_or_else(planus::Vector::new_empty);
    let outputs = operator.outputs()?.unwrap_or_else(planus::Vector::new_empty);
    budget.charge_each(inputs.len() + outputs.len(), OPERAND_BYTES).map_err(at)?;
    let tensor = |id: i32| {
        let known = usize::try_from(id).ok().filter(|&id| id < tensors.len());
        known.ok_or_else(|| Error::corrupt(format!("refers to tensor {id}, there are {}", tensors.len())))
    };
    let optional = |id: i32| if id == -1 { Ok(None) } else { tensor(id).map(Some) };
    Ok(Entry {
        spec: ops::find(number, custom),
        inputs: inputs.iter().map(optional).collect::<Result<_>>().map_err(at)?,
        outputs: outputs.iter().map(tensor).collect::<Result<_>>().map_err(at)?,
        operator,
        info: OperatorInfo { index, version: code.version()?, name },
    })
}

impl Entry<'_> {
    /// Element types of the tensors around it.
    fn types(&self, tensors: &[Tensor]) -> TypeList {
        let dtype = |id: TensorId| tensors[id].dtype;
        TypeList {
            inputs: self.inputs.iter().map(|id| id.map(dtype)).collect(),
            outputs: self.outputs.iter().copied().map(dtype).collect::<Vec<DType>>(),
        }
    }

    /// What keeps it from running, if anything does.
    fn missing(&self, types: &TypeList) -> Option<MissingSupport> {
        let Some(spec) = self.spec else { return Some(MissingSupport::Operator) };
        if self.info.version > spec.max_version {
            return Some(MissingSupport::Version { newest_known: spec.max_version });
        }
        (!(spec.types)(types)).then_some(MissingSupport::Types)
    }
}

/// One line of the list of what cannot run; equal ones are counted.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Missing<'a> {
    name: &'a str,
    version: i32,
    why: MissingSupport,
    types: TypeList,
}

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{} ({})", self.name, self.version, self.types)?;
        match self.why {
            MissingSupport::Operator => Ok(()),
            why => write!(f, " [{why}]"),
        }
    }
}

fn refuse_unsupported(entries: &[Entry<'_>], tensors: &[Tensor]) -> Result<()> {
    let mut missing = BTreeMap::<Missing<'_>, usize>::new();
    for entry in entries {
        let types = entry.types(tensors);
        if let Some(why) = entry.missing(&types) {
            let line = Missing { name: &entry.info.name, version: entry.info.version, why, types };
            *missing.entry(line).or_default() += 1;
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let total: usize = missing.values().sum();
    let list: Vec<_> = missing.iter().map(|(line, count)| format!("{count} x {line}")).collect();
    Err(Error::unsupported(format!(
        "{total} of {} operators are not supported: {}; 'ottava inspect --ops' lists what is",
        entries.len(),
        list.join("; ")
    )))
}

/// Each tensor must be written once, and before it is read.
fn check_order(entries: &[Entry<'_>], graph: &Graph) -> Result<()> {
    let tensors = &graph.tensors;
    let mut written = vec![false; tensors.len()];
    let mut is_input = vec![false; tensors.len()];
    for &id in &graph.inputs {
        is_input[id] = true;
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
            if !tensors[id].dynamic && tensors[id].element_count() == 0 {
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
        if is_input[*id] {
            return Err(Error::unsupported(format!("graph input '{}' is also an output", tensors[*id].name)));
        }
        if !written[*id] {
            return Err(Error::invalid(format!("nothing writes graph output '{}'", tensors[*id].name)));
        }
    }
    Ok(())
}

/// Every quantized tensor that an operator reads or writes must have sound scales and zero points, whether the operator
/// computes with them or not.
fn check_quantization(entries: &[Entry<'_>], tensors: &[Tensor]) -> Result<()> {
    // Many operators may read one tensor of many scales, which need not be looked at each time.
    let mut checked: Vec<Option<ScaleRule>> = vec![None; tensors.len()];
    for entry in entries {
        let filter = entry.spec.and_then(|spec| spec.filter);
        let rule = |index| if Some(index) == filter { ScaleRule::NotBelowZero } else { ScaleRule::AboveZero };
        let inputs = entry.inputs.iter().enumerate().filter_map(|(index, id)| Some(((*id)?, rule(index))));
        for (id, rule) in inputs.chain(entry.outputs.iter().map(|&id| (id, ScaleRule::AboveZero))) {
            if checked[id] < Some(rule) {
                checked[id] = Some(rule);
                let at = |error: Error| error.at_operator(entry.info.index, &entry.info.name);
                check_scales(&tensors[id], rule).map_err(at)?;
            }
        }
    }
    Ok(())
}

fn import_entry(
    file: &[u8],
    entry: &Entry<'_>,
    (graph, declared): (&Graph, &BTreeMap<TensorId, Vec<usize>>),
    budget: &mut Budget,
) -> Result<Node> {
    let spec = entry.spec.ok_or_else(|| Error::internal("an unsupported operator was not refused"))?;
    let mut context = ImportContext {
        tensors: &graph.tensors,
        declared,
        file,
        operator: entry.operator,
        inputs: &entry.inputs,
        outputs: &entry.outputs,
        budget,
    };
    let operator = (spec.import)(&mut context)?;
    Ok(Node { operator, inputs: entry.inputs.clone(), outputs: entry.outputs.clone(), file_operator: entry.info.index })
}

/// Lets the outputs have the shapes that the operator computes, which must be those of the file unless the file leaves
/// them open or the inputs were resized. Returns what shapes were replaced.
fn take_shapes(node: &Node, graph: &mut Graph, resized: bool) -> Result<Vec<(TensorId, Vec<usize>)>> {
    let shapes = node.operator.infer_shapes(&graph.input_shapes(node))?;
    if shapes.len() != node.outputs.len() {
        return Err(Error::invalid(format!("has {} outputs, {} expected", node.outputs.len(), shapes.len())));
    }
    let mut replaced = Vec::new();
    for (&id, shape) in node.outputs.iter().zip(shapes) {
        let tensor = &mut graph.tensors[id];
        if tensor.shape != shape && !(resized || tensor.dynamic) {
            return Err(Error::invalid(format!(
                "output '{}' has shape {:?} in the file, the operator makes {shape:?}",
                tensor.name, tensor.shape
            )));
        }
        match checked_size_bytes(&shape, tensor.dtype) {
            None => return Err(Error::unsupported(format!("output '{}' is too large: {shape:?}", tensor.name))),
            Some(0) => return Err(Error::unsupported(format!("output '{}' is empty: {shape:?}", tensor.name))),
            Some(_) if shape.len() > MAX_RANK => {
                return Err(Error::unsupported(format!("output '{}' has {} dimensions", tensor.name, shape.len())));
            }
            Some(_) => {}
        }
        if tensor.shape != shape {
            replaced.push((id, std::mem::replace(&mut tensor.shape, shape)));
        }
    }
    Ok(replaced)
}
