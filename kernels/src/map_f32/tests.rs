//! The layer against the function on the whole tensor.

use ottava_ref::ops::float_rows::softmax_f32;

use super::*;
use crate::layer::run_all;
use crate::testing::reals::{Reals, dense};
use crate::testing::{Failures, Guarded, Random};

#[test]
fn rows_are_cut_between_tasks() {
    let mut failures = Failures::default();
    let mut random = Random::new(9);
    for row in [1, 2, 7, 1000] {
        for rows in [1, 2, 3, 40, 1000] {
            let input = random.reals(row * rows, Reals::Moderate);
            let mut expected = vec![0.0; row * rows];
            softmax_f32(1.5, row, &input, &mut expected);
            for threads in 1..4 {
                let function: MapF32Function = Box::new(move |x, y| softmax_f32(1.5, row, x, y));
                let layer = prepare(MapF32Spec { function, row, rows, work: 50, threads });
                assert!(threads == 1 || row * rows < 100_000 || layer.tasks() > 1);
                let mut output = Guarded::new(1, 4 * row * rows, 4 * row * rows);
                run_all(&layer, &[dense(&input)], &mut [output.view()]);
                failures.compare(output.dense(0), dense(&expected), || format!("{rows} rows of {row}, {threads}"));
            }
        }
    }
    failures.finish();
}
