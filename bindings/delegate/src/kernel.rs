//! What the host calls for a part of its graph: once to make it, after each change of shapes, for each run, and to end it.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::null;
use std::slice;

use ottava::{Binding, Model, Plan, PlanOptions, Session};

use crate::abi::{Context, Delegate, DelegateParams, Node, Registration, Status};
use crate::border::guarded;
use crate::claim;
use crate::host::{Host, Part, elements, failed};
use crate::options::Options;
use crate::report::Report;

/// A part of a graph.
struct Kernel {
    options: Options,
    model: Model,
    part: Part,
    ready: Option<Ready>,
    report: Report,
}

/// A part with the shapes of the host's tensors.
struct Ready {
    session: Session,
    /// Of the inputs.
    shapes: Vec<Vec<c_int>>,
    threads: Option<usize>,
}

/// The functions of a part, as the host takes them. `options` comes back by way of the delegate, whose structure leads to it.
pub(crate) fn registration() -> Registration {
    Registration {
        init: Some(init),
        free: Some(free),
        prepare: Some(prepare),
        invoke: Some(invoke),
        profiling_string: null(),
        builtin_code: 0,
        custom_name: c"OttavaDelegate".as_ptr(),
        version: 1,
        tail: [0; 11],
    }
}

/// A delegate and its options, which begins as what the host knows of it.
#[repr(C)]
pub(crate) struct OurDelegate {
    pub(crate) base: Delegate,
    pub(crate) options: Options,
}

impl Kernel {
    fn new(host: &Host<'_>, params: &DelegateParams) -> Result<Self, String> {
        // SAFETY: the host gives back the delegate that nodes were replaced with, which is ours and outlives its kernels.
        let delegate = unsafe { params.delegate.cast::<OurDelegate>().as_ref() }.ok_or("there is no delegate")?;
        // SAFETY: the host's structure.
        let part = unsafe { host.part(params) }?;
        let model = claim::take(&part).ok_or("the host made other parts than it said")?;
        let report = Report::new(delegate.options.report.clone(), &part.nodes);
        Ok(Self { options: delegate.options.clone(), model, part, ready: None, report })
    }

    /// Plans for the shapes and the number of threads that the host has now, unless that is done.
    fn prepare(&mut self, host: &Host<'_>) -> Result<(), String> {
        let shapes = self.part.inputs.iter().map(|&id| dims(host, id).map(<[c_int]>::to_vec));
        let shapes = shapes.collect::<Result<Vec<_>, String>>()?;
        let threads = self.options.threads.count(host.threads());
        let planned = |ready: &Ready| ready.shapes == shapes && ready.threads == threads;
        if !self.ready.as_ref().is_some_and(planned) {
            self.ready = None;
            let session = self.session(&shapes, threads)?;
            self.ready = Some(Ready { session, shapes, threads });
        }
        let Some(ready) = &self.ready else { return Ok(()) };
        for (&id, info) in self.part.outputs.iter().zip(ready.session.outputs()) {
            if !same_shape(dims(host, id)?, &info.shape) {
                let (name, shape, ours) = (&info.name, dims(host, id)?, &info.shape);
                return Err(format!("the host gives '{name}' the shape {shape:?}, it gets {ours:?}"));
            }
        }
        Ok(())
    }

    fn session(&self, shapes: &[Vec<c_int>], threads: Option<usize>) -> Result<Session, String> {
        let graph = self.model.graph();
        let mut input_shapes = Vec::new();
        for (index, (shape, &id)) in shapes.iter().zip(&graph.inputs).enumerate() {
            if !same_shape(shape, &graph.tensors[id].shape) {
                let sizes = shape.iter().map(|&size| usize::try_from(size)).collect::<Result<_, _>>();
                input_shapes.push((index, sizes.map_err(|_| format!("input {index} has the shape {shape:?}"))?));
            }
        }
        let options = PlanOptions { isa: self.options.isa, threads, input_shapes, ..PlanOptions::default() };
        let plan = Plan::new(&self.model, &options).map_err(|error| error.to_string())?;
        Session::new(&plan).map_err(|error| error.to_string())
    }

    /// Runs the part on the host's tensors.
    fn invoke(&mut self, host: &Host<'_>) -> Result<(), String> {
        let ready = self.ready.as_mut().ok_or("the host has not prepared it")?;
        let (inputs, outputs) = (&self.part.inputs, &self.part.outputs);
        for (&id, shape) in inputs.iter().zip(&ready.shapes) {
            if dims(host, id)? != shape {
                return Err(format!("tensor {id} has another shape than when it was prepared"));
            }
        }
        let memory = |&id: &c_int| host.memory(id);
        let read = inputs.iter().map(memory).collect::<Result<Vec<_>, _>>()?;
        let written = outputs.iter().map(memory).collect::<Result<Vec<_>, _>>()?;
        let meets = |(a, a_len): (*mut u8, usize), (b, b_len): (*mut u8, usize)| {
            a.addr() < b.addr() + b_len && b.addr() < a.addr() + a_len
        };
        for (index, &output) in written.iter().enumerate() {
            if read.iter().chain(&written[..index]).any(|&other| meets(output, other)) {
                return Err("tensors lie in the same memory".into());
            }
        }
        let mut bindings = Vec::with_capacity(read.len() + written.len());
        for (index, (start, size)) in read.into_iter().enumerate() {
            // SAFETY: a tensor of the host's, which has that many bytes; only outputs are written during the run, which lie elsewhere.
            let bytes = unsafe { slice::from_raw_parts(start, size) };
            bindings.push(Binding::input(index, bytes).as_bytes());
        }
        for (index, (start, size)) in written.into_iter().enumerate() {
            // SAFETY: likewise, and nothing else reads or writes it during the run.
            let bytes = unsafe { slice::from_raw_parts_mut(start, size) };
            bindings.push(Binding::output(index, bytes).as_bytes());
        }
        ready.session.run_bound(&mut bindings).map_err(|error| error.to_string())?;
        self.report.add(&ready.session);
        Ok(())
    }
}

/// The dimensions of a tensor.
fn dims<'a>(host: &'a Host<'_>, id: c_int) -> Result<&'a [c_int], String> {
    // SAFETY: an array of the host's tensor.
    Ok(unsafe { elements(host.tensor(id)?.dims) })
}

fn same_shape(host: &[c_int], ours: &[usize]) -> bool {
    host.len() == ours.len() && host.iter().zip(ours).all(|(&host, &ours)| usize::try_from(host) == Ok(ours))
}

/// Runs what the host asks of a part, and reports what goes wrong.
///
/// # Safety
/// Both pointers are NULL or what the host gave the call, and the node's data is what `init` returned.
unsafe fn with_kernel(
    context: *mut Context,
    node: *mut Node,
    body: impl FnOnce(&mut Kernel, &Host<'_>) -> Result<(), String>,
) -> Status {
    guarded(Status::Error, || {
        // SAFETY: as promised.
        let (host, node) = unsafe { (Host::new(context), node.as_ref()) };
        let (Some(host), Some(node)) = (host, node) else { return Status::Error };
        let data = node.user_data;
        if data.is_null() || data == failed() {
            host.report("a part of the graph was not initialized");
            return Status::Error;
        }
        // SAFETY: what `init` made, which the host uses on one thread at a time.
        let kernel = unsafe { &mut *data.cast::<Kernel>() };
        match body(kernel, &host) {
            Ok(()) => Status::Ok,
            Err(text) => {
                host.report(&text);
                Status::Error
            }
        }
    })
}

/// Makes a part. `buffer` is the structure that says what it is.
unsafe extern "C" fn init(context: *mut Context, buffer: *const c_char, _length: usize) -> *mut c_void {
    guarded(failed(), || {
        // SAFETY: what the host gives this call: for kernels of delegates the buffer is that structure.
        let (host, params) = unsafe { (Host::new(context), buffer.cast::<DelegateParams>().as_ref()) };
        let (Some(host), Some(params)) = (host, params) else { return failed() };
        match Kernel::new(&host, params) {
            Ok(kernel) => Box::into_raw(Box::new(kernel)).cast(),
            Err(text) => {
                host.report(&text);
                failed()
            }
        }
    })
}

unsafe extern "C" fn prepare(context: *mut Context, node: *mut Node) -> Status {
    // SAFETY: what the host gives this call.
    unsafe { with_kernel(context, node, Kernel::prepare) }
}

unsafe extern "C" fn invoke(context: *mut Context, node: *mut Node) -> Status {
    // SAFETY: what the host gives this call.
    unsafe { with_kernel(context, node, Kernel::invoke) }
}

unsafe extern "C" fn free(_context: *mut Context, data: *mut c_void) {
    guarded((), || {
        if data.is_null() || data == failed() {
            return;
        }
        // SAFETY: what `init` made; the host frees it once.
        let mut kernel = unsafe { Box::from_raw(data.cast::<Kernel>()) };
        if let Some(ready) = &kernel.ready
            && let Err(error) = kernel.report.write(&ready.session)
        {
            eprintln!("Ottava: no report: {error}");
        }
        kernel.ready = None;
    });
}
