//! A finished network: what it consists of, and the file that holds it.

use crate::builder::TensorId;
use crate::networks;
use crate::quantization::{Form, Quantization};
use crate::registry::{self, Builtin};
use crate::spread::Spread;
use ottava::schema;
use ottava::schema::BuiltinOptions;
use planus::{Builder, Offset};

/// Element type of a tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Element {
    Quantized(Form),
    F32,
    #[default]
    I32,
}

impl Element {
    fn code(self) -> i8 {
        match self {
            Element::Quantized(form) => form.code(),
            Element::F32 => 0,
            Element::I32 => 2,
        }
    }
}

/// Quantization of weights and biases.
#[derive(Clone, Debug)]
pub(crate) struct WeightQuantization {
    pub(crate) scales: Vec<f32>,
    pub(crate) zero_point: i32,
    pub(crate) dimension: usize,
}

/// A tensor; `data` for constants, `samples` (centered values of the calibration images) for activations.
#[derive(Clone, Debug, Default)]
pub(crate) struct TensorRecord {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) element: Element,
    pub(crate) quantization: Option<Quantization>,
    pub(crate) weights: Option<WeightQuantization>,
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) samples: Vec<i16>,
}

/// An operator with its one output.
#[derive(Clone, Debug)]
pub(crate) struct OperatorRecord {
    pub(crate) code: i32,
    pub(crate) version: i32,
    pub(crate) name: String,
    pub(crate) inputs: Vec<TensorId>,
    pub(crate) output: TensorId,
    pub(crate) options: Option<BuiltinOptions>,
    pub(crate) macs: u64,
}

/// A network with weights and quantization, ready to be written.
#[derive(Debug)]
pub struct Network {
    pub(crate) name: String,
    pub(crate) tensors: Vec<TensorRecord>,
    pub(crate) operators: Vec<OperatorRecord>,
    pub(crate) inputs: Vec<TensorId>,
    pub(crate) outputs: Vec<TensorId>,
    pub(crate) images: usize,
}

/// One operator of a [`Network`] and how its output is spread over the calibration images.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSummary {
    /// Lower-case operator name, such as `conv2d`.
    pub operator: String,
    /// Output shape.
    pub shape: Vec<usize>,
    /// Multiply-accumulates, padding taps counted.
    pub macs: u64,
    /// Distinct raw values in the output.
    pub distinct: usize,
    /// Standard deviation of the output in quantization steps.
    pub deviation_steps: f64,
    /// Share of outputs that differ between the first two calibration images.
    pub image_difference: f64,
}

impl Network {
    /// The network of a builtin's name, of `tiny:SEED` or of `random:SEED`.
    pub fn by_name(name: &str) -> Option<Network> {
        match name.split_once(':') {
            Some(("tiny", seed)) => seed.parse().ok().map(networks::tiny::build),
            Some(("random", seed)) => seed.parse().ok().map(networks::random::build),
            _ => registry::builtin(name).map(Builtin::network),
        }
    }

    /// The network's name, which the file carries as its description.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Multiply-accumulates of one inference, padding taps counted.
    pub fn macs(&self) -> u64 {
        self.operators.iter().map(|operator| operator.macs).sum()
    }

    /// The operators in order.
    pub fn layers(&self) -> Vec<LayerSummary> {
        self.operators.iter().map(|operator| self.summarize(operator)).collect()
    }

    fn summarize(&self, operator: &OperatorRecord) -> LayerSummary {
        let output = &self.tensors[operator.output.0];
        let spread = Spread::of(&output.samples, self.images);
        LayerSummary {
            operator: operator.name.clone(),
            shape: output.shape.clone(),
            macs: operator.macs,
            distinct: spread.distinct,
            deviation_steps: spread.deviation,
            image_difference: spread.difference,
        }
    }

    /// The `.tflite` file. Equal networks give equal bytes.
    pub fn to_file(&self) -> Vec<u8> {
        let file = self.serialize(0);
        // The distance of constants to the end of the file is a multiple of 16; so must be its length.
        if file.len().is_multiple_of(CONSTANT_ALIGNMENT) { file } else { self.serialize(1) }
    }

    fn serialize(&self, filler_words: usize) -> Vec<u8> {
        let bytes: usize = self.tensors.iter().filter_map(|tensor| tensor.data.as_ref()).map(Vec::len).sum();
        let mut builder = Builder::with_capacity(bytes + bytes / 8 + 4096);
        // Alignments count from the first aligned thing written: it goes to the very end, where all distances start.
        let _ = builder.create_vector(&[0i64][..]);
        let mut buffers = vec![schema::Buffer::create(&mut builder, None::<&[u8]>, 0u64, 0u64)];
        for data in self.tensors.iter().filter_map(|tensor| tensor.data.as_ref()) {
            buffers.push(aligned_buffer(&mut builder, data));
        }
        if filler_words > 0 {
            let _ = builder.create_vector(&vec![0i32; filler_words][..]);
        }
        let (codes, operators) = self.operator_tables();
        let subgraph = schema::SubGraph {
            tensors: Some(self.tensor_tables()),
            inputs: Some(indices(&self.inputs)),
            outputs: Some(indices(&self.outputs)),
            operators: Some(operators),
            name: Some("main".into()),
        };
        let model = schema::Model::builder()
            .version(3u32)
            .operator_codes(&codes)
            .subgraphs(&[subgraph])
            .description(self.name.as_str())
            .buffers(&buffers)
            .metadata_buffer_as_null()
            .metadata_as_null()
            .signature_defs_as_null()
            .finish(&mut builder);
        schema::finish(&mut builder, model)
    }

    fn tensor_tables(&self) -> Vec<schema::Tensor> {
        let mut buffer = 0;
        self.tensors
            .iter()
            .map(|tensor| {
                buffer += u32::from(tensor.data.is_some());
                schema::Tensor {
                    shape: Some(tensor.shape.iter().map(|&n| n as i32).collect()),
                    type_: tensor.element.code(),
                    buffer: if tensor.data.is_some() { buffer } else { 0 },
                    name: Some(tensor.name.clone()),
                    quantization: quantization_table(tensor).map(Box::new),
                    has_rank: true,
                    ..Default::default()
                }
            })
            .collect()
    }

    fn operator_tables(&self) -> (Vec<schema::OperatorCode>, Vec<schema::Operator>) {
        let mut kinds: Vec<(i32, i32)> = Vec::new();
        let operators = self
            .operators
            .iter()
            .map(|operator| {
                let kind = (operator.code, operator.version);
                let index = kinds.iter().position(|&k| k == kind).unwrap_or_else(|| {
                    kinds.push(kind);
                    kinds.len() - 1
                });
                schema::Operator {
                    opcode_index: index as u32,
                    inputs: Some(indices(&operator.inputs)),
                    outputs: Some(indices(&[operator.output])),
                    builtin_options: operator.options.clone(),
                    ..Default::default()
                }
            })
            .collect();
        let codes = kinds
            .iter()
            .map(|&(code, version)| schema::OperatorCode {
                deprecated_builtin_code: code.min(127) as i8,
                builtin_code: code,
                version,
                ..Default::default()
            })
            .collect();
        (codes, operators)
    }
}

/// What the format promises for the data of constants.
const CONSTANT_ALIGNMENT: usize = 16;

/// Writes a constant so that its first byte is a multiple of 16 away from the file's end.
///
/// The serializer writes from the end and aligns byte vectors to four only, so an unused vector of the missing length goes
/// behind a constant that needs it.
fn aligned_buffer(builder: &mut Builder, data: &[u8]) -> Offset<schema::Buffer> {
    let distance = (builder.len() + data.len()).next_multiple_of(4);
    if !distance.is_multiple_of(CONSTANT_ALIGNMENT) {
        // The unused vector takes its words and a length prefix; it starts at a multiple of four itself.
        let distance = (builder.len().next_multiple_of(4) + data.len()).next_multiple_of(4);
        let words = (CONSTANT_ALIGNMENT - distance % CONSTANT_ALIGNMENT) / 4;
        let _ = builder.create_vector(&vec![0i32; words - 1][..]);
    }
    let vector = builder.create_vector(data);
    schema::Buffer::create(builder, vector, 0u64, 0u64)
}

fn indices(tensors: &[TensorId]) -> Vec<i32> {
    tensors.iter().map(|tensor| tensor.0 as i32).collect()
}

fn quantization_table(tensor: &TensorRecord) -> Option<schema::QuantizationParameters> {
    let (scale, zero_point, dimension) = match (&tensor.weights, tensor.quantization, tensor.element) {
        (Some(weights), ..) => {
            (weights.scales.clone(), vec![i64::from(weights.zero_point); weights.scales.len()], weights.dimension)
        }
        (None, Some(activation), Element::Quantized(_)) => {
            (vec![activation.scale], vec![i64::from(activation.zero_point)], 0)
        }
        _ => return None,
    };
    Some(schema::QuantizationParameters {
        scale: Some(scale),
        zero_point: Some(zero_point),
        quantized_dimension: dimension as i32,
        ..Default::default()
    })
}
