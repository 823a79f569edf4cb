//! AVERAGE_POOL_2D over NHWC images.

use std::any::Any;
use std::sync::Arc;

use ottava_kernels::pool::PoolKind;
use ottava_ref::ops::average_pool2d::average_pool2d;

use super::view::{input, only_output, with_quantized};
use super::window::Pool2d;
use super::{ImportContext, InputShapes, Operator, TensorView, TensorViewMut};
use crate::error::Result;
use crate::optimize::{Lower, Lowered, Lowering, Member};

/// Average of the raw values inside the image, rounded half away from zero in the type of the file; nothing is requantized.
#[derive(Clone, Debug)]
pub(crate) struct AveragePool2d {
    pub(crate) pool: Pool2d,
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    Ok(Arc::new(AveragePool2d { pool: Pool2d::import(context)? }))
}

impl Operator for AveragePool2d {
    fn name(&self) -> &'static str {
        "AVERAGE_POOL_2D"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        self.pool.infer_shapes(inputs)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        let params = self.pool.params(x.shape)?;
        with_quantized!(x.dtype, T => {
            let mut values = vec![T::default(); output.bytes.len() / size_of::<T>()];
            average_pool2d(&params, &x.values::<T>(), &mut values);
            output.store(&values)
        })
    }

    fn work_is_bounded(&self) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Lower for AveragePool2d {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        let source = members[0].inputs[0];
        let kind = PoolKind::Average { file_is_signed: source.is_some_and(|id| lowering.is_signed(id)) };
        self.pool.lower(kind, lowering, &members[0])
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
