//! Interpreters.

use std::ffi::{c_int, c_void};
use std::ops::Deref;
use std::ptr::null;
use std::sync::{Arc, Mutex, PoisonError};

use ottava::{Cancel, Model, Plan};

use crate::border::{Dims, action, element, guarded, status};
use crate::memory::ALIGNMENT;
use crate::model::TfLiteModel;
use crate::options::TfLiteInterpreterOptions;
use crate::report::Reporter;
use crate::state::{Lent, Resize, State};
use crate::status::{Failure, TfLiteStatus};
use crate::tensors::{TensorHandle, TensorTable};
use crate::texts::Signatures;

/// What C has a handle of. Signature runners share what is in it.
pub(crate) struct TfLiteInterpreter(pub(crate) Arc<Interpreter>);

impl Deref for TfLiteInterpreter {
    type Target = Interpreter;

    fn deref(&self) -> &Interpreter {
        &self.0
    }
}

/// A model, its tensors, and what runs it.
pub(crate) struct Interpreter {
    pub(crate) model: Model,
    pub(crate) tensors: TensorTable,
    pub(crate) signatures: Signatures,
    inputs: Box<[c_int]>,
    outputs: Box<[c_int]>,
    reporter: Reporter,
    cancellable: bool,
    /// Ends the run that is going on. Apart from the state, which that run has locked.
    running: Mutex<Cancel>,
    state: Mutex<State>,
}

impl Interpreter {
    /// An interpreter, of a plan where there is one already.
    ///
    /// # Errors
    /// The options ask for what cannot be, or the file is damaged.
    pub(crate) fn new(model: &Model, options: &TfLiteInterpreterOptions, plan: Option<Plan>) -> Result<Self, Failure> {
        if let Some(refusal) = &options.refusal {
            return Err(Failure::new(refusal.clone()));
        }
        let indices = |ids: &[usize]| ids.iter().map(|&id| c_int::try_from(id).unwrap_or(-1)).collect();
        Ok(Self {
            tensors: TensorTable::new(model)?,
            signatures: Signatures::new(model)?,
            inputs: indices(&model.graph().inputs),
            outputs: indices(&model.graph().outputs),
            reporter: options.reporter,
            cancellable: options.cancellable,
            running: Mutex::default(),
            state: Mutex::new(State::new(model.clone(), options.plan.clone(), plan)),
            model: model.clone(),
        })
    }

    /// Reports a failure.
    pub(crate) fn fail(&self, failure: Failure) -> TfLiteStatus {
        self.reporter.report(&failure.text);
        failure.status
    }

    /// The status of a result, whose failure is reported.
    pub(crate) fn status(&self, result: Result<(), Failure>) -> TfLiteStatus {
        result.map_or_else(|failure| self.fail(failure), |()| TfLiteStatus::Ok)
    }

    /// Does something to the state. Whoever reports does so afterwards, as reporters may call the interpreter.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn resize(&self, input: c_int, dims: Option<&[c_int]>, resize: Resize) -> TfLiteStatus {
        let Some(dims) = dims else {
            return self.fail(Failure::new(format!("Input {input} gets no dimensions")));
        };
        self.status(self.with(|state| state.resize(&self.tensors, input, dims, resize)))
    }

    pub(crate) fn allocate(&self) -> TfLiteStatus {
        self.status(self.with(|state| state.allocate(&self.tensors)))
    }

    /// Runs the network, until somebody ends it where that is wanted.
    pub(crate) fn invoke(&self) -> TfLiteStatus {
        let cancel = self.cancellable.then(|| {
            let cancel = Cancel::new();
            // What ended earlier runs does not end this one.
            *self.running.lock().unwrap_or_else(PoisonError::into_inner) = cancel.clone();
            cancel
        });
        self.status(self.with(|state| state.invoke(cancel.as_ref())))
    }

    pub(crate) fn cancel(&self) -> TfLiteStatus {
        if !self.cancellable {
            return self.fail(Failure::new("Cancellation is not enabled"));
        }
        self.running.lock().unwrap_or_else(PoisonError::into_inner).cancel();
        TfLiteStatus::Ok
    }

    fn lend(&self, index: c_int, allocation: &TfLiteCustomAllocation, flags: i64) -> Result<(), Failure> {
        let id = usize::try_from(index).ok();
        let id = id.filter(|_| self.inputs.contains(&index) || self.outputs.contains(&index));
        let id = id.ok_or_else(|| Failure::new(format!("Tensor {index} is no input or output")))?;
        let start: *mut u8 = allocation.data.cast();
        if start.is_null() {
            return Err(Failure::new(format!("Custom allocation of tensor {index} is null")));
        }
        if flags & SKIP_ALIGNMENT == 0 && !start.addr().is_multiple_of(ALIGNMENT) {
            return Err(Failure::new(format!(
                "Custom allocation of tensor {index} is not aligned to {ALIGNMENT} bytes"
            )));
        }
        self.with(|state| state.lend(id, Lent { start, size: allocation.bytes }));
        Ok(())
    }
}

/// `TfLiteCustomAllocation`.
#[repr(C)]
struct TfLiteCustomAllocation {
    data: *mut c_void,
    bytes: usize,
}

/// `kTfLiteCustomAllocationFlagsSkipAlignCheck`.
const SKIP_ALIGNMENT: i64 = 1;

/// An interpreter of a model; NULL where the options cannot be had.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterCreate(
    model: Option<&TfLiteModel>,
    options: Option<&TfLiteInterpreterOptions>,
) -> Option<Box<TfLiteInterpreter>> {
    guarded(None, || {
        let defaults = TfLiteInterpreterOptions::default();
        let options = options.unwrap_or(&defaults);
        let Some(model) = model else {
            options.reporter.report("The model is null");
            return None;
        };
        match Interpreter::new(&model.model, options, None) {
            Ok(interpreter) => Some(Some(Box::new(TfLiteInterpreter(Arc::new(interpreter))))),
            Err(failure) => {
                options.reporter.report(&failure.text);
                None
            }
        }
    })
}

/// Deletes an interpreter.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterDelete(interpreter: Option<Box<TfLiteInterpreter>>) {
    action(|| {
        drop(interpreter);
        None
    });
}

/// How many inputs there are.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetInputTensorCount(interpreter: Option<&TfLiteInterpreter>) -> i32 {
    guarded(0, || i32::try_from(interpreter?.inputs.len()).ok())
}

/// The tensors that the inputs are.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterInputTensorIndices(interpreter: Option<&TfLiteInterpreter>) -> *const c_int {
    guarded(null(), || Some(interpreter?.inputs.as_ptr()))
}

/// An input.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetInputTensor(
    interpreter: Option<&TfLiteInterpreter>,
    input: i32,
) -> Option<TensorHandle> {
    guarded(None, || {
        let interpreter = interpreter?;
        Some(interpreter.tensors.get(*element(&interpreter.inputs, input)?))
    })
}

/// Gives an input another shape; tensors have to be allocated then.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterResizeInputTensor(
    interpreter: Option<&TfLiteInterpreter>,
    input: i32,
    dims: Dims,
    count: i32,
) -> TfLiteStatus {
    status(|| Some(interpreter?.resize(input, dims.get(count), Resize::Any)))
}

/// Plans the network and allocates inputs and outputs.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterAllocateTensors(interpreter: Option<&TfLiteInterpreter>) -> TfLiteStatus {
    status(|| Some(interpreter?.allocate()))
}

/// Runs the network.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterInvoke(interpreter: Option<&TfLiteInterpreter>) -> TfLiteStatus {
    status(|| Some(interpreter?.invoke()))
}

/// How many outputs there are.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetOutputTensorCount(interpreter: Option<&TfLiteInterpreter>) -> i32 {
    guarded(0, || i32::try_from(interpreter?.outputs.len()).ok())
}

/// The tensors that the outputs are.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOutputTensorIndices(interpreter: Option<&TfLiteInterpreter>) -> *const c_int {
    guarded(null(), || Some(interpreter?.outputs.as_ptr()))
}

/// An output.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetOutputTensor(
    interpreter: Option<&TfLiteInterpreter>,
    output: i32,
) -> Option<TensorHandle> {
    guarded(None, || {
        let interpreter = interpreter?;
        Some(interpreter.tensors.get(*element(&interpreter.outputs, output)?))
    })
}

/// Any tensor of the main graph.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetTensor(
    interpreter: Option<&TfLiteInterpreter>,
    index: c_int,
) -> Option<TensorHandle> {
    guarded(None, || Some(interpreter?.tensors.get(index)))
}

/// Ends the run that is going on in another thread.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterCancel(interpreter: Option<&TfLiteInterpreter>) -> TfLiteStatus {
    status(|| Some(interpreter?.cancel()))
}

/// The tensor that an input is, -1 where there is no such input.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetInputTensorIndex(interpreter: Option<&TfLiteInterpreter>, input: i32) -> i32 {
    guarded(-1, || element(&interpreter?.inputs, input).copied())
}

/// The tensor that an output is, -1 where there is no such output.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetOutputTensorIndex(interpreter: Option<&TfLiteInterpreter>, output: i32) -> i32 {
    guarded(-1, || element(&interpreter?.outputs, output).copied())
}

/// Says where an input or output is to be; tensors have to be allocated then.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterSetCustomAllocationForTensor(
    interpreter: Option<&TfLiteInterpreter>,
    index: c_int,
    allocation: Option<&TfLiteCustomAllocation>,
    flags: i64,
) -> TfLiteStatus {
    status(|| {
        let interpreter = interpreter?;
        Some(match allocation {
            Some(allocation) => interpreter.status(interpreter.lend(index, allocation, flags)),
            None => interpreter.fail(Failure::new(format!("Custom allocation of tensor {index} is null"))),
        })
    })
}

/// Always done: no model with variables is accepted.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterResetVariableTensors(interpreter: Option<&TfLiteInterpreter>) -> TfLiteStatus {
    status(|| interpreter.map(|_| TfLiteStatus::Ok))
}

/// 0.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetVariableTensorCount(_interpreter: Option<&TfLiteInterpreter>) -> i32 {
    0
}

/// NULL.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetVariableTensor(
    _interpreter: Option<&TfLiteInterpreter>,
    _variable: i32,
) -> Option<TensorHandle> {
    None
}

/// Whether a tensor's bytes can be read; nothing is ever anywhere else.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterEnsureTensorDataIsReadable(
    interpreter: Option<&TfLiteInterpreter>,
    index: c_int,
) -> TfLiteStatus {
    status(|| {
        let interpreter = interpreter?;
        Some(match interpreter.tensors.get(index) {
            Some(_) => TfLiteStatus::Ok,
            None => interpreter.fail(Failure::new(format!("Invalid tensor index {index}"))),
        })
    })
}
