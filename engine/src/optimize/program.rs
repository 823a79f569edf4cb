//! The optimized program and its execution.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ottava_kernels::{Failure, Input, Isa, Layer, Output, Task};
use rayon::ThreadPool;

use super::fallback::ReferenceLayer;
use super::fuse;
use super::lifetimes::{Lifetimes, Spot};
use super::memory::{Arena, Workspaces};
use super::place::{self, Placement};
use super::steps::Step;
use crate::buffer::AlignedBytes;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{Region, Work};
use crate::graph::Graph;
use crate::lowering::{Lowered, Lowering, Places, TableBudget, xor_mask};
use crate::model::Model;
use crate::plan::{Execution, LayerInfo, MemoryInfo, PlanOptions, Program};
use crate::session::Profile;
use crate::tensor::{TensorId, memory_limit};

/// A model whose weights take more than this once packed is refused: a small file can name the same weights many times.
const MAX_PACKED_BYTES: usize = memory_limit(1 << 32);

/// Kernels bound to an arena layout; immutable, shared by all sessions.
pub(crate) struct OptimizedProgram {
    shared: Arc<Shared>,
    layers: Vec<LayerInfo>,
    memory: MemoryInfo,
    /// Threads of its own, started when the first session wants them.
    pool: OnceLock<Arc<ThreadPool>>,
}

struct Shared {
    model: Model,
    graph: Graph,
    isa: Isa,
    threads: usize,
    steps: Vec<PlannedStep>,
    /// Where each tensor is in the arena; `None` where it is nowhere.
    spots: Vec<Option<Spot>>,
    arena_bytes: usize,
    keep_intermediates: bool,
}

impl Shared {
    /// Bytes that the layer needs that needs most, for each thread.
    fn workspace_bytes(&self) -> usize {
        self.steps.iter().map(|step| step.layer.workspace_bytes()).max().unwrap_or(0)
    }
}

struct PlannedStep {
    /// Position in the file and name of its operator.
    operator: (usize, &'static str),
    layer: Box<dyn Layer>,
    inputs: Vec<TensorId>,
    outputs: Vec<TensorId>,
}

impl OptimizedProgram {
    pub(crate) fn new(model: &Model, graph: Graph, options: &PlanOptions, isa: Isa) -> Result<Self> {
        let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let threads = options.threads.unwrap_or_else(cores);
        let steps = fuse::steps(&graph, options.keep_intermediates);
        let Placement { places, vanished } = place::place(&graph, &steps, |dtype| xor_mask(isa, dtype));
        let lowering = Lowering {
            tensors: &graph.tensors,
            file: model.bytes(),
            places: &places,
            isa,
            threads,
            tables: TableBudget::new(),
        };
        let mut layers = Vec::new();
        let mut planned = Vec::new();
        let mut lifetimes = Lifetimes::new(&graph);
        let mut packed = 0_usize;
        for (_, step) in steps.iter().enumerate().filter(|&(index, _)| !vanished[index]) {
            let lowered = lower(model, &lowering, step)?;
            packed = packed.saturating_add(lowered.layer.packed_bytes());
            let root = |id: &TensorId| places.of(*id).root;
            debug_assert!(
                step.operator.concatenates().is_some()
                    || lowered.inputs.iter().all(|id| !lowered.outputs.iter().any(|other| root(id) == root(other))),
                "a layer reads the buffer that it writes"
            );
            if packed > MAX_PACKED_BYTES {
                return Err(Error::unsupported(format!("packed weights of more than {} GiB", MAX_PACKED_BYTES >> 30)));
            }
            lifetimes.note(&places, planned.len(), &lowered);
            layers.push(layer_info(&graph, layers.len(), step, &lowered));
            let Lowered { layer, inputs, outputs, .. } = lowered;
            let operator = (step.file_operators[0], step.operator.name());
            planned.push(PlannedStep { operator, layer, inputs, outputs });
        }
        let users = BufferUsers::new(&places, &planned);
        for (_, step) in steps.iter().enumerate().filter(|&(index, _)| vanished[index]) {
            note_vanished(&places, step, &users, &mut layers);
        }
        let (spots, arena_bytes, unshared) = lifetimes.assign(&graph, &places, &steps, options.keep_intermediates);
        let memory = MemoryInfo {
            arena_bytes,
            packed_weight_bytes: packed,
            unshared_arena_bytes: unshared,
            ..MemoryInfo::default()
        };
        let keep_intermediates = options.keep_intermediates;
        let model = model.clone();
        let shared = Shared { model, graph, isa, threads, steps: planned, spots, arena_bytes, keep_intermediates };
        Ok(Self { shared: Arc::new(shared), layers, memory, pool: OnceLock::new() })
    }

    /// The program's own threads: one less than it uses, because the caller works too.
    fn own_pool(&self) -> Result<Arc<ThreadPool>> {
        if let Some(pool) = self.pool.get() {
            return Ok(Arc::clone(pool));
        }
        let builder = rayon::ThreadPoolBuilder::new().num_threads(self.shared.threads - 1);
        let pool = builder.thread_name(|index| format!("ottava-{index}")).build().map_err(|error| {
            Error::new(ErrorKind::Io, format!("cannot start {} threads: {error}", self.shared.threads - 1))
                .with_source(error)
        })?;
        Ok(Arc::clone(self.pool.get_or_init(|| Arc::new(pool))))
    }
}

/// A step as a kernel, or as the reference where it has none.
fn lower(model: &Model, lowering: &Lowering<'_>, step: &Step) -> Result<Lowered> {
    let operator = &step.operator;
    let at_operator = |error: Error| error.at_operator(step.file_operators[0], operator.name());
    if let Some(lowered) = operator.lower(lowering, &step.tensors).map_err(at_operator)? {
        return Ok(lowered);
    }
    Ok(Lowered {
        layer: Box::new(ReferenceLayer::new(model, lowering, step)),
        inputs: ReferenceLayer::arena_inputs(lowering, step),
        outputs: step.tensors.outputs.clone(),
        note: None,
    })
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
    let kernel = lowered.layer.kernel();
    LayerInfo {
        index,
        name: format!("{} {}", step.operator.name(), positions.join("+")),
        file_operators: step.file_operators.clone(),
        op: step.operator.name().to_owned(),
        kernel: kernel.name.into_owned(),
        isa: kernel.isa,
        output_shape: shape,
        macs,
        macs_in_range,
        packed_bytes: lowered.layer.packed_bytes(),
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
    fn new(places: &Places, planned: &[PlannedStep]) -> Self {
        let mut users = Self::default();
        for (index, step) in planned.iter().enumerate() {
            for &id in &step.inputs {
                users.first_reader.entry(places.of(id).root).or_insert(index);
            }
            users.last_writer.extend(step.outputs.iter().map(|&id| (places.of(id).root, index)));
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
        self.shared.threads
    }

    fn layers(&self) -> &[LayerInfo] {
        &self.layers
    }

    fn memory(&self) -> MemoryInfo {
        self.memory
    }

    fn start(&self, pool: Option<Arc<ThreadPool>>) -> Result<Box<dyn Execution>> {
        let pool = match pool {
            _ if self.shared.threads == 1 => None,
            Some(pool) => Some(pool),
            None => Some(self.own_pool()?),
        };
        let shared = &self.shared;
        let arena = Arena::new(shared.arena_bytes);
        let bound = shared.steps.iter().map(|step| Bound::new(shared, &arena, step)).collect();
        let workspaces = Workspaces::new(shared.threads, shared.workspace_bytes());
        let state = State { arena, workspaces, bound, failed: Mutex::new(None), shared: Arc::clone(shared) };
        let region = Region::new(state, shared.threads, pool).map_err(|error| Error::argument(error.to_string()))?;
        let staging = |ids: &[TensorId]| -> Vec<AlignedBytes> {
            ids.iter().map(|&id| AlignedBytes::new(shared.graph.tensors[id].size_bytes())).collect()
        };
        let (inputs, mut outputs) = (staging(&shared.graph.inputs), staging(&shared.graph.outputs));
        for (&id, output) in shared.graph.outputs.iter().zip(&mut outputs) {
            if let Some(constant) = &shared.graph.tensors[id].data {
                output.bytes_mut().copy_from_slice(shared.model.constant(constant));
            }
        }
        Ok(Box::new(OptimizedExecution { region, inputs, outputs }))
    }
}

/// Views of one step's tensors.
struct Bound {
    inputs: Vec<Input<'static>>,
    outputs: Vec<Output<'static>>,
}

impl Bound {
    #[expect(unsafe_code, reason = "views into the session's own arena")]
    fn new(shared: &Shared, arena: &Arena, step: &PlannedStep) -> Self {
        let spot = |id: &TensorId| shared.spots[*id].expect("every tensor of a layer has a spot");
        // SAFETY: the views are kept beside the arena and used only by `State::run`, in which the
        // region's order and the arena's layout keep what is read apart from what is written.
        let input = |id| unsafe { arena.input(spot(id).offset, spot(id).len) };
        // SAFETY: as above.
        let output = |id| unsafe { arena.output(spot(id).offset, spot(id).len) };
        Self { inputs: step.inputs.iter().map(input).collect(), outputs: step.outputs.iter().map(output).collect() }
    }
}

/// What the region runs: the layers over one arena.
struct State {
    /// Holds the memory that the bound views point into.
    arena: Arena,
    workspaces: Workspaces,
    bound: Vec<Bound>,
    /// The first layer of the run that could not compute with its values, and why.
    failed: Mutex<Option<(usize, Failure)>>,
    shared: Arc<Shared>,
}

impl State {
    /// Remembers a failure unless an earlier layer failed already: what follows it computes with leftovers.
    fn fail(&self, layer: usize, failure: Failure) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.as_ref().is_none_or(|(earlier, _)| layer < *earlier) {
            *failed = Some((layer, failure));
        }
    }

    /// The error of the last run, if a layer failed.
    fn take_failure(&self) -> Option<Error> {
        let (layer, failure) = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let (index, name) = self.shared.steps[layer].operator;
        let error = match failure.downcast::<Error>() {
            Ok(error) => *error,
            Err(other) => Error::invalid(other.to_string()),
        };
        Some(error.at_operator(index, name))
    }
}

impl Work for State {
    fn layers(&self) -> usize {
        self.shared.steps.len()
    }

    fn tasks(&self, layer: usize) -> usize {
        self.shared.steps[layer].layer.tasks()
    }

    #[expect(unsafe_code, reason = "the region's contract is the kernels' contract")]
    unsafe fn run(&self, layer: usize, task: usize, thread: usize) {
        let bound = &self.bound[layer];
        // SAFETY: earlier tasks of this thread are over, and nobody else goes by its number.
        let workspace = unsafe { self.workspaces.of(thread) };
        let task = Task { index: task, inputs: &bound.inputs, outputs: &bound.outputs, workspace };
        // SAFETY: the region runs each task once and all earlier layers before; buffers that are
        // alive in the same step do not overlap, so nobody writes what this task reads, and tasks
        // of a layer write disjoint bytes.
        let result = unsafe { self.shared.steps[layer].layer.run(task) };
        if let Err(failure) = result {
            self.fail(layer, failure);
        }
    }
}

struct OptimizedExecution {
    region: Region<State>,
    /// Graph inputs and outputs in the file's form.
    inputs: Vec<AlignedBytes>,
    outputs: Vec<AlignedBytes>,
}

#[expect(unsafe_code, reason = "between runs the arena belongs to the execution")]
impl Execution for OptimizedExecution {
    fn input_mut(&mut self, index: usize) -> &mut [u8] {
        self.inputs[index].bytes_mut()
    }

    fn run(&mut self, profile: &mut Profile) -> Result<()> {
        let state = self.region.work();
        let shared = Arc::clone(&state.shared);
        for (&id, bytes) in shared.graph.inputs.iter().zip(&self.inputs) {
            let mask = xor_mask(shared.isa, shared.graph.tensors[id].dtype);
            let spot = shared.spots[id].expect("graph inputs have spots");
            // SAFETY: no run is going on, and outside of runs nobody else touches the arena.
            unsafe { state.arena.copy_in(spot.offset, bytes.bytes(), mask) };
        }
        let result = self.region.run();
        // Taken in any case: what is left behind would be the next run's failure.
        let failure = self.region.work().take_failure();
        result
            .map_err(|panicked| Error::internal(format!("layer {} failed: {}", panicked.layer, panicked.message())))?;
        profile.set(self.region.layer_nanos(), self.region.busy_nanos());
        if let Some(error) = failure {
            return Err(error);
        }
        let state = self.region.work();
        for (&id, bytes) in shared.graph.outputs.iter().zip(&mut self.outputs) {
            if let Some(spot) = shared.spots[id] {
                let mask = xor_mask(shared.isa, shared.graph.tensors[id].dtype);
                // SAFETY: as above.
                unsafe { state.arena.copy_out(spot.offset, spot.run, mask, bytes.bytes_mut()) };
            }
        }
        Ok(())
    }

    fn output(&self, index: usize) -> &[u8] {
        self.outputs[index].bytes()
    }

    fn tensor(&self, id: TensorId) -> Option<Vec<u8>> {
        let state = self.region.work();
        let shared = &state.shared;
        let spot = (*shared.spots.get(id)?).filter(|_| shared.keep_intermediates)?;
        let tensor = &shared.graph.tensors[id];
        let mut bytes = vec![0; tensor.size_bytes()];
        // SAFETY: as in `run`.
        unsafe { state.arena.copy_out(spot.offset, spot.run, xor_mask(shared.isa, tensor.dtype), &mut bytes) };
        Some(bytes)
    }
}
