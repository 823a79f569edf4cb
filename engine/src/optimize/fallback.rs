//! An operator without a kernel: the reference, with tensors brought into its form and back.
//!
//! ```text
//! gather      tensors that are not dense and in the file's form, into temporaries
//! reference   one task
//! scatter     back, where the outputs are not dense and in the file's form
//! ```

use std::sync::Arc;

use ottava_kernels::{Failure, Input, KernelId, Layer, Output, Task};

use super::steps::Step;
use crate::error::Result;
use crate::lowering::{Lowered, LoweredLayer, Lowering, Operand};
use crate::model::Model;
use crate::ops::{Operator, TensorView, TensorViewMut};
use crate::tensor::{Constant, DType, TensorId};

/// The step through [`Operator::reference`], on one thread.
///
/// # Errors
/// The bytes of a constant that it reads are left out.
pub(super) fn lower(model: &Model, lowering: &Lowering<'_>, step: &Step) -> Result<Lowered> {
    for id in step.inputs().filter(|&id| lowering.tensor(id).data.is_some()) {
        lowering.constant(id)?;
    }
    let mut temporaries = Vec::new();
    let (mut gather, mut scatter) = (Copies::default(), Copies::default());
    let written: Vec<TensorId> = step.outputs().map(|id| lowering.places.of(id).root).collect();
    let mut read = Vec::new();
    for id in step.inputs().filter(|&id| lowering.tensor(id).data.is_none()) {
        let shape = Spread::new(lowering, id);
        if shape.is_as_in_file() && !written.contains(&lowering.places.of(id).root) {
            read.push(Operand::Tensor(id));
        } else {
            let temporary = Operand::Temporary(temporaries.len());
            temporaries.push(shape.len());
            gather.push(Copy { from: shape, to: shape.dense() }, Operand::Tensor(id), temporary);
            read.push(temporary);
        }
    }
    let mut outputs = Vec::new();
    for id in step.outputs() {
        let shape = Spread::new(lowering, id);
        if shape.is_as_in_file() {
            outputs.push(Operand::Tensor(id));
        } else {
            let temporary = Operand::Temporary(temporaries.len());
            temporaries.push(shape.len());
            scatter.push(Copy { from: shape.dense(), to: shape }, temporary, Operand::Tensor(id));
            outputs.push(temporary);
        }
    }
    let reference = ReferenceLayer::new(model, lowering, step);
    let reference = LoweredLayer { layer: Box::new(reference), inputs: read, outputs };
    let layers = [gather.layer(), Some(reference), scatter.layer()];
    Ok(Lowered { layers: layers.into_iter().flatten().collect(), temporaries, note: None })
}

fn kernel() -> KernelId {
    KernelId::portable("reference", "reference")
}

/// How the bytes of a tensor lie.
#[derive(Clone, Copy)]
struct Spread {
    pixels: usize,
    /// Bytes of one pixel: of its channels for 8-bit types, of all elements for the dense others.
    pixel_bytes: usize,
    /// Bytes from one pixel to the next; only 8-bit tensors are ever spread.
    stride_bytes: usize,
    /// What the file's bytes are XORed with.
    xor_mask: u8,
}

impl Spread {
    fn new(lowering: &Lowering<'_>, id: TensorId) -> Self {
        let (image, dtype) = (lowering.image(id), lowering.tensor(id).dtype);
        Self {
            pixels: image.pixels(),
            pixel_bytes: image.channels * dtype.size_bytes(),
            stride_bytes: image.pixel_stride * dtype.size_bytes(),
            xor_mask: lowering.xor_mask(dtype),
        }
    }

    /// The same tensor in the file's form.
    fn dense(self) -> Self {
        Self { stride_bytes: self.pixel_bytes, xor_mask: 0, ..self }
    }

    fn is_as_in_file(self) -> bool {
        self.stride_bytes == self.pixel_bytes && self.xor_mask == 0
    }

    /// Bytes of all pixels without gaps.
    fn len(self) -> usize {
        self.pixels * self.pixel_bytes
    }

    /// Bytes from the first pixel to the end of the last.
    fn reach(self) -> usize {
        if self.len() == 0 { 0 } else { (self.pixels - 1) * self.stride_bytes + self.pixel_bytes }
    }
}

/// One tensor in two forms.
struct Copy {
    from: Spread,
    to: Spread,
}

/// Tensors that change their form, a task each.
#[derive(Default)]
struct Copies {
    copies: Vec<Copy>,
    inputs: Vec<Operand>,
    outputs: Vec<Operand>,
}

impl Copies {
    fn push(&mut self, copy: Copy, from: Operand, to: Operand) {
        self.copies.push(copy);
        self.inputs.push(from);
        self.outputs.push(to);
    }

    fn layer(self) -> Option<LoweredLayer> {
        let Self { copies, inputs, outputs } = self;
        (!copies.is_empty()).then(|| LoweredLayer { layer: Box::new(CopyLayer(copies)), inputs, outputs })
    }
}

struct CopyLayer(Vec<Copy>);

#[expect(unsafe_code, reason = "the kernels' contract is unsafe to implement")]
impl Layer for CopyLayer {
    fn kernel(&self) -> KernelId {
        kernel()
    }

    fn tasks(&self) -> usize {
        self.0.len()
    }

    unsafe fn run(&self, Task { index, inputs, outputs, .. }: Task<'_>) -> Result<(), Failure> {
        let Copy { from, to } = &self.0[index];
        let (source, target) = (inputs[index], outputs[index]);
        assert!(source.len() >= from.reach() && target.len() >= to.reach(), "a view is too short");
        if from.len() == 0 {
            return Ok(());
        }
        let mask = from.xor_mask ^ to.xor_mask;
        for pixel in 0..from.pixels {
            let source = source.as_ptr().wrapping_add(pixel * from.stride_bytes);
            let target = target.as_ptr().wrapping_add(pixel * to.stride_bytes);
            // SAFETY: asserted above to lie within the view; nobody writes these bytes, as the caller promises.
            let source = unsafe { std::slice::from_raw_parts(source, from.pixel_bytes) };
            // SAFETY: as above; these bytes are the task's alone.
            let target = unsafe { std::slice::from_raw_parts_mut(target, from.pixel_bytes) };
            target.iter_mut().zip(source).for_each(|(target, byte)| *target = byte ^ mask);
        }
        Ok(())
    }
}

/// An operand of the reference.
struct Tensor {
    shape: Vec<usize>,
    dtype: DType,
    size_bytes: usize,
    constant: Option<Constant>,
}

impl Tensor {
    fn new(lowering: &Lowering<'_>, id: TensorId) -> Self {
        let tensor = lowering.tensor(id);
        let (shape, constant) = (tensor.shape.clone(), tensor.data.clone());
        Self { shape, dtype: tensor.dtype, size_bytes: tensor.size_bytes(), constant }
    }
}

/// Runs an operator over dense tensors in the file's form.
struct ReferenceLayer {
    model: Model,
    operator: Arc<dyn Operator>,
    inputs: Vec<Option<Tensor>>,
    outputs: Vec<Tensor>,
}

impl ReferenceLayer {
    fn new(model: &Model, lowering: &Lowering<'_>, step: &Step) -> Self {
        let tensor = |id: TensorId| Tensor::new(lowering, id);
        Self {
            model: model.clone(),
            operator: Arc::clone(&step.operator),
            inputs: step.tensors.inputs.iter().map(|id| id.map(tensor)).collect(),
            outputs: step.outputs().map(tensor).collect(),
        }
    }
}

/// The bytes of a tensor.
///
/// # Safety
/// Nobody writes them meanwhile.
#[expect(unsafe_code, reason = "tensors of the arena are reached through shared views")]
unsafe fn read<'a>(tensor: &Tensor, view: Input<'a>) -> &'a [u8] {
    assert!(view.len() >= tensor.size_bytes, "input view too short");
    // SAFETY: asserted to lie within the view; the rest is the caller's promise.
    unsafe { std::slice::from_raw_parts(view.as_ptr(), tensor.size_bytes) }
}

/// The bytes of a tensor, to be written.
///
/// # Safety
/// Nobody else reads or writes them meanwhile.
#[expect(unsafe_code, reason = "tensors of the arena are reached through shared views")]
unsafe fn write<'a>(tensor: &Tensor, view: Output<'a>) -> &'a mut [u8] {
    assert!(view.len() >= tensor.size_bytes, "output view too short");
    // SAFETY: asserted to lie within the view; the rest is the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(view.as_ptr(), tensor.size_bytes) }
}

#[expect(unsafe_code, reason = "the kernels' contract is unsafe to implement")]
impl Layer for ReferenceLayer {
    fn kernel(&self) -> KernelId {
        kernel()
    }

    fn tasks(&self) -> usize {
        1
    }

    unsafe fn run(&self, Task { inputs, outputs, .. }: Task<'_>) -> Result<(), Failure> {
        let mut views = inputs.iter();
        let mut operands: Vec<Option<TensorView<'_>>> = Vec::with_capacity(self.inputs.len());
        for tensor in &self.inputs {
            operands.push(tensor.as_ref().map(|tensor| {
                let bytes = match &tensor.constant {
                    Some(constant) => self.model.constant(constant),
                    // SAFETY: the caller's promise.
                    None => unsafe { read(tensor, *views.next().expect("a view for each input")) },
                };
                TensorView { shape: &tensor.shape, dtype: tensor.dtype, bytes }
            }));
        }
        let mut results: Vec<TensorViewMut<'_>> = Vec::with_capacity(self.outputs.len());
        for (tensor, &output) in self.outputs.iter().zip(outputs) {
            // SAFETY: the caller's promise.
            let bytes = unsafe { write(tensor, output) };
            bytes.fill(0);
            results.push(TensorViewMut { shape: &tensor.shape, dtype: tensor.dtype, bytes });
        }
        self.operator.reference(&operands, &mut results)?;
        Ok(())
    }
}
