//! A prepared movement and the loop over its rows.

use alloc::vec::Vec;

use super::pieces::Pieces;
use super::spec::{Axis, MAX_AXES, MovementSpec};
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};

/// The family, as the registry lists it.
const FAMILY: &str = "movement";

/// Names of the family's kernels; portable code serves every instruction set.
static KERNELS: &[&str] = &[NAME];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    KERNELS.iter().map(|&name| KernelId::portable(FAMILY, name)).collect()
}

const NAME: &str = "movement_portable";

/// A movement, ready to run: from input 0 to output 0.
pub struct Movement {
    /// Axes outside of a row.
    outer: Vec<Axis>,
    pieces: Pieces,
    rows: usize,
    task_rows: usize,
    input_bytes: usize,
    output_bytes: usize,
}

/// Prepares a movement.
///
/// # Panics
/// Elements of the output overlap, there are more than [`MAX_AXES`], or elements have another size than 1, 2, 4 or 8.
pub fn prepare(spec: &MovementSpec<'_>) -> Movement {
    assert!([1, 2, 4, 8].contains(&spec.element_bytes), "elements of {} bytes", spec.element_bytes);
    assert!(spec.axes.len() <= MAX_AXES, "{} axes", spec.axes.len());
    check_apart(spec);
    let reach = |axis: &Axis| axis.offsets.iter().flatten().max().copied();
    let copies = spec.axes.iter().all(|axis| reach(axis).is_some());
    let input_bytes = match copies {
        true => spec.element_bytes + spec.axes.iter().filter_map(reach).sum::<usize>(),
        false => 0,
    };
    let empty = spec.axes.iter().any(|axis| axis.offsets.is_empty());
    let last = |axis: &Axis| axis.offsets.len().saturating_sub(1) * axis.output_stride;
    let output_bytes = if empty { 0 } else { spec.element_bytes + spec.axes.iter().map(last).sum::<usize>() };
    let mut outer = spec.axes.to_vec();
    let (mut base, mut unit) = (0, spec.element_bytes);
    let mut row = None;
    while let Some(axis) = outer.pop() {
        let Some(first) = contiguous(&axis, unit) else {
            row = Some(axis);
            break;
        };
        (base, unit) = (base + first, unit * axis.offsets.len());
    }
    let pieces = Pieces::new(row.as_ref(), base, unit, spec);
    let rows = if empty { 0 } else { outer.iter().map(|axis| axis.offsets.len()).product() };
    let task_rows = row_tasks(rows, pieces.work(), spec.threads);
    Movement { outer, pieces, rows, task_rows, input_bytes, output_bytes }
}

/// The first offset of an axis whose indices follow each other on both sides in steps of `unit`.
fn contiguous(axis: &Axis, unit: usize) -> Option<usize> {
    let first = (*axis.offsets.first()?)?;
    let follows = axis.offsets.iter().enumerate().all(|(index, &offset)| offset == Some(first + index * unit));
    let alone = axis.offsets.len() == 1;
    (alone || follows && axis.output_stride == unit).then_some(first)
}

/// Asserts that no two elements of the output share a byte.
fn check_apart(spec: &MovementSpec<'_>) {
    let mut strides: Vec<[usize; 2]> = spec
        .axes
        .iter()
        .filter(|axis| axis.offsets.len() > 1)
        .map(|axis| [axis.output_stride, axis.offsets.len()])
        .collect();
    strides.sort_unstable();
    let mut span = spec.element_bytes;
    for [stride, count] in strides {
        assert!(stride >= span, "elements of the output overlap: a stride of {stride} over {span} bytes");
        span += (count - 1) * stride;
    }
}

impl Movement {
    /// Bytes from the start of input and output to a row's; `None` for rows that are filled.
    fn row(&self, at: &[usize; MAX_AXES]) -> (Option<usize>, usize) {
        let mut input = Some(0);
        let mut output = 0;
        for (axis, &index) in self.outer.iter().zip(at) {
            input = input.zip(axis.offsets[index]).map(|(sum, offset)| sum + offset);
            output += index * axis.output_stride;
        }
        (input, output)
    }

    /// Coordinates of a row in the outer axes.
    fn coordinates(&self, mut row: usize) -> [usize; MAX_AXES] {
        let mut at = [0; MAX_AXES];
        for (axis, coordinate) in self.outer.iter().zip(&mut at).rev() {
            *coordinate = row % axis.offsets.len();
            row /= axis.offsets.len();
        }
        at
    }

    /// The coordinates of the next row.
    fn advance(&self, at: &mut [usize; MAX_AXES]) {
        for (axis, coordinate) in self.outer.iter().zip(at).rev() {
            *coordinate += 1;
            if *coordinate < axis.offsets.len() {
                return;
            }
            *coordinate = 0;
        }
    }
}

impl Layer for Movement {
    fn kernel(&self) -> KernelId {
        KernelId::portable(FAMILY, NAME)
    }

    fn tasks(&self) -> usize {
        self.rows.div_ceil(self.task_rows).max(1)
    }

    fn packed_bytes(&self) -> usize {
        let tables: usize = self.outer.iter().map(|axis| size_of_val(&axis.offsets[..])).sum();
        tables + self.pieces.packed_bytes()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let first = task * self.task_rows;
        let end = self.rows.min(first + self.task_rows);
        if first >= end {
            return Ok(());
        }
        assert!(inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= self.output_bytes, "output view of {} bytes", outputs[0].len());
        let mut at = self.coordinates(first);
        for _ in first..end {
            let (input, output) = self.row(&at);
            // SAFETY: sums of the axes' offsets lie inside the asserted views; the caller vouches that nobody writes
            // the input and that nobody else touches the output bytes of this task, and elements do not overlap.
            unsafe { self.pieces.run(input.map(|offset| (inputs[0], offset)), (outputs[0], output)) }
            self.advance(&mut at);
        }
        Ok(())
    }
}
