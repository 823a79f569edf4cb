//! Where windows lie (`docs/numerics.md` §3).

use crate::error::{Error, Result};

/// How a window operator treats the border of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// As many outputs as strides fit the input; windows may overhang, the odd tap at the end.
    Same,
    /// Only windows that lie inside the input.
    Valid,
}

/// One spatial axis of a window operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Input extent.
    pub input: usize,
    /// Filter extent before dilation.
    pub filter: usize,
    /// Step between windows.
    pub stride: usize,
    /// Step between the taps of a window; 1 for pooling.
    pub dilation: usize,
}

/// Output extent and leading padding of one spatial axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Number of windows.
    pub output: usize,
    /// Padding before the first input element.
    pub pad_before: usize,
}

impl Window {
    /// Extent of the filter with its dilation gaps; `None` when it is zero or overflows.
    pub fn effective_filter(&self) -> Option<usize> {
        self.filter.checked_sub(1)?.checked_mul(self.dilation)?.checked_add(1)
    }

    /// Output extent and leading padding under `padding`.
    ///
    /// # Errors
    /// When the filter, stride or dilation is zero, when sizes overflow, or when a VALID filter
    /// exceeds the input by more than a stride, which makes the output size negative.
    pub fn extent(&self, padding: Padding) -> Result<Extent> {
        self.checked_extent(padding).ok_or(Error::NoOutputSize {
            input: self.input,
            filter: self.filter,
            stride: self.stride,
            dilation: self.dilation,
        })
    }

    fn checked_extent(&self, padding: Padding) -> Option<Extent> {
        if self.stride == 0 || self.dilation == 0 {
            return None;
        }
        let filter = i64::try_from(self.effective_filter()?).ok()?;
        let input = i64::try_from(self.input).ok()?;
        let stride = i64::try_from(self.stride).ok()?;
        let covered = match padding {
            Padding::Same => input.checked_add(stride)?.checked_sub(1)?,
            Padding::Valid => input.checked_add(stride)?.checked_sub(filter)?,
        };
        let output = covered / stride;
        let spanned = (output - 1).checked_mul(stride)?.checked_add(filter)?;
        let pad_before = spanned.checked_sub(input)?.max(0) / 2;
        Some(Extent { output: usize::try_from(output).ok()?, pad_before: usize::try_from(pad_before).ok()? })
    }
}

/// Input coordinate of tap `tap` of window `window`, or `None` in the padding.
pub(crate) fn tap_position(axis: &Axis, window: usize, tap: usize) -> Option<usize> {
    (window * axis.stride + tap * axis.dilation).checked_sub(axis.pad_before).filter(|&position| position < axis.input)
}

/// The numbers that place the taps of one axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub(crate) input: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) pad_before: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(padding: Padding, input: usize, filter: usize, stride: usize) -> (usize, usize) {
        let window = Window { input, filter, stride, dilation: 1 };
        let extent = window.extent(padding).unwrap();
        (extent.output, extent.pad_before)
    }

    #[test]
    fn same_keeps_the_size_divided_by_the_stride() {
        assert_eq!(extent(Padding::Same, 5, 3, 1), (5, 1));
        assert_eq!(extent(Padding::Same, 5, 3, 2), (3, 1));
        // 224 with stride 2: one tap of padding, all of it after.
        assert_eq!(extent(Padding::Same, 224, 3, 2), (112, 0));
        assert_eq!(extent(Padding::Same, 5, 4, 1), (5, 1));
        assert_eq!(extent(Padding::Same, 5, 1, 3), (2, 0));
        assert_eq!(extent(Padding::Same, 1, 7, 1), (1, 3));
    }

    #[test]
    fn valid_counts_whole_windows() {
        assert_eq!(extent(Padding::Valid, 299, 3, 2), (149, 0));
        assert_eq!(extent(Padding::Valid, 147, 3, 1), (145, 0));
        assert_eq!(extent(Padding::Valid, 3, 3, 5), (1, 0));
        assert_eq!(extent(Padding::Valid, 2, 3, 1), (0, 0));
    }

    #[test]
    fn dilation_widens_the_filter() {
        let window = Window { input: 9, filter: 3, stride: 1, dilation: 3 };
        assert_eq!(window.effective_filter(), Some(7));
        assert_eq!(window.extent(Padding::Same), Ok(Extent { output: 9, pad_before: 3 }));
        assert_eq!(window.extent(Padding::Valid), Ok(Extent { output: 3, pad_before: 0 }));
    }

    #[test]
    fn impossible_windows_are_errors() {
        let good = Window { input: 4, filter: 3, stride: 1, dilation: 1 };
        assert!(good.extent(Padding::Valid).is_ok());
        for bad in [
            Window { filter: 0, ..good },
            Window { stride: 0, ..good },
            Window { dilation: 0, ..good },
            Window { filter: 9, ..good },
            Window { dilation: usize::MAX, ..good },
            Window { input: usize::MAX, ..good },
        ] {
            assert!(bad.extent(Padding::Valid).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn taps_in_the_padding_have_no_position() {
        let axis = Axis { input: 4, stride: 2, dilation: 1, pad_before: 1 };
        assert_eq!(tap_position(&axis, 0, 0), None);
        assert_eq!(tap_position(&axis, 0, 1), Some(0));
        assert_eq!(tap_position(&axis, 1, 2), Some(3));
        assert_eq!(tap_position(&axis, 2, 1), None);
    }
}
