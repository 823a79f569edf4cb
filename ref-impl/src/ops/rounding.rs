//! FLOOR, CEIL and ROUND of real numbers (`docs/numerics.md` §14).

#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::real::one_nan;

/// Which whole number near an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// The next one that is not greater.
    Floor,
    /// The next one that is not less.
    Ceil,
    /// The nearest one, ties to even; 0 is positive where the element is not itself -0.
    Round,
}

impl Rounding {
    /// The whole number.
    pub fn apply(self, x: f32) -> f32 {
        let whole = match self {
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Round => {
                let floor = x.floor();
                let above = x - floor;
                let even = (floor / 2.0).floor() * 2.0 == floor;
                if above < 0.5 || (above == 0.5 && even) { floor } else { floor + 1.0 }
            }
        };
        one_nan(whole)
    }

    /// [`Rounding::apply`], element by element.
    ///
    /// # Panics
    /// When input and output differ in length.
    pub fn map(self, input: &[f32], output: &mut [f32]) {
        assert_eq!(input.len(), output.len(), "lengths of input and output");
        for (&x, out) in input.iter().zip(output) {
            *out = self.apply(x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(rounding: Rounding, inputs: &[f32]) -> Vec<u32> {
        inputs.iter().map(|&x| rounding.apply(x).to_bits()).collect()
    }

    #[test]
    fn signs_ties_and_ends() {
        let inputs = [-0.5, -0.2, 0.5, 1.5, 2.5, -1.5, -2.5, 8_388_609.0, f32::NEG_INFINITY, f32::INFINITY, -0.0];
        let bits = |values: [f32; 11]| values.map(f32::to_bits).to_vec();
        let (least, most) = (f32::NEG_INFINITY, f32::INFINITY);
        let floor = [-1.0, -1.0, 0.0, 1.0, 2.0, -2.0, -3.0, 8_388_609.0, least, most, -0.0];
        assert_eq!(all(Rounding::Floor, &inputs), bits(floor));
        let ceil = [-0.0, -0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 8_388_609.0, least, most, -0.0];
        assert_eq!(all(Rounding::Ceil, &inputs), bits(ceil));
        let round = [0.0, 0.0, 0.0, 2.0, 2.0, -2.0, -2.0, 8_388_609.0, least, most, -0.0];
        assert_eq!(all(Rounding::Round, &inputs), bits(round));
        assert_eq!(Rounding::Round.apply(-f32::NAN).to_bits(), f32::NAN.to_bits());
    }
}
