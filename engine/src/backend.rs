//! What plans and sessions have to do with the backends that run them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ottava_kernels::Isa;

use crate::arena_info::ArenaInfo;
use crate::binding::Binding;
use crate::error::Result;
use crate::exec::Cancel;
use crate::packed::{Cache, PackedStep};
use crate::tensor::TensorId;
use crate::winograd::Winograd;

/// How to run a model.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// Instruction set; `None` takes the best of this CPU (which `OTTAVA_ISA` can narrow).
    pub isa: Option<Isa>,
    /// Kernels or reference.
    pub backend: Backend,
    /// Threads; `None` takes one for each CPU that the process may run on (its affinity), and no more than its control group's
    /// share of CPU time lasts for, rounded up.
    pub threads: Option<usize>,
    /// Batch; `None` leaves the model's own.
    pub batch: Option<usize>,
    /// Other shapes for some inputs, by index: another image size or batch, where every operator of the network allows
    /// it. Not together with [`PlanOptions::batch`].
    pub input_shapes: Vec<(usize, Vec<usize>)>,
    /// Keep every tensor, so that [`crate::Session::tensor`] can show it: costs memory and some fusion.
    pub keep_intermediates: bool,
    /// When to compute 3x3 convolutions with fewer products, by exact Winograd transforms.
    pub winograd: Winograd,
    /// Where to keep packed weights for the next start, and to look for those of an earlier one. Results are the same with and
    /// without; a folder that cannot be read or written costs the cache alone.
    pub cache: Option<Cache>,
}

impl PlanOptions {
    /// Whether a plan computes what the model says with the shapes that it says, and keeps no tensor for itself: what packed models
    /// hold.
    pub(crate) fn as_the_model_is(&self) -> bool {
        self.batch.is_none() && self.input_shapes.is_empty() && !self.keep_intermediates
    }
}

/// What runs the operators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backend {
    /// The kernels: fused, packed, threaded.
    #[default]
    Optimized,
    /// The scalar reference, one operator after the other on one thread. Slow; the measure of the other.
    Reference,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Optimized => "optimized",
            Self::Reference => "reference",
        })
    }
}

/// One step of a plan: an operator of the file, or several that were fused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerInfo {
    /// Position in the plan.
    pub index: usize,
    /// Operators of the file, such as `CONV_2D #12` or `CONV_2D #12+#15`.
    pub name: String,
    /// Their positions in the file.
    pub file_operators: Vec<usize>,
    /// Name of the (first) operator.
    pub op: String,
    /// The kernel that runs it.
    pub kernel: String,
    /// The instruction set that the kernel is written for, which may be less than the plan's; `None` where every CPU
    /// runs the same code.
    pub isa: Option<Isa>,
    /// Whether the kernel adds up fused products of float32, which most CPUs do at another rate than products of bytes.
    pub float32: bool,
    /// Shape of its (first) output.
    pub output_shape: Vec<usize>,
    /// Multiply-accumulates as usually counted, padding included.
    pub macs: u64,
    /// Those of them whose tap lies inside the image, which is what the kernels compute.
    pub macs_in_range: u64,
    /// Bytes of packed weights and tables that it holds.
    pub packed_bytes: usize,
    /// Graph tensors that it writes.
    pub output_tensors: Vec<TensorId>,
    /// Anything else worth knowing, for people.
    pub notes: String,
}

/// What a plan and each of its sessions hold in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryInfo {
    /// All that one session holds: the arena with activations and temporaries, inputs and outputs in the file's form, and
    /// the threads' workspaces.
    pub arena_bytes: usize,
    /// Weights in the kernels' layouts, shared by all sessions.
    pub packed_weight_bytes: usize,
    /// The model file.
    pub model_bytes: usize,
    /// The same as [`MemoryInfo::arena_bytes`], if no activations shared memory.
    pub unshared_arena_bytes: usize,
    /// Of [`MemoryInfo::arena_bytes`] what activations and temporaries take.
    pub activation_bytes: usize,
    /// The most bytes of activations and temporaries that are alive at the same time; [`MemoryInfo::activation_bytes`] are no less.
    pub activation_bound_bytes: usize,
    /// Of [`MemoryInfo::arena_bytes`] what inputs and outputs take in the file's form.
    pub staged_bytes: usize,
    /// Of [`MemoryInfo::arena_bytes`] what the workspaces of all threads take.
    pub workspace_bytes: usize,
}

/// Durations of the last run; all zero on `wasm32-unknown-unknown`, which has no clock.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The whole run.
    pub total: Duration,
    /// Each layer, parallel to [`Plan::layers`](crate::Plan::layers).
    pub layers: Vec<Duration>,
    /// How long each layer's tasks kept threads busy, summed over the threads; parallel to [`Profile::layers`].
    ///
    /// At most [`Plan::threads`](crate::Plan::threads) times the layer's duration: what is missing is time that threads waited in the layer,
    /// for its first task or for the others' last ones. Where one thread runs alone it is the layer's duration.
    pub busy: Vec<Duration>,
}

impl Profile {
    pub(crate) fn new(layers: usize) -> Self {
        let zeros = vec![Duration::ZERO; layers];
        Self { total: Duration::ZERO, layers: zeros.clone(), busy: zeros }
    }

    /// Forgets all durations of layers.
    pub(crate) fn clear(&mut self) {
        self.layers.fill(Duration::ZERO);
        self.busy.fill(Duration::ZERO);
    }

    /// Adds to the durations of a layer, given in nanoseconds.
    pub(crate) fn add(&mut self, layer: usize, nanos: u64, busy_nanos: u64) {
        self.layers[layer] += Duration::from_nanos(nanos);
        self.busy[layer] += Duration::from_nanos(busy_nanos);
    }
}

/// One task of a run: when and where it was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskSpan {
    /// The layer of the plan, by its index in [`Plan::layers`](crate::Plan::layers).
    pub layer: usize,
    /// Which of the layer's kernels, in the order that they run; 0 where it has one.
    pub part: usize,
    /// The kernel, as `ottava kernels` lists it.
    pub kernel: String,
    /// Which of the kernel's tasks.
    pub task: usize,
    /// The thread: 0 is the one that called the session, others are its helpers.
    pub thread: usize,
    /// When it began, since the start of the run's first layer.
    pub begin: Duration,
    /// When it ended, likewise.
    pub end: Duration,
}

/// A backend's result of planning: immutable, shared by all sessions.
pub(crate) trait Program: Send + Sync {
    /// The instruction set in use.
    fn isa(&self) -> Isa;
    /// Threads that a session uses.
    fn threads(&self) -> usize;
    /// The steps, in order.
    fn layers(&self) -> &[LayerInfo];
    /// The steps with their packed weights, where they can be stored.
    fn packed_steps(&self) -> Option<&[PackedStep]> {
        None
    }
    /// Memory, but for the model's own size.
    fn memory(&self) -> MemoryInfo;
    /// The arena of a session, where there is one.
    fn arena(&self) -> Option<&ArenaInfo> {
        None
    }
    /// The state of one session, on the embedder's pool if there is one.
    fn start(&self, pool: Option<Arc<rayon::ThreadPool>>) -> Result<Box<dyn Execution>>;
}

/// What a run is to do, beside computing.
pub(crate) struct Request<'a, 'b> {
    /// Where durations go.
    pub(crate) profile: &'a mut Profile,
    /// Who can end the run before it is done.
    pub(crate) cancel: Option<&'a Cancel>,
    /// Inputs and outputs in the caller's memory, checked.
    pub(crate) bindings: &'a mut [Binding<'b>],
}

/// An input or output of the graph, by index.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outside {
    Input(usize),
    Output(usize),
}

/// What a session needs of a backend. Indices of inputs and outputs are valid.
pub(crate) trait Execution: Send {
    /// The bytes of a graph input, in the file's type.
    fn input_mut(&mut self, index: usize) -> &mut [u8];
    /// Runs the network as requested; sets both durations of each layer.
    fn run(&mut self, request: Request<'_, '_>) -> Result<()>;
    /// Whether memory of the caller's that suits kernels is used as it is, for an input or output.
    fn binds_in_place(&self, tensor: Outside) -> bool;
    /// Zeros in the inputs, the outputs and all between.
    fn reset(&mut self);
    /// Whether later runs note when and where each task is executed.
    fn record_tasks(&mut self, recording: bool);
    /// The tasks of the last run, where it noted them, by layer and task.
    fn tasks(&self) -> Vec<TaskSpan>;
    /// The bytes of a graph output, in the file's type, aligned for it.
    fn output(&self, index: usize) -> &[u8];
    /// The bytes of any tensor that was kept.
    fn tensor(&self, id: TensorId) -> Option<Vec<u8>>;
}
