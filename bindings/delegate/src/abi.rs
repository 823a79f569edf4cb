//! Structures of LiteRT's C interface, as hosts lay them out on 64-bit machines. They are facts of its binary interface and have been
//! the same since 2022; what newer hosts have behind them is not read.

use std::ffi::{c_char, c_int, c_void};

/// What functions return; hosts have more numbers for what went wrong, and treat them alike.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ok = 0,
    Error = 1,
}

/// A number of elements, and the elements behind it.
#[repr(C)]
pub(crate) struct Array<T> {
    pub(crate) size: c_int,
    pub(crate) data: [T; 0],
}

pub(crate) type IntArray = Array<c_int>;

/// Scales and zero points along a dimension.
#[repr(C)]
pub(crate) struct Affine {
    pub(crate) scale: *const Array<f32>,
    pub(crate) zero_point: *const IntArray,
    pub(crate) dimension: c_int,
}

/// [`Tensor::quantization`]: none.
pub(crate) const NOT_QUANTIZED: c_int = 0;
/// [`Tensor::quantization`]: the parameters are an [`Affine`].
pub(crate) const AFFINE: c_int = 1;

/// [`Tensor::allocation_type`] of constants, whose bytes are there from the start and stay.
pub(crate) const READ_ONLY: c_int = 1;

#[repr(C)]
pub(crate) struct Tensor {
    pub(crate) dtype: c_int,
    pub(crate) data: *mut c_void,
    pub(crate) dims: *const IntArray,
    /// Of tensors with one scale; zeros for others.
    pub(crate) scale: f32,
    pub(crate) zero_point: c_int,
    pub(crate) allocation_type: c_int,
    pub(crate) bytes: usize,
    pub(crate) allocation: *const c_void,
    pub(crate) name: *const c_char,
    pub(crate) delegate: *mut c_void,
    pub(crate) buffer_handle: c_int,
    pub(crate) data_is_stale: bool,
    pub(crate) is_variable: bool,
    pub(crate) quantization: c_int,
    pub(crate) quantization_params: *const c_void,
    pub(crate) sparsity: *const c_void,
    /// The dimensions with -1 for those that the file leaves open; NULL or empty where it does not say.
    pub(crate) dims_signature: *const IntArray,
}

#[repr(C)]
pub(crate) struct Node {
    pub(crate) inputs: *const IntArray,
    pub(crate) outputs: *const IntArray,
    pub(crate) intermediates: *const IntArray,
    pub(crate) temporaries: *const IntArray,
    pub(crate) user_data: *mut c_void,
    pub(crate) builtin_data: *const c_void,
    pub(crate) custom_data: *const c_void,
    pub(crate) custom_data_size: c_int,
    pub(crate) delegate: *mut c_void,
    pub(crate) might_have_side_effect: bool,
}

/// An operator's kernel. The tail is what newer hosts have behind it: the host takes the structure by value, and zeros there are right
/// for all of them.
#[repr(C)]
pub(crate) struct Registration {
    pub(crate) init: Option<unsafe extern "C" fn(*mut Context, *const c_char, usize) -> *mut c_void>,
    pub(crate) free: Option<unsafe extern "C" fn(*mut Context, *mut c_void)>,
    pub(crate) prepare: Option<unsafe extern "C" fn(*mut Context, *mut Node) -> Status>,
    pub(crate) invoke: Option<unsafe extern "C" fn(*mut Context, *mut Node) -> Status>,
    pub(crate) profiling_string: *const c_void,
    pub(crate) builtin_code: c_int,
    pub(crate) custom_name: *const c_char,
    pub(crate) version: c_int,
    pub(crate) tail: [usize; 11],
}

/// The beginning of a registration of the host's, which all hosts have.
#[repr(C)]
pub(crate) struct Registered {
    pub(crate) functions: [*const c_void; 5],
    pub(crate) builtin_code: c_int,
    pub(crate) custom_name: *const c_char,
    pub(crate) version: c_int,
}

/// What a kernel of a delegate is made from.
#[repr(C)]
pub(crate) struct DelegateParams {
    pub(crate) delegate: *mut Delegate,
    pub(crate) nodes: *const IntArray,
    /// Constants too.
    pub(crate) inputs: *const IntArray,
    pub(crate) outputs: *const IntArray,
}

/// The host's side of a graph, up to what is used here.
#[repr(C)]
pub(crate) struct Context {
    pub(crate) tensors_size: usize,
    pub(crate) get_execution_plan: Option<unsafe extern "C" fn(*mut Context, *mut *const IntArray) -> c_int>,
    /// May move whenever the host is called.
    pub(crate) tensors: *mut Tensor,
    pub(crate) implementation: *mut c_void,
    pub(crate) resize_tensor: *const c_void,
    pub(crate) report_error: Option<unsafe extern "C" fn(*mut Context, *const c_char, ...)>,
    pub(crate) add_tensors: *const c_void,
    pub(crate) get_node: Option<GetNode>,
    pub(crate) replace_nodes:
        Option<unsafe extern "C" fn(*mut Context, Registration, *const IntArray, *mut Delegate) -> c_int>,
    pub(crate) recommended_threads: c_int,
    pub(crate) external_context: [*const c_void; 2],
    pub(crate) allow_fp16: bool,
    pub(crate) profiler: *mut c_void,
    /// Functions of microcontrollers and one that is NULL.
    pub(crate) others: [*const c_void; 5],
    pub(crate) preview: Option<Preview>,
}

pub(crate) type GetNode = unsafe extern "C" fn(*mut Context, c_int, *mut *const Node, *mut *const Registered) -> c_int;

pub(crate) type Preview =
    unsafe extern "C" fn(*mut Context, *const IntArray, *mut *const DelegateParams, *mut c_int) -> c_int;

/// The tensors of the graph may have shapes that only a run settles.
pub(crate) const ALLOW_DYNAMIC_TENSORS: i64 = 1;
/// The host works the shapes out before it prepares the kernels of a delegate.
pub(crate) const REQUIRE_PROPAGATED_SHAPES: i64 = 2;

/// What the plugin gives the host to hold. Zeros behind it are right for newer hosts.
#[repr(C)]
pub(crate) struct Delegate {
    pub(crate) data: *mut c_void,
    pub(crate) prepare: Option<unsafe extern "C" fn(*mut Context, *mut Delegate) -> Status>,
    pub(crate) buffer_handles: [*const c_void; 3],
    pub(crate) flags: i64,
    pub(crate) tail: [usize; 10],
}

/// The code of a node that a delegate has taken.
pub(crate) const DELEGATE_CODE: c_int = 51;
/// The code of operators that go by a name.
pub(crate) const CUSTOM_CODE: c_int = 32;
