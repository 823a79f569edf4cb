//! What operators see when they are turned into kernels.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ottava_kernels::gemm::winograd::When;
use ottava_kernels::strided::Strided;
use ottava_kernels::{Image, Isa, Packing, Unfit};

use super::places::Places;
use crate::error::{Error, Result};
use crate::tensor::{DType, Tensor, TensorId, left_out};

/// Entries of tables that a plan may compute: offsets of movements, positions of resizings, ranges of taps, values.
const MAX_TABLE_ENTRIES: usize = 1 << 26;

/// What a value counts that the reference computes for a table, in entries.
const EVALUATION: usize = 4;

/// The tensors around an operator.
#[derive(Clone, Debug)]
pub struct NodeTensors {
    /// What it reads; `None` where an optional input is absent.
    pub(crate) inputs: Vec<Option<TensorId>>,
    /// What it writes.
    pub(crate) outputs: Vec<TensorId>,
}

/// The plan around the operator that is being lowered.
pub struct Lowering<'a> {
    /// All tensors of the graph.
    pub(crate) tensors: &'a [Tensor],
    /// The bytes of the model, where constants lie.
    pub(crate) file: &'a [u8],
    pub(crate) places: &'a Places,
    pub(crate) isa: Isa,
    pub(crate) threads: usize,
    /// When 3x3 convolutions are computed by Winograd transforms.
    pub(crate) winograd: When,
    pub(crate) tables: &'a TableBudget,
    pub(crate) packed: StepPacking,
}

/// Packed weights of the step that is being lowered.
#[derive(Debug, Default)]
pub(crate) struct StepPacking {
    packing: RefCell<Packing>,
    /// Constants whose bytes kernels pack.
    weights: RefCell<Vec<TensorId>>,
}

impl StepPacking {
    pub(crate) fn new(packing: Packing) -> Self {
        Self { packing: RefCell::new(packing), weights: RefCell::default() }
    }

    /// The packing, and the constants whose bytes were asked for.
    pub(crate) fn finish(self) -> (Packing, Vec<TensorId>) {
        (self.packing.into_inner(), self.weights.into_inner())
    }
}

/// What is left of the table entries that a plan may compute. Without a limit a file of many small operators could ask for
/// large tables for each.
#[derive(Debug)]
pub(crate) struct TableBudget {
    left: AtomicUsize,
    /// Whether more was wanted than was left.
    short: AtomicBool,
}

impl TableBudget {
    pub(crate) fn new() -> Self {
        Self { left: AtomicUsize::new(MAX_TABLE_ENTRIES), short: AtomicBool::new(false) }
    }

    /// Whether more was wanted than was left.
    pub(crate) fn was_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// As new.
    pub(crate) fn reset(&self) {
        self.left.store(MAX_TABLE_ENTRIES, Ordering::Relaxed);
        self.short.store(false, Ordering::Relaxed);
    }

    /// Takes `entries` off; whether there were as many.
    fn take(&self, entries: usize) -> bool {
        let less = |left: usize| left.checked_sub(entries);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if !taken {
            self.short.store(true, Ordering::Relaxed);
        }
        taken
    }
}

impl Lowering<'_> {
    /// A tensor of the graph.
    pub(crate) fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id]
    }

    /// A tensor as pixels with the distance between them.
    pub(crate) fn image(&self, id: TensorId) -> Image {
        self.places.image(self.tensors, id)
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

    /// Whether tables of so many entries may still be made; then they count. Where not, the reference runs the operator.
    pub(crate) fn affords_entries(&self, entries: usize) -> bool {
        self.tables.take(entries)
    }

    /// The same of a table whose values the reference computes.
    pub(crate) fn affords_values(&self, values: usize) -> bool {
        self.tables.take(values.saturating_mul(EVALUATION))
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
        match &tensor.data {
            None => Err(Error::internal(format!("tensor '{}' is no constant", tensor.name))),
            Some(data) if data.is_left_out() => Err(left_out(tensor)),
            Some(data) => Ok(data.bytes(self.file)),
        }
    }

    /// The bytes of a constant that a kernel packs; none where it was packed before, and [`Lowering::pack`] is how they are.
    ///
    /// # Errors
    /// As [`Lowering::constant`].
    pub(crate) fn weights(&self, id: TensorId) -> Result<&[u8]> {
        self.packed.weights.borrow_mut().push(id);
        if self.packed.packing.borrow().is_stored() { Ok(&[]) } else { self.constant(id) }
    }

    /// Prepares a kernel with the packed weights of the step.
    ///
    /// # Errors
    /// What was packed before is not for such a kernel.
    pub(crate) fn pack<T>(&self, prepare: impl FnOnce(&mut Packing) -> Result<T, Unfit>) -> Result<T> {
        Ok(prepare(&mut self.packed.packing.borrow_mut())?)
    }

    /// For a kernel that packs its weights whenever it is prepared.
    ///
    /// # Errors
    /// There are packed weights for the step.
    pub(crate) fn never_packed(&self) -> Result<()> {
        let stored = self.packed.packing.borrow().is_stored();
        if stored { Err(Error::corrupt("has packed weights, which its kernel does not take")) } else { Ok(()) }
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

    /// Whether all activations of a node live in the arena and none is empty, as kernels want it.
    pub(crate) fn suits_kernels(&self, node: &NodeTensors, activations: usize) -> bool {
        let inputs = node.inputs.iter().take(activations);
        let written = inputs.clone().flatten().all(|&id| self.tensor(id).data.is_none());
        let mut all = inputs.flatten().chain(&node.outputs);
        written && all.all(|&id| self.tensor(id).element_count() > 0)
    }
}

/// The XOR between file bytes and stored bytes: 0 for all but the 8-bit type that the ISA does not store.
pub(crate) fn xor_mask(isa: Isa, dtype: DType) -> u8 {
    match dtype {
        DType::I8 => isa.storage().xor_mask(true),
        DType::U8 => isa.storage().xor_mask(false),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_so_many_table_entries_and_no_more() {
        let places = Places::own(0);
        let lowering = Lowering {
            tensors: &[],
            file: &[],
            places: &places,
            isa: Isa::Scalar,
            threads: 1,
            winograd: When::Faster,
            tables: &TableBudget::new(),
            packed: StepPacking::default(),
        };
        assert!(!lowering.affords_entries(MAX_TABLE_ENTRIES + 1), "what is refused costs nothing");
        assert!(lowering.affords_entries(MAX_TABLE_ENTRIES - 8));
        assert!(!lowering.affords_values(3));
        assert!(lowering.affords_values(2));
        assert!(!lowering.affords_entries(1));
        assert!(!lowering.affords_values(usize::MAX));
    }
}
