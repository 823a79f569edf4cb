//! AVERAGE_POOL_2D and MAX_POOL_2D over NHWC images.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_kernels::pool::{self, PoolKind, PoolSpec};
use ottava_kernels::pool_f32::{self, PoolF32Kind, PoolF32Spec};
use ottava_kernels::pool16::{self, Pool16Kind, Pool16Spec};
use ottava_ref::ActivationRange;
use ottava_ref::ops::average_pool2d::{average_pool2d, average_pool2d_f32};
use ottava_ref::ops::max_pool2d::{Pool2dParams, max_pool2d, max_pool2d_f32};

use super::binary::bounds;
use super::quantized::range_16;
use super::types::QUANTIZED;
use super::view::{input, only_output, with_quantized};
use super::window::{Window2d, WindowOptions};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, nhwc_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::{DType, TensorId};

/// What becomes of the raw values of a window that lie inside the image. Nothing is requantized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Their average, rounded half away from zero in the type of the file.
    Average,
    /// The largest.
    Maximum,
}

/// The range of the fused activation.
#[derive(Clone, Copy, Debug)]
enum Range {
    /// Of stored values.
    Stored(ActivationRange),
    /// Of float32, finite.
    Real([f32; 2]),
}

/// A window and the range of the fused activation.
#[derive(Clone, Debug)]
struct Pool2d {
    kind: Kind,
    window: Window2d,
    range: Range,
}

/// One quantized type in and out, or float32.
pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(1, &QUANTIZED) || types.one_type(1, &[DType::F32])
}

pub(crate) fn import_average(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, Kind::Average)
}

pub(crate) fn import_maximum(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, Kind::Maximum)
}

fn import(context: &mut ImportContext<'_>, kind: Kind) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::Pool2DOptions(options) => Some(options),
        _ => None,
    })?;
    let options = options.ok_or_else(|| Error::invalid("has no options, so its window is empty"))?;
    let [_, height, width, _] = nhwc_of(&[Some(&context.input(0)?.shape)], 0)?;
    let extent = |size: i32| usize::try_from(size).unwrap_or(0);
    let filter = [extent(options.filter_height()?), extent(options.filter_width()?)];
    let steps = WindowOptions {
        padding: options.padding()?,
        stride: [options.stride_h()?, options.stride_w()?],
        dilation: [1, 1],
    };
    let window = Window2d::new(&steps, [height, width], filter)?;
    // Every window covers some of the image: padding before and after is less than a window.
    let activation = options.fused_activation_function()?;
    let range = if context.input(0)?.dtype == DType::F32 {
        Range::Real(bounds(context.activation_f32(activation)?))
    } else {
        context.quantization(context.inputs[0])?;
        Range::Stored(context.activation(activation)?)
    };
    Ok(Arc::new(Pool2d { kind, window, range }))
}

impl Operator for Pool2d {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Average => "AVERAGE_POOL_2D",
            Kind::Maximum => "MAX_POOL_2D",
        }
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let [batches, height, width, channels] = nhwc_of(inputs, 0)?;
        self.window.check_input(height, width)?;
        Ok(vec![vec![batches, self.window.output[0], self.window.output[1], channels]])
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        match self.range {
            Range::Stored(range) => {
                let params = self.params(x.shape, range)?;
                with_quantized!(x.dtype, T => pool_values::<T>(&x, output, |x, y| match self.kind {
                    Kind::Average => average_pool2d(&params, x, y),
                    Kind::Maximum => max_pool2d(&params, x, y),
                }))
            }
            Range::Real(range) => {
                let params = self.params(x.shape, range)?;
                pool_values(&x, output, |x, y| match self.kind {
                    Kind::Average => average_pool2d_f32(&params, x, y),
                    Kind::Maximum => max_pool2d_f32(&params, x, y),
                })
            }
        }
    }

    fn work_is_bounded(&self) -> bool {
        false
    }
}

/// Runs a reference function from the elements of one tensor to those of another.
fn pool_values<X: Pod>(
    x: &TensorView<'_>,
    output: &mut TensorViewMut<'_>,
    function: impl FnOnce(&[X], &mut [X]),
) -> Result<()> {
    let mut values = output.zeros::<X>();
    function(&x.values::<X>(), &mut values);
    output.store(&values)
}

impl Pool2d {
    /// The pooling of int16 values as a kernel.
    fn lower_16(
        &self,
        lowering: &Lowering<'_>,
        [source, output]: [TensorId; 2],
        activation: ActivationRange,
    ) -> Lowered {
        let spec = Pool16Spec {
            kind: match self.kind {
                Kind::Average => Pool16Kind::Average,
                Kind::Maximum => Pool16Kind::Maximum,
            },
            input: lowering.image(source),
            window: self.window.kernel_window(),
            output: self.window.output,
            range: range_16(activation),
            threads: lowering.threads,
        };
        let layer = Box::new(pool16::prepare(lowering.isa, &spec));
        Lowered::one(layer, vec![source], vec![output])
    }

    /// The pooling of float32 as a kernel.
    fn lower_real(&self, lowering: &Lowering<'_>, [source, output]: [TensorId; 2], range: [f32; 2]) -> Lowered {
        let spec = PoolF32Spec {
            kind: match self.kind {
                Kind::Average => PoolF32Kind::Average,
                Kind::Maximum => PoolF32Kind::Maximum,
            },
            input: lowering.image(source),
            window: self.window.kernel_window(),
            output: self.window.output,
            pixel_stride: lowering.image(output).pixel_stride,
            range,
            threads: lowering.threads,
        };
        Lowered::one(Box::new(pool_f32::prepare(lowering.isa, &spec)), vec![source], vec![output])
    }

    /// Parameters of the reference for an input of this shape.
    fn params<R>(&self, input_shape: &[usize], activation: R) -> Result<Pool2dParams<R>> {
        let input_shape = nhwc_of(&[Some(input_shape)], 0)?;
        let [height, width] = self.window.output;
        Ok(Pool2dParams {
            input_shape,
            output_shape: [input_shape[0], height, width, input_shape[3]],
            filter: self.window.filter,
            stride: self.window.stride,
            pad_top: self.window.pad_top,
            pad_left: self.window.pad_left,
            activation,
        })
    }
}

impl Lower for Pool2d {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), output) = (node.inputs[0], node.outputs[0]) else { return Ok(None) };
        if !lowering.suits_kernels(node, 1) || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        let activation = match self.range {
            Range::Stored(activation) => activation,
            Range::Real(range) => return Ok(Some(self.lower_real(lowering, [source, output], range))),
        };
        if lowering.tensor(source).dtype == DType::I16 {
            return Ok(Some(self.lower_16(lowering, [source, output], activation)));
        }
        let offset = lowering.offset(output);
        let spec = PoolSpec {
            kind: match self.kind {
                Kind::Average => PoolKind::Average { file_is_signed: lowering.is_signed(source) },
                Kind::Maximum => PoolKind::Maximum,
            },
            input: lowering.image(source),
            window: self.window.kernel_window(),
            output: self.window.output,
            output_min: activation.lo + offset,
            output_max: activation.hi + offset,
            pixel_stride: lowering.image(output).pixel_stride,
            threads: lowering.threads,
        };
        let layer = Box::new(pool::prepare(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
