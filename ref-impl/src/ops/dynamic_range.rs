//! Floats as int8, with a scale and a zero point that follow from the floats themselves (`docs/numerics.md` §15).

#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;

/// Elements that are rounded together: of the rest of a row, ties and their neighbours are rounded in another way.
const GROUP: usize = 8;

/// How floats became int8: real value = scale · (stored - zero point).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowScale {
    /// Above 0, or infinite.
    pub scale: f32,
    /// In the range of int8; 0 for symmetric quantization.
    pub zero_point: i32,
}

/// Whether the zero point is 0, or what lets the whole range of int8 be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symmetry {
    /// Zero point 0, values from -127.
    Symmetric,
    /// A zero point between the ends.
    Asymmetric,
}

impl RowScale {
    /// Of a row of nothing but zeros.
    const OF_ZEROS: Self = Self { scale: 1.0, zero_point: 0 };
}

/// Quantizes a row: one image of a convolution's input, or one row of a matrix. NaN counts as 0.
///
/// # Panics
/// When the slices differ in length.
pub fn quantize_row(symmetry: Symmetry, row: &[f32], stored: &mut [i8]) -> RowScale {
    assert_eq!(row.len(), stored.len(), "lengths of a row and its quantized form");
    let range =
        row.iter().fold([0.0; 2], |[min, max], &x| [if x < min { x } else { min }, if x > max { x } else { max }]);
    let (of_row, inverse) = match symmetry {
        Symmetry::Symmetric => symmetric(range),
        Symmetry::Asymmetric => asymmetric(range),
    };
    let lowest = if symmetry == Symmetry::Symmetric { -127 } else { -128 };
    let grouped = row.len() / GROUP * GROUP;
    for (index, (x, stored)) in row.iter().zip(stored).enumerate() {
        let scaled = x * inverse;
        let rounded = if index < grouped { round_by_adding(scaled) } else { scaled.round() };
        *stored = (rounded as i32).saturating_add(of_row.zero_point).clamp(lowest, 127) as i8;
    }
    of_row
}

/// Scale and its inverse for values of this range, which holds 0.
fn symmetric([min, max]: [f32; 2]) -> (RowScale, f32) {
    let range = if -min > max { -min } else { max };
    if range == 0.0 {
        return (RowScale::OF_ZEROS, 1.0);
    }
    (RowScale { scale: range / 127.0, zero_point: 0 }, 127.0 / range)
}

/// The same with a zero point: the nearer of those that the two ends of the range ask for.
fn asymmetric([min, max]: [f32; 2]) -> (RowScale, f32) {
    if min == max {
        return (RowScale::OF_ZEROS, 1.0);
    }
    let scale = f64::from(max - min) / 255.0;
    let (from_min, from_max) = (f64::from(min) / scale, f64::from(max) / scale);
    // An end that is infinite asks for no number; the other one decides then.
    let nearer = if 127.0 + from_max.abs() <= 128.0 + from_min.abs() { 127.0 - from_max } else { -128.0 - from_min };
    let zero_point = nearer.clamp(-128.0, 127.0).round() as i32;
    let scale = scale as f32;
    (RowScale { scale, zero_point }, 1.0 / scale)
}

/// Half away from zero, as one rounded addition and a truncation: the greatest number below a half becomes 1.
fn round_by_adding(x: f32) -> f32 {
    if x < 0.0 { (x - 0.5).ceil() } else { (x + 0.5).floor() }
}

/// `Σ (x - zero_point) · w` over two runs of equal length, wrapping.
pub(super) fn dot(xs: &[i8], ws: &[i8], zero_point: i32) -> i32 {
    let product = |(&x, &w): (&i8, &i8)| (i32::from(x) - zero_point) * i32::from(w);
    xs.iter().zip(ws).map(product).fold(0, i32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(symmetry: Symmetry, row: &[f32]) -> (RowScale, Vec<i8>) {
        let mut stored = vec![0; row.len()];
        (quantize_row(symmetry, row, &mut stored), stored)
    }

    #[test]
    fn rows_of_zeros_have_scale_1() {
        for symmetry in [Symmetry::Symmetric, Symmetry::Asymmetric] {
            assert_eq!(stored(symmetry, &[0.0, -0.0, f32::NAN]), (RowScale::OF_ZEROS, vec![0; 3]));
        }
    }

    #[test]
    fn the_ends_of_the_range_are_reached() {
        let (scale, values) = stored(Symmetry::Symmetric, &[-2.0, 0.0, 1.0]);
        assert_eq!((scale, values), (RowScale { scale: 2.0 / 127.0, zero_point: 0 }, vec![-127, 0, 64]));
        let (scale, values) = stored(Symmetry::Asymmetric, &[0.0, 255.0, 1.0]);
        assert_eq!((scale, values), (RowScale { scale: 1.0, zero_point: -128 }, vec![-128, 127, -127]));
        let (scale, values) = stored(Symmetry::Asymmetric, &[-255.0, -1.0]);
        assert_eq!((scale, values), (RowScale { scale: 1.0, zero_point: 127 }, vec![-128, 126]));
    }

    #[test]
    fn rows_without_negative_numbers_begin_at_the_least_value() {
        for row in [[f32::INFINITY, 1.0], [f32::MAX, f32::NAN], [1e-45, 0.0], [3.0, 0.1]] {
            assert_eq!(stored(Symmetry::Asymmetric, &row).0.zero_point, -128, "{row:?}");
        }
    }

    #[test]
    fn the_greatest_number_below_a_half_is_1_in_whole_groups_only() {
        let below = 0.5_f32.next_down();
        let row: Vec<f32> = (0..9).map(|index| if index == 0 { 127.0 } else { below }).collect();
        assert_eq!(stored(Symmetry::Symmetric, &row).1, [127, 1, 1, 1, 1, 1, 1, 1, 0]);
    }
}
