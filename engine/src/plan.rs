//! A model made ready to run: everything that can be decided before the first input is decided here.

use std::fmt;
use std::sync::Arc;

use ottava_kernels::Isa;

use crate::error::{Error, Result};
use crate::graph::{DType, Graph, Quantization, TensorId};
use crate::model::Model;
use crate::optimize::OptimizedProgram;
use crate::reference;
use crate::session::Profile;

/// How to run a model.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// Instruction set; `None` takes the best of this CPU (which `OTTAVA_ISA` can narrow).
    pub isa: Option<Isa>,
    /// Kernels or reference.
    pub backend: Backend,
    /// Threads; `None` takes all cores.
    pub threads: Option<usize>,
    /// Batch; `None` leaves the model's own.
    pub batch: Option<usize>,
    /// Other shapes for some inputs, by index: another image size or batch, where every operator of the network allows
    /// it. Not together with [`PlanOptions::batch`].
    pub input_shapes: Vec<(usize, Vec<usize>)>,
    /// Keep every tensor, so that [`crate::Session::tensor`] can show it: costs memory and some fusion.
    pub keep_intermediates: bool,
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
    /// Activations of one session.
    pub arena_bytes: usize,
    /// Weights in the kernels' layouts, shared by all sessions.
    pub packed_weight_bytes: usize,
    /// The model file.
    pub model_bytes: usize,
    /// What the activations would take if none shared memory.
    pub unshared_arena_bytes: usize,
}

/// An input or output of the network.
#[derive(Clone, Debug)]
pub struct TensorInfo {
    /// The file's name for it.
    pub name: String,
    /// Dimensions, with the plan's batch.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Scale and zero point.
    pub quantization: Option<Quantization>,
    /// Graph tensor.
    pub tensor: TensorId,
}

impl TensorInfo {
    /// Size in bytes.
    pub fn size_bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.size_bytes()
    }
}

/// A backend's result of planning: immutable, shared by all sessions.
pub(crate) trait Program: Send + Sync {
    /// The instruction set in use.
    fn isa(&self) -> Isa;
    /// Threads that a session uses.
    fn threads(&self) -> usize;
    /// The steps, in order.
    fn layers(&self) -> &[LayerInfo];
    /// Memory, but for the model's own size.
    fn memory(&self) -> MemoryInfo;
    /// The state of one session, on the embedder's pool if there is one.
    fn start(&self, pool: Option<Arc<rayon::ThreadPool>>) -> Result<Box<dyn Execution>>;
}

/// What a session needs of a backend. Indices of inputs and outputs are valid.
pub(crate) trait Execution: Send {
    /// The bytes of a graph input, in the file's type.
    fn input_mut(&mut self, index: usize) -> &mut [u8];
    /// Runs the network; sets both durations of each layer.
    fn run(&mut self, profile: &mut Profile) -> Result<()>;
    /// The bytes of a graph output, in the file's type, aligned for it.
    fn output(&self, index: usize) -> &[u8];
    /// The bytes of any tensor that was kept.
    fn tensor(&self, id: TensorId) -> Option<Vec<u8>>;
}

/// A model, planned for an instruction set, a number of threads and a batch.
///
/// Cloning is cheap; any number of [`crate::Session`]s share one plan and its weights.
#[derive(Clone)]
pub struct Plan {
    inner: Arc<Inner>,
}

struct Inner {
    model: Model,
    options: PlanOptions,
    batch: usize,
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    program: Box<dyn Program>,
}

impl Plan {
    /// Plans a model.
    ///
    /// # Errors
    /// When the instruction set is not available, or the batch, an input's shape or the number of threads is not
    /// possible.
    pub fn new(model: &Model, options: &PlanOptions) -> Result<Self> {
        Self::build(model, options).map_err(|error| error.in_file(model.name()))
    }

    fn build(model: &Model, options: &PlanOptions) -> Result<Self> {
        if options.threads == Some(0) {
            return Err(Error::argument("0 threads cannot run anything"));
        }
        let isa = options.isa.map_or_else(Isa::best, Isa::require)?;
        let graph = match (options.batch, options.input_shapes.as_slice()) {
            (Some(batch), []) => {
                let graph = model.graph_for(&model.graph().batched_inputs(batch)?)?;
                graph.check_batch(model.graph(), batch)?;
                graph
            }
            (Some(_), _) => return Err(Error::argument("give either a batch or shapes of inputs, not both")),
            (None, shapes) => model.graph_for(shapes)?,
        };
        let info = |ids: &[TensorId]| ids.iter().map(|&id| tensor_info(&graph, id)).collect::<Vec<_>>();
        let (inputs, outputs) = (info(&graph.inputs), info(&graph.outputs));
        let batch = inputs.first().and_then(|input| input.shape.first()).copied().unwrap_or(1);
        let program: Box<dyn Program> = match options.backend {
            Backend::Reference => Box::new(reference::ReferenceProgram::new(model, graph, options)),
            Backend::Optimized => Box::new(OptimizedProgram::new(model, graph, options, isa)?),
        };
        let (model, options) = (model.clone(), options.clone());
        Ok(Self { inner: Arc::new(Inner { model, options, batch, inputs, outputs, program }) })
    }

    /// The instruction set that the kernels use.
    pub fn isa(&self) -> Isa {
        self.inner.program.isa()
    }

    /// Threads that each session uses.
    pub fn threads(&self) -> usize {
        self.inner.program.threads()
    }

    /// What runs the operators.
    pub fn backend(&self) -> Backend {
        self.inner.options.backend
    }

    /// First dimension of the first input.
    pub fn batch(&self) -> usize {
        self.inner.batch
    }

    /// The steps, in the order they run.
    pub fn layers(&self) -> &[LayerInfo] {
        self.inner.program.layers()
    }

    /// Memory of the plan and of one session.
    pub fn memory(&self) -> MemoryInfo {
        MemoryInfo { model_bytes: self.inner.model.size_bytes(), ..self.inner.program.memory() }
    }

    /// Inputs of the network.
    pub fn inputs(&self) -> &[TensorInfo] {
        &self.inner.inputs
    }

    /// Outputs of the network.
    pub fn outputs(&self) -> &[TensorInfo] {
        &self.inner.outputs
    }

    /// The same plan with another shape for input `index`.
    pub(crate) fn resized(&self, index: usize, shape: &[usize]) -> Result<Self> {
        let Inner { model, options, inputs, .. } = &*self.inner;
        let kept = inputs.iter().enumerate().filter(|&(other, _)| other != index);
        let mut input_shapes: Vec<_> = kept.map(|(other, info)| (other, info.shape.clone())).collect();
        input_shapes.push((index, shape.to_vec()));
        Self::new(model, &PlanOptions { batch: None, input_shapes, ..options.clone() })
    }

    /// Name of the model.
    pub(crate) fn model_name(&self) -> &str {
        self.inner.model.name()
    }

    pub(crate) fn program(&self) -> &dyn Program {
        &*self.inner.program
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("backend", &self.backend())
            .field("isa", &self.isa())
            .field("threads", &self.threads())
            .field("batch", &self.batch())
            .field("layers", &self.layers().len())
            .finish_non_exhaustive()
    }
}

fn tensor_info(graph: &Graph, id: TensorId) -> TensorInfo {
    let tensor = &graph.tensors[id];
    TensorInfo {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        dtype: tensor.dtype,
        quantization: tensor.quantization.clone(),
        tensor: id,
    }
}
