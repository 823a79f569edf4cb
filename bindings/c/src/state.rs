//! What an interpreter computes with: a session where tensors are allocated, and the memory of inputs and outputs.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::ptr::null_mut;
use std::slice;

use ottava::graph::TensorId;
use ottava::{Binding, Cancel, INPUT_PADDING, Model, Plan, PlanOptions, Session, TensorInfo};

use crate::abi::Allocation;
use crate::memory::TensorMemory;
use crate::status::Failure;
use crate::tensors::{Extent, TensorTable};
use crate::texts::LayerTexts;

/// Memory of the caller's for an input or output.
#[derive(Clone, Copy)]
pub(crate) struct Lent {
    pub(crate) start: *mut u8,
    pub(crate) size: usize,
}

// SAFETY: it is an address. Whoever reads or writes there says why that is right.
unsafe impl Send for Lent {}

/// Which dimensions a resize may change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resize {
    Any,
    /// Those that the file leaves open.
    Open,
}

/// The part of an interpreter that changes.
pub(crate) struct State {
    model: Model,
    options: PlanOptions,
    /// A plan of the model as it is, which others may run, too.
    shared: Option<Plan>,
    /// `None` before tensors are allocated, and after a resize.
    session: Option<Session>,
    /// Whether all inputs and outputs have their memory.
    placed: bool,
    /// The shapes that inputs are to have.
    shapes: Vec<Vec<usize>>,
    own: BTreeMap<TensorId, TensorMemory>,
    lent: BTreeMap<TensorId, Lent>,
    /// Made when somebody first asks.
    texts: Option<Box<[LayerTexts]>>,
}

impl State {
    pub(crate) fn new(model: Model, options: PlanOptions, shared: Option<Plan>) -> Self {
        let graph = model.graph();
        let shapes = graph.inputs.iter().map(|&id| graph.tensors[id].shape.clone()).collect();
        let (own, lent) = Default::default();
        Self { model, options, shared, session: None, placed: false, shapes, own, lent, texts: None }
    }

    /// The session, where tensors are allocated.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// The texts of its layers, which stay until tensors are allocated anew.
    pub(crate) fn layer_texts(&mut self) -> Option<&[LayerTexts]> {
        let session = self.session.as_ref()?;
        Some(self.texts.get_or_insert_with(|| LayerTexts::of(session)))
    }

    /// Gives an input another shape, for the next allocation.
    pub(crate) fn resize(
        &mut self,
        table: &TensorTable,
        index: c_int,
        dims: &[c_int],
        resize: Resize,
    ) -> Result<(), Failure> {
        let count = self.shapes.len();
        let input = usize::try_from(index).ok().filter(|&input| input < count);
        let input = input.ok_or_else(|| Failure::new(format!("Invalid input index {index}: there are {count}")))?;
        let shape: Option<Vec<usize>> = dims.iter().map(|&size| usize::try_from(size).ok()).collect();
        let shape = shape.ok_or_else(|| Failure::new(format!("Input {index} cannot have dimensions {dims:?}")))?;
        if shape == self.shapes[input] {
            return Ok(());
        }
        let id = self.model.graph().inputs[input];
        if resize == Resize::Open {
            check_open(table.signature(id), dims, id)?;
        }
        let dtype = self.model.graph().tensors[id].dtype;
        let bytes = shape.iter().try_fold(dtype.size_bytes(), |bytes, &size| bytes.checked_mul(size));
        if bytes.is_none_or(|bytes| bytes > isize::MAX as usize) {
            return Err(Failure::new(format!("Input {index} cannot have dimensions {dims:?}: that is too large")));
        }
        (self.session, self.placed) = (None, false);
        table.set(id, &Extent { shape: &shape, dtype, data: null_mut(), allocation: Allocation::Arena });
        self.shapes[input] = shape;
        Ok(())
    }

    /// Plans for the shapes that inputs are to have, unless that was done, and gives inputs and outputs their memory.
    pub(crate) fn allocate(&mut self, table: &TensorTable) -> Result<(), Failure> {
        if self.session.is_none() {
            (self.placed, self.texts) = (false, None);
            self.session = Some(Session::new(&self.plan()?)?);
        }
        if !self.placed {
            self.place(table)?;
            self.placed = true;
        }
        Ok(())
    }

    fn plan(&self) -> Result<Plan, Failure> {
        let graph = self.model.graph();
        let changed = self.shapes.iter().enumerate();
        let changed = changed.filter(|&(input, shape)| *shape != graph.tensors[graph.inputs[input]].shape);
        let input_shapes: Vec<_> = changed.map(|(input, shape)| (input, shape.clone())).collect();
        match &self.shared {
            Some(plan) if input_shapes.is_empty() => Ok(plan.clone()),
            _ => Ok(Plan::new(&self.model, &PlanOptions { input_shapes, ..self.options.clone() })?),
        }
    }

    fn place(&mut self, table: &TensorTable) -> Result<(), Failure> {
        let Some(session) = &self.session else { return Ok(()) };
        let mut outside: Vec<TensorInfo> = session.inputs().to_vec();
        outside.extend_from_slice(session.outputs());
        for info in &outside {
            let (id, size) = (info.tensor, info.size_bytes());
            let (data, allocation) = match self.lent.get(&id) {
                Some(lent) if lent.size < size => {
                    let text = format!("Custom allocation is too small for tensor {id}: {} of {size} bytes", lent.size);
                    return Err(Failure::new(text));
                }
                Some(lent) => (lent.start, Allocation::Custom),
                None => (own_memory(&mut self.own, id, size)?, Allocation::Arena),
            };
            table.set(id, &Extent { shape: &info.shape, dtype: info.dtype, data, allocation });
        }
        self.check_apart(&outside)
    }

    /// Memory of an output that another tensor has as well could not be lent to kernels.
    fn check_apart(&self, outside: &[TensorInfo]) -> Result<(), Failure> {
        let lent = |info: &TensorInfo| {
            let start = self.lent.get(&info.tensor)?.start.addr();
            Some((info.tensor, start..start + info.size_bytes()))
        };
        let lent: Vec<_> = outside.iter().filter_map(lent).collect();
        for (position, (id, range)) in lent.iter().enumerate() {
            let meets = |(other, its): &&(TensorId, std::ops::Range<usize>)| {
                other != id && its.start < range.end && range.start < its.end
            };
            if let Some((other, _)) = lent[..position].iter().find(meets) {
                return Err(Failure::new(format!("Custom allocations of tensors {other} and {id} overlap")));
            }
        }
        Ok(())
    }

    /// Says where an input or output is to be from the next allocation on.
    pub(crate) fn lend(&mut self, id: TensorId, lent: Lent) {
        self.placed = false;
        self.lent.insert(id, lent);
    }

    /// Runs the network on the inputs as they are.
    pub(crate) fn invoke(&mut self, cancel: Option<&Cancel>) -> Result<(), Failure> {
        let Self { session: Some(session), placed: true, own, lent, .. } = self else {
            return Err(Failure::new("Invoke called on model that is not ready."));
        };
        let mut bindings = Vec::new();
        let mut bound = Vec::new();
        for (index, info) in session.inputs().iter().enumerate() {
            bindings.push(input(index, info, (own, lent)));
            bound.push(info.tensor);
        }
        for (index, info) in session.outputs().iter().enumerate() {
            // An output that is an input is there already; one that is named twice is written once.
            if !bound.contains(&info.tensor) {
                bindings.push(output(index, info, (own, lent)));
                bound.push(info.tensor);
            }
        }
        match cancel {
            Some(cancel) => session.run_bound_with(&mut bindings, cancel)?,
            None => session.run_bound(&mut bindings)?,
        }
        Ok(())
    }
}

type Places<'a> = (&'a BTreeMap<TensorId, TensorMemory>, &'a BTreeMap<TensorId, Lent>);

fn input<'a>(index: usize, info: &TensorInfo, (own, lent): Places<'a>) -> Binding<'a> {
    let size = info.size_bytes();
    match lent.get(&info.tensor) {
        // SAFETY: it is no shorter (`State::place`); that it can be read until the interpreter is deleted, and that nobody writes it
        // during a run, is what the caller vouched for when it was lent.
        Some(lent) => Binding::input(index, unsafe { slice::from_raw_parts::<u8>(lent.start, size) }),
        // SAFETY: the memory is this long and zeroed at first; callers write it between runs only.
        None => Binding::padded_input(index, unsafe {
            slice::from_raw_parts::<u8>(own[&info.tensor].start(), size + INPUT_PADDING)
        }),
    }
    .as_bytes()
}

fn output<'a>(index: usize, info: &TensorInfo, (own, lent): Places<'a>) -> Binding<'a> {
    let start = lent.get(&info.tensor).map_or_else(|| own[&info.tensor].start(), |lent| lent.start);
    // SAFETY: as for inputs, and each tensor has memory of its own (`State::check_apart`).
    Binding::output(index, unsafe { slice::from_raw_parts_mut::<u8>(start, info.size_bytes()) }).as_bytes()
}

/// Memory for a tensor, the same as before where that has the size.
fn own_memory(own: &mut BTreeMap<TensorId, TensorMemory>, id: TensorId, size: usize) -> Result<*mut u8, Failure> {
    if let Some(memory) = own.get(&id).filter(|memory| memory.size() == size) {
        return Ok(memory.start());
    }
    let memory = TensorMemory::new(size);
    let memory = memory.ok_or_else(|| Failure::new(format!("There is no memory for tensor {id} of {size} bytes")))?;
    let start = memory.start();
    own.insert(id, memory);
    Ok(start)
}

/// # Errors
/// A dimension changes that the file does not leave open.
fn check_open(signature: &[c_int], dims: &[c_int], id: TensorId) -> Result<(), Failure> {
    if signature.len() != dims.len() {
        let text = format!("Attempting to resize tensor {id} of {} dimensions to {}", signature.len(), dims.len());
        return Err(Failure::new(text));
    }
    let closed = signature.iter().zip(dims).position(|(&declared, &size)| declared != -1 && declared != size);
    match closed {
        None => Ok(()),
        Some(dimension) => Err(Failure::new(format!(
            "Attempting to resize dimension {dimension} of tensor {id} with value {} to {}. ResizeInputTensorStrict only allows mutating unknown dimensions identified by -1.",
            signature[dimension], dims[dimension]
        ))),
    }
}
