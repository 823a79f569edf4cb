//! Windows over NHWC images: the geometry that convolutions and pooling share.

use ottava_ref::{Padding, Window};

use crate::error::{Error, Result};
use crate::lowering::Lowering;

/// Largest filter, stride or dilation.
const MAX_STEP: usize = 1 << 16;

/// Most taps of a window: a sum of so many 8-bit values fits 32 bits.
const MAX_TAPS: usize = 1 << 23;

/// Most runs of taps that kernels keep for all border classes of a window; the reference takes windows beyond that.
pub(crate) const MAX_BORDER_WORK: usize = 1 << 22;

/// Elements around an image: above and below, left and right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImagePadding {
    pub(crate) vertical: [usize; 2],
    pub(crate) horizontal: [usize; 2],
}

/// Where the windows of an operator lie. Pairs are vertical, horizontal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window2d {
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
        if filter.iter().any(|&size| size == 0 || size > MAX_STEP) || filter[0].saturating_mul(filter[1]) > MAX_TAPS {
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

    /// Checks that an image has a pixel for each window, as those that transposed convolutions read.
    pub(crate) fn check_windows(&self, height: usize, width: usize) -> Result<()> {
        if [height, width] == self.output {
            return Ok(());
        }
        let [h, w] = self.output;
        Err(Error::invalid(format!("an image of {height} x {width} where {h} x {w} was imported")))
    }

    /// The windows with padding added. `input` becomes the extent of what is inside the padding.
    pub(crate) fn padded(&self, padding: ImagePadding) -> Self {
        let ImagePadding { vertical: [top, bottom], horizontal: [left, right] } = padding;
        let input = [self.input[0] - top - bottom, self.input[1] - left - right];
        Self { input, pad_top: self.pad_top + top, pad_left: self.pad_left + left, ..self.clone() }
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

    /// Whether kernels may keep the ranges of taps of all border classes; then they count.
    pub(crate) fn suits_kernels(&self, lowering: &Lowering<'_>) -> bool {
        // At most so many there are.
        let classes = (0..2).map(|axis| self.output[axis].min(2 * self.filter[axis] + 1));
        let ranges = classes.chain([self.taps()]).fold(1, usize::saturating_mul);
        ranges <= MAX_BORDER_WORK && lowering.affords_entries(ranges)
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
