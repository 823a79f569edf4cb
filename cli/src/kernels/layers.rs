//! `ottava kernels MODEL`: the kernel that each layer gets with each instruction set of this CPU.

use ottava::{Isa, LayerInfo, Model, Plan, PlanOptions};

use crate::errors::Result;
use crate::table::{self, Align, Align::Left, Align::Right, counted, plain};

/// A layer, and what runs it with each instruction set that has it.
struct Row {
    name: String,
    output: String,
    macs: u64,
    /// As many as there are instruction sets; `None` where the plan has no such layer, because it fuses otherwise.
    kernels: Vec<Option<String>>,
}

/// A table with a row for each layer and a column for each instruction set, best last.
///
/// # Errors
/// The model cannot be planned.
pub fn text(model: &Model) -> Result<String> {
    let isas = Isa::available();
    let mut rows = Vec::new();
    for (column, &isa) in isas.iter().enumerate() {
        let plan = Plan::new(model, &PlanOptions { isa: Some(isa), ..PlanOptions::default() })?;
        merge(&mut rows, plan.layers(), column, isas.len());
    }
    let mut columns: Vec<(&str, Align)> = vec![("layer", Left), ("output", Left), ("MACs", Right)];
    columns.extend(isas.iter().map(|isa| (isa.name(), Left)));
    let title = format!("{}: {}\n", plain(model.name()), counted(rows.len(), "layer"));
    Ok(title + &table::render(&columns, rows.into_iter().map(Row::cells)))
}

impl Row {
    fn cells(self) -> Vec<String> {
        let macs = if self.macs == 0 { String::new() } else { table::macs(self.macs) };
        let mut cells = vec![self.name, self.output, macs];
        cells.extend(self.kernels.into_iter().map(|kernel| kernel.unwrap_or_else(|| "-".to_owned())));
        cells
    }
}

/// Enters the layers of a plan in `column`. One that no plan had before follows the layer that it follows in this plan.
fn merge(rows: &mut Vec<Row>, layers: &[LayerInfo], column: usize, columns: usize) {
    let mut next = 0;
    for layer in layers {
        let known = rows[next..].iter().position(|row| row.name == layer.name);
        let at = known.map_or(next, |ahead| next + ahead);
        if known.is_none() {
            let (output, macs) = (table::shape(&layer.output_shape), layer.macs);
            rows.insert(at, Row { name: layer.name.clone(), output, macs, kernels: vec![None; columns] });
        }
        rows[at].kernels[column] = Some(layer.kernel.clone());
        next = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(names: &[&str]) -> Vec<LayerInfo> {
        let name = |name: &&str| LayerInfo {
            index: 0,
            name: (*name).to_owned(),
            file_operators: Vec::new(),
            op: String::new(),
            kernel: format!("kernel of {name}"),
            isa: None,
            float32: false,
            output_shape: vec![1],
            macs: 0,
            macs_in_range: 0,
            packed_bytes: 0,
            output_tensors: Vec::new(),
            notes: String::new(),
        };
        names.iter().map(name).collect()
    }

    #[test]
    fn layers_that_are_fused_otherwise_stand_between_their_neighbours() {
        let mut rows = Vec::new();
        merge(&mut rows, &layers(&["a", "b", "c", "d"]), 0, 2);
        merge(&mut rows, &layers(&["a", "b+c", "d", "e"]), 1, 2);
        let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["a", "b+c", "b", "c", "d", "e"]);
        let cells: Vec<_> = rows.into_iter().map(Row::cells).collect();
        assert_eq!(cells[0][3..], ["kernel of a", "kernel of a"]);
        assert_eq!(cells[1][3..], ["-", "kernel of b+c"]);
        assert_eq!(cells[2][3..], ["kernel of b", "-"]);
        assert_eq!(cells[5][3..], ["-", "kernel of e"]);
    }

    #[test]
    fn layers_of_one_name_keep_their_places() {
        let mut rows = Vec::new();
        merge(&mut rows, &layers(&["a", "a", "b"]), 0, 2);
        merge(&mut rows, &layers(&["a", "a", "b"]), 1, 2);
        assert_eq!(rows.len(), 3);
    }
}
