//! Steps of artificial layers: temporaries, threads, workspaces, failures.
#![expect(unsafe_code, reason = "layers are unsafe to implement")]

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ottava_kernels::{Failure, Input, Isa, KernelId, Layer, Line, Output, Task};

use super::super::{OptimizedProgram, PackedWeights};
use crate::backend::{PlanOptions, Profile, Program, Request};
use crate::error::{Error, Result};
use crate::graph::{Graph, Node};
use crate::lowering::{Lowered, LoweredLayer, Lowering, NodeTensors, Operand};
use crate::model::Model;
use crate::ops::{InputShapes, Lower, Operator, TensorView, TensorViewMut};
use crate::tensor::{DType, Tensor};

/// What a task of an artificial layer does.
type Run =
    Box<dyn Fn(usize, &[Input<'_>], &[Output<'_>], &mut [Line]) -> std::result::Result<(), Failure> + Send + Sync>;

struct Artificial {
    name: &'static str,
    tasks: usize,
    workspace_lines: usize,
    run: Run,
}

impl Layer for Artificial {
    fn kernel(&self) -> KernelId {
        KernelId::portable("artificial", self.name)
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn packed_bytes(&self) -> usize {
        10
    }

    fn workspace_bytes(&self) -> usize {
        64 * self.workspace_lines
    }

    unsafe fn run(&self, Task { index, inputs, outputs, workspace }: Task<'_>) -> std::result::Result<(), Failure> {
        (self.run)(index, inputs, outputs, workspace.lines(self.workspace_lines))
    }
}

/// An operator that becomes artificial layers.
struct Made(fn(&NodeTensors) -> Lowered);

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Made")
    }
}

impl Operator for Made {
    fn name(&self) -> &'static str {
        "MADE"
    }

    fn infer_shapes(&self, _: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Err(Error::internal("not asked"))
    }

    fn reference(&self, _: &[Option<TensorView<'_>>], _: &mut [TensorViewMut<'_>]) -> Result<()> {
        Err(Error::internal("not asked"))
    }
}

impl Lower for Made {
    fn lower(&self, _: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        Ok(Some((self.0)(node)))
    }
}

/// Tensors of so many bytes, the first the input and the last the output, each made of the one before.
fn chain(sizes: &[usize], operators: &[fn(&NodeTensors) -> Lowered], threads: usize) -> Result<OptimizedProgram> {
    let tensor = |&size: &usize| Tensor {
        name: String::new(),
        shape: vec![size],
        dtype: DType::Bool,
        quantization: None,
        data: None,
        dynamic: false,
    };
    let node = |(index, &made): (usize, &fn(&NodeTensors) -> Lowered)| Node {
        operator: Arc::new(Made(made)),
        inputs: vec![Some(index)],
        outputs: vec![index + 1],
        file_operator: index,
    };
    let nodes = operators.iter().enumerate().map(node).collect();
    let tensors: Vec<Tensor> = sizes.iter().map(tensor).collect();
    let graph = Graph { nodes, inputs: vec![0], outputs: vec![tensors.len() - 1], tensors };
    let model = Model::from_bytes(ottava_models::tiny(0), "tiny")?;
    let options = PlanOptions { threads: Some(threads), ..PlanOptions::default() };
    OptimizedProgram::new(&model, Arc::new(graph), &options, (Isa::Scalar, PackedWeights::Fresh))
}

/// Runs a program on an input of 0, 1, 2, ... several times; the output and the profile of the last run.
fn run(program: &OptimizedProgram) -> Result<(Vec<u8>, Profile)> {
    let mut execution = program.start(None)?;
    let mut profile = Profile::new(program.layers().len());
    for _ in 0..50 {
        execution.input_mut(0).iter_mut().enumerate().for_each(|(at, byte)| *byte = at as u8);
        execution.run(Request { profile: &mut profile, cancel: None, bindings: &mut [] })?;
    }
    Ok((execution.output(0).to_vec(), profile))
}

fn read<'a>(input: Input<'a>, range: Range<usize>) -> &'a [u8] {
    assert!(range.end <= input.len());
    // SAFETY: inside the view; layers read what no task of theirs writes.
    unsafe { std::slice::from_raw_parts(input.as_ptr().add(range.start), range.len()) }
}

fn write<'a>(output: Output<'a>, range: Range<usize>) -> &'a mut [u8] {
    assert!(range.end <= output.len());
    // SAFETY: inside the view; each task writes its own range.
    unsafe { std::slice::from_raw_parts_mut(output.as_ptr().add(range.start), range.len()) }
}

fn layer(name: &'static str, tasks: usize, run: Run, [input, output]: [Operand; 2]) -> LoweredLayer {
    let layer = Artificial { name, tasks, workspace_lines: 0, run };
    LoweredLayer { layer: Box::new(layer), inputs: vec![input], outputs: vec![output] }
}

fn operands(node: &NodeTensors) -> [Operand; 2] {
    [node.inputs[0].expect("an input"), node.outputs[0]].map(Operand::Tensor)
}

const LARGE: usize = 4096;
const ROWS: usize = 64;
const DEPTH: usize = LARGE / ROWS;

/// Each byte gains 1.
fn increment(node: &NodeTensors) -> Lowered {
    let run: Run = Box::new(|task, inputs, outputs, _| {
        let row = task * DEPTH..(task + 1) * DEPTH;
        let bytes = read(inputs[0], row.clone()).iter().map(|byte| byte.wrapping_add(1));
        write(outputs[0], row).iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
        Ok(())
    });
    Lowered { layers: vec![layer("increment", ROWS, run, operands(node))], temporaries: Vec::new(), note: None }
}

/// The sum of each row, its depth split in two: sums of both halves of all rows, then the sum of both.
fn sum(node: &NodeTensors) -> Lowered {
    let [input, output] = operands(node);
    let halves: Run = Box::new(|task, inputs, outputs, _| {
        let (half, row) = (task / ROWS, task % ROWS);
        let from = row * DEPTH + half * DEPTH / 2;
        let sum = read(inputs[0], from..from + DEPTH / 2).iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        // As far apart as the temporary is large.
        write(outputs[0], task * 32..(task + 1) * 32).fill(sum);
        Ok(())
    });
    let both: Run = Box::new(|task, inputs, outputs, _| {
        let half = |half| read(inputs[0], (half * ROWS + task) * 32..(half * ROWS + task) * 32 + 1)[0];
        write(outputs[0], task..task + 1)[0] = half(0_usize).wrapping_add(half(1));
        Ok(())
    });
    let temporary = Operand::Temporary(0);
    let layers =
        vec![layer("halves", 2 * ROWS, halves, [input, temporary]), layer("both", ROWS, both, [temporary, output])];
    Lowered { layers, temporaries: vec![LARGE], note: None }
}

/// What [`increment`] three times and [`sum`] make of 0, 1, 2, ...
fn expected() -> Vec<u8> {
    let row = |row: usize| (0..DEPTH).fold(0_u8, |sum, k| sum.wrapping_add((row * DEPTH + k) as u8).wrapping_add(3));
    (0..ROWS).map(row).collect()
}

#[test]
fn a_step_of_two_layers_passes_values_through_a_temporary() {
    for threads in 1..=4 {
        let steps: [fn(&NodeTensors) -> Lowered; 4] = [increment, increment, increment, sum];
        let program = chain(&[LARGE, LARGE, LARGE, LARGE, ROWS], &steps, threads).expect("a program");
        let (output, profile) = run(&program).expect("it runs");
        assert_eq!(output, expected(), "{threads} threads");
        assert_eq!(profile.layers.len(), 4, "a row for each step");
        assert!(profile.layers.iter().all(|duration| !duration.is_zero()));
        let last = &program.layers()[3];
        assert_eq!((&*last.kernel, last.packed_bytes), ("halves+both", 20));
        // Two large buffers are alive at a time: the temporary takes the place of what the step before has read.
        let (line, staged) = (64, LARGE + ROWS);
        let memory = program.memory();
        assert_eq!(memory.arena_bytes, 2 * (LARGE + line) + staged);
        assert_eq!(memory.unshared_arena_bytes, 5 * (LARGE + line) + ROWS + line + staged);
    }
}

/// Fills its workspace, lets others run, and finds it as it was.
fn keep(node: &NodeTensors) -> Lowered {
    const LINES: usize = 3;
    let run: Run = Box::new(|task, _, outputs, workspace| {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(workspace);
        assert!(bytes.len() == 64 * LINES && bytes.as_ptr().align_offset(64) == 0);
        bytes.fill(task as u8);
        std::thread::yield_now();
        let same = bytes.iter().all(|&byte| byte == task as u8);
        write(outputs[0], task..task + 1)[0] = u8::from(same);
        Ok(())
    });
    let [input, output] = operands(node);
    let layer = Artificial { name: "keep", tasks: ROWS, workspace_lines: LINES, run };
    let layer = LoweredLayer { layer: Box::new(layer), inputs: vec![input], outputs: vec![output] };
    Lowered { layers: vec![layer], temporaries: Vec::new(), note: None }
}

#[test]
fn threads_have_workspaces_of_their_own() {
    for threads in [1, 2, 4] {
        let program = chain(&[LARGE, ROWS], &[keep], threads).expect("a program");
        let (output, _) = run(&program).expect("it runs");
        assert_eq!(output, [1; ROWS], "{threads} threads");
        assert_eq!(program.memory().arena_bytes, LARGE + 64 + ROWS + 64 + LARGE + ROWS + threads * 3 * 64);
    }
}

/// Two layers that both cannot compute.
fn fail(node: &NodeTensors) -> Lowered {
    let [input, output] = operands(node);
    let first: Run = Box::new(|task, _, _, _| Err(format!("first layer, task {task}").into()));
    let second: Run = Box::new(|task, _, _, _| Err(format!("second layer, task {task}").into()));
    let temporary = Operand::Temporary(0);
    let layers = vec![layer("first", 3, first, [input, temporary]), layer("second", 3, second, [temporary, output])];
    Lowered { layers, temporaries: vec![64], note: None }
}

#[test]
fn the_earliest_layer_that_fails_is_told() {
    for threads in [1, 2] {
        let steps: [fn(&NodeTensors) -> Lowered; 4] = [increment, fail, fail, increment];
        let program = chain(&[LARGE; 5], &steps, threads).expect("a program");
        let error = run(&program).expect_err("two steps fail");
        assert_eq!(error.operator(), Some((1, "MADE")), "{threads} threads: {error}");
        assert!(error.to_string().contains("first layer"), "{threads} threads: {error}");
    }
}

#[test]
#[should_panic(expected = "a layer reads the buffer that it writes")]
fn a_layer_must_not_read_the_buffer_that_it_writes() {
    let in_place = |node: &NodeTensors| {
        let run: Run = Box::new(|_, _, _, _| Ok(()));
        let same = Operand::Tensor(node.outputs[0]);
        Lowered { layers: vec![layer("in place", 1, run, [same, same])], temporaries: Vec::new(), note: None }
    };
    chain(&[LARGE, LARGE], &[in_place], 1).map(drop).expect("refused before");
}
