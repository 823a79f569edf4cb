//! The delegate in the hands of a host that plays LiteRT's part. `tests/litert.py` runs it in LiteRT itself.

mod builtin;
mod host;

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::{offset_of, size_of};
use std::ptr::{null, null_mut};
use std::sync::Mutex;

use crate::abi::*;
use crate::kernel::registration;
use crate::plugin::{tflite_plugin_create_delegate, tflite_plugin_destroy_delegate};
use host::{FOREIGN, FakeHost, NodeSpec, TensorSpec};

const INT8: c_int = 9;
const INT32: c_int = 2;

/// A delegate that ends with the test.
struct Made(*mut Delegate);

impl Made {
    fn new(options: &[(&str, &str)]) -> Self {
        let made = create(options, None);
        assert!(!made.is_null());
        Self(made)
    }
}

// SAFETY: hosts may share a delegate.
unsafe impl Sync for Made {}

impl Drop for Made {
    fn drop(&mut self) {
        // SAFETY: the plugin made it, and hosts are gone before.
        unsafe { tflite_plugin_destroy_delegate(self.0) };
    }
}

fn create(options: &[(&str, &str)], report: Option<unsafe extern "C" fn(*const c_char)>) -> *mut Delegate {
    let text = |text: &str| CString::new(text).expect("no zeros");
    let (keys, values): (Vec<_>, Vec<_>) = options.iter().map(|&(key, value)| (text(key), text(value))).unzip();
    let [keys, values] = [keys, values].map(|list| (list.iter().map(|it| it.as_ptr()).collect::<Vec<_>>(), list));
    // SAFETY: as many strings as there are options.
    unsafe { tflite_plugin_create_delegate(keys.0.as_ptr(), values.0.as_ptr(), options.len(), report) }
}

fn activation(shape: &[c_int]) -> TensorSpec {
    TensorSpec { dtype: INT8, shape: shape.to_vec(), scales: vec![1.0], zero_points: 1, constant: None }
}

/// Of two channels.
fn constant(dtype: c_int, shape: &[c_int], bytes: Vec<u8>) -> TensorSpec {
    TensorSpec { dtype, shape: shape.to_vec(), scales: vec![1.0, 1.0], zero_points: 2, constant: Some(bytes) }
}

/// int8 pixels of two channels through a 1x1 convolution to two channels, (b, a + b + 3), another operator, and added to themselves.
/// All scales are 1.
fn network(second: c_int) -> (Vec<TensorSpec>, Vec<NodeSpec>) {
    let filter = [0, 1, 1, 1].to_vec();
    let bias = [0_i32, 3].iter().flat_map(|value| value.to_le_bytes()).collect();
    let tensors = vec![
        activation(&[1, 2, 2, 2]),
        constant(INT8, &[2, 1, 1, 2], filter),
        constant(INT32, &[2], bias),
        activation(&[1, 2, 2, 2]),
        activation(&[1, 2, 2, 2]),
        activation(&[1, 2, 2, 2]),
    ];
    let node = |code, version, builtin: &[i32], inputs: &[c_int], output| NodeSpec {
        code,
        version,
        builtin: builtin.to_vec(),
        inputs: inputs.to_vec(),
        outputs: vec![output],
    };
    let nodes = vec![
        node(3, 3, &[2, 1, 1, 0, 1, 1, 99], &[0, 1, 2], 3),
        node(second, 2, &[], &[3], 4),
        node(0, 2, &[0, 1], &[4, 4], 5),
    ];
    (tensors, nodes)
}

fn host(second: c_int) -> Box<FakeHost> {
    let (tensors, nodes) = network(second);
    FakeHost::new(&tensors, &nodes)
}

const RELU: c_int = 19;

/// What the network computes, where its second operator is `second`.
fn computed(input: &[i8], second: fn(i8) -> i8) -> Vec<u8> {
    let pixel = |pixel: &[i8]| [i32::from(pixel[1]), i32::from(pixel[0]) + i32::from(pixel[1]) + 3];
    let clamp = |value: i32| value.clamp(-128, 127) as i8;
    let values = input.chunks(2).flat_map(pixel).map(clamp).map(second);
    values.map(|value| clamp(2 * i32::from(value)).cast_unsigned()).collect()
}

fn bytes(values: &[i8]) -> Vec<u8> {
    values.iter().map(|value| value.cast_unsigned()).collect()
}

const INPUT: [i8; 8] = [1, 2, -3, 40, -128, -128, 127, 127];

#[test]
fn structures_lie_as_hosts_have_them() {
    assert_eq!(size_of::<Tensor>(), 112);
    let tensor = [
        offset_of!(Tensor, data),
        offset_of!(Tensor, dims),
        offset_of!(Tensor, scale),
        offset_of!(Tensor, zero_point),
        offset_of!(Tensor, allocation_type),
        offset_of!(Tensor, bytes),
        offset_of!(Tensor, name),
        offset_of!(Tensor, is_variable),
        offset_of!(Tensor, quantization),
        offset_of!(Tensor, quantization_params),
        offset_of!(Tensor, sparsity),
        offset_of!(Tensor, dims_signature),
    ];
    assert_eq!(tensor, [8, 16, 24, 28, 32, 40, 56, 77, 80, 88, 96, 104]);
    assert_eq!(size_of::<Node>(), 80);
    let node = [
        offset_of!(Node, user_data),
        offset_of!(Node, builtin_data),
        offset_of!(Node, custom_data),
        offset_of!(Node, custom_data_size),
        offset_of!(Node, delegate),
    ];
    assert_eq!(node, [32, 40, 48, 56, 64]);
    let registration = [
        offset_of!(Registration, free),
        offset_of!(Registration, prepare),
        offset_of!(Registration, invoke),
        offset_of!(Registration, builtin_code),
        offset_of!(Registration, custom_name),
        offset_of!(Registration, version),
    ];
    assert_eq!(registration, [8, 16, 24, 40, 48, 56]);
    let registered = [offset_of!(Registered, builtin_code), offset_of!(Registered, version), size_of::<Registered>()];
    assert_eq!(registered, [40, 56, 64]);
    // Passed by value, it has to be larger than that of any host.
    assert!(size_of::<Registration>() >= 88 + 56);
    let context = [
        offset_of!(Context, get_execution_plan),
        offset_of!(Context, tensors),
        offset_of!(Context, report_error),
        offset_of!(Context, get_node),
        offset_of!(Context, replace_nodes),
        offset_of!(Context, recommended_threads),
        offset_of!(Context, allow_fp16),
        offset_of!(Context, preview),
    ];
    assert_eq!(context, [8, 16, 40, 56, 64, 72, 96, 152]);
    assert_eq!([offset_of!(Delegate, prepare), offset_of!(Delegate, flags)], [8, 40]);
    assert!(size_of::<Delegate>() >= 128);
    assert_eq!([offset_of!(DelegateParams, nodes), offset_of!(DelegateParams, outputs)], [8, 24]);
    assert_eq!([offset_of!(Affine, zero_point), offset_of!(Affine, dimension)], [8, 16]);
}

#[test]
fn a_graph_that_ottava_runs_is_taken_whole() {
    for threads in ["1", "2", "-1"] {
        let delegate = Made::new(&[("num_threads", threads)]);
        let mut host = host(RELU);
        assert_eq!(host.modify(delegate.0), Status::Ok);
        assert_eq!(host.parts, [[0, 1, 2]]);
        assert_eq!(host.allocate(), Status::Ok, "{}", host.reported);
        let output = host.run((0, &bytes(&INPUT)), 5).expect("it runs");
        assert_eq!(output, computed(&INPUT, |value| value.max(0)));
        assert_eq!(host.reported, "");
    }
}

#[test]
fn parts_lie_around_what_ottava_lacks() {
    let delegate = Made::new(&[("min_macs", "0")]);
    let mut host = host(FOREIGN);
    assert_eq!(host.modify(delegate.0), Status::Ok);
    assert_eq!(host.parts, [[0], [2]]);
    assert_eq!(host.allocate(), Status::Ok, "{}", host.reported);
    assert_eq!(host.run((0, &bytes(&INPUT)), 5), Ok(computed(&INPUT, |value| !value)));
}

#[test]
fn small_parts_and_those_of_other_delegates_are_left() {
    let delegate = Made::new(&[("min_macs", "16")]);
    let mut some = host(FOREIGN);
    assert_eq!(some.modify(delegate.0), Status::Ok);
    // The convolution has 16, the addition none.
    assert_eq!(some.parts, [[0]]);
    let mut none = host(FOREIGN);
    assert_eq!(none.modify(Made::new(&[("min_macs", "17")]).0), Status::Ok);
    let mut default = host(FOREIGN);
    assert_eq!(default.modify(Made::new(&[]).0), Status::Ok);
    assert_eq!((none.parts.len(), default.parts.len()), (0, 0));
    let zero = Made::new(&[("min_macs", "0")]);
    let mut others = host(DELEGATE_CODE);
    assert_eq!(others.modify(zero.0), Status::Ok);
    assert_eq!(others.parts, [[0], [2]]);
}

#[test]
fn an_operator_that_breaks_the_rules_of_files_is_left() {
    let delegate = Made::new(&[("min_macs", "0")]);
    // A bias of too few bytes; an unknown version; a padding that is none.
    type Damage = fn(&mut [TensorSpec], &mut [NodeSpec]);
    let broken: [Damage; 3] = [
        |tensors, _| tensors[2].constant = Some(vec![0; 4]),
        |_, nodes| nodes[0].version = 100,
        |_, nodes| nodes[0].builtin[0] = 0,
    ];
    for (index, damage) in broken.iter().enumerate() {
        let (mut tensors, mut nodes) = network(RELU);
        damage(&mut tensors, &mut nodes);
        let mut host = FakeHost::new(&tensors, &nodes);
        assert_eq!(host.modify(delegate.0), Status::Ok);
        assert_eq!(host.parts, [[1, 2]], "damage {index}");
    }
}

#[test]
fn one_zero_point_is_that_of_all_channels() {
    let delegate = Made::new(&[]);
    let (mut tensors, nodes) = network(RELU);
    tensors[1].zero_points = 1;
    let mut host = FakeHost::new(&tensors, &nodes);
    assert_eq!(host.modify(delegate.0), Status::Ok);
    assert_eq!(host.parts, [[0, 1, 2]]);
    assert_eq!(host.allocate(), Status::Ok, "{}", host.reported);
    assert_eq!(host.run((0, &bytes(&INPUT)), 5), Ok(computed(&INPUT, |value| value.max(0))));
}

#[test]
fn shapes_are_those_that_the_host_has_when_it_prepares() {
    let delegate = Made::new(&[]);
    let mut host = host(RELU);
    assert_eq!(host.modify(delegate.0), Status::Ok);
    for (height, width) in [(2, 2), (3, 5), (1, 1), (1, 1)] {
        [0, 3, 4, 5].iter().for_each(|&tensor| host.reshape(tensor, &[1, height, width, 2]));
        assert_eq!(host.allocate(), Status::Ok, "{}", host.reported);
        let count = 2 * height * width;
        let input: Vec<i8> = (0..count).map(|value| (17 * value - 60) as i8).collect();
        assert_eq!(host.run((0, &bytes(&input)), 5), Ok(computed(&input, |value| value.max(0))));
    }
}

#[test]
fn hosts_of_one_delegate_run_side_by_side() {
    let delegate = Made::new(&[("num_threads", "2")]);
    let delegate = &delegate;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                let mut host = host(RELU);
                assert_eq!(host.modify(delegate.0), Status::Ok);
                assert_eq!(host.allocate(), Status::Ok);
                for _ in 0..20 {
                    assert_eq!(host.run((0, &bytes(&INPUT)), 5), Ok(computed(&INPUT, |value| value.max(0))));
                }
            });
        }
    });
}

#[test]
fn what_goes_wrong_is_reported() {
    let delegate = Made::new(&[]);
    let mut host = host(RELU);
    assert_eq!(host.modify(delegate.0), Status::Ok);
    assert!(host.parts.len() == 1 && host.reported.is_empty());
    host.reshape(5, &[1, 2, 2, 3]);
    assert_eq!(host.allocate(), Status::Error);
    assert!(
        host.reported.contains("the host gives 't' the shape [1, 2, 2, 3], it gets [1, 2, 2, 2]. "),
        "{}",
        host.reported
    );
    host.reported.clear();
    host.reshape(5, &[1, 2, 2, 2]);
    host.reshape(0, &[1, 2, 2, 7]);
    assert_eq!(host.allocate(), Status::Error);
    assert!(host.reported.contains("CONV_2D"), "{}", host.reported);
    host.reported.clear();
    let error = host.run((0, &[0; 28]), 5).expect_err("it is not prepared");
    assert_eq!(error, "Ottava: the host has not prepared it. ");
    host.reshape(0, &[1, 2, 2, 2]);
    assert_eq!(host.allocate(), Status::Ok);
    host.reshape(0, &[2, 2, 2, 1]);
    let error = host.run((0, &[0; 8]), 5).expect_err("it was prepared for others");
    assert!(error.contains("tensor 0 has another shape"), "{error}");
    host.reshape(0, &[1, 2, 2, 2]);
    host.tensors[5].data = host.tensors[0].data;
    let error = host.run((0, &[0; 8]), 5).expect_err("one would be overwritten");
    assert!(error.contains("in the same memory"), "{error}");
    host.tensors[5].data = null_mut();
    let error = host.run((0, &[0; 8]), 5).expect_err("there is no memory");
    assert!(error.contains("tensor 5 has no memory"), "{error}");
}

static TOLD: Mutex<String> = Mutex::new(String::new());

unsafe extern "C" fn tell(text: *const c_char) {
    // SAFETY: a string of the plugin's.
    TOLD.lock().expect("nothing panics").push_str(unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8"));
}

#[test]
fn wrong_options_are_told_and_make_no_delegate() {
    assert!(create(&[("speed", "high")], Some(tell)).is_null());
    assert!(create(&[("num_threads", "many")], None).is_null());
    // SAFETY: options that are not there, which a host must not give, are looked at before they are read.
    let made = unsafe { tflite_plugin_create_delegate(null(), null(), 1, Some(tell)) };
    assert!(made.is_null());
    let told = TOLD.lock().expect("nothing panics");
    assert!(told.contains("Ottava: there is no option 'speed'"), "{told}");
    assert!(told.ends_with("Ottava: options without keys or values"), "{told}");
}

#[test]
fn what_is_missing_is_an_error() {
    let kernel = registration();
    let delegate = Made::new(&[]);
    let mut host = host(RELU);
    let context = &raw mut *host.context;
    let (prepare, init) = (kernel.prepare.expect("it is there"), kernel.init.expect("it is there"));
    let failed = null_mut::<std::ffi::c_void>().wrapping_byte_sub(1);
    // SAFETY: all of them take NULL.
    unsafe {
        let mut node: Node = std::mem::zeroed();
        assert_eq!(prepare(null_mut(), null_mut()), Status::Error);
        assert_eq!(prepare(context, null_mut()), Status::Error);
        assert_eq!(prepare(context, &raw mut node), Status::Error);
        node.user_data = failed;
        assert_eq!(kernel.invoke.expect("it is there")(context, &raw mut node), Status::Error);
        assert_eq!(init(context, null(), 0), failed);
        assert_eq!(init(null_mut(), null(), 0), failed);
        kernel.free.expect("it is there")(null_mut(), failed);
        kernel.free.expect("it is there")(null_mut(), null_mut());
        tflite_plugin_destroy_delegate(null_mut());
        let take = (*delegate.0).prepare.expect("it is there");
        assert_eq!(take(null_mut(), delegate.0), Status::Error);
        assert_eq!(take(context, null_mut()), Status::Error);
    }
    host.context.preview = None;
    assert_eq!(host.modify(delegate.0), Status::Error);
    assert!(host.reported.ends_with("Ottava: the host tells no partitions. "), "{}", host.reported);
}
