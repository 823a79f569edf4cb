//! Rescaling, addition, softmax and the logistic function on centered values.

use super::round_i32;

/// `values * factor`, rounded and held in `low..=high`.
pub(crate) fn rescale(values: &[i16], factor: f32, (low, high): (i32, i32)) -> Vec<i16> {
    values.iter().map(|&v| round_i32(f32::from(v) * factor).clamp(low, high) as i16).collect()
}

/// The real values of the broadcast sum of two tensors of one sample.
pub(crate) fn add(a: Operand, b: Operand, shape: &[usize]) -> Vec<f32> {
    let count: usize = shape.iter().product();
    (0..count).map(|index| a.real(index, shape) + b.real(index, shape)).collect()
}

/// One operand of an elementwise operator: `shape` may be broadcast to the output's.
#[derive(Clone, Copy)]
pub(crate) struct Operand<'a> {
    pub(crate) sample: &'a [i16],
    pub(crate) shape: &'a [usize],
    pub(crate) scale: f32,
}

impl Operand<'_> {
    fn real(&self, index: usize, output: &[usize]) -> f32 {
        let at = if self.shape == output { index } else { self.broadcast(index, output) };
        f32::from(self.sample[at]) * self.scale
    }

    fn broadcast(&self, index: usize, output: &[usize]) -> usize {
        let (mut rest, mut stride, mut at) = (index, 1, 0);
        let missing = output.len() - self.shape.len();
        for axis in (0..output.len()).rev() {
            let extent = if axis >= missing { self.shape[axis - missing] } else { 1 };
            at += rest % output[axis] % extent * stride;
            stride *= extent;
            rest /= output[axis];
        }
        at
    }
}

/// Softmax over rows of `depth`, as centered values of scale 1/256 with the zero point at the type's minimum.
pub(crate) fn softmax(values: &[i16], depth: usize, scale: f32) -> Vec<i16> {
    let mut output = Vec::with_capacity(values.len());
    for row in values.chunks(depth.max(1)) {
        let top = row.iter().copied().max().unwrap_or(0);
        let exponentials: Vec<f64> =
            row.iter().map(|&v| libm::exp(f64::from(scale) * f64::from(i32::from(v) - i32::from(top)))).collect();
        let sum: f64 = exponentials.iter().sum();
        output.extend(exponentials.iter().map(|e| probability(e / sum)));
    }
    output
}

/// The logistic function of each value, as centered values of scale 1/256 with the zero point at the type's minimum.
pub(crate) fn logistic(values: &[i16], scale: f32) -> Vec<i16> {
    values.iter().map(|&v| probability(1.0 / (1.0 + libm::exp(-f64::from(v) * f64::from(scale))))).collect()
}

/// What stands for a value from 0 to 1 in steps of 1/256.
fn probability(real: f64) -> i16 {
    ((real * 256.0).round() as i16).clamp(0, 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_repeats_the_smaller_operand() {
        let a = Operand { sample: &[1, 2, 3, 4, 5, 6], shape: &[2, 3], scale: 1.0 };
        let b = Operand { sample: &[10, 20], shape: &[2, 1], scale: 1.0 };
        let c = Operand { sample: &[100, 200, 300], shape: &[3], scale: 1.0 };
        assert_eq!(add(a, b, &[2, 3]), [11.0, 12.0, 13.0, 24.0, 25.0, 26.0]);
        assert_eq!(add(a, c, &[2, 3]), [101.0, 202.0, 303.0, 104.0, 205.0, 306.0]);
    }

    #[test]
    fn logistic_is_symmetric_and_saturates() {
        assert_eq!(logistic(&[0, 10, -10, 1000, -1000], 0.1), [128, 187, 69, 255, 0]);
    }

    #[test]
    fn softmax_sums_to_one() {
        let out = softmax(&[0, 10, 20, 20], 4, 0.1);
        assert!((out.iter().sum::<i16>() - 256).abs() <= 2, "{out:?}");
        assert_eq!(out[2], out[3]);
    }
}
