//! What an elementwise operator of two operands says of itself.

use std::fmt::Debug;

use ottava_kernels::pairs::Pairs;
use ottava_kernels::{Isa, Layer};

use crate::error::Result;
use crate::ops::view::{TensorView, TensorViewMut};

/// What one of these operators computes of a pair of elements.
pub(crate) trait Function: Debug + Send + Sync + 'static {
    /// The format's name for the operator.
    fn name(&self) -> &'static str;

    /// Evaluates it with the scalar reference.
    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()>;

    /// A kernel for 8-bit operands; without one a table of all pairs does it.
    fn kernel(&self, _stored: Stored, _pairs: &Pairs) -> Option<Box<dyn Layer>> {
        None
    }

    /// A kernel for 16-bit operands and output; without one the reference runs them.
    fn kernel_16(&self, _isa: Isa, _pairs: &Pairs) -> Option<Box<dyn Layer>> {
        None
    }

    /// A kernel for operands and output of float32; without one the reference runs them.
    fn kernel_f32(&self, _isa: Isa, _pairs: &Pairs) -> Option<Box<dyn Layer>> {
        None
    }

    /// A file value of 8-bit second operands for which there is no result, and what a run that meets it says.
    fn undefined(&self) -> Option<(i32, &'static str)> {
        None
    }

    /// Whether the output may be larger than the first operand.
    fn grows(&self) -> bool {
        true
    }
}

/// How kernels keep the values of 8-bit operands and output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) isa: Isa,
    /// What a file value gains when it is stored.
    pub(crate) offset: i32,
}
