//! Signatures: inputs and outputs by the names that the model's author gave them.

use std::ffi::{CString, c_char, c_int};
use std::ptr::null;
use std::sync::Arc;

use ottava::graph::TensorId;
use ottava::{Signature, SignatureTensor};

use crate::border::{Dims, Text, action, element, guarded, status};
use crate::interpreter::{Interpreter, TfLiteInterpreter};
use crate::state::Resize;
use crate::status::{Failure, TfLiteStatus};
use crate::tensors::TensorHandle;
use crate::texts::c_string;

/// Runs an interpreter by the names of a signature.
pub(crate) struct TfLiteSignatureRunner {
    interpreter: Arc<Interpreter>,
    inputs: Box<[Named]>,
    outputs: Box<[Named]>,
}

struct Named {
    name: CString,
    tensor: TensorId,
}

impl TfLiteSignatureRunner {
    fn new(interpreter: &Arc<Interpreter>, signature: &Signature) -> Self {
        let named = |tensors: &[SignatureTensor]| {
            tensors.iter().map(|it| Named { name: c_string(&it.name), tensor: it.tensor }).collect()
        };
        let (inputs, outputs) = (named(&signature.inputs), named(&signature.outputs));
        Self { interpreter: Arc::clone(interpreter), inputs, outputs }
    }

    fn tensor(&self, list: &[Named], name: Text) -> Option<TensorHandle> {
        self.interpreter.tensors.get(c_int::try_from(find(list, name)?).ok()?)
    }
}

fn find(list: &[Named], name: Text) -> Option<TensorId> {
    let name = name.get()?;
    list.iter().find(|named| named.name.as_bytes() == name.as_bytes()).map(|named| named.tensor)
}

/// How many signatures the model has.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetSignatureCount(interpreter: Option<&TfLiteInterpreter>) -> i32 {
    guarded(0, || i32::try_from(interpreter?.signatures.0.len()).ok())
}

/// The key of a signature.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetSignatureKey(interpreter: Option<&TfLiteInterpreter>, index: i32) -> *const c_char {
    guarded(null(), || Some(element(&interpreter?.signatures.0, index)?.0.as_ptr()))
}

/// A runner of the signature of a key; of the only one for NULL.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetSignatureRunner(
    interpreter: Option<&TfLiteInterpreter>,
    key: Text,
) -> Option<Box<TfLiteSignatureRunner>> {
    guarded(None, || {
        let interpreter = interpreter?;
        let all = &interpreter.signatures.0;
        let found = match key.get() {
            Some(key) => all.iter().find(|(name, _)| name.as_bytes() == key.as_bytes()),
            None => all.first().filter(|_| all.len() == 1),
        };
        let Some((_, signature)) = found else {
            interpreter.fail(Failure::new(format!("Invalid signature_key provided: \"{}\".", key.get().unwrap_or(""))));
            return None;
        };
        Some(Some(Box::new(TfLiteSignatureRunner::new(&interpreter.0, signature))))
    })
}

/// How many inputs the signature has.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerGetInputCount(runner: Option<&TfLiteSignatureRunner>) -> usize {
    guarded(0, || Some(runner?.inputs.len()))
}

/// The name of an input.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerGetInputName(runner: Option<&TfLiteSignatureRunner>, input: i32) -> *const c_char {
    guarded(null(), || Some(element(&runner?.inputs, input)?.name.as_ptr()))
}

/// Gives an input another shape, in dimensions that the file leaves open.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerResizeInputTensor(
    runner: Option<&TfLiteSignatureRunner>,
    name: Text,
    dims: Dims,
    count: i32,
) -> TfLiteStatus {
    status(|| {
        let runner = runner?;
        let Some(tensor) = find(&runner.inputs, name) else {
            let text = format!("Invalid Input name ({}) for SignatureDef", name.get().unwrap_or(""));
            return Some(runner.interpreter.fail(Failure::new(text)));
        };
        let input = runner.interpreter.model.graph().inputs.iter().position(|&id| id == tensor)?;
        Some(runner.interpreter.resize(c_int::try_from(input).ok()?, dims.get(count), Resize::Open))
    })
}

/// Plans the network and allocates inputs and outputs.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerAllocateTensors(runner: Option<&TfLiteSignatureRunner>) -> TfLiteStatus {
    status(|| Some(runner?.interpreter.allocate()))
}

/// An input.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerGetInputTensor(
    runner: Option<&TfLiteSignatureRunner>,
    name: Text,
) -> Option<TensorHandle> {
    guarded(None, || {
        let runner = runner?;
        Some(runner.tensor(&runner.inputs, name))
    })
}

/// Runs the network.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerInvoke(runner: Option<&TfLiteSignatureRunner>) -> TfLiteStatus {
    status(|| Some(runner?.interpreter.invoke()))
}

/// How many outputs the signature has.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerGetOutputCount(runner: Option<&TfLiteSignatureRunner>) -> usize {
    guarded(0, || Some(runner?.outputs.len()))
}

/// The name of an output.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerGetOutputName(runner: Option<&TfLiteSignatureRunner>, output: i32) -> *const c_char {
    guarded(null(), || Some(element(&runner?.outputs, output)?.name.as_ptr()))
}

/// An output.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerGetOutputTensor(
    runner: Option<&TfLiteSignatureRunner>,
    name: Text,
) -> Option<TensorHandle> {
    guarded(None, || {
        let runner = runner?;
        Some(runner.tensor(&runner.outputs, name))
    })
}

/// Ends the run that is going on in another thread.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerCancel(runner: Option<&TfLiteSignatureRunner>) -> TfLiteStatus {
    status(|| Some(runner?.interpreter.cancel()))
}

/// Deletes a runner.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSignatureRunnerDelete(runner: Option<Box<TfLiteSignatureRunner>>) {
    action(|| {
        drop(runner);
        None
    });
}
