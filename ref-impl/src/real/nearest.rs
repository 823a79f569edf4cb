//! Functions of one float32, correctly rounded (`docs/numerics.md` §14): the nearest f32 to the exact value, ties to even,
//! and [`f32::NAN`] where there is none.
//!
//! Each is computed in f64 and rounded once. The error of f64 is some 2^-52 of the result, so that the one rounding is
//! right unless the exact value lies as near as that to the middle between two floats. Of all 2^32 inputs few do, and
//! [`Function::exceptions`] has those where it goes wrong. GELU has an exponential of a large product in it, which would
//! make more of the product's rounding: there the product has a second f64 for what the first leaves.

#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;

/// √½ in two parts: the first has 29 bits, so that its product with an f32 is exact.
const SQRT_HALF: [f64; 2] = [0.707_106_780_260_801_3, 9.257_462_090_932_271e-10];

/// √(2/π), and what the first part leaves.
const SQRT_2_OVER_PI: [f64; 2] = [0.797_884_560_802_865_4, -4.984_654_554_055_46e-17];

/// The coefficient of the cube in [`gelu_by_tanh`], 0.044715, and what the first part leaves.
const CUBE: [f64; 2] = [0.044_715, 2.196_021_142_708_559_5e-18];

/// Of the logarithm.
const LN_EXCEPTIONS: [(u32, u32); 5] = [
    (0x3C41_3D3A, 0xC08E_158F),
    (0x4117_8FEB, 0x400F_E5E7),
    (0x4C5D_65A5, 0x418F_034B),
    (0x65D8_90D3, 0x4254_D1F9),
    (0x6F31_A8EC, 0x4284_5A89),
];

/// Of the logistic function.
const LOGISTIC_EXCEPTIONS: [(u32, u32); 1] = [(0xBA92_8601, 0x3EFF_DB5F)];

/// A real function of one variable: an operator's float32 form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `e^x`.
    Exp,
    /// The natural logarithm.
    Ln,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Logistic,
    /// `e^x - 1` below 0, `x` above.
    Elu,
    /// `x · Φ(x)`.
    Gelu,
    /// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`.
    GeluByTanh,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Exp,
        Self::Ln,
        Self::Tanh,
        Self::Logistic,
        Self::Elu,
        Self::Gelu,
        Self::GeluByTanh,
        Self::Sin,
        Self::Cos,
    ];

    /// The value in f64, some units in its last place from the exact one.
    pub fn in_f64(self, x: f32) -> f64 {
        let x = f64::from(x);
        match self {
            Self::Exp => libm::exp(x),
            Self::Ln => libm::log(x),
            Self::Tanh => libm::tanh(x),
            Self::Logistic => logistic(x),
            Self::Elu => elu(x),
            Self::Gelu => gelu_at_ends(x).unwrap_or_else(|| gelu(x)),
            Self::GeluByTanh => gelu_at_ends(x).unwrap_or_else(|| gelu_by_tanh(x)),
            Self::Sin => libm::sin(x),
            Self::Cos => libm::cos(x),
        }
    }

    /// The nearest f32 to the function's value.
    pub fn apply(self, x: f32) -> f32 {
        let rounded = self.in_f64(x) as f32;
        let exception = self.exceptions().iter().find(|(input, _)| *input == x.to_bits());
        super::one_nan(exception.map_or(rounded, |(_, output)| f32::from_bits(*output)))
    }

    /// Bits of the inputs for which rounding the value of f64 does not give the nearest f32, and of what does.
    pub fn exceptions(self) -> &'static [(u32, u32)] {
        match self {
            Self::Ln => &LN_EXCEPTIONS,
            Self::Logistic => &LOGISTIC_EXCEPTIONS,
            _ => &[],
        }
    }

    /// [`Function::apply`], element by element.
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

/// `base^exponent`, correctly rounded as far as f64 tells: the pairs of operands are too many to look at each.
pub fn pow(base: f32, exponent: f32) -> f32 {
    super::one_nan(libm::pow(f64::from(base), f64::from(exponent)) as f32)
}

/// Below it `1/2 + x/4 - x³/48` is the logistic function as far as f64 sees.
const NEARLY_LINEAR: f64 = 1.0 / 32768.0;

/// Near 0 many values are ties but for the cube, which f64 may not see: then it makes the last bit odd.
fn logistic(x: f64) -> f64 {
    if x.abs() >= NEARLY_LINEAR || x.is_nan() {
        return 1.0 / (1.0 + libm::exp(-x));
    }
    let linear = 0.5 + 0.25 * x;
    let value = linear - x * x * x / 48.0;
    let unseen = value == linear && x != 0.0 && value.to_bits() & 1 == 0;
    match unseen {
        true if x > 0.0 => value.next_down(),
        true => value.next_up(),
        false => value,
    }
}

fn elu(x: f64) -> f64 {
    if x < 0.0 { libm::expm1(x) } else { x }
}

/// Below it `x/2` is all that f64 sees of GELU.
const HALVED: f64 = 1e-30;

/// GELU where it needs no exponential: its limits, and for tiny `x` a little more than the half, which for the least
/// floats is a tie.
fn gelu_at_ends(x: f64) -> Option<f64> {
    if x.is_infinite() {
        return Some(x.max(-0.0));
    }
    if x.abs() >= HALVED || x.is_nan() {
        return None;
    }
    Some(if x == 0.0 { x } else { (0.5 * x).next_up() })
}

/// `x/2 · erfc(-x/√2)`.
fn gelu(x: f64) -> f64 {
    let exact = -x * SQRT_HALF[0];
    let z = exact - x * SQRT_HALF[1];
    let rest = (exact - z) - x * SQRT_HALF[1];
    // The slope of erfc, for what is left of its argument.
    let slope = -core::f64::consts::FRAC_2_SQRT_PI * libm::exp(-z * z);
    0.5 * x * (libm::erfc(z) + slope * rest)
}

/// With `1 + tanh(u)` as `2 / (1 + e^-2u)`, where nothing cancels for negative `u`.
fn gelu_by_tanh(x: f64) -> f64 {
    let square = x * x;
    let [cubic, cubic_rest] = product(CUBE, [square, 0.0]);
    let sum = 1.0 + cubic;
    // What the sum leaves, in the order that is exact for the larger of its operands.
    let left = if cubic > 1.0 { (cubic - sum) + 1.0 } else { (1.0 - sum) + cubic };
    let [u, rest] = product(product(SQRT_2_OVER_PI, [x, 0.0]), [sum, left + cubic_rest]);
    let exponential = libm::exp(-2.0 * u);
    let correction = if exponential.is_finite() { -2.0 * rest * exponential } else { 0.0 };
    x / (1.0 + (exponential + correction))
}

/// The product of two numbers of two parts each, of which the second is what the first leaves.
fn product([a, a_rest]: [f64; 2], [b, b_rest]: [f64; 2]) -> [f64; 2] {
    let high = a * b;
    [high, a.mul_add(b, -high) + (a * b_rest + a_rest * b)]
}
