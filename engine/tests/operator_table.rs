//! The table of operators tells the truth: each type that it names is recorded, and kernels run those that it says they run.

mod recordings;

use std::collections::{BTreeMap, BTreeSet};

use ottava::{DType, Isa, Model, Plan, PlanOptions};
use recordings::{archives, cases};

/// Types of an operator's main operand: with kernels, and with the reference only.
type RecordedTypes = (BTreeSet<DType>, BTreeSet<DType>);

/// The first operand that is fed and is no condition.
fn main_type(model: &Model) -> DType {
    let types: Vec<DType> = model.graph().inputs.iter().map(|&id| model.graph().tensors[id].dtype).collect();
    types.iter().copied().find(|&dtype| dtype != DType::Bool).unwrap_or(DType::Bool)
}

/// Whether some instruction set has a kernel for the model.
fn has_kernel(model: &Model) -> bool {
    Isa::for_tests().into_iter().any(|isa| {
        let options = PlanOptions { isa: Some(isa), threads: Some(1), ..PlanOptions::default() };
        // What is done by placing tensors has no layer at all.
        Plan::new(model, &options).unwrap().layers().iter().all(|layer| layer.kernel != "reference")
    })
}

fn recorded() -> BTreeMap<String, RecordedTypes> {
    let mut columns = BTreeMap::<String, RecordedTypes>::new();
    for archive in archives().values() {
        let mut types = BTreeMap::<(String, DType), bool>::new();
        for case in cases(archive).into_values() {
            let model = Model::from_bytes(case.model, "recorded").unwrap();
            let name = model.operators()[0].name.trim_start_matches("CUSTOM '").trim_end_matches('\'').to_owned();
            *types.entry((name, main_type(&model))).or_default() |= has_kernel(&model);
        }
        for ((name, dtype), kernel) in types {
            let (kernels, reference) = columns.entry(name).or_default();
            if kernel {
                kernels.insert(dtype)
            } else {
                reference.insert(dtype)
            };
        }
    }
    columns
}

/// A column as the table writes it.
fn list(types: &BTreeSet<DType>) -> String {
    use DType::{Bool, F16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    let order = [I8, U8, I16, F32, F16, I32, I64, Bool, F64, U16, U32, U64];
    let names: Vec<String> = order.iter().filter(|it| types.contains(it)).map(|it| format!("{it:?}")).collect();
    format!("&[{}]", names.join(", "))
}

#[test]
fn the_table_says_how_each_type_runs() {
    let recorded = recorded();
    let mut wrong = Vec::new();
    for operator in ottava::supported_operators() {
        let Some((kernels, reference)) = recorded.get(operator.name) else {
            wrong.push(format!("{} has no recordings", operator.name));
            continue;
        };
        let stated: RecordedTypes =
            (operator.kernels.iter().copied().collect(), operator.reference.iter().copied().collect());
        let all = |columns: &RecordedTypes| columns.0.union(&columns.1).copied().collect::<BTreeSet<_>>();
        // Where the best instruction sets are missing, some kernels are.
        let complete = Isa::available().contains(&Isa::Avx2);
        let right = if complete {
            stated == (kernels.clone(), reference.clone())
        } else {
            all(&stated) == all(&(kernels.clone(), reference.clone())) && kernels.is_subset(&stated.0)
        };
        if !right {
            wrong.push(format!("{}.runs({}, {})", operator.name, list(kernels), list(reference)));
        }
    }
    assert!(wrong.is_empty(), "the recordings say:\n{}", wrong.join("\n"));
}
