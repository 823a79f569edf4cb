//! RESIZE_BILINEAR (`docs/numerics.md` §7.17).

use alloc::vec::Vec;

use crate::element::Quantized;
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::shape::{check_length, element_count};

/// Where the samples of one spatial axis lie: input and output size and the two options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Input size.
    pub input: usize,
    /// Output size.
    pub output: usize,
    /// Whether the first and last elements of input and output coincide.
    pub align_corners: bool,
    /// Whether elements are centred on half coordinates.
    pub half_pixel_centers: bool,
}

/// The two input elements that an output element lies between, and how far it is from the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<F> {
    /// Index of the element before.
    pub lower: usize,
    /// Index of the element after.
    pub upper: usize,
    /// Weight of the element after: a fraction of 1, or of 1024 in integers. Below zero where the position is before
    /// the first element; both indices are the same there.
    pub fraction: F,
}

impl Sampling {
    /// Position of each output element in steps of 1/1024: the int8 and int16 form.
    ///
    /// Where the rounded scale leads beyond the last element, which upstream reads out of bounds, it is repeated.
    pub fn fixed(&self) -> Vec<Sample<i32>> {
        let (input, output) = (self.input as i64, self.output as i64);
        let scale = match self.align_corners && output > 1 {
            true => (1024 * (input - 1) + (output - 1) / 2) / (output - 1),
            false => (1024 * input + output / 2) / output.max(1),
        };
        (0..output)
            .map(|index| {
                let position = if self.half_pixel_centers { index * scale + scale / 2 - 512 } else { index * scale };
                let lower = (position / 1024).clamp(0, (input - 1).max(0));
                let upper = ((position + 1023) / 1024).clamp(0, (input - 1).max(0));
                let fraction = (position - 1024 * lower) as i32;
                Sample { lower: lower as usize, upper: upper as usize, fraction }
            })
            .collect()
    }

    /// Position of each output element in f32: the uint8 and float form.
    pub fn real(&self) -> Vec<Sample<f32>> {
        let scale = match self.align_corners && self.output > 1 {
            true => self.input.saturating_sub(1) as f32 / (self.output - 1) as f32,
            false => self.input as f32 / self.output as f32,
        };
        let last = self.input.saturating_sub(1);
        (0..self.output)
            .map(|index| {
                let index = index as f32;
                let position = if self.half_pixel_centers { (index + 0.5) * scale - 0.5 } else { index * scale };
                let lower = (position.floor().max(0.0) as usize).min(last);
                let upper = (position.ceil().max(0.0) as usize).min(last);
                Sample { lower, upper, fraction: position - lower as f32 }
            })
            .collect()
    }
}

/// Parameters of the resizing functions.
#[derive(Clone, Copy, Debug)]
pub struct ResizeBilinearParams {
    /// Shape of the input, NHWC.
    pub input_shape: [usize; 4],
    /// Output height and width.
    pub size: [usize; 2],
    /// Whether the corners of input and output coincide.
    pub align_corners: bool,
    /// Whether elements are centred on half coordinates.
    pub half_pixel_centers: bool,
}

impl ResizeBilinearParams {
    /// The sampling of height (0) or width (1).
    pub fn sampling(&self, axis: usize) -> Sampling {
        Sampling {
            input: self.input_shape[1 + axis],
            output: self.size[axis],
            align_corners: self.align_corners,
            half_pixel_centers: self.half_pixel_centers,
        }
    }

    /// Computes each output element from its four neighbours (row by row) and two samples.
    fn resize<X: Copy, F: Copy>(
        &self,
        samples: [Vec<Sample<F>>; 2],
        input: &[X],
        output: &mut [X],
        value: impl Fn([X; 4], [F; 2]) -> X,
    ) {
        let [batches, height, width, channels] = self.input_shape;
        check_length("the input", input.len(), element_count(&self.input_shape));
        check_length("the output", output.len(), element_count(&[batches, self.size[0], self.size[1], channels]));
        let mut next = output.iter_mut();
        for batch in 0..batches {
            for y in &samples[0] {
                for x in &samples[1] {
                    for channel in 0..channels {
                        let at = |row, column| input[((batch * height + row) * width + column) * channels + channel];
                        let neighbours =
                            [at(y.lower, x.lower), at(y.lower, x.upper), at(y.upper, x.lower), at(y.upper, x.upper)];
                        if let Some(out) = next.next() {
                            *out = value(neighbours, [y.fraction, x.fraction]);
                        }
                    }
                }
            }
        }
    }
}

/// Resizes int8 or int16 in integers, with positions in steps of 1/1024.
///
/// # Panics
/// When a slice does not match its shape, or the input is empty and the output is not.
pub fn resize_bilinear_fixed<X: Quantized>(params: &ResizeBilinearParams, input: &[X], output: &mut [X]) {
    let samples = [params.sampling(0).fixed(), params.sampling(1).fixed()];
    params.resize(samples, input, output, |[q00, q01, q10, q11], [y, x]| {
        let (y, x) = (i64::from(y), i64::from(x));
        let wide = |value: X| i64::from(value.to_i32());
        let sum = wide(q00) * (1024 - y) * (1024 - x)
            + wide(q10) * y * (1024 - x)
            + wide(q01) * (1024 - y) * x
            + wide(q11) * y * x;
        let half = if sum > 0 { 1 << 19 } else { -(1 << 19) };
        X::from_clamped(((sum + half) / (1 << 20)) as i32)
    });
}

/// The weighted sum of four neighbours (row by row) in f32, every operation rounded, in this order; `offset` comes last.
pub fn interpolate([q00, q01, q10, q11]: [f32; 4], [y, x]: [f32; 2], offset: f32) -> f32 {
    q00 * (1.0 - y) * (1.0 - x) + q10 * y * (1.0 - x) + q01 * (1.0 - y) * x + q11 * y * x + offset
}

/// Resizes uint8 in f32.
///
/// # Panics
/// As [`resize_bilinear_fixed`].
pub fn resize_bilinear_u8(params: &ResizeBilinearParams, input: &[u8], output: &mut [u8]) {
    let samples = [params.sampling(0).real(), params.sampling(1).real()];
    params.resize(samples, input, output, |neighbours, at| interpolate(neighbours.map(f32::from), at, 0.5) as u8);
}

/// Resizes f32.
///
/// # Panics
/// As [`resize_bilinear_fixed`].
pub fn resize_bilinear_f32(params: &ResizeBilinearParams, input: &[f32], output: &mut [f32]) {
    let samples = [params.sampling(0).real(), params.sampling(1).real()];
    params.resize(samples, input, output, |neighbours, at| interpolate(neighbours, at, 0.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_never_leave_the_input() {
        for (align_corners, half_pixel_centers) in [(false, false), (true, false), (false, true)] {
            for input in 1..9 {
                for output in [1, 2, 3, 7, 64, 2000] {
                    let sampling = Sampling { input, output, align_corners, half_pixel_centers };
                    assert!(sampling.fixed().iter().all(|s| s.lower <= s.upper && s.upper < input), "{sampling:?}");
                    assert!(sampling.real().iter().all(|s| s.lower <= s.upper && s.upper < input), "{sampling:?}");
                }
            }
        }
    }

    #[test]
    fn corners_coincide_when_aligned() {
        let params = ResizeBilinearParams {
            input_shape: [1, 2, 2, 1],
            size: [3, 3],
            align_corners: true,
            half_pixel_centers: false,
        };
        let mut output = [0_i8; 9];
        resize_bilinear_fixed(&params, &[0, 10, 20, 31], &mut output);
        assert_eq!(output, [0, 5, 10, 10, 15, 21, 20, 26, 31]);
        let mut output = [0_u8; 9];
        resize_bilinear_u8(&params, &[0, 10, 20, 31], &mut output);
        assert_eq!(output, [0, 5, 10, 10, 15, 21, 20, 26, 31]);
    }
}
