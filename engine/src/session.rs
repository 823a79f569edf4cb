//! Running a plan: inputs in, outputs out, time per layer.

use std::fmt;
use std::sync::Arc;

use crate::backend::{Execution, Outside, Profile, Request, TaskSpan};
use crate::binding::{self, Binding, check_type, find};
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::exec::Cancel;
use crate::graph::TensorId;
use crate::interface::{Element, TensorInfo};
use crate::plan::Plan;

/// The state of one inference at a time: activations and their plan.
///
/// Sessions of one plan are independent; run them on as many threads as you like.
pub struct Session {
    plan: Plan,
    execution: Box<dyn Execution>,
    profile: Profile,
    /// The embedder's pool, if it gave one.
    pool: Option<Arc<rayon::ThreadPool>>,
    /// Whether runs note their tasks.
    recording: bool,
}

impl Session {
    /// A session with threads of its own.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn new(plan: &Plan) -> Result<Self> {
        Self::start(plan, None)
    }

    /// A session that takes its helpers from the embedder's pool.
    ///
    /// # Errors
    /// When the plan cannot run on the pool.
    pub fn with_pool(plan: &Plan, pool: Arc<rayon::ThreadPool>) -> Result<Self> {
        Self::start(plan, Some(pool))
    }

    fn start(plan: &Plan, pool: Option<Arc<rayon::ThreadPool>>) -> Result<Self> {
        let execution = plan.program().start(pool.clone())?;
        Ok(Self { plan: plan.clone(), execution, profile: Profile::new(plan.layers().len()), pool, recording: false })
    }

    /// Gives input `index` another shape, such as another image size or batch, and plans the network anew: weights are
    /// packed again, threads and options stay. Values of inputs and outputs are lost. A pool that the session was given
    /// is kept, and so is [`Session::record_tasks`].
    ///
    /// # Errors
    /// When there is no such input, or an operator of the network cannot take what the shape leads to (its name is in
    /// the error). The session stays as it was then.
    pub fn resize_input(&mut self, index: usize, shape: &[usize]) -> Result<()> {
        self.input_info(index)?;
        let plan = self.plan.resized(index, shape)?;
        let recording = self.recording;
        *self = Self::start(&plan, self.pool.clone())?;
        self.record_tasks(recording);
        Ok(())
    }

    /// The plan that the session runs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Inputs of the network.
    pub fn inputs(&self) -> &[TensorInfo] {
        self.plan.inputs()
    }

    /// Outputs of the network.
    pub fn outputs(&self) -> &[TensorInfo] {
        self.plan.outputs()
    }

    /// The bytes of input `index`, to be filled: little-endian, row-major, in the file's type.
    ///
    /// # Errors
    /// When there is no such input.
    pub fn input_mut(&mut self, index: usize) -> Result<&mut [u8]> {
        self.input_info(index)?;
        Ok(self.execution.input_mut(index))
    }

    /// Sets input `index`.
    ///
    /// # Errors
    /// When there is no such input, or it has another type or length.
    pub fn set_input<T: Element>(&mut self, index: usize, values: &[T]) -> Result<()> {
        let info = self.input_info(index)?;
        check_type("input", index, info, T::DTYPE)?;
        let count: usize = info.shape.iter().product();
        if values.len() != count {
            return Err(Error::argument(format!(
                "input {index} '{}' has {count} elements of shape {:?}, got {}",
                info.name,
                info.shape,
                values.len()
            )));
        }
        self.execution.input_mut(index).copy_from_slice(bytemuck::cast_slice(values));
        Ok(())
    }

    /// Runs the network on the inputs as they are.
    ///
    /// # Errors
    /// When an operator is not defined for the values that reach it, such as an index out of range or a division by
    /// zero; outputs hold anything then, and the session can run again. All else was refused before.
    pub fn run(&mut self) -> Result<()> {
        self.execute(None, &mut [])
    }

    /// [`Session::run`], which `cancel` can end before it is done. All threads look there before each task, of which most take
    /// far less than a millisecond and those of layers that run on the reference as long as the layer. With
    /// [`Backend::Reference`](crate::Backend::Reference) it is looked at before each operator.
    ///
    /// # Errors
    /// As [`Session::run`]. Of kind [`ErrorKind::Cancelled`] or [`ErrorKind::DeadlineExceeded`] when the run was ended: outputs
    /// hold anything then, and the session can run again. A run that is done before anybody looks is none of them.
    ///
    /// [`ErrorKind::Cancelled`]: crate::ErrorKind::Cancelled
    /// [`ErrorKind::DeadlineExceeded`]: crate::ErrorKind::DeadlineExceeded
    pub fn run_with(&mut self, cancel: &Cancel) -> Result<()> {
        self.execute(Some(cancel), &mut [])
    }

    /// [`Session::run`] with some inputs and outputs in the caller's memory, for this run. The others are the session's own, as
    /// ever. What the session itself has of those that are bound holds anything afterwards.
    ///
    /// # Errors
    /// As [`Session::run`], and before anything is run when a binding has another type or length than its tensor, there is no
    /// such tensor, or it is bound twice.
    pub fn run_bound(&mut self, bindings: &mut [Binding<'_>]) -> Result<()> {
        binding::check(bindings, self.plan.inputs(), self.plan.outputs())?;
        self.execute(None, bindings)
    }

    /// [`Session::run_bound`], which `cancel` can end before it is done, as in [`Session::run_with`].
    ///
    /// # Errors
    /// As both.
    pub fn run_bound_with(&mut self, bindings: &mut [Binding<'_>], cancel: &Cancel) -> Result<()> {
        binding::check(bindings, self.plan.inputs(), self.plan.outputs())?;
        self.execute(Some(cancel), bindings)
    }

    /// Whether a [`Binding::padded_input`] of input `index` is read where it is, at an address that its elements can have.
    ///
    /// It is not where kernels store other bytes than the file's (int8 on x86, which is stored with 128 added), where the input is
    /// an output as well or overwritten, with [`PlanOptions::keep_intermediates`](crate::PlanOptions::keep_intermediates), and with
    /// [`Backend::Reference`](crate::Backend::Reference). Then it is copied once.
    ///
    /// # Errors
    /// When there is no such input.
    pub fn binds_input_in_place(&self, index: usize) -> Result<bool> {
        self.input_info(index)?;
        Ok(self.execution.binds_in_place(Outside::Input(index)))
    }

    /// Whether a [`Binding::output`] of output `index` is written where it is, at an address that its elements can have.
    ///
    /// It is not in the cases of [`Session::binds_input_in_place`], and where other operators read it. Then it is copied once.
    ///
    /// # Errors
    /// When there is no such output.
    pub fn binds_output_in_place(&self, index: usize) -> Result<bool> {
        self.output_info(index)?;
        Ok(self.execution.binds_in_place(Outside::Output(index)))
    }

    fn execute(&mut self, cancel: Option<&Cancel>, bindings: &mut [Binding<'_>]) -> Result<()> {
        let start = Instant::now();
        let request = Request { profile: &mut self.profile, cancel, bindings };
        self.execution.run(request).map_err(|error| error.in_file(self.plan.model_name()))?;
        self.profile.total = start.elapsed();
        Ok(())
    }

    /// Makes the session as it was when it was new: inputs and outputs are zeros, and nothing of earlier runs is left in its
    /// memory. Whatever operators remember from run to run begins anew; today's remember nothing. What was asked of the session
    /// (shapes, [`Session::record_tasks`]) stays.
    ///
    /// No run needs it: the next one after an error is as any other. See `docs/embedding.md` on operators with a memory.
    pub fn reset(&mut self) {
        self.execution.reset();
        self.profile = Profile::new(self.plan.layers().len());
    }

    /// Whether later runs note when and on which thread each task is executed, for [`Session::tasks`]. Memory for that is taken
    /// here, at the first time; a run takes none. While it is off it costs nothing.
    pub fn record_tasks(&mut self, recording: bool) {
        self.recording = recording;
        self.execution.record_tasks(recording);
    }

    /// The tasks of the last run, where they were recorded, by layer and task. Those that a run left out, since it was ended or
    /// failed, are missing.
    pub fn tasks(&self) -> Vec<TaskSpan> {
        self.execution.tasks()
    }

    /// The bytes of output `index`, as [`Session::input_mut`].
    ///
    /// # Errors
    /// When there is no such output.
    pub fn output(&self, index: usize) -> Result<&[u8]> {
        self.output_info(index)?;
        Ok(self.execution.output(index))
    }

    /// The elements of output `index`.
    ///
    /// # Errors
    /// When there is no such output, or it has another type.
    pub fn output_as<T: Element>(&self, index: usize) -> Result<&[T]> {
        check_type("output", index, self.output_info(index)?, T::DTYPE)?;
        bytemuck::try_cast_slice(self.execution.output(index))
            .map_err(|error| Error::internal(format!("output {index} is not aligned: {error}")))
    }

    /// How long the last run took, layer by layer.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The bytes of any graph tensor after a run, in the file's type; needs [`crate::PlanOptions::keep_intermediates`].
    /// `None` for tensors that were fused away, are constants, or were not kept.
    pub fn tensor(&self, id: TensorId) -> Option<Vec<u8>> {
        self.execution.tensor(id)
    }

    fn input_info(&self, index: usize) -> Result<&TensorInfo> {
        find("input", index, self.plan.inputs())
    }

    fn output_info(&self, index: usize) -> Result<&TensorInfo> {
        find("output", index, self.plan.outputs())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("plan", &self.plan).finish_non_exhaustive()
    }
}
