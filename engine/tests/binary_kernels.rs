//! Elementwise operators of two operands run as kernels wherever they have them, constants and broadcasting included.

mod recordings;

use ottava::{Backend, Model, Plan, PlanOptions};
use recordings::{archives, cases};

/// Operators, the element types that cases begin with, and what their kernels' names begin with.
const EXPECTED: &[(&[&str], &[&str], &[&str])] = &[
    (&["ADD", "SUB"], &["int8-", "uint8-"], &["add_", "table_", "lut_"]),
    (&["MUL"], &["int8-", "uint8-"], &["mul_", "table_", "lut_"]),
    (&["MAXIMUM", "MINIMUM"], &["int8-", "uint8-"], &["maximum_", "minimum_", "table_", "lut_"]),
    (&["ADD", "SUB", "MUL"], &["int16-"], &["pairs_s16_"]),
    (&["DIV", "FLOOR_DIV", "PRELU", "SQUARED_DIFFERENCE"], &["int8-", "uint8-"], &["pair_lut_", "table_", "lut_"]),
    (
        &["EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"],
        &["int8-", "uint8-"],
        &["pair_lut_", "table_", "lut_"],
    ),
];

#[test]
fn recordings_run_as_kernels() {
    let archives = archives();
    let (mut failures, mut count) = (Vec::new(), 0);
    for (operators, types, kernels) in EXPECTED {
        for operator in *operators {
            let Some(archive) = archives.get(*operator) else { continue };
            for (name, case) in cases(archive) {
                if !types.iter().any(|dtype| name.starts_with(dtype)) {
                    continue;
                }
                count += 1;
                let model = Model::from_bytes(case.model, &name).unwrap();
                let plan = Plan::new(&model, &PlanOptions { backend: Backend::Optimized, ..PlanOptions::default() });
                let kernel = plan.unwrap().layers()[0].kernel.clone();
                if !kernels.iter().any(|prefix| kernel.starts_with(prefix)) {
                    failures.push(format!("{operator} {name}: {kernel}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count > 0 || std::env::var_os("OTTAVA_GOLDEN_ONLY").is_some(), "no recordings");
}
