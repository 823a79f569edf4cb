//! Kernels for elementwise operators of two 8-bit operands.

use ottava_kernels::lut::{self, LutSpec};
use ottava_kernels::pair_table::{self, ENTRIES, PairTableSpec};
use ottava_kernels::pairs::{Dimension, Pairs};

use super::{Function, Stored};
use crate::error::{Error, Result};
use crate::graph::{DType, TensorId};
use crate::ops::types::EIGHT_BIT;
use crate::ops::{TensorView, TensorViewMut};
use crate::optimize::{Lowered, Lowering, Member};

/// The operator's own kernel, or a table of 256 values where an operand is one constant, or of all pairs. The reference
/// runs what is left: other types, constants only, and what is not defined for some of the possible values.
pub(super) fn lower<F: Function>(function: &F, lowering: &Lowering<'_>, member: &Member) -> Result<Option<Lowered>> {
    let (&[Some(first), Some(second)], &[output]) = (&member.inputs[..], &member.outputs[..]) else {
        return Ok(None);
    };
    let operands = [first, second];
    let tensors = operands.map(|id| lowering.tensor(id));
    let eight_bit = tensors.iter().all(|tensor| EIGHT_BIT.contains(&tensor.dtype));
    let one_byte = lowering.tensor(output).dtype.size_bytes() == 1;
    let empty = operands.iter().chain([&output]).any(|&id| lowering.tensor(id).element_count() == 0);
    let constant = tensors.map(|tensor| tensor.data.is_some());
    if !eight_bit || !one_byte || empty || constant == [true; 2] {
        return Ok(None);
    }
    let pairs = pairs(lowering, operands, output)?;
    if !pairs.is_supported() {
        return Ok(None);
    }
    let inputs: Vec<TensorId> = (0..2).filter(|&i| !constant[i]).map(|i| operands[i]).collect();
    let done = |layer| Ok(Some(Lowered { layer, inputs: inputs.clone(), outputs: vec![output], note: None }));
    // Kernels of their own keep all three tensors alike.
    if tensors[0].dtype == tensors[1].dtype && tensors[0].dtype == lowering.tensor(output).dtype {
        let stored = Stored { isa: lowering.isa, offset: lowering.offset(output) };
        let single = constant.iter().zip(tensors).any(|(&constant, tensor)| constant && tensor.element_count() == 1);
        if let Some(layer) = (!single).then(|| function.kernel(stored, &pairs)).flatten() {
            return done(layer);
        }
    }
    // A constant must be defined everywhere; of what is computed the run will tell.
    let undefined = function.undefined().filter(|_| !constant[1]);
    let undefined = undefined.map(|(value, reason)| (value as u8 ^ lowering.xor_mask(tensors[1].dtype), reason));
    let skipped = undefined.map(|(byte, _)| byte);
    let Some(table) = table(function, lowering, (&pairs, skipped), operands, output) else { return Ok(None) };
    match single_constant(lowering, &pairs, operands, output).filter(|_| undefined.is_none()) {
        None => done(Box::new(pair_table::prepare(PairTableSpec { table, undefined, pairs }))),
        Some((operand, value)) => {
            let other = operands[1 - operand];
            let at = |byte: usize| {
                if operand == 0 { usize::from(value) << 8 | byte } else { byte << 8 | usize::from(value) }
            };
            let row: [u8; 256] = std::array::from_fn(|byte| table[at(byte)]);
            let shape = lowering.strided(other, output);
            done(Box::new(lut::prepare(lowering.isa, &LutSpec { table: &row, shape, threads: lowering.threads })))
        }
    }
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
    let rank = lowering.tensor(output).shape.len();
    let mut dimensions: Vec<Dimension> = lowering
        .tensor(output)
        .shape
        .iter()
        .zip(strides(&lowering.tensor(output).shape, to.pixel_stride))
        .map(|(&size, output_stride)| Dimension { size, strides: [0; 2], output_stride })
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
            dimension.strides[operand] = if size == 1 { 0 } else { stride };
        }
    }
    Ok(Pairs { dimensions, constants, threads: lowering.threads })
}

/// Bytes between neighbours along each dimension of a tensor with this distance between pixels.
fn strides(shape: &[usize], pixel_stride: usize) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    let mut stride = pixel_stride;
    for (axis, &size) in shape.iter().enumerate().rev().skip(1) {
        strides[axis] = stride;
        stride *= size;
    }
    // The pixels of the innermost dimension but one are a pixel apart; what is outside counts pixels.
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
