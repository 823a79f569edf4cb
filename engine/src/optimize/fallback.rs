//! An operator without a kernel: the reference, with tensors brought into its form and back.

use std::sync::Arc;

use ottava_kernels::{Failure, Image, Input, KernelId, Layer, Output, Task};

use super::steps::Step;
use crate::lowering::Lowering;
use crate::model::Model;
use crate::ops::{Operator, TensorView, TensorViewMut};
use crate::tensor::{Constant, DType, TensorId};

/// Runs an operator through [`Operator::reference`], on one thread.
pub(crate) struct ReferenceLayer {
    model: Model,
    operator: Arc<dyn Operator>,
    inputs: Vec<Option<Operand>>,
    outputs: Vec<Operand>,
}

/// A tensor as it is in the arena, or as a constant.
struct Operand {
    shape: Vec<usize>,
    dtype: DType,
    image: Image,
    xor_mask: u8,
    constant: Option<Constant>,
}

impl Operand {
    fn new(lowering: &Lowering<'_>, id: TensorId) -> Self {
        let tensor = lowering.tensor(id);
        Self {
            shape: tensor.shape.clone(),
            dtype: tensor.dtype,
            image: lowering.image(id),
            xor_mask: lowering.xor_mask(tensor.dtype),
            constant: tensor.data.clone(),
        }
    }

    /// Bytes of one pixel: of its channels for 8-bit types, of all elements for the dense others.
    fn pixel_bytes(&self) -> usize {
        self.image.channels * self.dtype.size_bytes()
    }

    /// Bytes from one pixel to the next; only 8-bit tensors are ever spread.
    fn stride_bytes(&self) -> usize {
        self.image.pixel_stride * self.dtype.size_bytes()
    }

    fn len(&self) -> usize {
        self.image.pixels() * self.pixel_bytes()
    }
}

impl ReferenceLayer {
    pub(crate) fn new(model: &Model, lowering: &Lowering<'_>, step: &Step) -> Self {
        let operand = |id: TensorId| Operand::new(lowering, id);
        Self {
            model: model.clone(),
            operator: Arc::clone(&step.operator),
            inputs: step.tensors.inputs.iter().map(|id| id.map(operand)).collect(),
            outputs: step.tensors.outputs.iter().map(|&id| operand(id)).collect(),
        }
    }

    /// The tensors that the layer takes from the arena.
    pub(crate) fn arena_inputs(lowering: &Lowering<'_>, step: &Step) -> Vec<TensorId> {
        step.inputs().filter(|&id| lowering.tensor(id).data.is_none()).collect()
    }
}

/// Copies a tensor out of the arena in the file's form.
///
/// # Safety
/// The view's bytes of the operand are not written meanwhile.
#[expect(unsafe_code, reason = "tensors of the arena are reached through shared views")]
unsafe fn gather(operand: &Operand, view: Input<'_>) -> Vec<u8> {
    let (pixel, stride) = (operand.pixel_bytes(), operand.stride_bytes());
    let mut bytes = vec![0; operand.len()];
    if pixel == 0 {
        return bytes;
    }
    assert!(bytes.is_empty() || view.len() >= (operand.image.pixels() - 1) * stride + pixel, "input view too short");
    for (index, target) in bytes.chunks_exact_mut(pixel).enumerate() {
        // SAFETY: asserted above to lie within the view, which the caller vouches for.
        let source = unsafe { std::slice::from_raw_parts(view.as_ptr().add(index * stride), pixel) };
        target.copy_from_slice(source);
    }
    bytes.iter_mut().for_each(|byte| *byte ^= operand.xor_mask);
    bytes
}

/// Copies a tensor in the file's form into the arena.
///
/// # Safety
/// Nobody else reads or writes the operand's bytes meanwhile.
#[expect(unsafe_code, reason = "tensors of the arena are reached through shared views")]
unsafe fn scatter(operand: &Operand, mut bytes: Vec<u8>, view: Output<'_>) {
    let (pixel, stride) = (operand.pixel_bytes(), operand.stride_bytes());
    if bytes.is_empty() {
        return;
    }
    assert!(view.len() >= (operand.image.pixels() - 1) * stride + pixel, "output view too short");
    bytes.iter_mut().for_each(|byte| *byte ^= operand.xor_mask);
    for (index, source) in bytes.chunks_exact(pixel).enumerate() {
        // SAFETY: asserted above to lie within the view, which the caller vouches for.
        unsafe { std::ptr::copy_nonoverlapping(source.as_ptr(), view.as_ptr().add(index * stride), pixel) }
    }
}

#[expect(unsafe_code, reason = "the kernels' contract is unsafe to implement")]
impl Layer for ReferenceLayer {
    fn kernel(&self) -> KernelId {
        KernelId::portable("reference", "reference")
    }

    fn tasks(&self) -> usize {
        1
    }

    unsafe fn run(&self, Task { inputs, outputs, .. }: Task<'_>) -> Result<(), Failure> {
        let mut views = inputs.iter();
        let gathered: Vec<Option<Vec<u8>>> = self
            .inputs
            .iter()
            .map(|operand| {
                let operand = operand.as_ref().filter(|operand| operand.constant.is_none())?;
                let view = *views.next().expect("a view for each input in the arena");
                // SAFETY: the caller's promise.
                Some(unsafe { gather(operand, view) })
            })
            .collect();
        let read: Vec<Option<TensorView<'_>>> = self
            .inputs
            .iter()
            .zip(&gathered)
            .map(|(operand, gathered)| {
                let operand = operand.as_ref()?;
                let bytes = match (&operand.constant, gathered) {
                    (Some(constant), _) => self.model.constant(constant),
                    (None, Some(gathered)) => gathered,
                    (None, None) => return None,
                };
                Some(TensorView { shape: &operand.shape, dtype: operand.dtype, bytes })
            })
            .collect();
        let mut written: Vec<Vec<u8>> = self.outputs.iter().map(|operand| vec![0; operand.len()]).collect();
        let mut targets: Vec<TensorViewMut<'_>> = self
            .outputs
            .iter()
            .zip(&mut written)
            .map(|(operand, bytes)| TensorViewMut { shape: &operand.shape, dtype: operand.dtype, bytes })
            .collect();
        self.operator.reference(&read, &mut targets)?;
        drop(targets);
        for ((operand, bytes), view) in self.outputs.iter().zip(written).zip(outputs) {
            // SAFETY: the caller's promise.
            unsafe { scatter(operand, bytes, *view) }
        }
        Ok(())
    }
}
