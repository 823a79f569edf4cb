//! Builds a network operator by operator, running it on calibration images as it goes.
//!
//! Each method appends one operator: it makes the weights from the seed, runs the operator on what the calibration
//! images have become so far, and from that chooses the quantization of the output. So every network that can be
//! written down has sensible parameters, and [`Network`] can say how the activations are spread.

mod elementwise;
mod shape;
mod spec;
mod weighted;

pub use spec::{Conv, FullyConnected, OutputQuantization, Padding, Pool};

use crate::images;
use crate::network::{Element, Network, OperatorRecord, TensorRecord};
use crate::quantization::{Form, Quantization};
use crate::rng::Rng;
use crate::spread::Spread;
use ottava::schema::BuiltinOptions;

/// A tensor of the network under construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TensorId(pub(crate) usize);

/// Appends operators to a network; see the [module](self).
///
/// # Panics
/// The methods panic, with a message that says why, when an operator does not fit its inputs: a network is program text,
/// and the mistake is in the program.
///
/// ```
/// use ottava_models::{Conv, Form, NetworkBuilder};
///
/// let mut b = NetworkBuilder::new("one convolution", Form::Int8, 42);
/// let image = b.input(&[1, 8, 8, 3]);
/// let out = b.conv(image, &Conv::new(16, [3, 3]).stride([2, 2]));
/// let file = b.finish(&[out]).to_file();
/// assert_eq!(file[4..8], *b"TFL3");
/// ```
#[derive(Clone, Debug)]
pub struct NetworkBuilder {
    name: String,
    form: Form,
    seed: u64,
    images: usize,
    /// Whether weights remember what they were before they were quantized, for [`Network::in_floats`].
    keep_reals: bool,
    rng: Rng,
    tensors: Vec<TensorRecord>,
    operators: Vec<OperatorRecord>,
    inputs: Vec<TensorId>,
}

/// One operator about to be appended.
struct Append<'a> {
    code: i32,
    version: i32,
    name: &'a str,
    inputs: Vec<TensorId>,
    options: Option<BuiltinOptions>,
    macs: u64,
}

impl NetworkBuilder {
    /// An empty network whose weights follow from `seed`.
    pub fn new(name: &str, form: Form, seed: u64) -> NetworkBuilder {
        NetworkBuilder {
            name: name.into(),
            form,
            seed,
            images: 2,
            keep_reals: false,
            rng: Rng::new(seed),
            tensors: Vec::new(),
            operators: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// Sets how many calibration images there are; before the first input only.
    pub fn calibration_images(mut self, images: usize) -> NetworkBuilder {
        assert!(images > 0 && self.tensors.is_empty(), "the number of images is set first, and is at least 1");
        self.images = images;
        self
    }

    /// Lets int8 weights remember what they were before they were quantized.
    pub(crate) fn keep_reals(mut self) -> NetworkBuilder {
        self.keep_reals = true;
        self
    }

    /// An image input `[1, height, width, channels]`, or any other shape, in the network's form with values of about
    /// -1 to 1.
    pub fn input(&mut self, shape: &[usize]) -> TensorId {
        let quantization = match self.form {
            Form::Int8 => Quantization { scale: 2.0 / 255.0, zero_point: -1 },
            Form::Uint8 => Quantization { scale: 1.0 / 128.0, zero_point: 128 },
        };
        self.input_with(shape, quantization)
    }

    /// An input with given quantization; the calibration images cover the whole range of its type.
    pub fn input_with(&mut self, shape: &[usize], quantization: Quantization) -> TensorId {
        let samples = self.image_samples(shape, -quantization.zero_point + self.form.range().0);
        self.push_input(Element::Quantized(self.form), shape, (quantization, samples))
    }

    /// A float32 input with values of about -1 to 1, for [`NetworkBuilder::quantize`].
    pub fn input_f32(&mut self, shape: &[usize]) -> TensorId {
        let samples = self.image_samples(shape, -128);
        self.push_input(Element::F32, shape, (Quantization { scale: 1.0 / 128.0, zero_point: 0 }, samples))
    }

    fn image_samples(&self, shape: &[usize], offset: i32) -> Vec<i16> {
        let index = self.inputs.len() as u64;
        let pixels = (0..self.images).flat_map(|n| images::calibration(shape, self.seed ^ (index << 32), n as u64));
        pixels.map(|p| (i32::from(p) + offset) as i16).collect()
    }

    fn push_input(
        &mut self,
        element: Element,
        shape: &[usize],
        (quantization, samples): (Quantization, Vec<i16>),
    ) -> TensorId {
        let name = if self.inputs.is_empty() { "input".into() } else { format!("input_{}", self.inputs.len()) };
        let id = self.push(TensorRecord {
            name,
            shape: shape.to_vec(),
            element,
            quantization: Some(quantization),
            samples,
            ..Default::default()
        });
        self.inputs.push(id);
        id
    }

    /// The shape of a tensor in the file.
    pub fn shape(&self, tensor: TensorId) -> &[usize] {
        &self.tensors[tensor.0].shape
    }

    /// The quantization of an 8-bit activation.
    pub fn quantization(&self, tensor: TensorId) -> Quantization {
        self.tensors[tensor.0].quantization.expect("activations are quantized")
    }

    /// How an activation is spread over the calibration images.
    pub(crate) fn spread(&self, tensor: TensorId) -> Spread {
        Spread::of(&self.record(tensor).samples, self.images)
    }

    /// Ends the network; `outputs` are what it returns.
    pub fn finish(self, outputs: &[TensorId]) -> Network {
        assert!(!outputs.is_empty() && !self.inputs.is_empty(), "a network has inputs and outputs");
        Network {
            name: self.name,
            tensors: self.tensors,
            operators: self.operators,
            inputs: self.inputs,
            outputs: outputs.to_vec(),
            images: self.images,
        }
    }

    fn record(&self, tensor: TensorId) -> &TensorRecord {
        &self.tensors[tensor.0]
    }

    /// The form of an activation.
    pub fn form(&self, tensor: TensorId) -> Form {
        match self.record(tensor).element {
            Element::Quantized(form) => form,
            other => panic!("{} is {other:?}, not an 8-bit activation", self.record(tensor).name),
        }
    }

    fn push(&mut self, record: TensorRecord) -> TensorId {
        self.tensors.push(record);
        TensorId(self.tensors.len() - 1)
    }

    /// A constant i32 tensor without quantization.
    fn constant_i32(&mut self, name: &str, values: &[i32], shape: &[usize]) -> TensorId {
        let data = Some(values.iter().flat_map(|v| v.to_le_bytes()).collect());
        let name = format!("{name}_{}", self.operators.len());
        self.push(TensorRecord { name, shape: shape.to_vec(), element: Element::I32, data, ..Default::default() })
    }

    /// An activation like `like` in type and quantization, with its own shape and values.
    fn activation_like(&self, like: TensorId, shape: Vec<usize>, samples: Vec<i16>) -> TensorRecord {
        let like = self.record(like);
        TensorRecord { shape, samples, element: like.element, quantization: like.quantization, ..Default::default() }
    }

    fn append(&mut self, operator: Append, mut output: TensorRecord) -> TensorId {
        output.name = format!("{}_{}", operator.name, self.operators.len());
        let output = self.push(output);
        self.operators.push(OperatorRecord {
            code: operator.code,
            version: operator.version,
            name: operator.name.into(),
            inputs: operator.inputs,
            output,
            options: operator.options,
            macs: operator.macs,
        });
        output
    }

    /// A seed for the next layer's weights.
    fn layer_seed(&mut self) -> u64 {
        self.rng.next_u64()
    }
}
