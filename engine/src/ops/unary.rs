//! Operators that map each element of one tensor by itself: all but the function.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use bytemuck::Pod;
use ottava_kernels::Layer;
use ottava_kernels::lut::{self, LutSpec};
use ottava_kernels::lut16::{self, Lut16Spec};

use super::types::EIGHT_BIT;
use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Operator, TensorView, TensorViewMut, shape_of};
use crate::error::{Error, Result};
use crate::graph::DType;
use crate::optimize::{Lower, Lowered, Lowering, Member, table};

/// Elements below which a table of all int16 values is not worth its memory.
const LEAST_FOR_TABLE16: usize = 256;

/// What one element becomes, with all parameters.
pub(crate) trait Function: Clone + Debug + Send + Sync + 'static {
    /// The scalar reference, from one tensor to another.
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()>;
}

/// A function as an operator.
#[derive(Clone, Debug)]
pub(crate) struct Unary<F> {
    name: &'static str,
    function: F,
}

impl<F: Function> Unary<F> {
    /// The operator of the format's name `name`.
    pub(crate) fn operator(name: &'static str, function: F) -> Arc<dyn Operator> {
        Arc::new(Self { name, function })
    }
}

/// Real value = scale · (stored - zero point), as the reference takes them.
pub(crate) type Affine = (f32, i32);

/// Scales and zero points of the only input and output; int16 zero points must be 0.
pub(crate) fn affine_ends(context: &ImportContext<'_>) -> Result<[Affine; 2]> {
    let (from, to) = (context.quantization(context.inputs[0])?, context.output_quantization()?);
    for (tensor, zero_point) in [(context.input(0)?, from.zero_point), (context.output()?, to.zero_point)] {
        if tensor.dtype == DType::I16 && zero_point != 0 {
            return Err(Error::invalid(format!(
                "int16 tensor '{}' has zero point {zero_point}, 0 expected",
                tensor.name
            )));
        }
    }
    Ok([(from.scale, from.zero_point), (to.scale, to.zero_point)])
}

/// Runs a reference function on all elements of a tensor.
pub(crate) fn map<X: Pod, Y: Pod>(
    x: &TensorView<'_>,
    output: &mut TensorViewMut<'_>,
    function: impl FnOnce(&[X], &mut [Y]),
) -> Result<()> {
    try_map(x, output, |x, y| {
        function(x, y);
        Ok(())
    })
}

/// [`map`] of a function that can refuse its elements.
pub(crate) fn try_map<X: Pod, Y: Pod>(
    x: &TensorView<'_>,
    output: &mut TensorViewMut<'_>,
    function: impl FnOnce(&[X], &mut [Y]) -> ottava_ref::Result<()>,
) -> Result<()> {
    let values = x.values::<X>();
    let mut results = vec![Y::zeroed(); values.len()];
    function(&values, &mut results)?;
    output.store(&results)
}

impl<F: Function> Operator for Unary<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![shape_of(inputs, 0)?.to_vec()])
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        self.function.evaluate(&input(inputs, 0)?, only_output(outputs)?)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<F: Function> Lower for Unary<F> {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        lower_by_table(self, lowering, &members[0])
    }

    fn keeps_bytes(&self, types: [DType; 2], xor_masks: [u8; 2]) -> bool {
        is_identity(self, types, xor_masks)
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}

/// A function of 8-bit values to 8-bit ones, or of int16 ones to elements of up to four bytes, as a table of all its
/// values. One that refuses some of them is left to the reference, which refuses only what it meets.
pub(crate) fn lower_by_table(
    operator: &dyn Operator,
    lowering: &Lowering<'_>,
    member: &Member,
) -> Result<Option<Lowered>> {
    let (Some(source), output) = (member.inputs[0], member.outputs[0]) else { return Ok(None) };
    if !lowering.suits_kernels(member, 1) {
        return Ok(None);
    }
    let (types, threads) = (lowering.types([source, output]), lowering.threads);
    let layer: Box<dyn Layer> = if types.iter().all(|dtype| EIGHT_BIT.contains(dtype)) {
        let Ok(table) = lowering.table(operator, source, output) else { return Ok(None) };
        let table = table.as_slice().try_into().map_err(|_| Error::internal("a table of 256 bytes"))?;
        let shape = lowering.strided(source, output);
        Box::new(lut::prepare(lowering.isa, &LutSpec { table, shape, threads }))
    } else if types[0] == DType::I16 && matches!(types[1].size_bytes(), 1 | 2 | 4) && lowering.is_dense(output) {
        let elements = lowering.tensor(output).element_count();
        if elements < LEAST_FOR_TABLE16 || !lowering.allows_table(lut16::ENTRIES, elements) {
            return Ok(None);
        }
        let Ok(table) = table16(operator, types[1], lowering.xor_mask(types[1])) else { return Ok(None) };
        Box::new(lut16::prepare(Lut16Spec { table, elements, threads }))
    } else {
        return Ok(None);
    };
    Ok(Some(Lowered { layer, inputs: vec![source], outputs: vec![output], note: None }))
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
    types.iter().all(|dtype| EIGHT_BIT.contains(dtype)) && table(operator, types, xor_masks).is_ok_and(same)
}
