//! Windows over NHWC images: the geometry that convolutions and pooling share.

use ottava_kernels::pool::{self, PoolKind, PoolSpec};
use ottava_kernels::pool16::{self, Pool16Kind, Pool16Spec};
use ottava_ref::ops::max_pool2d::Pool2dParams;
use ottava_ref::{ActivationRange, Padding, Window};

use super::quantized::range_16;
use super::types::QUANTIZED;
use super::{ImportContext, InputShapes, TypeList, nhwc_of};
use crate::error::{Error, Result};
use crate::graph::{DType, TensorId};
use crate::optimize::{Lowered, Lowering, Member};
use crate::schema::BuiltinOptionsRef;

/// Largest filter, stride or dilation.
const MAX_STEP: usize = 1 << 16;

/// Most taps of a window: a sum of so many 8-bit values fits 32 bits.
const MAX_TAPS: usize = 1 << 23;

/// Most runs of taps that kernels keep for all border classes of a window; the reference takes windows beyond that.
pub(crate) const MAX_BORDER_WORK: usize = 1 << 22;

/// Where the windows of an operator lie. Pairs are vertical, horizontal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window2d {
    pub(crate) padding: Padding,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) filter: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) pad_top: usize,
    pub(crate) pad_left: usize,
}

/// The numbers a window is made from, as the file has them: vertical, horizontal.
pub(crate) struct WindowOptions {
    pub(crate) padding: i8,
    pub(crate) stride: [i32; 2],
    pub(crate) dilation: [i32; 2],
}

impl Window2d {
    /// Checks the numbers of a file and places the windows of `filter` over images of extent `input`.
    pub(crate) fn new(options: &WindowOptions, input: [usize; 2], filter: [usize; 2]) -> Result<Self> {
        let padding = match options.padding {
            0 => Padding::Same,
            1 => Padding::Valid,
            other => return Err(Error::invalid(format!("padding {other} is neither SAME (0) nor VALID (1)"))),
        };
        let stride = steps("stride", options.stride)?;
        let dilation = steps("dilation", options.dilation)?;
        if filter.iter().any(|&size| size == 0 || size > MAX_STEP) || filter[0] * filter[1] > MAX_TAPS {
            return Err(Error::invalid(format!("a window of {} x {} elements", filter[0], filter[1])));
        }
        let axis = |i: usize| {
            let window = Window { input: input[i], filter: filter[i], stride: stride[i], dilation: dilation[i] };
            window.extent(padding)
        };
        let (vertical, horizontal) = (axis(0)?, axis(1)?);
        Ok(Self {
            padding,
            input,
            output: [vertical.output, horizontal.output],
            filter,
            stride,
            dilation,
            pad_top: vertical.pad_before,
            pad_left: horizontal.pad_before,
        })
    }

    /// Checks that an image has the extent that the windows were placed over.
    pub(crate) fn check_input(&self, height: usize, width: usize) -> Result<()> {
        if [height, width] == self.input {
            return Ok(());
        }
        let [h, w] = self.input;
        Err(Error::invalid(format!("an image of {height} x {width} where {h} x {w} was imported")))
    }

    /// The windows with padding added: elements before height and width, and in all. `input` becomes the extent of
    /// what is inside the padding.
    pub(crate) fn padded(&self, before: [usize; 2], total: [usize; 2]) -> Self {
        let input = [self.input[0] - total[0], self.input[1] - total[1]];
        Self { input, pad_top: self.pad_top + before[0], pad_left: self.pad_left + before[1], ..self.clone() }
    }

    /// The same geometry as kernels take it.
    pub(crate) fn kernel_window(&self) -> ottava_kernels::Window {
        ottava_kernels::Window {
            taps: self.filter,
            stride: self.stride,
            dilation: self.dilation,
            pad_before: [self.pad_top, self.pad_left],
        }
    }

    /// At most how many runs of taps all border classes have together.
    pub(crate) fn border_work(&self) -> usize {
        let classes = (0..2).map(|axis| self.output[axis].min(2 * self.filter[axis] + 1));
        classes.chain([self.taps()]).fold(1, usize::saturating_mul)
    }

    /// Those of `macs` multiply-accumulates, evenly spread over windows and taps, whose tap lies inside the image.
    pub(crate) fn in_range(&self, macs: u64) -> u64 {
        let all: u128 = self.output.iter().chain(&self.filter).map(|&count| count as u128).product();
        let inside = u128::from(self.kernel_window().taps_inside(self.input, self.output));
        (u128::from(macs) * inside).checked_div(all).map_or(0, |macs| macs as u64)
    }

    /// Taps of one window.
    pub(crate) fn taps(&self) -> usize {
        self.filter[0] * self.filter[1]
    }
}

fn steps(what: &str, values: [i32; 2]) -> Result<[usize; 2]> {
    let step = |value: i32| {
        let step = usize::try_from(value).ok().filter(|step| (1..=MAX_STEP).contains(step));
        step.ok_or_else(|| Error::invalid(format!("a {what} of {value} is not between 1 and {MAX_STEP}")))
    };
    Ok([step(values[0])?, step(values[1])?])
}

/// AVERAGE_POOL_2D and MAX_POOL_2D: a window and the range of the fused activation.
#[derive(Clone, Debug)]
pub(crate) struct Pool2d {
    pub(crate) window: Window2d,
    pub(crate) activation: ActivationRange,
}

/// One quantized type in and out.
pub(crate) fn pool_types(types: &TypeList) -> bool {
    types.one_type(1, &QUANTIZED)
}

impl Pool2d {
    pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Self> {
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
        Ok(Self { window, activation: context.activation(options.fused_activation_function()?)? })
    }

    pub(crate) fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let [batches, height, width, channels] = nhwc_of(inputs, 0)?;
        self.window.check_input(height, width)?;
        Ok(vec![vec![batches, self.window.output[0], self.window.output[1], channels]])
    }

    /// The pooling as a kernel.
    pub(crate) fn lower(&self, kind: PoolKind, lowering: &Lowering<'_>, member: &Member) -> Result<Option<Lowered>> {
        let Some(source) = member.inputs[0] else { return Ok(None) };
        if !lowering.suits_kernels(member, 1) || self.window.border_work() > MAX_BORDER_WORK {
            return Ok(None);
        }
        let output = member.outputs[0];
        if lowering.tensor(source).dtype == DType::I16 {
            return Ok(Some(self.lower_16(kind, lowering, [source, output])));
        }
        let offset = lowering.offset(output);
        let spec = PoolSpec {
            kind,
            input: lowering.image(source),
            window: self.window.kernel_window(),
            output: self.window.output,
            output_min: self.activation.lo + offset,
            output_max: self.activation.hi + offset,
            pixel_stride: lowering.image(output).pixel_stride,
            threads: lowering.threads,
        };
        let layer = Box::new(pool::prepare(lowering.isa, &spec));
        Ok(Some(Lowered { layer, inputs: vec![source], outputs: vec![output], note: None }))
    }

    /// The same of int16 values.
    fn lower_16(&self, kind: PoolKind, lowering: &Lowering<'_>, [source, output]: [TensorId; 2]) -> Lowered {
        let spec = Pool16Spec {
            kind: if kind == PoolKind::Maximum { Pool16Kind::Maximum } else { Pool16Kind::Average },
            input: lowering.image(source),
            window: self.window.kernel_window(),
            output: self.window.output,
            range: range_16(self.activation),
            threads: lowering.threads,
        };
        let layer = Box::new(pool16::prepare(lowering.isa, &spec));
        Lowered { layer, inputs: vec![source], outputs: vec![output], note: None }
    }

    /// Parameters of the reference for an input of this shape.
    pub(crate) fn params(&self, input_shape: &[usize]) -> Result<Pool2dParams> {
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
