//! A host that plays LiteRT's part: a graph in its structures, and what it does with a delegate.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::transmute;
use std::ptr::{null, null_mut};

use crate::abi::*;

/// A tensor of a small network.
#[derive(Clone)]
pub(super) struct TensorSpec {
    pub(super) dtype: c_int,
    pub(super) shape: Vec<c_int>,
    pub(super) scales: Vec<f32>,
    /// How many zero points there are, all of them 0.
    pub(super) zero_points: usize,
    pub(super) constant: Option<Vec<u8>>,
}

/// A node of it.
#[derive(Clone)]
pub(super) struct NodeSpec {
    pub(super) code: c_int,
    pub(super) version: c_int,
    pub(super) builtin: Vec<i32>,
    pub(super) inputs: Vec<c_int>,
    pub(super) outputs: Vec<c_int>,
}

/// The code of the operator that the host runs itself: each byte becomes its complement.
pub(super) const FOREIGN: c_int = 160;

type Words = Vec<c_int>;

/// The host. What its structures point to is boxed, so that it stays where it is.
pub(super) struct FakeHost {
    pub(super) context: Box<Context>,
    pub(super) tensors: Vec<Tensor>,
    nodes: Vec<(Box<Node>, Box<Registration>)>,
    pub(super) plan: Vec<c_int>,
    /// Texts of `report_error`.
    pub(super) reported: String,
    /// Nodes of each part that a kernel was made for.
    pub(super) parts: Vec<Vec<c_int>>,
    /// What pointers lead to.
    words: Vec<Words>,
    floats: Vec<Vec<u32>>,
    affine: Vec<Vec<Affine>>,
    bytes: Vec<Vec<u8>>,
    params: Vec<DelegateParams>,
}

/// The words of an array: its size and its elements.
fn array(elements: &[c_int]) -> Words {
    [&[elements.len() as c_int], elements].concat()
}

impl FakeHost {
    pub(super) fn new(tensors: &[TensorSpec], nodes: &[NodeSpec]) -> Box<Self> {
        // SAFETY: zeros are right for every field: numbers, null pointers and functions that are not there.
        let mut context: Box<Context> = unsafe { Box::new(std::mem::zeroed()) };
        context.get_execution_plan = Some(get_execution_plan);
        context.get_node = Some(get_node);
        context.replace_nodes = Some(replace_nodes);
        context.preview = Some(preview);
        // SAFETY: called with a format and one string, it finds both where it looks for them: in the first registers.
        context.report_error = Some(unsafe {
            transmute::<
                unsafe extern "C" fn(*mut Context, *const c_char, *const c_char),
                unsafe extern "C" fn(*mut Context, *const c_char, ...),
            >(report_error)
        });
        context.recommended_threads = 1;
        let mut host = Box::new(Self {
            context,
            tensors: Vec::new(),
            nodes: Vec::new(),
            plan: (0..nodes.len() as c_int).collect(),
            reported: String::new(),
            parts: Vec::new(),
            words: Vec::new(),
            floats: Vec::new(),
            affine: Vec::new(),
            bytes: Vec::new(),
            params: Vec::new(),
        });
        host.context.implementation = (&raw mut *host).cast();
        tensors.iter().for_each(|spec| host.add_tensor(spec));
        nodes.iter().for_each(|spec| host.add_node(spec));
        host.context.tensors_size = host.tensors.len();
        host.context.tensors = host.tensors.as_mut_ptr();
        host
    }

    /// Keeps an array and returns where it is.
    fn keep(&mut self, elements: &[c_int]) -> *const IntArray {
        self.words.push(array(elements));
        self.words.last().expect("one was pushed").as_ptr().cast()
    }

    fn add_tensor(&mut self, spec: &TensorSpec) {
        let dims = self.keep(&spec.shape);
        let zero_points = self.keep(&vec![0; spec.zero_points]);
        self.floats
            .push([spec.scales.len() as u32].into_iter().chain(spec.scales.iter().map(|it| it.to_bits())).collect());
        let scale = self.floats.last().expect("one was pushed").as_ptr().cast();
        self.affine.push(vec![Affine { scale, zero_point: zero_points, dimension: 0 }]);
        // SAFETY: as for the context.
        let mut tensor: Tensor = unsafe { std::mem::zeroed() };
        (tensor.dtype, tensor.dims, tensor.dims_signature) = (spec.dtype, dims, null());
        tensor.quantization = if spec.scales.is_empty() { NOT_QUANTIZED } else { AFFINE };
        tensor.quantization_params = self.affine.last().expect("one was pushed").as_ptr().cast();
        tensor.name = c"t".as_ptr();
        tensor.allocation_type = 2;
        if let Some(bytes) = &spec.constant {
            self.bytes.push(bytes.clone());
            tensor.data = self.bytes.last_mut().expect("one was pushed").as_mut_ptr().cast();
            (tensor.bytes, tensor.allocation_type) = (bytes.len(), READ_ONLY);
        }
        self.tensors.push(tensor);
    }

    fn add_node(&mut self, spec: &NodeSpec) {
        let (inputs, outputs) = (self.keep(&spec.inputs), self.keep(&spec.outputs));
        self.words.push(spec.builtin.clone());
        // SAFETY: as for the context.
        let (mut node, mut registration): (Node, Registration) = unsafe { std::mem::zeroed() };
        (node.inputs, node.outputs) = (inputs, outputs);
        if !spec.builtin.is_empty() {
            node.builtin_data = self.words.last().expect("one was pushed").as_ptr().cast();
        }
        (registration.builtin_code, registration.version) = (spec.code, spec.version);
        self.nodes.push((Box::new(node), Box::new(registration)));
    }

    /// Gives the graph to a delegate.
    pub(super) fn modify(&mut self, delegate: *mut Delegate) -> Status {
        // SAFETY: the delegate is one that the plugin made.
        let prepare = unsafe { (*delegate).prepare }.expect("a delegate has it");
        // SAFETY: what a host calls it with.
        unsafe { prepare(&raw mut *self.context, delegate) }
    }

    /// Gives the tensors memory and prepares the nodes.
    pub(super) fn allocate(&mut self) -> Status {
        for tensor in &mut self.tensors {
            if tensor.allocation_type == READ_ONLY {
                continue;
            }
            // SAFETY: arrays of this host's.
            let count: c_int = unsafe { crate::host::elements(tensor.dims) }.iter().product();
            let element = if matches!(tensor.dtype, 1 | 2) { 4 } else { 1 };
            tensor.bytes = count as usize * element;
            self.bytes.push(vec![0x55; tensor.bytes]);
            tensor.data = self.bytes.last_mut().expect("one was pushed").as_mut_ptr().cast();
        }
        self.each_delegate_node(|registration| registration.prepare)
    }

    /// Calls a function of the delegate's nodes until one fails; runs the host's own nodes.
    fn each_delegate_node(
        &mut self,
        function: impl Fn(&Registration) -> Option<unsafe extern "C" fn(*mut Context, *mut Node) -> Status>,
    ) -> Status {
        for id in self.plan.clone() {
            let context = &raw mut *self.context;
            let (node, registration) = &mut self.nodes[id as usize];
            if let Some(call) = function(registration) {
                // SAFETY: what a host calls it with.
                if unsafe { call(context, &raw mut **node) } != Status::Ok {
                    return Status::Error;
                }
            }
        }
        Status::Ok
    }

    /// Runs the graph on an input and returns the output.
    pub(super) fn run(&mut self, (input, values): (usize, &[u8]), output: usize) -> Result<Vec<u8>, String> {
        self.write(input, values);
        for id in self.plan.clone() {
            let context = &raw mut *self.context;
            let (node, registration) = &mut self.nodes[id as usize];
            if registration.builtin_code == FOREIGN {
                // SAFETY: arrays of this host's.
                let (from, to) =
                    unsafe { (crate::host::elements(node.inputs)[0], crate::host::elements(node.outputs)[0]) };
                let bytes: Vec<u8> = self.read(from as usize).iter().map(|byte| !byte).collect();
                self.write(to as usize, &bytes);
            } else if let Some(invoke) = registration.invoke {
                // SAFETY: what a host calls it with.
                if unsafe { invoke(context, &raw mut **node) } != Status::Ok {
                    return Err(std::mem::take(&mut self.reported));
                }
            }
        }
        Ok(self.read(output))
    }

    fn read(&self, tensor: usize) -> Vec<u8> {
        let tensor = &self.tensors[tensor];
        // SAFETY: memory of this host's.
        unsafe { std::slice::from_raw_parts(tensor.data.cast::<u8>(), tensor.bytes) }.to_vec()
    }

    fn write(&mut self, tensor: usize, values: &[u8]) {
        let tensor = &self.tensors[tensor];
        assert_eq!(tensor.bytes, values.len());
        // SAFETY: memory of this host's.
        unsafe { tensor.data.cast::<u8>().copy_from(values.as_ptr(), values.len()) };
    }

    /// Gives a tensor another shape.
    pub(super) fn reshape(&mut self, tensor: usize, shape: &[c_int]) {
        self.tensors[tensor].dims = self.keep(shape);
    }

    /// The parts that lie between nodes which are not taken. Right for chains.
    fn partition(&mut self, nodes: &[c_int], delegate: *mut Delegate) {
        let mut parts: Vec<Vec<c_int>> = Vec::new();
        let mut before = None;
        for (position, id) in self.plan.iter().enumerate().filter(|(_, id)| nodes.contains(id)) {
            match parts.last_mut().filter(|_| before == position.checked_sub(1)) {
                Some(part) => part.push(*id),
                None => parts.push(vec![*id]),
            }
            before = Some(position);
        }
        self.params.clear();
        for part in parts {
            let of = |ids: &[c_int], side: fn(&Node) -> *const IntArray| -> Vec<c_int> {
                // SAFETY: arrays of this host's.
                let lists = ids.iter().map(|&id| unsafe { crate::host::elements(side(&self.nodes[id as usize].0)) });
                lists.flatten().copied().collect()
            };
            let others: Vec<c_int> = self.plan.iter().copied().filter(|id| !part.contains(id)).collect();
            let (reads, makes) = (of(&part, |node| node.inputs), of(&part, |node| node.outputs));
            let read_elsewhere = of(&others, |node| node.inputs);
            let read_here = reads.clone();
            let inputs: Vec<c_int> = reads.into_iter().filter(|id| !makes.contains(id)).collect();
            let leaves = |id: &c_int| read_elsewhere.contains(id) || !read_here.contains(id);
            let outputs: Vec<c_int> = makes.into_iter().filter(leaves).collect();
            let [nodes, inputs, outputs] = [&part, &inputs, &outputs].map(|list| self.keep(list));
            self.params.push(DelegateParams { delegate, nodes, inputs, outputs });
        }
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        for (node, registration) in &self.nodes {
            if let Some(free) = registration.free {
                // SAFETY: what a host calls it with.
                unsafe { free(&raw mut *self.context, node.user_data) };
            }
        }
    }
}

/// The host of a context.
unsafe fn host<'a>(context: *mut Context) -> &'a mut FakeHost {
    // SAFETY: `FakeHost::new` set it.
    unsafe { &mut *(*context).implementation.cast::<FakeHost>() }
}

unsafe extern "C" fn get_execution_plan(context: *mut Context, plan: *mut *const IntArray) -> c_int {
    // SAFETY: a context of this host's, and where the caller wants the pointer.
    unsafe {
        let host = host(context);
        *plan = host.keep(&host.plan.clone());
    }
    0
}

unsafe extern "C" fn get_node(
    context: *mut Context,
    id: c_int,
    node: *mut *const Node,
    registration: *mut *const Registered,
) -> c_int {
    // SAFETY: as above.
    unsafe {
        let Some((known, code)) = usize::try_from(id).ok().and_then(|id| host(context).nodes.get(id)) else { return 1 };
        (*node, *registration) = (&raw const **known, (&raw const **code).cast());
    }
    0
}

unsafe extern "C" fn preview(
    context: *mut Context,
    nodes: *const IntArray,
    params: *mut *const DelegateParams,
    count: *mut c_int,
) -> c_int {
    // SAFETY: as above.
    unsafe {
        let host = host(context);
        host.partition(crate::host::elements(nodes), null_mut());
        (*params, *count) = (host.params.as_ptr(), host.params.len() as c_int);
    }
    0
}

unsafe extern "C" fn replace_nodes(
    context: *mut Context,
    kernel: Registration,
    nodes: *const IntArray,
    delegate: *mut Delegate,
) -> c_int {
    // SAFETY: as above.
    unsafe {
        let host = host(context);
        host.partition(crate::host::elements(nodes), delegate);
        for params in std::mem::take(&mut host.params) {
            let taken = crate::host::elements(params.nodes).to_vec();
            let data = kernel.init.expect("a kernel has it")(context, (&raw const params).cast(), 0);
            if data == null_mut::<c_void>().wrapping_byte_sub(1) {
                return 1;
            }
            let (mut node, mut registration): (Node, Registration) = std::mem::zeroed();
            (node.inputs, node.outputs, node.user_data) = (params.inputs, params.outputs, data);
            registration.builtin_code = DELEGATE_CODE;
            (registration.prepare, registration.invoke, registration.free) =
                (kernel.prepare, kernel.invoke, kernel.free);
            let at = host.plan.iter().position(|id| *id == taken[0]).expect("nodes of the plan");
            host.plan.splice(at..at + taken.len(), [host.nodes.len() as c_int]);
            host.nodes.push((Box::new(node), Box::new(registration)));
            host.parts.push(taken);
        }
    }
    0
}

unsafe extern "C" fn report_error(context: *mut Context, format: *const c_char, text: *const c_char) {
    // SAFETY: as above; a format of one string.
    unsafe {
        assert_eq!(CStr::from_ptr(format), c"%s");
        host(context).reported += CStr::from_ptr(text).to_str().expect("UTF-8");
    }
}
