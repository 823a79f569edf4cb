//! Pooling and mean over centered values: max and average commute with the zero point up to rounding.

use super::Windows;
use rayon::prelude::*;

/// Max pooling, padding left out.
pub(crate) fn max(input: &[i16], windows: &Windows) -> Vec<i16> {
    let start = vec![i32::from(i16::MIN); windows.channels];
    pool(input, windows, &start, (i32::max, |value, _| value))
}

/// Average pooling by the count of taps inside the image.
pub(crate) fn average(input: &[i16], windows: &Windows) -> Vec<i16> {
    let start = vec![0; windows.channels];
    pool(
        input,
        windows,
        &start,
        (|sum, value| sum + value, |sum, count| (2 * sum + sum.signum() * count) / (2 * count)),
    )
}

type Fold = (fn(i32, i32) -> i32, fn(i32, i32) -> i32);

fn pool(input: &[i16], windows: &Windows, start: &[i32], (step, finish): Fold) -> Vec<i16> {
    let row = windows.width.output * windows.channels;
    let mut output = vec![0i16; windows.batch * windows.height.output * row];
    output.par_chunks_mut(row.max(1)).enumerate().for_each(|(index, out)| {
        let image = index / windows.height.output * windows.input_image();
        let y = index % windows.height.output;
        for (x, out) in out.chunks_exact_mut(windows.channels).enumerate() {
            let mut state = start.to_vec();
            let mut count = 0;
            for iy in (0..windows.height.taps).filter_map(|t| windows.height.position(y, t)) {
                for ix in (0..windows.width.taps).filter_map(|t| windows.width.position(x, t)) {
                    let pixel = &input[image + iy * windows.input_row() + ix * windows.channels..][..windows.channels];
                    state.iter_mut().zip(pixel).for_each(|(s, &v)| *s = step(*s, i32::from(v)));
                    count += 1;
                }
            }
            out.iter_mut().zip(&state).for_each(|(o, &s)| *o = finish(s, count.max(1)) as i16);
        }
    });
    output
}

/// Sums over the axes where `reduced` is true, of one sample of `shape`, and how many values each sum holds.
pub(crate) fn sum_axes(sample: &[i16], shape: &[usize], reduced: &[bool]) -> (Vec<i32>, usize) {
    let kept = |axis: usize| if reduced[axis] { 1 } else { shape[axis] };
    let outputs: usize = (0..shape.len()).map(kept).product();
    let mut sums = vec![0i32; outputs];
    for (index, &value) in sample.iter().enumerate() {
        let (mut rest, mut stride, mut at) = (index, 1, 0);
        for axis in (0..shape.len()).rev() {
            if !reduced[axis] {
                at += rest % shape[axis] * stride;
                stride *= shape[axis];
            }
            rest /= shape[axis];
        }
        sums[at] += i32::from(value);
    }
    (sums, sample.len() / outputs.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::Window;

    #[test]
    fn padding_is_left_out() {
        let one = Window { input: 1, output: 1, taps: 1, stride: 1, dilation: 1, pad_before: 0 };
        let wide = Window { input: 3, output: 3, taps: 3, stride: 1, dilation: 1, pad_before: 1 };
        let windows = Windows { batch: 1, height: one, width: wide, channels: 1 };
        assert_eq!(max(&[-5, -7, -9], &windows), [-5, -5, -7]);
        assert_eq!(average(&[-5, -8, -9], &windows), [-7, -7, -9]);
    }

    #[test]
    fn sums_keep_the_other_axes() {
        let sample: Vec<i16> = (0..12).collect();
        assert_eq!(sum_axes(&sample, &[2, 3, 2], &[false, true, false]), (vec![6, 9, 24, 27], 3));
        assert_eq!(sum_axes(&sample, &[2, 3, 2], &[true, false, true]), (vec![14, 22, 30], 4));
    }
}
