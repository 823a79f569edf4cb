//! LOGISTIC and TANH on int16 tensors, by one table of the logistic function
//! (`docs/numerics.md` §7.14b).

use alloc::boxed::Box;

#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::real;

/// Which of the two functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sigmoid {
    /// `1 / (1 + e^-x)`.
    Logistic,
    /// The hyperbolic tangent, `2 · logistic(2x) - 1`.
    Tanh,
}

/// Parameters of [`sigmoid16`]; both zero points are 0, the output scale is 1/32768.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sigmoid16Params {
    function: Sigmoid,
    /// Brings a stored value to units of 1 / (3 · 2^12) after a right shift by `shift`.
    multiplier: i32,
    shift: u32,
    /// The logistic function of `i / 24` in Q0.16.
    table: Box<[u32; 256]>,
}

impl Sigmoid16Params {
    /// From the scale of the input.
    pub fn new(function: Sigmoid, input_scale: f32) -> Self {
        let largest = match function {
            Sigmoid::Logistic => 0,
            Sigmoid::Tanh => 1,
        };
        let left = real::log2_of_power(input_scale).map(|log| log.saturating_add(12));
        let (multiplier, shift) = if let Some(left @ 0..) = left.filter(|left| *left <= largest) {
            (3 << left, 0)
        } else {
            let (mut scaled, mut shift) = (f64::from(input_scale) * 4096.0 * 3.0, 0);
            while scaled <= 32767.0 / 2.0 && shift <= 30 {
                scaled *= 2.0;
                shift += 1;
            }
            (scaled as i32, shift)
        };
        Self { function, multiplier, shift, table: logistic_table() }
    }

    /// The logistic function between two points of the table; `bits` of `magnitude` lie between.
    fn between(&self, magnitude: u64, bits: u32) -> i64 {
        let index = (magnitude >> bits) as usize;
        if index >= 255 {
            // As far as the larger result of the two goes.
            return i64::from(match self.function {
                Sigmoid::Logistic => 0x7FFF_u32 << 10,
                Sigmoid::Tanh => 0xFFFF << 8,
            });
        }
        let (base, next) = (self.table[index], self.table[index + 1]);
        let rest = (magnitude & ((1 << bits) - 1)) as i64;
        (i64::from(base) << bits) + rest * i64::from(next - base)
    }

    fn apply(&self, x: i16) -> i16 {
        let rounding = if self.shift > 0 { 1 << (self.shift - 1) } else { 0 };
        let scaled = (i64::from(x) * i64::from(self.multiplier) + rounding) >> self.shift;
        let (magnitude, negative) = (scaled.unsigned_abs(), scaled < 0);
        let result = match self.function {
            Sigmoid::Logistic => {
                let value = self.between(magnitude, 9);
                (if negative { (1 << 25) - value + 511 } else { value + 512 }) >> 10
            }
            Sigmoid::Tanh => {
                let value = self.between(magnitude, 8) - (1 << 23);
                (if negative { 127 - value } else { value + 128 }) >> 8
            }
        };
        result as i16
    }
}

/// Points of the reference's table that lie one unit above the rounded function.
const RAISED: &[usize] = &[
    4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41, 43, 44, 45, 46, 49,
    50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255,
];

fn logistic_table() -> Box<[u32; 256]> {
    let mut table = Box::new([0; 256]);
    for (index, point) in table.iter_mut().enumerate() {
        let value = (65536.0 / (1.0 + libm::exp(-(index as f64) / 24.0))).round() as u32;
        *point = value.min(65535) + u32::from(RAISED.contains(&index));
    }
    table
}

/// The function, element by element.
///
/// # Panics
/// When input and output differ in length.
pub fn sigmoid16(params: &Sigmoid16Params, input: &[i16], output: &mut [i16]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (&x, out) in input.iter().zip(output) {
        *out = params.apply(x);
    }
}
