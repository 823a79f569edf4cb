//! Sessions, and what ends their runs.

use std::collections::BTreeMap;
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use numpy::PyUntypedArray;
use ottava::graph::TensorId;
use ottava::{Binding, INPUT_PADDING, TensorInfo};
use pyo3::prelude::*;

use crate::error::{IntoPython, invalid};
use crate::memory::TensorMemory;
use crate::plan::Plan;
use crate::tensor::{Span, check_apart};
use crate::view::View;

/// Ends runs: from another thread, or at a deadline. It ends each run that it is given to.
#[pyclass(frozen, module = "ottava")]
pub(crate) struct Cancel {
    cancel: ottava::Cancel,
}

#[pymethods]
impl Cancel {
    /// `deadline` is in seconds from now.
    #[new]
    #[pyo3(signature = (deadline=None))]
    fn new(python: Python<'_>, deadline: Option<f64>) -> PyResult<Self> {
        let cancel = ottava::Cancel::new();
        let Some(seconds) = deadline else { return Ok(Self { cancel }) };
        let after = Duration::try_from_secs_f64(seconds).ok().and_then(|after| Instant::now().checked_add(after));
        let at = after.ok_or_else(|| invalid(python, format!("a deadline cannot be {seconds} seconds from now")))?;
        Ok(Self { cancel: cancel.with_deadline(at) })
    }

    /// Ends the runs that are going on with it, and those that begin later.
    fn cancel(&self) {
        self.cancel.cancel();
    }

    #[getter]
    fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

/// One inference at a time, with memory for inputs and outputs at addresses that stay.
#[pyclass(frozen, weakref, module = "ottava._native")]
pub(crate) struct Session {
    state: Mutex<State>,
    /// Arrays that show the memory.
    views: Arc<AtomicUsize>,
}

struct State {
    session: ottava::Session,
    /// Of inputs and outputs.
    memory: BTreeMap<TensorId, TensorMemory>,
}

impl Session {
    /// The state, once no other thread runs it. Whoever runs it needs the interpreter's lock to go on, so that is not kept while waiting.
    fn state(&self, python: Python<'_>) -> MutexGuard<'_, State> {
        loop {
            match self.state.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    python.detach(|| drop(self.state.lock().unwrap_or_else(PoisonError::into_inner)));
                }
            }
        }
    }
}

#[pymethods]
impl Session {
    #[new]
    fn new(python: Python<'_>, plan: &Plan) -> PyResult<Self> {
        let session = ottava::Session::new(&plan.plan).into_python(python)?;
        let mut memory = BTreeMap::new();
        for info in session.inputs().iter().chain(session.outputs()) {
            if let std::collections::btree_map::Entry::Vacant(entry) = memory.entry(info.tensor) {
                let size = info.size_bytes();
                let made = TensorMemory::new(size);
                entry.insert(made.ok_or_else(|| {
                    invalid(python, format!("there is no memory for tensor {} of {size} bytes", info.tensor))
                })?);
            }
        }
        Ok(Self { state: Mutex::new(State { session, memory }), views: Arc::default() })
    }

    /// How many arrays show the session's memory.
    #[getter]
    fn views(&self) -> usize {
        self.views.load(Ordering::Acquire)
    }

    /// Copies an array's bytes into an input's memory.
    fn write(&self, python: Python<'_>, tensor: TensorId, array: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
        let Span { start: from, size } = Span::read(array)?;
        let mut state = self.state(python);
        let memory = state.find(python, tensor)?;
        check_size(python, tensor, size, memory.size())?;
        // SAFETY: both are of this size. The array is alive; it may lie in the memory itself, being a view of it.
        unsafe { std::ptr::copy(from, memory.start(), size) };
        Ok(())
    }

    /// Copies an input's or output's memory into an array.
    fn read(&self, python: Python<'_>, tensor: TensorId, array: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
        let Span { start: to, size } = Span::write(array)?;
        let mut state = self.state(python);
        let memory = state.find(python, tensor)?;
        check_size(python, tensor, size, memory.size())?;
        // SAFETY: as in `write`, and the array can be written.
        unsafe { std::ptr::copy(memory.start(), to, size) };
        Ok(())
    }

    /// What shows an input's or output's memory to NumPy: `numpy.asarray(session.view(...))`. `typestr` and `shape` are NumPy's.
    fn view(
        slf: &Bound<'_, Self>,
        tensor: TensorId,
        typestr: String,
        shape: Vec<usize>,
        itemsize: usize,
    ) -> PyResult<View> {
        let python = slf.py();
        let mut state = slf.get().state(python);
        let memory = state.find(python, tensor)?;
        let size = shape.iter().try_fold(itemsize, |bytes, &extent| bytes.checked_mul(extent));
        check_size(python, tensor, size.unwrap_or(usize::MAX), memory.size())?;
        let start = memory.start().expose_provenance();
        Ok(View::new(slf.clone().into_any().unbind(), Arc::clone(&slf.get().views), start, typestr, shape))
    }

    /// Runs the network on the memory of the inputs, into that of the outputs.
    #[pyo3(signature = (cancel=None))]
    fn run(&self, python: Python<'_>, cancel: Option<&Cancel>) -> PyResult<()> {
        let result = python.detach(|| self.state.lock().unwrap_or_else(PoisonError::into_inner).run(cancel));
        // What the user pressed meanwhile.
        python.check_signals()?;
        result.into_python(python)
    }

    /// Runs the network from and to the caller's arrays, in the order of inputs and of outputs. Nobody may write the former or touch the
    /// latter meanwhile.
    fn run_on(
        &self,
        python: Python<'_>,
        inputs: Vec<Bound<'_, PyUntypedArray>>,
        outputs: Vec<Bound<'_, PyUntypedArray>>,
        cancel: Option<&Cancel>,
    ) -> PyResult<()> {
        let inputs = inputs.iter().map(Span::read).collect::<PyResult<Vec<_>>>()?;
        let outputs = outputs.iter().map(Span::write).collect::<PyResult<Vec<_>>>()?;
        check_apart(python, &inputs, &outputs)?;
        let result = python.detach(|| {
            // SAFETY: the arrays are held by the caller's arguments for the time of the call, and are apart; what becomes of them
            // meanwhile is the caller's promise.
            unsafe { self.state.lock().unwrap_or_else(PoisonError::into_inner).run_on((&inputs, &outputs), cancel) }
        });
        python.check_signals()?;
        result.into_python(python)
    }

    /// Nanoseconds of the last run: all, and of each layer.
    fn profile(&self, python: Python<'_>) -> (u64, Vec<u64>) {
        let state = self.state(python);
        let profile = state.session.profile();
        let nanoseconds = |time: &Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        (nanoseconds(&profile.total), profile.layers.iter().map(nanoseconds).collect())
    }

    /// The bytes of any tensor after a run, where the plan keeps them.
    fn intermediate(&self, python: Python<'_>, tensor: TensorId) -> Option<Vec<u8>> {
        self.state(python).session.tensor(tensor)
    }

    /// Makes the session as it was when it was new.
    fn reset(&self, python: Python<'_>) {
        let mut state = self.state(python);
        state.session.reset();
        for memory in state.memory.values_mut() {
            // SAFETY: it is this long.
            unsafe { std::ptr::write_bytes(memory.start(), 0, memory.size()) };
        }
    }
}

impl State {
    fn find(&mut self, python: Python<'_>, tensor: TensorId) -> PyResult<&mut TensorMemory> {
        let memory = self.memory.get_mut(&tensor);
        memory.ok_or_else(|| invalid(python, format!("tensor {tensor} is neither an input nor an output")))
    }

    fn run(&mut self, cancel: Option<&Cancel>) -> ottava::Result<()> {
        let Self { session, memory } = self;
        let mut bindings = Vec::new();
        let mut bound = Vec::new();
        let mut start = |info: &TensorInfo| memory.get_mut(&info.tensor).map(TensorMemory::start);
        for (index, info) in session.inputs().iter().enumerate() {
            if let Some(start) = start(info) {
                // SAFETY: the memory is this long, and only threads that have locked the state, or who show it to NumPy, write it.
                let bytes = unsafe { slice::from_raw_parts::<u8>(start, info.size_bytes() + INPUT_PADDING) };
                bindings.push(Binding::padded_input(index, bytes).as_bytes());
                bound.push(info.tensor);
            }
        }
        for (index, info) in session.outputs().iter().enumerate() {
            // An output that is an input is there already; one that is named twice is written once.
            if let Some(start) = start(info).filter(|_| !bound.contains(&info.tensor)) {
                // SAFETY: as for inputs, and each tensor has memory of its own.
                let bytes = unsafe { slice::from_raw_parts_mut::<u8>(start, info.size_bytes()) };
                bindings.push(Binding::output(index, bytes).as_bytes());
                bound.push(info.tensor);
            }
        }
        run_bound(session, &mut bindings, cancel)
    }

    /// # Safety
    /// The spans of inputs are readable and those of outputs writable, the latter apart from all others, and nobody else writes the former
    /// or touches the latter meanwhile.
    unsafe fn run_on(&mut self, (inputs, outputs): (&[Span], &[Span]), cancel: Option<&Cancel>) -> ottava::Result<()> {
        let mut bindings = Vec::new();
        for (index, span) in inputs.iter().enumerate() {
            // SAFETY: the caller's promise.
            let bytes = unsafe { slice::from_raw_parts::<u8>(span.start, span.size) };
            bindings.push(Binding::input(index, bytes).as_bytes());
        }
        for (index, span) in outputs.iter().enumerate() {
            // SAFETY: the caller's promise.
            let bytes = unsafe { slice::from_raw_parts_mut::<u8>(span.start, span.size) };
            bindings.push(Binding::output(index, bytes).as_bytes());
        }
        run_bound(&mut self.session, &mut bindings, cancel)
    }
}

fn run_bound(
    session: &mut ottava::Session,
    bindings: &mut [Binding<'_>],
    cancel: Option<&Cancel>,
) -> ottava::Result<()> {
    match cancel {
        Some(cancel) => session.run_bound_with(bindings, &cancel.cancel),
        None => session.run_bound(bindings),
    }
}

fn check_size(python: Python<'_>, tensor: TensorId, size: usize, wanted: usize) -> PyResult<()> {
    if size == wanted {
        return Ok(());
    }
    Err(invalid(python, format!("the array has {size} bytes, and tensor {tensor} {wanted}")))
}
