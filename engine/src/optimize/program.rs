//! The optimized program: what is planned once for all sessions.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use ottava_kernels::{Isa, multiplies_float32};
use rayon::ThreadPool;

use super::execution::OptimizedExecution;
use super::fuse;
use super::lend::Lendable;
use super::lifetimes::{Layout, Lifetimes, PlacedBuffer, TensorRange};
use super::packing::{self, Lowerer, PackedWeights};
use super::place::{self, Placement};
use super::schedule::{Schedule, ScheduledLayer};
use super::staging::{Staged, Staging};
use super::steps::Step;
use crate::arena_info::{ArenaBuffer, ArenaInfo};
use crate::backend::{Execution, LayerInfo, MemoryInfo, Outside, PlanOptions, Program, Request, TaskSpan};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{Crew, Lender};
use crate::graph::Graph;
use crate::lowering::{Lowered, LoweredLayer, Operand, Places, TableBudget, xor_mask};
use crate::model::Model;
use crate::packed::{PackedStep, StoredPlan};
use crate::pages::PackedPages;
use crate::tensor::{MAX_ACTIVATION_BYTES, Tensor, TensorId};
use crate::threads;

/// Kernels bound to an arena layout; immutable, shared by all sessions.
pub(crate) struct OptimizedProgram {
    shared: Arc<Shared>,
    layers: Vec<LayerInfo>,
    packed: Vec<PackedStep>,
    memory: MemoryInfo,
    arena: ArenaInfo,
    /// Threads of its own, started when the first session wants them.
    crew: OnceLock<Arc<Crew>>,
}

struct Shared {
    model: Model,
    graph: Arc<Graph>,
    isa: Isa,
    schedule: Arc<Schedule>,
    /// Where each tensor is in the arena; `None` where it is nowhere.
    tensors: Vec<Option<TensorRange>>,
    keep_intermediates: bool,
}

/// Steps as they are lowered.
struct Planned {
    /// The first temporary of the step, and what it has become.
    steps: Vec<(usize, Lowered)>,
    operators: Vec<(usize, &'static str)>,
    layers: Vec<LayerInfo>,
    lifetimes: Lifetimes,
    packed: Vec<PackedStep>,
    packed_bytes: usize,
}

impl Planned {
    /// Lowers the steps of a graph, with packed weights that were stored if there are any.
    fn new(graph: &Graph, lowerer: &Lowerer<'_>, steps: &[&Step], stored: Option<StoredPlan>) -> Result<Self> {
        let lifetimes = Lifetimes::new(graph);
        let (operators, layers, packed) = (Vec::new(), Vec::new(), Vec::new());
        let mut planned = Self { steps: Vec::new(), operators, layers, lifetimes, packed, packed_bytes: 0 };
        let stored = stored.map(|stored| packing::stored_steps(stored, steps)).transpose()?;
        let lowered = lowerer.lower_all(steps, stored)?;
        for (step, (lowered, packed)) in steps.iter().zip(lowered) {
            planned.packed_bytes = planned.packed_bytes.saturating_add(lowered.packed_bytes());
            let exact = step.operator.concatenates().is_some();
            for layer in &lowered.layers {
                assert!(exact || keeps_apart(lowerer.places, layer), "a layer reads the buffer that it writes");
            }
            let first_temporary = planned.lifetimes.note(graph, lowerer.places, &lowered);
            planned.layers.push(layer_info(graph, planned.layers.len(), step, &lowered));
            planned.operators.push((step.file_operators[0], step.operator.name()));
            planned.steps.push((first_temporary, lowered));
            planned.packed.push(packed);
        }
        Ok(planned)
    }
}

/// Whether a layer reads none of the buffers that it writes. What kernels read beyond their operands must not be written
/// meanwhile; a concatenation alone reads to the byte.
fn keeps_apart(places: &Places, layer: &LoweredLayer) -> bool {
    let buffer = |operand: &Operand| match *operand {
        Operand::Tensor(id) => Operand::Tensor(places.of(id).root),
        temporary => temporary,
    };
    layer.inputs.iter().all(|read| layer.outputs.iter().all(|written| buffer(read) != buffer(written)))
}

/// The layers of all steps with their bytes of the arena.
fn scheduled(steps: Vec<(usize, Lowered)>, layout: &Layout) -> Vec<ScheduledLayer> {
    let mut layers = Vec::new();
    for (step, (first_temporary, lowered)) in steps.into_iter().enumerate() {
        layers.extend(lowered.layers.into_iter().map(|LoweredLayer { layer, inputs, outputs }| {
            let ranges = |operands: Vec<Operand>| {
                operands.into_iter().map(|operand| layout.of(operand, first_temporary)).collect()
            };
            ScheduledLayer { step, layer, inputs: ranges(inputs), outputs: ranges(outputs) }
        }));
    }
    layers
}

impl OptimizedProgram {
    /// Plans a graph; where weights are only measured, the program must not run.
    pub(crate) fn new(
        model: &Model,
        graph: Arc<Graph>,
        options: &PlanOptions,
        (isa, weights): (Isa, PackedWeights),
    ) -> Result<Self> {
        let measured = matches!(weights, PackedWeights::Measured);
        let stored = if let PackedWeights::Stored(stored) = weights { Some(stored) } else { None };
        let threads = options.threads.unwrap_or_else(threads::usable);
        let steps = fuse::steps(&graph, options.keep_intermediates);
        let Placement { places, vanished } = place::place(&graph, &steps, |dtype| xor_mask(isa, dtype));
        let lowerer = Lowerer {
            model,
            tensors: &graph.tensors,
            places: &places,
            isa,
            threads,
            winograd: options.winograd.into(),
            tables: &TableBudget::new(),
            memory: (!measured).then(|| Arc::new(PackedPages::new(constant_bytes(&graph)))),
        };
        let left: Vec<&Step> =
            steps.iter().zip(&vanished).filter(|&(_, vanished)| !vanished).map(|(step, _)| step).collect();
        let mut planned = Planned::new(&graph, &lowerer, &left, stored)?;
        // What is left of the memory of packed weights is given back.
        drop(lowerer);
        let users = BufferUsers::new(&places, &planned.steps);
        for (_, step) in steps.iter().enumerate().filter(|&(index, _)| vanished[index]) {
            note_vanished(&places, step, &users, &mut planned.layers);
        }
        let Planned { steps: lowered, operators, layers, lifetimes, packed, packed_bytes } = planned;
        let lendable = match options.keep_intermediates {
            // All tensors are in the arena.
            true => Lendable::none(&graph),
            false => Lendable::new(&graph, &places, isa, &lowered),
        };
        let layout = lifetimes.assign(&graph, &places, &steps, options.keep_intermediates);
        let layers_of_steps = scheduled(lowered, &layout);
        let arena = arena_info(&layout, &layers_of_steps);
        let Layout { tensors, arena_bytes, unshared_bytes, .. } = layout;
        let schedule = Arc::new(Schedule { layers: layers_of_steps, operators, arena_bytes, threads, lendable });
        let (staged_bytes, workspace_bytes) = (staged_bytes(&graph), schedule.all_workspaces_bytes());
        let beside_arena = staged_bytes.saturating_add(workspace_bytes);
        let memory = MemoryInfo {
            arena_bytes: arena_bytes.saturating_add(beside_arena),
            packed_weight_bytes: packed_bytes,
            unshared_arena_bytes: unshared_bytes.saturating_add(beside_arena),
            activation_bytes: arena_bytes,
            activation_bound_bytes: arena.lower_bound_bytes,
            staged_bytes,
            workspace_bytes,
            ..MemoryInfo::default()
        };
        if memory.arena_bytes > MAX_ACTIVATION_BYTES {
            return Err(Error::unsupported(format!(
                "a session takes {} bytes, more than the limit of {MAX_ACTIVATION_BYTES}",
                memory.arena_bytes
            )));
        }
        let keep_intermediates = options.keep_intermediates;
        let shared = Shared { model: model.clone(), graph, isa, schedule, tensors, keep_intermediates };
        Ok(Self { shared: Arc::new(shared), layers, packed, memory, arena, crew: OnceLock::new() })
    }

    /// The program's own threads: one less than it uses, because the caller works too.
    fn own_crew(&self) -> Result<Arc<Crew>> {
        if let Some(crew) = self.crew.get() {
            return Ok(Arc::clone(crew));
        }
        let threads = self.shared.schedule.threads - 1;
        let crew = Crew::new(threads).map_err(|error| {
            Error::new(ErrorKind::Io, format!("cannot start {threads} threads: {error}")).with_source(error)
        })?;
        Ok(Arc::clone(self.crew.get_or_init(|| Arc::new(crew))))
    }
}

/// The arena as plans tell of it: layers are those that they list.
fn arena_info(layout: &Layout, layers: &[ScheduledLayer]) -> ArenaInfo {
    let listed = layers.last().map_or(0, |last| last.step + 1);
    let step = |layer: usize| layers.get(layer).map_or(listed, |layer| layer.step);
    let buffer = |buffer: &PlacedBuffer| ArenaBuffer {
        offset: buffer.range.offset,
        bytes: buffer.range.len,
        first_layer: step(buffer.span.first),
        last_layer: step(buffer.span.last),
        tensors: buffer.tensors.clone(),
    };
    ArenaInfo {
        bytes: layout.arena_bytes,
        lower_bound_bytes: layout.peak.bytes,
        peak_layer: step(layout.peak.step),
        buffers: layout.buffers.iter().map(buffer).collect(),
    }
}

/// Bytes of all constants of a graph, of which most are weights.
fn constant_bytes(graph: &Graph) -> usize {
    let constants = graph.tensors.iter().filter(|tensor| tensor.data.is_some());
    constants.map(Tensor::size_bytes).fold(0, usize::saturating_add)
}

/// Bytes of the inputs and outputs of a graph in the file's form, each tensor once.
fn staged_bytes(graph: &Graph) -> usize {
    let bytes = |ids: &[TensorId]| {
        let distinct: HashSet<TensorId> = ids.iter().copied().collect();
        let sizes = distinct.into_iter().map(|id| graph.tensors[id].size_bytes().next_multiple_of(8));
        sizes.fold(0, usize::saturating_add)
    };
    bytes(&graph.inputs).saturating_add(bytes(&graph.outputs))
}

fn layer_info(graph: &Graph, index: usize, step: &Step, lowered: &Lowered) -> LayerInfo {
    let outputs = &step.tensors.outputs;
    let mut shape = graph.tensors[outputs[0]].shape.clone();
    for &sibling in &outputs[1..step.siblings] {
        if let (Some(last), Some(more)) = (shape.last_mut(), graph.tensors[sibling].shape.last()) {
            *last += more;
        }
    }
    let [macs, macs_in_range] = step.macs(graph);
    let positions: Vec<String> = step.file_operators.iter().map(|position| format!("#{position}")).collect();
    let kernel = lowered.kernel();
    LayerInfo {
        index,
        name: format!("{} {}", step.operator.name(), positions.join("+")),
        file_operators: step.file_operators.clone(),
        op: step.operator.name().to_owned(),
        float32: multiplies_float32(&kernel),
        kernel: kernel.name.into_owned(),
        isa: kernel.isa,
        output_shape: shape,
        macs,
        macs_in_range,
        packed_bytes: lowered.packed_bytes(),
        output_tensors: step.outputs().collect(),
        notes: step.notes.iter().cloned().chain(lowered.note.clone()).collect::<Vec<_>>().join(", "),
    }
}

/// The layers at the ends of each buffer's use, by the tensor whose buffer it is.
#[derive(Default)]
struct BufferUsers {
    first_reader: HashMap<TensorId, usize>,
    last_writer: HashMap<TensorId, usize>,
}

impl BufferUsers {
    fn new(places: &Places, steps: &[(usize, Lowered)]) -> Self {
        let mut users = Self::default();
        let root = |operand: &Operand| match *operand {
            Operand::Tensor(id) => Some(places.of(id).root),
            Operand::Temporary(_) => None,
        };
        for (index, (_, lowered)) in steps.iter().enumerate() {
            for layer in &lowered.layers {
                for read in layer.inputs.iter().filter_map(root) {
                    users.first_reader.entry(read).or_insert(index);
                }
                users.last_writer.extend(layer.outputs.iter().filter_map(root).map(|written| (written, index)));
            }
        }
        users
    }
}

/// Lists an operator that placement has done with the last layer that writes its bytes or, where they come from outside,
/// the first that reads them.
fn note_vanished(places: &Places, step: &Step, users: &BufferUsers, layers: &mut [LayerInfo]) {
    let roots = || step.outputs().map(|id| places.of(id).root);
    let writer = roots().filter_map(|root| users.last_writer.get(&root)).max();
    let reader = || roots().filter_map(|root| users.first_reader.get(&root)).min();
    let Some(&index) = writer.or_else(reader) else { return };
    let layer = &mut layers[index];
    layer.file_operators.extend(&step.file_operators);
    if writer.is_some() {
        layer.output_tensors.extend(step.outputs());
    }
    let names: Vec<String> =
        step.file_operators.iter().map(|at| format!("{} #{at} in place", step.operator.name())).collect();
    if !layer.notes.is_empty() {
        layer.notes.push_str(", ");
    }
    layer.notes.push_str(&names.join(", "));
}

impl Program for OptimizedProgram {
    fn isa(&self) -> Isa {
        self.shared.isa
    }

    fn threads(&self) -> usize {
        self.shared.schedule.threads
    }

    fn layers(&self) -> &[LayerInfo] {
        &self.layers
    }

    fn packed_steps(&self) -> Option<&[PackedStep]> {
        Some(&self.packed)
    }

    fn memory(&self) -> MemoryInfo {
        self.memory
    }

    fn arena(&self) -> Option<&ArenaInfo> {
        Some(&self.arena)
    }

    fn start(&self, pool: Option<Arc<ThreadPool>>) -> Result<Box<dyn Execution>> {
        let lender = match pool {
            _ if self.threads() == 1 => None,
            Some(pool) => Some(Lender::Pool(pool)),
            None => Some(Lender::Crew(self.own_crew()?)),
        };
        let Shared { model, graph, isa, schedule, tensors, .. } = &*self.shared;
        let stage = |id: TensorId| match &graph.tensors[id].data {
            Some(constant) => Staged::constant(model.constant(constant)),
            None => {
                let tensor = &graph.tensors[id];
                Staged::new(tensor.size_bytes(), tensors[id], xor_mask(*isa, tensor.dtype))
            }
        };
        let (inputs, outputs) = (Staging::new(&graph.inputs, stage)?, Staging::new(&graph.outputs, stage)?);
        let execution = OptimizedExecution::new(schedule, lender, inputs, outputs)?;
        Ok(Box::new(SessionOfGraph { execution, shared: Arc::clone(&self.shared) }))
    }
}

/// An execution that knows the tensors of its graph.
struct SessionOfGraph {
    execution: OptimizedExecution,
    shared: Arc<Shared>,
}

impl Execution for SessionOfGraph {
    fn input_mut(&mut self, index: usize) -> &mut [u8] {
        self.execution.input_mut(index)
    }

    fn run(&mut self, request: Request<'_, '_>) -> Result<()> {
        self.execution.run(request)
    }

    fn binds_in_place(&self, tensor: Outside) -> bool {
        self.execution.binds_in_place(tensor)
    }

    fn reset(&mut self) {
        self.execution.reset();
    }

    fn record_tasks(&mut self, recording: bool) {
        self.execution.record_tasks(recording);
    }

    fn tasks(&self) -> Vec<TaskSpan> {
        self.execution.tasks()
    }

    fn output(&self, index: usize) -> &[u8] {
        self.execution.output(index)
    }

    fn tensor(&self, id: TensorId) -> Option<Vec<u8>> {
        let range = self.shared.tensors.get(id)?.as_ref().filter(|_| self.shared.keep_intermediates)?;
        let tensor = &self.shared.graph.tensors[id];
        Some(self.execution.tensor(range, tensor.size_bytes(), xor_mask(self.shared.isa, tensor.dtype)))
    }
}
