//! A small seeded generator whose values are equal on every platform: integers, and floats made with exactly rounded
//! operations only.

use std::sync::OnceLock;

const LAPLACE_BITS: u32 = 15;

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
///
/// ```
/// use ottava_models::Rng;
/// let mut a = Rng::new(7);
/// let mut b = Rng::new(7);
/// assert_eq!(a.next_u64(), b.next_u64());
/// assert!((0..10).contains(&a.below(10)));
/// ```
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator whose whole sequence follows from `seed`.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// The `index`-th of many independent generators of one seed, so that work can be split without an order.
    pub fn stream(seed: u64, index: u64) -> Rng {
        let mut mixed = Rng(seed ^ index.wrapping_mul(0xD1B5_4A32_D192_ED03));
        Rng(mixed.next_u64())
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A value in `0..bound`, or 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// A value in `low..=high`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A value in `0.0..1.0`.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// A value in `low..high`.
    pub fn uniform_in(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// A nearly normal value of mean 0 and variance 1, within -6..6: the sum of twelve uniform ones.
    pub fn normal(&mut self) -> f32 {
        let mut sum = 0u64;
        for _ in 0..3 {
            let bits = self.next_u64();
            sum += (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
        }
        sum as f32 / 65536.0 - 6.0
    }

    /// Four values of the Laplace distribution with mean 0 and scale 1, the shape of trained weights.
    pub fn laplace4(&mut self) -> [f32; 4] {
        let table = laplace_table();
        let bits = self.next_u64();
        std::array::from_fn(|i| {
            let part = (bits >> (16 * i)) as usize & 0xFFFF;
            let magnitude = table[part & (table.len() - 1)];
            if part >> LAPLACE_BITS == 1 { -magnitude } else { magnitude }
        })
    }
}

/// Quantiles of the exponential distribution at the middles of equal steps.
fn laplace_table() -> &'static [f32] {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let n = 1usize << LAPLACE_BITS;
        (0..n).map(|i| -libm::log((i as f64 + 0.5) / n as f64) as f32).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_their_moments() {
        let mut rng = Rng::new(1);
        let n = 100_000;
        let moments = |values: &[f32]| {
            let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
            let square = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / values.len() as f64;
            (mean, square - mean * mean)
        };
        let normal: Vec<f32> = (0..n).map(|_| rng.normal()).collect();
        let laplace: Vec<f32> = (0..n / 4).flat_map(|_| rng.laplace4()).collect();
        let (mean, variance) = moments(&normal);
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "normal: {mean} {variance}");
        let (mean, variance) = moments(&laplace);
        assert!(mean.abs() < 0.03 && (variance - 2.0).abs() < 0.1, "laplace: {mean} {variance}");
    }

    #[test]
    fn integers_stay_in_range_and_reach_both_ends() {
        let mut rng = Rng::new(2);
        let seen: Vec<usize> = (0..1000).map(|_| rng.between(3, 6)).collect();
        assert_eq!(seen.iter().min(), Some(&3));
        assert_eq!(seen.iter().max(), Some(&6));
        assert_eq!(rng.below(0), 0);
    }
}
