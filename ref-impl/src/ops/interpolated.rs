//! Real functions on int16 tensors: a table of 513 points, straight lines between them
//! (`docs/numerics.md` §7.14b).

use alloc::boxed::Box;

#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;

/// Steps of a table; each covers 128 stored values.
const STEPS: usize = 512;

/// A function of an int16 value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpolated {
    points: Box<[i16; STEPS + 1]>,
}

/// A constructor of [`Interpolated`] that rounds every step to one float type.
macro_rules! table_in {
    ($(#[$doc:meta])* $name:ident, $float:ident) => {
        $(#[$doc])*
        pub fn $name(
            input: ($float, i32),
            output: ($float, i32),
            function: impl Fn($float) -> $float,
        ) -> Self {
            let real = |(scale, zero_point): ($float, i32), stored: i32| scale * (stored - zero_point) as $float;
            let ends = |side| [real(side, i16::MIN.into()), real(side, i16::MAX.into())];
            let ([least, greatest], [out_least, out_greatest]) = (ends(input), ends(output));
            let step = (greatest - least) / STEPS as $float;
            let half_step = step / 2.0;
            let inverse = 65536.0 / (out_greatest - out_least);
            let mut points = Box::new([0; STEPS + 1]);
            for (index, point) in points[..STEPS].iter_mut().enumerate() {
                let start = least + index as $float * step;
                let value = function(start) * inverse;
                let middle = (function(start + half_step) * inverse).round();
                let next = function(least + (index + 1) as $float * step) * inverse;
                // The line through both ends is moved by half of what it misses in the middle.
                let missed = ((next + value.round()) / 2.0).round() - middle;
                let bias = (missed / 2.0).round();
                *point = (value.round() - if bias.is_nan() { 0.0 } else { bias }) as i16;
            }
            points[STEPS] = (function(greatest) * inverse).round() as i16;
            Self { points }
        }
    };
}

impl Interpolated {
    table_in!(
        /// The table of a function in f32; `input` and `output` are scale and zero point.
        in_f32,
        f32
    );
    table_in!(
        /// The table of a function in f64; `input` and `output` are scale and zero point.
        in_f64,
        f64
    );

    /// The function of a stored value.
    pub fn look(&self, stored: i16) -> i16 {
        let index = (256 + (i32::from(stored) >> 7)) as usize;
        let (base, next) = (self.points[index], self.points[index + 1]);
        let rest = i32::from(stored & 0x7F);
        let rise = (i32::from(next.wrapping_sub(base)) * rest + 64) >> 7;
        base.wrapping_add(rise as i16)
    }

    /// The function, element by element.
    ///
    /// # Panics
    /// When input and output differ in length.
    pub fn apply(&self, input: &[i16], output: &mut [i16]) {
        assert_eq!(input.len(), output.len(), "lengths of input and output");
        for (&x, out) in input.iter().zip(output) {
            *out = self.look(x);
        }
    }
}
