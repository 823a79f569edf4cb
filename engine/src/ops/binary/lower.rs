//! Kernels for elementwise operators of two operands of 8 bits, 16 bits or float32.

use ottava_kernels::Layer;
use ottava_kernels::lut::{self, LutSpec};
use ottava_kernels::pair_table::{self, ENTRIES, PairTableSpec};
use ottava_kernels::pairs::{Dimension, Pairs};

use super::function::{Function, Stored};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::ops::types::EIGHT_BIT;
use crate::ops::view::{TensorView, TensorViewMut};
use crate::tensor::{DType, TensorId};

/// The operator's own kernel, or a table of 256 values where an operand is one constant, or of all pairs. The reference
/// runs what is left: other types, constants only, and what is not defined for some of the possible values.
pub(super) fn lower<F: Function>(function: &F, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
    let (&[Some(first), Some(second)], &[output]) = (&node.inputs[..], &node.outputs[..]) else {
        return Ok(None);
    };
    let operands = [first, second];
    let tensors = operands.map(|id| lowering.tensor(id));
    let all_of = |types: &[DType]| tensors.iter().all(|tensor| types.contains(&tensor.dtype));
    let eight_bit = all_of(&EIGHT_BIT) && lowering.tensor(output).dtype.size_bytes() == 1;
    let wide = all_of(&[DType::I16]) && lowering.tensor(output).dtype == DType::I16;
    let real = all_of(&[DType::F32]) && lowering.tensor(output).dtype == DType::F32;
    let empty = operands.iter().chain([&output]).any(|&id| lowering.tensor(id).element_count() == 0);
    let constant = tensors.map(|tensor| tensor.data.is_some());
    if !(eight_bit || wide || real) || empty || constant == [true; 2] {
        return Ok(None);
    }
    let pairs = pairs(lowering, operands, output)?;
    if !pairs.is_supported() {
        return Ok(None);
    }
    let inputs: Vec<TensorId> = (0..2).filter(|&i| !constant[i]).map(|i| operands[i]).collect();
    let layer = match (wide, real) {
        (true, _) => function.kernel_16(lowering.isa, &pairs),
        (_, true) => function.kernel_f32(lowering.isa, &pairs),
        _ => eight_bit_layer(function, lowering, pairs, (operands, output)),
    };
    Ok(layer.map(|layer| Lowered::one(layer, inputs, vec![output])))
}

/// The layer of two 8-bit operands.
fn eight_bit_layer<F: Function>(
    function: &F,
    lowering: &Lowering<'_>,
    pairs: Pairs,
    (operands, output): ([TensorId; 2], TensorId),
) -> Option<Box<dyn Layer>> {
    let types = operands.map(|id| lowering.tensor(id).dtype);
    // A constant must be defined everywhere; of what is computed the run will tell.
    let undefined = function.undefined().filter(|_| pairs.constants[1].is_none());
    let undefined = undefined.map(|(value, reason)| (value as u8 ^ lowering.xor_mask(types[1]), reason));
    let skipped = undefined.map(|(byte, _)| byte);
    let single = single_constant(lowering, &pairs, operands, output).filter(|_| undefined.is_none());
    // Kernels of their own keep all three tensors alike.
    if single.is_none() && types == [lowering.tensor(output).dtype; 2] {
        let stored = Stored { isa: lowering.isa, offset: lowering.offset(output) };
        if let Some(layer) = function.kernel(stored, &pairs) {
            return Some(layer);
        }
    }
    if single.is_none() && !lowering.affords_values(ENTRIES) {
        return None;
    }
    let table = table(function, lowering, (&pairs, skipped), operands, output)?;
    let Some((operand, value)) = single else {
        return Some(Box::new(pair_table::prepare(PairTableSpec { table, undefined, pairs })));
    };
    let at = |byte: usize| {
        if operand == 0 { usize::from(value) << 8 | byte } else { byte << 8 | usize::from(value) }
    };
    let row: [u8; 256] = std::array::from_fn(|byte| table[at(byte)]);
    let shape = lowering.strided(operands[1 - operand], output);
    Some(Box::new(lut::prepare(lowering.isa, &LutSpec { table: &row, shape, threads: lowering.threads })))
}

/// A constant operand that is one value, where the other one has the output's shape.
fn single_constant(
    lowering: &Lowering<'_>,
    pairs: &Pairs,
    operands: [TensorId; 2],
    output: TensorId,
) -> Option<(usize, u8)> {
    let operand = pairs.constants.iter().position(Option::is_some)?;
    let bytes = pairs.constants[operand].as_ref()?;
    let (&first, rest) = bytes.split_first()?;
    let same_shape = lowering.tensor(operands[1 - operand]).shape == lowering.tensor(output).shape;
    (same_shape && rest.iter().all(|&byte| byte == first)).then_some((operand, first))
}

/// Where the elements of operands and output are.
fn pairs(lowering: &Lowering<'_>, operands: [TensorId; 2], output: TensorId) -> Result<Pairs> {
    let to = lowering.image(output);
    let bytes = lowering.tensor(output).dtype.size_bytes();
    let rank = lowering.tensor(output).shape.len();
    let mut dimensions: Vec<Dimension> = lowering
        .tensor(output)
        .shape
        .iter()
        .zip(strides(&lowering.tensor(output).shape, to.pixel_stride))
        .map(|(&size, stride)| Dimension { size, strides: [0; 2], output_stride: bytes * stride })
        .collect();
    let mut constants = [None, None];
    for (operand, &id) in operands.iter().enumerate() {
        let tensor = lowering.tensor(id);
        let dense = tensor.shape.last().copied().unwrap_or(1);
        let pixel_stride = match tensor.data {
            None => lowering.image(id).pixel_stride,
            Some(_) => {
                let mask = lowering.xor_mask(tensor.dtype);
                constants[operand] = Some(lowering.constant(id)?.iter().map(|byte| byte ^ mask).collect());
                dense
            }
        };
        let skipped =
            rank.checked_sub(tensor.shape.len()).ok_or_else(|| Error::internal("an operand of higher rank"))?;
        let strides = strides(&tensor.shape, pixel_stride);
        for ((dimension, &size), stride) in dimensions[skipped..].iter_mut().zip(&tensor.shape).zip(strides) {
            dimension.strides[operand] = if size == 1 { 0 } else { bytes * stride };
        }
    }
    Ok(Pairs { dimensions, bytes, constants, threads: lowering.threads })
}

/// Elements between neighbours along each dimension of a tensor with this distance between pixels.
fn strides(shape: &[usize], pixel_stride: usize) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    let mut stride = pixel_stride;
    for (axis, &size) in shape.iter().enumerate().rev().skip(1) {
        strides[axis] = stride;
        stride *= size;
    }
    strides
}

/// What the operator makes of each pair of stored bytes, as far as they can occur; `None` where it is not defined for
/// one of them other than the second operand's byte `skipped`.
fn table<F: Function>(
    function: &F,
    lowering: &Lowering<'_>,
    (pairs, skipped): (&Pairs, Option<u8>),
    operands: [TensorId; 2],
    output: TensorId,
) -> Option<Box<[u8; ENTRIES]>> {
    let types = operands.map(|id| lowering.tensor(id).dtype);
    let mut occurring = [0, 1].map(|operand| occurring(pairs.constants[operand].as_deref()));
    occurring[1].retain(|&byte| Some(byte) != skipped);
    let masks = types.map(|dtype| lowering.xor_mask(dtype));
    let file = [0, 1].map(|i| occurring[i].iter().map(|byte| byte ^ masks[i]).collect::<Vec<u8>>());
    let output_type: DType = lowering.tensor(output).dtype;
    let (rows, columns) = (file[0].len(), file[1].len());
    let mut results = vec![0; rows * columns];
    let inputs = [
        Some(TensorView { shape: &[rows, 1], dtype: types[0], bytes: &file[0] }),
        Some(TensorView { shape: &[1, columns], dtype: types[1], bytes: &file[1] }),
    ];
    let target = TensorViewMut { shape: &[rows, columns], dtype: output_type, bytes: &mut results };
    function.reference(&inputs, &mut [target]).ok()?;
    let mut table: Box<[u8; ENTRIES]> = vec![0; ENTRIES].into_boxed_slice().try_into().ok()?;
    let mask = lowering.xor_mask(output_type);
    for (&a, row) in occurring[0].iter().zip(results.chunks_exact(columns)) {
        for (&b, &result) in occurring[1].iter().zip(row) {
            table[usize::from(a) << 8 | usize::from(b)] = result ^ mask;
        }
    }
    Some(table)
}

/// The stored bytes that an operand may have.
fn occurring(constant: Option<&[u8]>) -> Vec<u8> {
    let Some(bytes) = constant else { return (0..=255).collect() };
    let mut found = [false; 256];
    bytes.iter().for_each(|&byte| found[usize::from(byte)] = true);
    (0..=255).filter(|&byte| found[usize::from(byte)]).collect()
}
