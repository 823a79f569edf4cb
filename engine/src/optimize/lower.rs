//! What operators see when they are turned into kernels.

use std::sync::Arc;

use ottava_kernels::strided::Strided;
use ottava_kernels::{Image, Isa, Layer};

use super::place::Places;
use crate::error::{Error, Result};
use crate::graph::{DType, Graph, Tensor, TensorId};
use crate::model::Model;
use crate::ops::{Operator, TensorView, TensorViewMut};

/// Operators of a network up to which any of them may have a large table.
const MOST_TABLES: usize = 1024;

/// What the optimizing backend asks of an operator. Every question has an answer that is right for any operator.
pub trait Lower {
    /// The operator as a kernel, or `None` where the reference is to run it.
    ///
    /// `members` are the operators of the step, this one first; the others are its siblings.
    ///
    /// # Errors
    /// Only defects: the import has verified everything else.
    fn lower(&self, _lowering: &Lowering<'_>, _members: &[Member]) -> Result<Option<Lowered>> {
        Ok(None)
    }

    /// The operator with padding of its own: elements before height and width, and in all.
    fn padded(&self, _before: [usize; 2], _total: [usize; 2]) -> Option<Arc<dyn Operator>> {
        None
    }

    /// Whether the output's stored bytes are the input's, given the types of both and what their file bytes are XORed
    /// with when stored.
    fn keeps_bytes(&self, _types: [DType; 2], _xor_masks: [u8; 2]) -> bool {
        false
    }

    /// The input whose bytes the outputs are, one after the other, if that is all there is to them.
    fn cuts(&self) -> Option<usize> {
        None
    }

    /// Whether inputs may be channels of a wider tensor.
    fn reads_strided_pixels(&self) -> bool {
        false
    }
}

/// An operator with its tensors.
#[derive(Clone, Debug)]
pub struct Member {
    pub(crate) operator: Arc<dyn Operator>,
    pub(crate) inputs: Vec<Option<TensorId>>,
    pub(crate) outputs: Vec<TensorId>,
}

impl Member {
    /// Multiply-accumulates, all and in range.
    pub(crate) fn macs(&self, graph: &Graph) -> [u64; 2] {
        let shape = |&id: &TensorId| graph.tensors[id].shape.as_slice();
        let inputs: Vec<_> = self.inputs.iter().map(|id| id.as_ref().map(shape)).collect();
        let outputs: Vec<_> = self.outputs.iter().map(shape).collect();
        [self.operator.macs(&inputs, &outputs), self.operator.macs_in_range(&inputs, &outputs)]
    }
}

/// A prepared step: the kernel and the tensors that it reads and writes, in the kernel's order.
pub struct Lowered {
    pub(crate) layer: Box<dyn Layer>,
    pub(crate) inputs: Vec<TensorId>,
    pub(crate) outputs: Vec<TensorId>,
    /// Anything worth telling about it.
    pub(crate) note: Option<String>,
}

/// The plan around the operator that is being lowered.
pub struct Lowering<'a> {
    pub(crate) model: &'a Model,
    pub(crate) graph: &'a Graph,
    pub(crate) places: &'a Places,
    pub(crate) isa: Isa,
    pub(crate) threads: usize,
}

impl Lowering<'_> {
    /// A tensor of the graph.
    pub(crate) fn tensor(&self, id: TensorId) -> &Tensor {
        &self.graph.tensors[id]
    }

    /// A tensor as pixels with the distance between them.
    pub(crate) fn image(&self, id: TensorId) -> Image {
        self.places.image(self.graph, id)
    }

    /// What a file value of the tensor gains when it is stored.
    pub(crate) fn offset(&self, id: TensorId) -> i32 {
        self.isa.storage().offset_from(self.is_signed(id))
    }

    /// Whether the tensor's file type is signed.
    pub(crate) fn is_signed(&self, id: TensorId) -> bool {
        self.tensor(id).dtype == DType::I8
    }

    /// Two tensors' element types.
    pub(crate) fn types(&self, ids: [TensorId; 2]) -> [DType; 2] {
        ids.map(|id| self.tensor(id).dtype)
    }

    /// What an operator makes of each stored byte of an 8-bit input; see [`table`].
    ///
    /// # Errors
    /// As [`Operator::reference`].
    pub(crate) fn table(&self, operator: &dyn Operator, input: TensorId, output: TensorId) -> Result<Vec<u8>> {
        let types = self.types([input, output]);
        table(operator, types, types.map(|dtype| self.xor_mask(dtype)))
    }

    /// Whether a table of so many entries may be made for so many elements. A file of many small operators must not ask
    /// for 64 KiB or more each; tensors that are as large as tables bound themselves.
    pub(crate) fn allows_table(&self, entries: usize, elements: usize) -> bool {
        self.graph.nodes.len() <= MOST_TABLES || elements >= entries
    }

    /// Elements of two tensors of the same shape, pixel by pixel.
    pub(crate) fn strided(&self, input: TensorId, output: TensorId) -> Strided {
        let (from, to) = (self.image(input), self.image(output));
        Strided {
            pixels: to.pixels(),
            channels: to.channels,
            input_strides: [from.pixel_stride],
            output_stride: to.pixel_stride,
        }
    }

    /// Whether a tensor's pixels follow each other without gaps.
    pub(crate) fn is_dense(&self, id: TensorId) -> bool {
        let image = self.image(id);
        image.pixel_stride == image.channels
    }

    /// The XOR between file bytes and stored bytes of a type.
    pub(crate) fn xor_mask(&self, dtype: DType) -> u8 {
        xor_mask(self.isa, dtype)
    }

    /// The bytes of a constant.
    ///
    /// # Errors
    /// When the tensor is none.
    pub(crate) fn constant(&self, id: TensorId) -> Result<&[u8]> {
        let tensor = self.tensor(id);
        let data = tensor.data.as_ref();
        data.map(|data| self.model.constant(data))
            .ok_or_else(|| Error::internal(format!("tensor '{}' is no constant", tensor.name)))
    }

    /// The `int32` values of an optional constant; none when it is absent.
    ///
    /// # Errors
    /// As [`Lowering::constant`].
    pub(crate) fn bias(&self, id: Option<TensorId>) -> Result<Vec<i32>> {
        let bytes = id.map_or(Ok(&[][..]), |id| self.constant(id))?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }

    /// The values of an optional constant of `int32` or `int64`; none when it is absent.
    ///
    /// # Errors
    /// As [`Lowering::constant`].
    pub(crate) fn wide_bias(&self, id: Option<TensorId>) -> Result<Vec<i64>> {
        match id {
            Some(wide) if self.tensor(wide).dtype == DType::I64 => {
                let bytes = self.constant(wide)?;
                Ok(bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
            }
            narrow => Ok(self.bias(narrow)?.into_iter().map(i64::from).collect()),
        }
    }

    /// Whether all of a member's activations live in the arena and none is empty, as kernels want it.
    pub(crate) fn suits_kernels(&self, member: &Member, activations: usize) -> bool {
        let inputs = member.inputs.iter().take(activations);
        let written = inputs.clone().flatten().all(|&id| self.tensor(id).data.is_none());
        let mut all = inputs.flatten().chain(&member.outputs);
        written && all.all(|&id| self.tensor(id).element_count() > 0)
    }
}

/// What an operator of one 8-bit input makes of each stored byte, evaluated by the reference: stored bytes for 8-bit
/// outputs, else elements of the output's type, all little-endian.
///
/// # Errors
/// As [`Operator::reference`].
pub(crate) fn table(operator: &dyn Operator, types: [DType; 2], xor_masks: [u8; 2]) -> Result<Vec<u8>> {
    let shape = [256];
    let bytes: Vec<u8> = (0..=255).map(|stored: u8| stored ^ xor_masks[0]).collect();
    let mut output = vec![0; 256 * types[1].size_bytes()];
    let input = TensorView { shape: &shape, dtype: types[0], bytes: &bytes };
    operator.reference(&[Some(input)], &mut [TensorViewMut { shape: &shape, dtype: types[1], bytes: &mut output }])?;
    output.iter_mut().for_each(|byte| *byte ^= xor_masks[1]);
    Ok(output)
}

/// The XOR between file bytes and stored bytes: 0 for all but the 8-bit type that the ISA does not store.
pub(crate) fn xor_mask(isa: Isa, dtype: DType) -> u8 {
    match dtype {
        DType::I8 => isa.storage().xor_mask(true),
        DType::U8 => isa.storage().xor_mask(false),
        _ => 0,
    }
}
