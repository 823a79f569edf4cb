//! TOPK_V2: the largest elements of each row, and where they are.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::topk_v2::{Ordered, topk_v2};

use super::view::input;
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// The so many largest elements along the last dimension.
#[derive(Clone, Debug)]
pub(crate) struct TopK {
    count: usize,
    rank: usize,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::I8, DType::U8, DType::I16, DType::F32, DType::I32, DType::I64])
        && types.input_is(1, &[DType::I32])
        && types.outputs.get(1).is_none_or(|&dtype| dtype == DType::I32)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_operands(2..=2, 2..=2)?;
    let shape = &context.input(0)?.shape;
    let (list, size) = (context.integers(1)?, shape.last().copied().unwrap_or(0));
    let count = match list[..] {
        [count] => usize::try_from(count).ok().filter(|&count| count > 0 && count <= size),
        _ => None,
    };
    let count = count.ok_or_else(|| Error::invalid(format!("the {list:?} largest of rows of {shape:?}")))?;
    Ok(Arc::new(TopK { count, rank: shape.len() }))
}

impl TopK {
    fn evaluate<T: Pod + Ordered>(&self, x: &TensorView<'_>, outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let [largest, places] = outputs else { return Err(Error::internal("two outputs expected")) };
        let (mut values, mut indices) = (largest.zeros::<T>(), places.zeros::<i32>());
        let size = x.shape.last().copied().unwrap_or(0);
        topk_v2([size, self.count], &x.values::<T>(), &mut values, &mut indices);
        largest.store(&values)?;
        places.store(&indices)
    }
}

impl Operator for TopK {
    fn name(&self) -> &'static str {
        "TOPK_V2"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let mut shape = shape_of(inputs, 0)?.to_vec();
        match shape.last_mut() {
            Some(size) if *size >= self.count => *size = self.count,
            _ => return Err(Error::invalid(format!("the {} largest of rows of {shape:?}", self.count))),
        }
        Ok(vec![shape.clone(), shape])
    }

    fn mixes_batch(&self) -> bool {
        self.rank == 1
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let x = input(inputs, 0)?;
        match x.dtype {
            DType::I8 => self.evaluate::<i8>(&x, outputs),
            DType::U8 => self.evaluate::<u8>(&x, outputs),
            DType::I16 => self.evaluate::<i16>(&x, outputs),
            DType::F32 => self.evaluate::<f32>(&x, outputs),
            DType::I32 => self.evaluate::<i32>(&x, outputs),
            DType::I64 => self.evaluate::<i64>(&x, outputs),
            other => Err(Error::internal(format!("elements of {other}"))),
        }
    }
}

impl Lower for TopK {}
