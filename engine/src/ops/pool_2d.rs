//! AVERAGE_POOL_2D and MAX_POOL_2D over NHWC images.

use std::sync::Arc;

use ottava_kernels::pool::{self, PoolKind, PoolSpec};
use ottava_kernels::pool16::{self, Pool16Kind, Pool16Spec};
use ottava_ref::ActivationRange;
use ottava_ref::ops::average_pool2d::average_pool2d;
use ottava_ref::ops::max_pool2d::{Pool2dParams, max_pool2d};

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

/// A window and the range of the fused activation.
#[derive(Clone, Debug)]
struct Pool2d {
    kind: Kind,
    window: Window2d,
    activation: ActivationRange,
}

/// One quantized type in and out.
pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(1, &QUANTIZED)
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
    context.quantization(context.inputs[0])?;
    let activation = context.activation(options.fused_activation_function()?)?;
    Ok(Arc::new(Pool2d { kind, window, activation }))
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
        let params = self.params(x.shape)?;
        with_quantized!(x.dtype, T => {
            let mut values = output.zeros::<T>();
            match self.kind {
                Kind::Average => average_pool2d(&params, &x.values::<T>(), &mut values),
                Kind::Maximum => max_pool2d(&params, &x.values::<T>(), &mut values),
            }
            output.store(&values)
        })
    }

    fn work_is_bounded(&self) -> bool {
        false
    }
}

impl Pool2d {
    /// The pooling of int16 values as a kernel.
    fn lower_16(&self, lowering: &Lowering<'_>, [source, output]: [TensorId; 2]) -> Lowered {
        let spec = Pool16Spec {
            kind: match self.kind {
                Kind::Average => Pool16Kind::Average,
                Kind::Maximum => Pool16Kind::Maximum,
            },
            input: lowering.image(source),
            window: self.window.kernel_window(),
            output: self.window.output,
            range: range_16(self.activation),
            threads: lowering.threads,
        };
        let layer = Box::new(pool16::prepare(lowering.isa, &spec));
        Lowered::one(layer, vec![source], vec![output])
    }

    /// Parameters of the reference for an input of this shape.
    fn params(&self, input_shape: &[usize]) -> Result<Pool2dParams> {
        let input_shape = nhwc_of(&[Some(input_shape)], 0)?;
        let [height, width] = self.window.output;
        Ok(Pool2dParams {
            input_shape,
            output_shape: [input_shape[0], height, width, input_shape[3]],
            filter: self.window.filter,
            stride: self.window.stride,
            pad_top: self.window.pad_top,
            pad_left: self.window.pad_left,
            activation: self.activation,
        })
    }
}

impl Lower for Pool2d {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let Some(source) = node.inputs[0] else { return Ok(None) };
        if !lowering.suits_kernels(node, 1) || !self.window.suits_kernels(lowering) {
            return Ok(None);
        }
        let output = node.outputs[0];
        if lowering.tensor(source).dtype == DType::I16 {
            return Ok(Some(self.lower_16(lowering, [source, output])));
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
            output_min: self.activation.lo + offset,
            output_max: self.activation.hi + offset,
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
