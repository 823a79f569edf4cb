//! What operators become.

use ottava_kernels::{KernelId, Layer};

use crate::tensor::TensorId;

/// A prepared step: layers that run one after the other.
pub struct Lowered {
    /// At least one.
    pub(crate) layers: Vec<LoweredLayer>,
    /// Bytes of each buffer that the layers pass values through. It is the step's from the first layer that writes it to
    /// the last that reads it, and holds anything before.
    pub(crate) temporaries: Vec<usize>,
    /// Anything worth telling about it.
    pub(crate) note: Option<String>,
}

/// One layer of a step, with what it reads and writes in the kernel's order.
pub(crate) struct LoweredLayer {
    pub(crate) layer: Box<dyn Layer>,
    pub(crate) inputs: Vec<Operand>,
    pub(crate) outputs: Vec<Operand>,
}

/// What a layer reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A tensor of the graph.
    Tensor(TensorId),
    /// A buffer of the step, by its position in [`Lowered::temporaries`].
    Temporary(usize),
}

impl Lowered {
    /// A step of one layer over tensors of the graph.
    pub(crate) fn one(layer: Box<dyn Layer>, inputs: Vec<TensorId>, outputs: Vec<TensorId>) -> Self {
        let operands = |tensors: Vec<TensorId>| tensors.into_iter().map(Operand::Tensor).collect();
        let layer = LoweredLayer { layer, inputs: operands(inputs), outputs: operands(outputs) };
        Self { layers: vec![layer], temporaries: Vec::new(), note: None }
    }

    /// Bytes of packed weights and tables of all layers.
    pub(crate) fn packed_bytes(&self) -> usize {
        self.layers.iter().map(|layer| layer.layer.packed_bytes()).sum()
    }

    /// The kernel, or the different ones in the order that they run.
    pub(crate) fn kernel(&self) -> KernelId {
        let mut kernels = self.layers.iter().map(|layer| layer.layer.kernel());
        let mut all = kernels.next().expect("a step has a layer");
        let mut names = vec![all.name.clone()];
        for kernel in kernels {
            all.isa = all.isa.or(kernel.isa);
            if !names.contains(&kernel.name) {
                names.push(kernel.name);
            }
        }
        all.name = names.join("+").into();
        all
    }
}
