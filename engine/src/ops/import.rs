//! What an operator's import sees of the file, and the checks that operators share.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use ottava_ref::{Activation, ActivationRange, activation_range};

use crate::budget::Budget;
use crate::error::{Error, Result};
use crate::schema::{self, BuiltinOptionsRef};
use crate::tensor::{Constant, DType, MAX_RANK, Tensor, TensorId, left_out};

/// One operator of the file, with the tensors around it.
///
/// Indices are valid, types are those that the operator's table line accepts; how many inputs and outputs there are is
/// for the operator to check.
pub(crate) struct ImportContext<'a> {
    pub(crate) tensors: &'a [Tensor],
    /// Shapes that tensors have in the file, where they got another one since.
    pub(crate) declared: &'a BTreeMap<TensorId, Vec<usize>>,
    pub(crate) file: &'a [u8],
    pub(crate) operator: schema::OperatorRef<'a>,
    pub(crate) inputs: &'a [Option<TensorId>],
    pub(crate) outputs: &'a [TensorId],
    pub(crate) budget: &'a mut Budget,
}

/// Scale and zero point of a tensor that has one of each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ScaleZero {
    pub(crate) scale: f32,
    pub(crate) zero_point: i32,
}

impl<'a> ImportContext<'a> {
    /// Requires one output and between `least` and `most` inputs, the first `least` of them present.
    pub(crate) fn expect_inputs(&self, least: usize, most: usize) -> Result<()> {
        self.expect_operands(least..=most, 1..=1)
    }

    /// Requires as many inputs and outputs as the ranges say; inputs before the least number of them must be present.
    pub(crate) fn expect_operands(&self, inputs: RangeInclusive<usize>, outputs: RangeInclusive<usize>) -> Result<()> {
        if !inputs.contains(&self.inputs.len()) || !outputs.contains(&self.outputs.len()) {
            return Err(Error::invalid(format!(
                "has {} inputs and {} outputs; {} and {} expected",
                self.inputs.len(),
                self.outputs.len(),
                counts(&inputs),
                counts(&outputs)
            )));
        }
        (0..*inputs.start()).try_for_each(|index| self.input(index).map(drop))
    }

    /// The shape that input `index` has in the file.
    pub(crate) fn declared_shape(&self, index: usize) -> Result<&'a [usize]> {
        let tensor = self.input(index)?;
        let id = self.inputs.get(index).copied().flatten();
        Ok(id.and_then(|id| self.declared.get(&id)).unwrap_or(&tensor.shape))
    }

    /// Input `index`, which must be present.
    pub(crate) fn input(&self, index: usize) -> Result<&'a Tensor> {
        self.optional_input(index).ok_or_else(|| Error::invalid(format!("input {index} is missing")))
    }

    /// Input `index` if it is present.
    pub(crate) fn optional_input(&self, index: usize) -> Option<&'a Tensor> {
        self.inputs.get(index).copied().flatten().map(|id| &self.tensors[id])
    }

    /// The first output.
    pub(crate) fn output(&self) -> Result<&'a Tensor> {
        let id = self.outputs.first().ok_or_else(|| Error::invalid("has no output"))?;
        Ok(&self.tensors[*id])
    }

    /// The operator's options; `None` when the file has none, which means all defaults.
    pub(crate) fn options<T>(&self, pick: impl FnOnce(BuiltinOptionsRef<'a>) -> Option<T>) -> Result<Option<T>> {
        match self.operator.builtin_options() {
            Ok(None) => Ok(None),
            Ok(Some(options)) => {
                pick(options).map(Some).ok_or_else(|| Error::invalid("has the options of another operator"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Scale and zero point of a tensor of a quantized type, which must have exactly one of each.
    pub(crate) fn quantization(&self, id: Option<TensorId>) -> Result<ScaleZero> {
        let tensor = id.map(|id| &self.tensors[id]).ok_or_else(|| Error::invalid("an input is missing"))?;
        quantization_of(tensor)
    }

    /// Scale and zero point of the first output.
    pub(crate) fn output_quantization(&self) -> Result<ScaleZero> {
        quantization_of(self.output()?)
    }

    /// Requires two tensors of the same scale and zero point; returns them.
    pub(crate) fn same_quantization(&self, one: TensorId, other: TensorId) -> Result<ScaleZero> {
        let [a, b] = [&self.tensors[one], &self.tensors[other]];
        let (from, to) = (quantization_of(a)?, quantization_of(b)?);
        if from.scale.to_bits() != to.scale.to_bits() || from.zero_point != to.zero_point {
            return Err(Error::invalid(format!(
                "'{}' has scale {} and zero point {}, '{}' has {} and {}; they must be equal",
                a.name, from.scale, from.zero_point, b.name, to.scale, to.zero_point
            )));
        }
        Ok(from)
    }

    /// Range of a fused activation on the first output, which is quantized.
    pub(crate) fn activation(&self, code: i8) -> Result<ActivationRange> {
        let activation = activation_of(code)?;
        let ScaleZero { scale, zero_point } = self.output_quantization()?;
        Ok(match self.output()?.dtype {
            DType::I8 => activation_range::<i8>(activation, scale, zero_point)?,
            DType::I16 => activation_range::<i16>(activation, scale, zero_point)?,
            _ => activation_range::<u8>(activation, scale, zero_point)?,
        })
    }

    /// Smallest and largest value that a fused activation lets through, for outputs that are not quantized.
    pub(crate) fn activation_f32(&self, code: i8) -> Result<[f32; 2]> {
        if matches!(code, 4 | 5) {
            return Err(Error::unsupported(format!("fused activation {code} on {} values", self.output()?.dtype)));
        }
        Ok(match activation_of(code)? {
            Activation::None => [f32::NEG_INFINITY, f32::INFINITY],
            Activation::Relu => [0.0, f32::INFINITY],
            Activation::Relu6 => [0.0, 6.0],
            Activation::ReluN1To1 => [-1.0, 1.0],
        })
    }

    /// An axis of a tensor with `rank` dimensions; negative ones count from the end.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let from_start = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        let axis_in_range = usize::try_from(from_start).ok().filter(|&axis| axis < rank);
        axis_in_range.ok_or_else(|| Error::invalid(format!("axis {axis} of a tensor with {rank} dimensions")))
    }

    /// The bytes of a constant input.
    pub(crate) fn constant(&self, index: usize) -> Result<&'a [u8]> {
        let tensor = self.input(index)?;
        let data = self.require_constant(index)?;
        if data.is_left_out() {
            return Err(left_out(tensor));
        }
        Ok(data.bytes(self.file))
    }

    /// Input `index`, which must be a constant, whether or not its bytes are there.
    pub(crate) fn require_constant(&self, index: usize) -> Result<&'a Constant> {
        let tensor = self.input(index)?;
        tensor.data.as_ref().ok_or_else(|| {
            Error::unsupported(format!("input {index} '{}' must be a constant, it is computed", tensor.name))
        })
    }

    /// The bytes of input `index` if it is there and a constant.
    pub(crate) fn constant_or_none(&self, index: usize) -> Option<&'a [u8]> {
        let data = self.optional_input(index)?.data.as_ref()?;
        (!data.is_left_out()).then(|| data.bytes(self.file))
    }

    /// A short constant list of integers (axes, sizes, paddings), `i32` or `i64` in the file.
    pub(crate) fn integers(&self, index: usize) -> Result<Vec<i64>> {
        let tensor = self.input(index)?;
        let count = tensor.element_count();
        if count > 2 * MAX_RANK {
            return Err(Error::invalid(format!("input {index} '{}' has {count} elements", tensor.name)));
        }
        let bytes = self.constant(index)?;
        match tensor.dtype {
            DType::I32 => Ok(bytes.as_chunks().0.iter().map(|b| i64::from(i32::from_le_bytes(*b))).collect()),
            DType::I64 => Ok(bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect()),
            other => Err(Error::invalid(format!("input {index} '{}' is {other}, int32 expected", tensor.name))),
        }
    }
}

/// The fused activation of this code.
fn activation_of(code: i8) -> Result<Activation> {
    match code {
        1 => Ok(Activation::Relu),
        2 => Ok(Activation::ReluN1To1),
        3 => Ok(Activation::Relu6),
        // TANH and SIGN_BIT cannot be fused into quantized operators; the reference ignores them.
        0 | 4 | 5 => Ok(Activation::None),
        other => Err(Error::invalid(format!("fused activation {other} is unknown"))),
    }
}

/// A range of numbers in words.
fn counts(range: &RangeInclusive<usize>) -> String {
    let (least, most) = (range.start(), range.end());
    if least == most { least.to_string() } else { format!("{least} to {most}") }
}

/// Scale and zero point of a tensor that must have one of each, fit for its quantized type.
pub(crate) fn quantization_of(tensor: &Tensor) -> Result<ScaleZero> {
    let name = &tensor.name;
    let Some(quantization) = &tensor.quantization else {
        return Err(Error::invalid(format!("tensor '{name}' has no scale and zero point")));
    };
    let (&[scale], &[zero_point]) = (&quantization.scale[..], &quantization.zero_point[..]) else {
        let count = quantization.scale.len();
        return Err(Error::unsupported(format!("tensor '{name}' has {count} scales; only weights may have several")));
    };
    let (lowest, highest) =
        tensor.dtype.quantized_range().ok_or_else(|| Error::invalid(format!("tensor '{name}' is not quantized")))?;
    let fits = i32::try_from(zero_point).ok().filter(|zero_point| (lowest..=highest).contains(zero_point));
    let zero_point = fits.ok_or_else(|| {
        Error::invalid(format!("tensor '{name}' has zero point {zero_point}, outside its type {}", tensor.dtype))
    })?;
    Ok(ScaleZero { scale, zero_point })
}
