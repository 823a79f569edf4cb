//! A finished network: what it consists of, and the file that holds it.

use crate::builder::TensorId;
use crate::file::{self, Codes, Tables};
use crate::networks;
use crate::quantization::{Form, Quantization};
use crate::registry::{self, Builtin};
use crate::spread::Spread;
use ottava::schema;
use ottava::schema::BuiltinOptions;

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
    /// Weights before they were quantized, in the order of `data`; empty unless the builder keeps them.
    pub(crate) reals: Vec<f32>,
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
        let (codes, operators) = self.operator_tables();
        file::write(&Tables {
            name: &self.name,
            tensors: self.tensor_tables(),
            constants: self.tensors.iter().filter_map(|tensor| tensor.data.as_deref()).collect(),
            codes,
            operators,
            inputs: indices(&self.inputs),
            outputs: indices(&self.outputs),
        })
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
        let mut codes = Codes::default();
        let operators = self
            .operators
            .iter()
            .map(|operator| schema::Operator {
                opcode_index: codes.index_of(operator.code, operator.version),
                inputs: Some(indices(&operator.inputs)),
                outputs: Some(indices(&[operator.output])),
                builtin_options: operator.options.clone(),
                ..Default::default()
            })
            .collect();
        (codes.into_tables(), operators)
    }
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
