//! A model made ready to run: everything that can be decided before the first input is decided here.

use std::fmt;
use std::sync::Arc;

use ottava_kernels::Isa;

use crate::arena_info::ArenaInfo;
use crate::backend::{Backend, LayerInfo, MemoryInfo, PlanOptions, Program};
use crate::error::{Error, Result};
use crate::graph::{Graph, TensorId};
use crate::interface::TensorInfo;
use crate::model::Model;
use crate::optimize::{OptimizedProgram, PackedWeights};
use crate::packed::{CacheEntry, PackedStep, StoredPlan};
use crate::reference;

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
        let (isa, graph) = resolved(model, options)?;
        let info = |ids: &[TensorId]| ids.iter().map(|&id| tensor_info(&graph, id)).collect::<Vec<_>>();
        let (inputs, outputs) = (info(&graph.inputs), info(&graph.outputs));
        let batch = inputs.first().and_then(|input| input.shape.first()).copied().unwrap_or(1);
        let program: Box<dyn Program> = match options.backend {
            Backend::Reference => Box::new(reference::ReferenceProgram::new(model, graph, options)?),
            Backend::Optimized => {
                let stored = stored(model, options, isa)?;
                let cache = options.cache.as_ref().filter(|_| options.as_the_model_is() && stored.is_none());
                match cache.map(|cache| CacheEntry::of(cache, model, isa, options.winograd)) {
                    Some(entry) => Box::new(cached(model, graph, options, (isa, entry))?),
                    None => {
                        let weights = stored.map_or(PackedWeights::Fresh, PackedWeights::Stored);
                        Box::new(OptimizedProgram::new(model, graph, options, (isa, weights))?)
                    }
                }
            }
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

    /// What is where in the arena of a session; `None` with [`Backend::Reference`], which gives each tensor memory of its own.
    pub fn arena(&self) -> Option<&ArenaInfo> {
        self.inner.program.arena()
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

    pub(crate) fn model(&self) -> &Model {
        &self.inner.model
    }

    pub(crate) fn options(&self) -> &PlanOptions {
        &self.inner.options
    }

    /// The steps with their packed weights, where a plan of the model as it is could use them.
    pub(crate) fn packed_steps(&self) -> Option<&[PackedStep]> {
        self.inner.program.packed_steps().filter(|_| self.inner.options.as_the_model_is())
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

/// The instruction set of a plan, and its graph with the shapes that the options ask for.
fn resolved(model: &Model, options: &PlanOptions) -> Result<(Isa, Arc<Graph>)> {
    if options.threads == Some(0) {
        return Err(Error::argument("0 threads cannot run anything"));
    }
    let isa = match options.isa {
        Some(isa) => isa.require()?,
        None if options.as_the_model_is() => model.best_isa(options.winograd)?,
        None => Isa::best()?,
    };
    let graph = match (options.batch, options.input_shapes.as_slice()) {
        (Some(batch), []) => {
            let graph = model.graph_for(&model.graph().batched_inputs(batch)?)?;
            graph.check_batch(model.graph(), batch)?;
            graph
        }
        (Some(_), _) => return Err(Error::argument("give either a batch or shapes of inputs, not both")),
        (None, shapes) => model.graph_for(shapes)?,
    };
    Ok((isa, graph))
}

/// The packed weights that a model has for a plan.
fn stored(model: &Model, options: &PlanOptions, isa: Isa) -> Result<Option<StoredPlan>> {
    if options.as_the_model_is() { model.stored_plan(isa, options.winograd) } else { Ok(None) }
}

impl Model {
    /// What a plan and each of its sessions would hold in memory: the [`Plan::memory`] of the plan with these options, before it is made.
    ///
    /// Everything is decided as for the plan, but no weights are packed. They are read where it depends on them what is packed: to prove
    /// that a Winograd transform is exact, and to count the lines that AVX2 and SSE4.1 want. That takes a part of the time
    /// that planning takes, and next to no memory.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn memory_estimate(&self, options: &PlanOptions) -> Result<MemoryInfo> {
        let estimate = || -> Result<MemoryInfo> {
            let (isa, graph) = resolved(self, options)?;
            let memory = match options.backend {
                Backend::Reference => reference::ReferenceProgram::new(self, graph, options)?.memory(),
                Backend::Optimized => {
                    let weights = stored(self, options, isa)?.map_or(PackedWeights::Measured, PackedWeights::Stored);
                    OptimizedProgram::new(self, graph, options, (isa, weights))?.memory()
                }
            };
            Ok(MemoryInfo { model_bytes: self.size_bytes(), ..memory })
        };
        estimate().map_err(|error| error.in_file(self.name()))
    }
}

/// A program with packed weights of the cache, which gets them where it has none that can be used.
fn cached(
    model: &Model,
    graph: Arc<Graph>,
    options: &PlanOptions,
    (isa, entry): (Isa, CacheEntry<'_>),
) -> Result<OptimizedProgram> {
    let from_cache = entry.load().and_then(|stored| {
        // What does not fit is written anew.
        OptimizedProgram::new(model, Arc::clone(&graph), options, (isa, PackedWeights::Stored(stored))).ok()
    });
    if let Some(program) = from_cache {
        return Ok(program);
    }
    let program = OptimizedProgram::new(model, graph, options, (isa, PackedWeights::Fresh))?;
    entry.store(model, program.packed_steps().unwrap_or_default());
    Ok(program)
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
