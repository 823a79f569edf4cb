//! What is asked of the host: its graph, its tensors, and that it takes our kernels.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{NonNull, null, null_mut};
use std::slice;

use crate::abi::{Affine, Array, Context, Delegate, DelegateParams, Node, READ_ONLY, Registered, Registration, Tensor};
use crate::border::c_text;

/// The host during one of its calls.
pub(crate) struct Host<'a> {
    context: NonNull<Context>,
    call: PhantomData<&'a Context>,
}

/// A part of the graph that the host would give one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// In the order that they run.
    pub(crate) nodes: Vec<c_int>,
    /// Tensors that it reads and others make, each once; no constants.
    pub(crate) inputs: Vec<c_int>,
    /// Tensors that it makes and others read, each once.
    pub(crate) outputs: Vec<c_int>,
}

impl Host<'_> {
    /// The host of a call; `None` for NULL.
    ///
    /// # Safety
    /// It is NULL, or the context that the host gave this call, which leads to what `abi` says.
    pub(crate) unsafe fn new(context: *mut Context) -> Option<Self> {
        NonNull::new(context).map(|context| Self { context, call: PhantomData })
    }

    fn context(&self) -> &Context {
        // SAFETY: the context of the current call, by `new`. No reference to it is alive while the host changes it: it does so in the
        // calls below, which take a pointer.
        unsafe { self.context.as_ref() }
    }

    /// The nodes in the order that they run.
    pub(crate) fn plan(&self) -> Result<Vec<c_int>, String> {
        let call = self.context().get_execution_plan.ok_or("the host tells no execution plan")?;
        let mut plan = null();
        // SAFETY: the context's own function, which sets a pointer to an array that holds until it is called again.
        let nodes = match unsafe { call(self.context.as_ptr(), &mut plan) } {
            // SAFETY: that array.
            0 => unsafe { elements(plan) }.to_vec(),
            status => return Err(format!("the host tells no execution plan (status {status})")),
        };
        Ok(nodes)
    }

    /// A node and its operator.
    pub(crate) fn node(&self, id: c_int) -> Result<(&Node, &Registered), String> {
        let call = self.context().get_node.ok_or("the host tells no nodes")?;
        let (mut node, mut registration) = (null::<Node>(), null::<Registered>());
        // SAFETY: the context's own function, which sets both pointers.
        let status = unsafe { call(self.context.as_ptr(), id, &mut node, &mut registration) };
        // SAFETY: they lead to what the host has of the node until nodes are added, which needs `&mut self`.
        match unsafe { (node.as_ref(), registration.as_ref()) } {
            (Some(node), Some(registration)) if status == 0 => Ok((node, registration)),
            _ => Err(format!("the host has no node {id} (status {status})")),
        }
    }

    /// The tensor of an index.
    pub(crate) fn tensor(&self, id: c_int) -> Result<&Tensor, String> {
        let context = self.context();
        let index = usize::try_from(id).ok().filter(|&id| id < context.tensors_size && !context.tensors.is_null());
        let index = index.ok_or_else(|| format!("the host has no tensor {id}, but {}", context.tensors_size))?;
        // SAFETY: one of the context's tensors, where they are now.
        Ok(unsafe { &*context.tensors.add(index) })
    }

    /// The bytes of a constant; `None` for other tensors.
    pub(crate) fn constant(&self, id: c_int) -> Result<Option<&[u8]>, String> {
        let tensor = self.tensor(id)?;
        if tensor.allocation_type != READ_ONLY || tensor.data.is_null() {
            return Ok(None);
        }
        // SAFETY: a constant of the host, which has that many bytes and does not change.
        Ok(Some(unsafe { slice::from_raw_parts(tensor.data.cast(), tensor.bytes) }))
    }

    /// Where the bytes of a tensor are now, and how many.
    pub(crate) fn memory(&self, id: c_int) -> Result<(*mut u8, usize), String> {
        let tensor = self.tensor(id)?;
        match tensor.data.is_null() {
            false => Ok((tensor.data.cast(), tensor.bytes)),
            true => Err(format!("tensor {id} has no memory")),
        }
    }

    /// The parts that the host would make of these nodes, which are in the order that they run.
    pub(crate) fn preview(&self, nodes: &[c_int]) -> Result<Vec<Part>, String> {
        let call = self.context().preview.ok_or("the host tells no partitions")?;
        let nodes = array(nodes);
        let (mut params, mut count) = (null::<DelegateParams>(), 0);
        // SAFETY: the context's own function, which sets both; the list of nodes is a whole array.
        let status = unsafe { call(self.context.as_ptr(), nodes.as_ptr().cast(), &mut params, &mut count) };
        let count = usize::try_from(count).ok().filter(|_| status == 0);
        let count = count.ok_or_else(|| format!("the host tells no partitions (status {status})"))?;
        // SAFETY: that many structures, which hold until the next call.
        (0..count).map(|index| unsafe { self.part(&*params.add(index)) }).collect()
    }

    /// A copy of what the host says of a part.
    ///
    /// # Safety
    /// The structure is the host's.
    pub(crate) unsafe fn part(&self, params: &DelegateParams) -> Result<Part, String> {
        // SAFETY: arrays of the host's.
        let [nodes, inputs, outputs] = unsafe { [params.nodes, params.inputs, params.outputs].map(|it| elements(it)) };
        let mut computed = Vec::new();
        for &id in inputs.iter().filter(|&&id| id >= 0) {
            if self.constant(id)?.is_none() && !computed.contains(&id) {
                computed.push(id);
            }
        }
        let mut made = Vec::new();
        for &id in outputs.iter().filter(|&&id| id >= 0) {
            if !made.contains(&id) {
                made.push(id);
            }
        }
        Ok(Part { nodes: nodes.to_vec(), inputs: computed, outputs: made })
    }

    /// Has the host give these nodes to a kernel, which is initialized here, once for each part.
    pub(crate) fn replace(
        &mut self,
        kernel: Registration,
        nodes: &[c_int],
        delegate: *mut Delegate,
    ) -> Result<(), String> {
        let call = self.context().replace_nodes.ok_or("the host replaces no nodes")?;
        let nodes = array(nodes);
        // SAFETY: the context's own function; the list is a whole array, which the host copies.
        match unsafe { call(self.context.as_ptr(), kernel, nodes.as_ptr().cast(), delegate) } {
            0 => Ok(()),
            status => Err(format!("the host could not replace its nodes (status {status})")),
        }
    }

    /// How many threads the host would take; `None` where it leaves that to others.
    pub(crate) fn threads(&self) -> Option<usize> {
        usize::try_from(self.context().recommended_threads).ok().filter(|&threads| threads > 0)
    }

    /// Tells the host's user what went wrong. Hosts put such texts one behind the other.
    pub(crate) fn report(&self, text: &str) {
        let text = c_text(&format!("Ottava: {text}. "));
        if let Some(call) = self.context().report_error {
            // SAFETY: the context's own function, with a format of one string and that string.
            unsafe { call(self.context.as_ptr(), c"%s".as_ptr(), text.as_ptr().cast::<c_char>()) };
        }
    }
}

/// The elements of an array of the host's; none where it is NULL.
///
/// # Safety
/// It is NULL or leads to an array that stays for as long as the result is used.
pub(crate) unsafe fn elements<'a, T>(array: *const Array<T>) -> &'a [T] {
    if array.is_null() {
        return &[];
    }
    // SAFETY: as many elements as the array says lie behind its size.
    unsafe { slice::from_raw_parts((&raw const (*array).data).cast(), usize::try_from((*array).size).unwrap_or(0)) }
}

/// The scales, zero points and dimension of an affine quantization; `None` where there are none.
///
/// # Safety
/// The pointer is NULL or leads to the parameters of an affine quantization.
pub(crate) unsafe fn affine<'a>(params: *const c_void) -> Option<(&'a [f32], &'a [c_int], c_int)> {
    // SAFETY: as promised.
    let affine = unsafe { params.cast::<Affine>().as_ref() }?;
    // SAFETY: arrays of the host's.
    Some(unsafe { (elements(affine.scale), elements(affine.zero_point), affine.dimension) })
}

/// A text of the host's; empty where it is NULL or no UTF-8.
///
/// # Safety
/// It is NULL or ends with a zero byte.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> &'a str {
    match text.is_null() {
        true => "",
        // SAFETY: as promised.
        false => unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default(),
    }
}

/// The words of an [`IntArray`].
fn array(elements: &[c_int]) -> Vec<c_int> {
    [c_int::try_from(elements.len()).unwrap_or(0)].iter().chain(elements).copied().collect()
}

/// What a kernel's `init` returns when it failed; older hosts take it for a kernel.
pub(crate) fn failed() -> *mut c_void {
    null_mut::<c_void>().wrapping_byte_sub(1)
}
