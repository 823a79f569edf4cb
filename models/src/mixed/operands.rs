//! What operators of a random network read and write.

use ottava::DType;
use ottava::schema::{self, BuiltinOptions};

/// Index of an activation of the network.
pub(super) type ValueId = usize;

/// Scale and zero point.
pub(super) type Scale = (f32, i32);

/// An activation with what the samples make of it.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) shape: Vec<usize>,
    pub(super) dtype: DType,
    pub(super) scale: Option<Scale>,
    /// Little-endian elements for each sample.
    pub(super) samples: Vec<Vec<u8>>,
}

impl Value {
    pub(super) fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    pub(super) fn rank(&self) -> usize {
        self.shape.len()
    }
}

/// Something an operator reads.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Value(ValueId),
    Constant(Constant),
    Absent,
}

/// Weights, axes, indices.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    pub(super) shape: Vec<usize>,
    pub(super) dtype: DType,
    pub(super) data: Vec<u8>,
    /// Scales, zero point of all, dimension.
    pub(super) quantization: Option<(Vec<f32>, i32, usize)>,
}

impl Constant {
    /// `int32` elements in one dimension.
    pub(super) fn list(values: &[i32]) -> Operand {
        Self::ints(&[values.len()], values)
    }

    /// `int32` elements of any shape.
    pub(super) fn ints(shape: &[usize], values: &[i32]) -> Operand {
        let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Operand::Constant(Self { shape: shape.to_vec(), dtype: DType::I32, data, quantization: None })
    }

    /// One `int32`.
    pub(super) fn scalar(value: i32) -> Operand {
        Self::ints(&[], &[value])
    }
}

/// Something an operator writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Out {
    /// This type without a scale, or with this one.
    Fixed(DType, Option<Scale>),
    /// A quantized type whose scale follows from the values; the zero point is drawn.
    Free(DType),
}

/// An operator that is to be added.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: &'static str,
    pub(super) options: Option<BuiltinOptions>,
    pub(super) inputs: Vec<Operand>,
    pub(super) outputs: Vec<Out>,
}

impl Draft {
    /// An operator of one output, by the format's name.
    pub(super) fn new(name: &'static str, inputs: Vec<Operand>, output: Out) -> Self {
        Self { name, options: None, inputs, outputs: vec![output] }
    }

    /// The same with options.
    pub(super) fn with(mut self, options: BuiltinOptions) -> Self {
        self.options = Some(options);
        self
    }
}

/// The code of a type in the file.
pub(super) fn type_code(dtype: DType) -> i8 {
    match dtype {
        DType::F32 => 0,
        DType::F16 => 1,
        DType::I32 => 2,
        DType::U8 => 3,
        DType::I64 => 4,
        DType::Bool => 6,
        DType::I16 => 7,
        DType::I8 => 9,
        other => panic!("random networks have no {other}"),
    }
}

/// The table of a tensor; without a shape the engine infers it.
pub(super) fn tensor_table(name: String, dtype: DType, shape: Option<&[usize]>, buffer: u32) -> schema::Tensor {
    schema::Tensor {
        shape: shape.map(|shape| shape.iter().map(|&size| size as i32).collect()),
        type_: type_code(dtype),
        buffer,
        name: Some(name),
        has_rank: shape.is_some(),
        ..Default::default()
    }
}

/// The table of scales and zero points.
pub(super) fn quantization_table(
    scales: &[f32],
    zero_point: i32,
    dimension: usize,
) -> Box<schema::QuantizationParameters> {
    Box::new(schema::QuantizationParameters {
        scale: Some(scales.to_vec()),
        zero_point: Some(vec![i64::from(zero_point); scales.len()]),
        quantized_dimension: dimension as i32,
        ..Default::default()
    })
}
