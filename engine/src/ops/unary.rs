//! Operators that map each element of one tensor by itself: all but the function.

use std::fmt::Debug;
use std::sync::Arc;

use bytemuck::Pod;
use ottava_kernels::map_f32::{self, MapF32Function, MapF32Spec};

use super::lookup::{is_identity, lower_by_table};
use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::tensor::DType;

/// What one element becomes, with all parameters.
pub(crate) trait Function: Clone + Debug + Send + Sync + 'static {
    /// The scalar reference, from one tensor to another.
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()>;

    /// The function of float32 elements, where that is what it is; what it does must not allocate.
    fn real(&self) -> Option<MapF32Function> {
        None
    }
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

/// Elementary steps of a function of an element, where it is one that takes a while.
const WORK: usize = 16;

/// A function of float32 rows of one tensor, by the reference's code in tasks.
pub(crate) fn lower_rows(
    lowering: &Lowering<'_>,
    node: &NodeTensors,
    row: usize,
    function: MapF32Function,
) -> Result<Option<Lowered>> {
    let (Some(source), output) = (node.inputs[0], node.outputs[0]) else { return Ok(None) };
    if !lowering.suits_kernels(node, 1) || ![source, output].into_iter().all(|id| lowering.is_dense(id)) {
        return Ok(None);
    }
    let rows = lowering.tensor(output).element_count() / row.max(1);
    let spec = MapF32Spec { function, row, rows, work: WORK, threads: lowering.threads };
    Ok(Some(Lowered::one(Box::new(map_f32::prepare(spec)), vec![source], vec![output])))
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
}

impl<F: Function> Lower for Unary<F> {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        match self.function.real() {
            Some(function) => lower_rows(lowering, node, 1, function),
            None => lower_by_table(self, lowering, node),
        }
    }

    fn keeps_bytes(&self, types: [DType; 2], xor_masks: [u8; 2]) -> bool {
        is_identity(self, types, xor_masks)
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
