//! Running a plan: inputs in, outputs out, time per layer.

use std::fmt;
use std::sync::Arc;

use bytemuck::Pod;

use crate::backend::{Execution, Profile};
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::graph::{DType, TensorId};
use crate::plan::{Plan, TensorInfo};

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for i8 {}
    impl Sealed for i16 {}
    impl Sealed for f32 {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
    impl Sealed for half::f16 {}
}

/// An element type that inputs and outputs can be exchanged in.
pub trait Element: Pod + sealed::Sealed {
    /// The same type as a value.
    const DTYPE: DType;
}

impl Element for u8 {
    const DTYPE: DType = DType::U8;
}
impl Element for i8 {
    const DTYPE: DType = DType::I8;
}
impl Element for i16 {
    const DTYPE: DType = DType::I16;
}
impl Element for f32 {
    const DTYPE: DType = DType::F32;
}
impl Element for i32 {
    const DTYPE: DType = DType::I32;
}
impl Element for i64 {
    const DTYPE: DType = DType::I64;
}
impl Element for half::f16 {
    const DTYPE: DType = DType::F16;
}

/// The state of one inference at a time: activations and their plan.
///
/// Sessions of one plan are independent; run them on as many threads as you like.
pub struct Session {
    plan: Plan,
    execution: Box<dyn Execution>,
    profile: Profile,
    /// The embedder's pool, if it gave one.
    pool: Option<Arc<rayon::ThreadPool>>,
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
        Ok(Self { plan: plan.clone(), execution, profile: Profile::new(plan.layers().len()), pool })
    }

    /// Gives input `index` another shape, such as another image size or batch, and plans the network anew: weights are
    /// packed again, threads and options stay. Values of inputs and outputs are lost. A pool that the session was given
    /// is kept.
    ///
    /// # Errors
    /// When there is no such input, or an operator of the network cannot take what the shape leads to (its name is in
    /// the error). The session stays as it was then.
    pub fn resize_input(&mut self, index: usize, shape: &[usize]) -> Result<()> {
        self.input_info(index)?;
        let plan = self.plan.resized(index, shape)?;
        *self = Self::start(&plan, self.pool.clone())?;
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
        check_type::<T>("input", index, info)?;
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
        let start = Instant::now();
        self.execution.run(&mut self.profile).map_err(|error| error.in_file(self.plan.model_name()))?;
        self.profile.total = start.elapsed();
        Ok(())
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
        check_type::<T>("output", index, self.output_info(index)?)?;
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

fn find<'a>(what: &str, index: usize, list: &'a [TensorInfo]) -> Result<&'a TensorInfo> {
    list.get(index).ok_or_else(|| Error::argument(format!("there is no {what} {index}; the model has {}", list.len())))
}

fn check_type<T: Element>(what: &str, index: usize, info: &TensorInfo) -> Result<()> {
    if info.dtype == T::DTYPE {
        return Ok(());
    }
    let (name, dtype) = (&info.name, info.dtype);
    Err(Error::argument(format!("{what} {index} '{name}' is {dtype}, not {}", T::DTYPE)))
}
