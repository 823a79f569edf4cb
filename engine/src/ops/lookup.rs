//! Operators as tables of all their values.

use ottava_kernels::Layer;
use ottava_kernels::lut::{self, LutSpec};
use ottava_kernels::lut16::{self, Lut16Spec};

use super::operator::Operator;
use super::types::EIGHT_BIT;
use super::view::{TensorView, TensorViewMut};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::tensor::{DType, TensorId};

/// Elements below which a table of all int16 values is not worth its memory.
const LEAST_FOR_TABLE16: usize = 256;

/// What an operator of one 8-bit input makes of each stored byte, evaluated by the reference: stored bytes for 8-bit
/// outputs, else elements of the output's type, all little-endian.
///
/// # Errors
/// As [`Operator::reference`].
pub(crate) fn byte_table(operator: &dyn Operator, types: [DType; 2], xor_masks: [u8; 2]) -> Result<Vec<u8>> {
    let shape = [256];
    let bytes: Vec<u8> = (0..=255).map(|stored: u8| stored ^ xor_masks[0]).collect();
    let mut output = vec![0; 256 * types[1].size_bytes()];
    let input = TensorView { shape: &shape, dtype: types[0], bytes: &bytes };
    operator.reference(&[Some(input)], &mut [TensorViewMut { shape: &shape, dtype: types[1], bytes: &mut output }])?;
    output.iter_mut().for_each(|byte| *byte ^= xor_masks[1]);
    Ok(output)
}

/// A function of 8-bit values to 8-bit ones, or of int16 ones to elements of up to four bytes, as a table of all its
/// values. One that refuses some of them is left to the reference, which refuses only what it meets.
pub(crate) fn lower_by_table(
    operator: &dyn Operator,
    lowering: &Lowering<'_>,
    node: &NodeTensors,
) -> Result<Option<Lowered>> {
    let (Some(source), output) = (node.inputs[0], node.outputs[0]) else { return Ok(None) };
    if !lowering.suits_kernels(node, 1) {
        return Ok(None);
    }
    let (types, threads) = (lowering.types([source, output]), lowering.threads);
    let layer: Box<dyn Layer> = if types.iter().all(|dtype| EIGHT_BIT.contains(dtype)) {
        let Ok(table) = stored_table(operator, lowering, [source, output]) else { return Ok(None) };
        let table = table.as_slice().try_into().map_err(|_| Error::internal("a table of 256 bytes"))?;
        let shape = lowering.strided(source, output);
        Box::new(lut::prepare(lowering.isa, &LutSpec { table, shape, threads }))
    } else if types[0] == DType::I16 && matches!(types[1].size_bytes(), 1 | 2 | 4) && lowering.is_dense(output) {
        let elements = lowering.tensor(output).element_count();
        if elements < LEAST_FOR_TABLE16 || !lowering.affords_values(lut16::ENTRIES) {
            return Ok(None);
        }
        let Ok(table) = table16(operator, types[1], lowering.xor_mask(types[1])) else { return Ok(None) };
        Box::new(lut16::prepare(Lut16Spec { table, elements, threads }))
    } else {
        return Ok(None);
    };
    Ok(Some(Lowered::one(layer, vec![source], vec![output])))
}

/// [`byte_table`] of an operator between two tensors.
///
/// # Errors
/// As [`Operator::reference`].
pub(crate) fn stored_table(
    operator: &dyn Operator,
    lowering: &Lowering<'_>,
    tensors: [TensorId; 2],
) -> Result<Vec<u8>> {
    let types = lowering.types(tensors);
    byte_table(operator, types, types.map(|dtype| lowering.xor_mask(dtype)))
}

/// What an operator of one int16 input makes of each value, as stored.
fn table16(operator: &dyn Operator, dtype: DType, xor_mask: u8) -> Result<Vec<u8>> {
    let shape = [lut16::ENTRIES];
    let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let mut output = vec![0; lut16::ENTRIES * dtype.size_bytes()];
    let input = TensorView { shape: &shape, dtype: DType::I16, bytes: &bytes };
    operator.reference(&[Some(input)], &mut [TensorViewMut { shape: &shape, dtype, bytes: &mut output }])?;
    output.iter_mut().for_each(|byte| *byte ^= xor_mask);
    Ok(output)
}

/// Whether a function between 8-bit types leaves every stored byte as it is.
pub(crate) fn is_identity(operator: &dyn Operator, types: [DType; 2], xor_masks: [u8; 2]) -> bool {
    let same = |bytes: Vec<u8>| bytes.iter().enumerate().all(|(stored, &byte)| usize::from(byte) == stored);
    types.iter().all(|dtype| EIGHT_BIT.contains(dtype)) && byte_table(operator, types, xor_masks).is_ok_and(same)
}
