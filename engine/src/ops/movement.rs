//! Operators that only move elements: what each of them says once, and how all of them run.
//!
//! A [`Movement`] says what shapes it makes, how the reference computes it, and, independently of that, where in the
//! inputs each element of the outputs comes from: [`Part`]s, boxes of output elements with a table of input offsets for
//! each axis. [`Moved`] makes an operator of it, for elements of any size, with a kernel for every part.

use std::fmt::Debug;
use std::ops::Range;

use bytemuck::Pod;
use ottava_kernels::movement::{self, Axis, MovementSpec};

use super::view::with_size;
use super::window::ImagePadding;
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors, Parallel, Piece};
use crate::tensor::{DType, MAX_TENSOR_BYTES, TensorId};

/// Longer axes, and more parts, are the reference's: tables for them could take more memory than the tensors.
pub(crate) const LARGEST: usize = 1 << 16;

/// More entries of all tables of an operator together are the reference's: every one of many parts has tables.
const MOST_ENTRIES: usize = 1 << 20;

/// Elements of a tensor with its shape.
pub(crate) struct Elements<'a, T> {
    pub(crate) shape: &'a [usize],
    pub(crate) values: Vec<T>,
}

/// An operator that moves elements of any type.
pub(crate) trait Movement: Debug + Send + Sync + 'static {
    /// The format's name for it.
    fn name(&self) -> &'static str;

    /// Which of so many inputs hold the elements.
    fn data(&self, _inputs: usize) -> Range<usize> {
        0..1
    }

    /// Shapes of the outputs for these shapes of the inputs that hold elements.
    ///
    /// # Errors
    /// When the operator cannot take them.
    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>>;

    /// See [`Operator::mixes_batch`].
    fn mixes_batch(&self) -> bool;

    /// The element, little-endian, where nothing is moved to.
    fn fill(&self) -> [u8; 8] {
        [0; 8]
    }

    /// Computes with the reference; shapes are those of [`Movement::infer`].
    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], fill: T);

    /// Where the elements of all outputs come from; nothing if that is not worth a kernel.
    fn parts(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> Vec<Part>;

    /// See [`Lower::splits`].
    fn splits(&self) -> Option<usize> {
        None
    }

    /// See [`Lower::padding`].
    fn padding(&self) -> Option<ImagePadding> {
        None
    }

    /// Whether the output is the input under another shape.
    fn keeps_elements(&self) -> bool {
        false
    }
}

/// A box of output elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Which of the inputs that hold elements it comes from.
    pub(crate) input: usize,
    /// Which output it goes to.
    pub(crate) output: usize,
    /// Elements before its first one in the output.
    pub(crate) first: usize,
    /// Its axes, outermost first.
    pub(crate) axes: Vec<PartAxis>,
}

/// An axis of a box: distances in elements, as if all tensors were dense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartAxis {
    /// From one index to the next in the output.
    pub(crate) stride: usize,
    /// What each index adds to the place in the input; `None` where it is filled.
    ///
    /// Either all are whole pixels, or all lie within one together with those of the axes inside.
    pub(crate) offsets: Vec<Option<usize>>,
}

impl Part {
    /// All of the only output, cut into axes with these input offsets.
    pub(crate) fn whole(offsets: Vec<Vec<Option<usize>>>) -> Self {
        let mut stride = 1;
        let mut axes: Vec<PartAxis> = offsets
            .into_iter()
            .rev()
            .map(|offsets| {
                let axis = PartAxis { stride, offsets };
                stride *= axis.offsets.len();
                axis
            })
            .collect();
        axes.reverse();
        Self { input: 0, output: 0, first: 0, axes }
    }
}

/// Elements from one index to the next along each dimension of a dense tensor.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The offsets of indices `sources` along a dimension of this stride.
pub(crate) fn offsets(stride: usize, sources: impl Iterator<Item = usize>) -> Vec<Option<usize>> {
    sources.map(|source| Some(source * stride)).collect()
}

/// Tensors next to each other along a dimension of the output.
pub(crate) fn concatenated_parts(inputs: &[&[usize]], output: &[usize], axis: usize) -> Vec<Part> {
    let to = strides(output);
    let mut first = 0;
    let part = |(input, shape): (usize, &&[usize])| {
        let from = strides(shape);
        let along = |axis: usize| PartAxis { stride: to[axis], offsets: offsets(from[axis], 0..shape[axis]) };
        let part = Part { input, output: 0, first, axes: (0..shape.len()).map(along).collect() };
        first += shape[axis] * to[axis];
        part
    };
    inputs.iter().enumerate().map(part).collect()
}

/// An operator made of a [`Movement`].
#[derive(Clone, Debug)]
pub(crate) struct Moved<M>(pub(crate) M);

impl<M: Movement> Moved<M> {
    fn evaluate<T: Pod>(&self, inputs: &[TensorView<'_>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let sources: Vec<_> =
            inputs.iter().map(|view| Elements { shape: view.shape, values: view.values::<T>() }).collect();
        let mut results: Vec<_> =
            outputs.iter().map(|view| Elements { shape: view.shape, values: view.zeros::<T>() }).collect();
        let fill = bytemuck::pod_read_unaligned(&self.0.fill()[..size_of::<T>()]);
        self.0.reference(&sources, &mut results, fill);
        let values: Vec<Vec<T>> = results.into_iter().map(|result| result.values).collect();
        outputs.iter_mut().zip(values).try_for_each(|(output, values)| output.store(&values))
    }
}

impl<M: Movement> Operator for Moved<M> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shapes = self.0.data(inputs.len()).map(|index| shape_of(inputs, index)).collect::<Result<Vec<_>>>()?;
        self.0.infer(&shapes)
    }

    fn mixes_batch(&self) -> bool {
        self.0.mixes_batch()
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let data = inputs.get(self.0.data(inputs.len())).unwrap_or_default();
        let data: Vec<TensorView<'_>> = data.iter().copied().flatten().collect();
        let dtype = data.first().ok_or_else(|| Error::internal("no input with elements"))?.dtype;
        with_size!(dtype.size_bytes(), T => self.evaluate::<T>(&data, outputs))
    }
}

impl<M: Movement> Lower for Moved<M> {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let data = node.inputs.get(self.0.data(node.inputs.len())).unwrap_or_default();
        let sources: Vec<TensorId> = data.iter().copied().flatten().collect();
        let shapes = |ids: &[TensorId]| ids.iter().map(|&id| &lowering.tensor(id).shape[..]).collect::<Vec<_>>();
        let parts = || self.0.parts(&shapes(&sources), &shapes(&node.outputs));
        lower_parts(lowering, (&sources, &node.outputs), parts, self.0.fill())
    }

    fn keeps_bytes(&self, types: [DType; 2], _xor_masks: [u8; 2]) -> bool {
        self.0.keeps_elements() && types[0] == types[1]
    }

    fn splits(&self) -> Option<usize> {
        self.0.splits()
    }

    fn padding(&self) -> Option<ImagePadding> {
        self.0.padding()
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}

/// Kernels for the parts of outputs that come from `sources`; the reference for constants.
pub(crate) fn lower_parts(
    lowering: &Lowering<'_>,
    (sources, outputs): (&[TensorId], &[TensorId]),
    parts: impl FnOnce() -> Vec<Part>,
    mut fill: [u8; 8],
) -> Result<Option<Lowered>> {
    let element_bytes = lowering.tensor(outputs[0]).dtype.size_bytes();
    let long = |&id: &TensorId| lowering.tensor(id).shape.iter().any(|&size| size > LARGEST);
    if sources.iter().any(|&id| lowering.tensor(id).data.is_some()) || outputs.iter().any(long) {
        return Ok(None);
    }
    let sizes = sources.iter().chain(outputs).flat_map(|&id| &lowering.tensor(id).shape);
    let entries = sizes.fold(0, |sum: usize, &size| sum.saturating_add(size));
    if entries > MOST_ENTRIES || !lowering.affords_entries(entries) {
        return Ok(None);
    }
    fill[0] ^= lowering.xor_mask(lowering.tensor(outputs[0]).dtype);
    let threads = lowering.threads;
    let mut pieces = Vec::new();
    for part in parts() {
        let (input, output) = (lowering.image(sources[part.input]), lowering.image(outputs[part.output]));
        let spread = |image: &ottava_kernels::Image, elements: usize| {
            let (pixel, channel) = (elements / image.channels.max(1), elements % image.channels.max(1));
            (pixel * image.pixel_stride + channel) * element_bytes
        };
        let axis = |axis: &PartAxis| Axis {
            output_stride: spread(&output, axis.stride),
            offsets: axis.offsets.iter().map(|offset| offset.map(|offset| spread(&input, offset))).collect(),
        };
        let axes: Vec<Axis> = part.axes.iter().map(axis).collect();
        if axes.len() > movement::MAX_AXES {
            return Ok(None);
        }
        let layer = Box::new(movement::prepare(&MovementSpec { axes: &axes, element_bytes, fill, threads }));
        let output_offset = spread(&output, part.first);
        pieces.push(Piece { layer, input: part.input, output: part.output, output_offset });
    }
    if pieces.is_empty() {
        return Ok(None);
    }
    let layer = Box::new(Parallel::new(pieces));
    Ok(Some(Lowered::one(layer, sources.to_vec(), outputs.to_vec())))
}

/// A constant list of integers of any length, `i32` or `i64` in the file.
pub(crate) fn integers(context: &mut ImportContext<'_>, index: usize) -> Result<Vec<i64>> {
    let tensor = context.input(index)?;
    let bytes = context.constant(index)?;
    context.budget.charge(8 * tensor.element_count())?;
    match tensor.dtype {
        DType::I32 => Ok(bytes.as_chunks().0.iter().map(|b| i64::from(i32::from_le_bytes(*b))).collect()),
        DType::I64 => Ok(bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect()),
        other => Err(Error::invalid(format!("input {index} '{}' is {other}, int32 expected", tensor.name))),
    }
}

/// A short constant list of sizes.
pub(crate) fn sizes(context: &ImportContext<'_>, index: usize) -> Result<Vec<usize>> {
    let list = context.integers(index)?;
    let size = |&size: &i64| usize::try_from(size).ok().filter(|&size| size <= MAX_TENSOR_BYTES);
    let sizes: Option<Vec<usize>> = list.iter().map(size).collect();
    sizes.ok_or_else(|| Error::invalid(format!("the sizes {list:?} of input {index} are negative or too large")))
}
