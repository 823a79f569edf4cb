//! The model and its plan for people.

use ottava::graph::Tensor;
use ottava::{Model, Plan, Quantization, TensorInfo};

use super::{memory, node_macs, operator_kinds};
use crate::pack;
use crate::table::{self, Align::Left, Align::Right, counted, plain};

/// The whole text.
pub fn text(model: &Model, plan: &Plan) -> String {
    [head(model, plan), kinds(model), operators(model), tensors(model), layers(plan), memory::sums(plan)].join("\n")
}

fn head(model: &Model, plan: &Plan) -> String {
    let graph = model.graph();
    let mut text = format!(
        "{}: {}, {}, {}, {}\n",
        plain(model.name()),
        table::bytes(model.size_bytes()),
        counted(model.operators().len(), "operator"),
        counted(graph.tensors.len(), "tensor"),
        table::macs(graph.macs()),
    );
    if !model.packed_sections().is_empty() {
        let hash: String = model.source_hash().iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("packed for {}\nsource SHA-256 {hash}\n", pack::sections(model)));
    }
    for (what, infos) in [("input", plan.inputs()), ("output", plan.outputs())] {
        for (index, info) in infos.iter().enumerate() {
            text.push_str(&format!("{what} {index}: {}\n", interface(info)));
        }
    }
    text
}

fn interface(info: &TensorInfo) -> String {
    let quantization = info.quantization.as_ref().map_or(String::new(), |q| format!(", {}", quantization(q)));
    format!("'{}' {} {}{quantization}", plain(&info.name), info.dtype, table::shape(&info.shape))
}

fn quantization(quantization: &Quantization) -> String {
    match (&quantization.scale[..], &quantization.zero_point[..]) {
        ([], _) => String::new(),
        ([scale], [zero, ..]) => format!("scale {scale}, zero point {zero}"),
        ([scale], []) => format!("scale {scale}"),
        (scales, zeros) => {
            let (least, greatest) = scales.iter().fold((f32::MAX, f32::MIN), |(a, b), &s| (a.min(s), b.max(s)));
            let zeros = match zeros.first() {
                Some(first) if zeros.iter().all(|zero| zero == first) => format!("zero point {first}"),
                _ => "several zero points".to_owned(),
            };
            let (count, dimension) = (scales.len(), quantization.dimension);
            format!("{count} scales along dimension {dimension}, {least} to {greatest}, {zeros}")
        }
    }
}

fn kinds(model: &Model) -> String {
    let columns = [("operator", Left), ("version", Right), ("count", Right), ("MACs", Right)];
    let rows = operator_kinds(model)
        .into_iter()
        .map(|kind| vec![kind.name.to_owned(), kind.version.to_string(), kind.count.to_string(), macs(kind.macs)]);
    "Operators by kind\n".to_owned() + &table::render(&columns, rows)
}

fn macs(count: u64) -> String {
    if count == 0 { String::new() } else { table::macs(count) }
}

fn operators(model: &Model) -> String {
    let columns = [
        ("#", Right),
        ("operator", Left),
        ("version", Right),
        ("reads", Left),
        ("writes", Left),
        ("output", Left),
        ("MACs", Right),
    ];
    let graph = model.graph();
    let rows = graph.nodes.iter().map(|node| {
        let reads = node.inputs.iter().map(|id| id.map_or("-".to_owned(), |id| id.to_string()));
        let writes = node.outputs.iter().map(ToString::to_string);
        let shapes = graph.output_shapes(node);
        let version = model.operators().get(node.file_operator).map_or(0, |operator| operator.version);
        vec![
            node.file_operator.to_string(),
            node.operator.name().to_owned(),
            version.to_string(),
            few(reads),
            few(writes),
            shapes.first().map_or(String::new(), |shape| table::shape(shape)),
            macs(node_macs(model, node.file_operator)),
        ]
    });
    "Operators\n".to_owned() + &table::render(&columns, rows)
}

/// A list of tensors, cut where it would be long.
fn few(ids: impl Iterator<Item = String>) -> String {
    let mut ids: Vec<String> = ids.collect();
    if ids.len() > 6 {
        ids.truncate(5);
        ids.push("...".to_owned());
    }
    ids.join(" ")
}

fn tensors(model: &Model) -> String {
    let columns =
        [("#", Right), ("tensor", Left), ("type", Left), ("shape", Left), ("constant", Right), ("quantization", Left)];
    let rows = model.graph().tensors.iter().enumerate().map(|(id, tensor)| {
        vec![
            id.to_string(),
            name(tensor),
            tensor.dtype.to_string(),
            table::shape(&tensor.shape),
            tensor.data.as_ref().map_or(String::new(), |data| table::bytes(data.size_bytes())),
            tensor.quantization.as_ref().map_or(String::new(), quantization),
        ]
    });
    "Tensors\n".to_owned() + &table::render(&columns, rows)
}

/// The end of a tensor's name, which tells more than its beginning.
fn name(tensor: &Tensor) -> String {
    const WIDTH: usize = 48;
    let length = tensor.name.chars().count();
    if length <= WIDTH {
        return tensor.name.clone();
    }
    "...".to_owned() + &tensor.name.chars().skip(length + 3 - WIDTH).collect::<String>()
}

fn layers(plan: &Plan) -> String {
    let columns = [
        ("#", Right),
        ("layer", Left),
        ("kernel", Left),
        ("output", Left),
        ("MACs", Right),
        ("fused", Right),
        ("notes", Left),
    ];
    let rows = plan.layers().iter().map(|layer| {
        let fused = layer.file_operators.len();
        vec![
            layer.index.to_string(),
            layer.name.clone(),
            layer.kernel.clone(),
            table::shape(&layer.output_shape),
            macs(layer.macs),
            if fused > 1 { fused.to_string() } else { String::new() },
            layer.notes.clone(),
        ]
    });
    let (isa, threads) = (plan.isa(), counted(plan.threads(), "thread"));
    let title = format!("Plan: {}, {isa}, {threads}\n", counted(plan.layers().len(), "layer"));
    title + &table::render(&columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantization_is_short_whatever_it_is() {
        let one = Quantization { scale: vec![0.5], zero_point: vec![3], dimension: 0 };
        assert_eq!(quantization(&one), "scale 0.5, zero point 3");
        let many = Quantization { scale: vec![0.5, 0.25], zero_point: vec![0, 0], dimension: 3 };
        assert_eq!(quantization(&many), "2 scales along dimension 3, 0.25 to 0.5, zero point 0");
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(few((0..9).map(|i| i.to_string())), "0 1 2 3 4 ...");
        assert_eq!(few((0..2).map(|i| i.to_string())), "0 1");
    }
}
