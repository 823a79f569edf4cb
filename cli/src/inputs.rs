//! Made-up inputs, the same in every run.

use ottava::{DType, TensorInfo};
use ottava_models::Rng;

/// What an input looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Every value of the type.
    Random,
    /// The least and the greatest value, at random.
    Extremes,
    /// Zero, as the tensor's zero point has it.
    Constant,
}

impl Pattern {
    /// What the `index`-th input of a verification looks like.
    pub fn of_index(index: usize) -> Self {
        match index {
            1 => Self::Extremes,
            2 => Self::Constant,
            _ => Self::Random,
        }
    }
}

/// Fills the bytes of an input; `seed` chooses among the inputs of a pattern.
pub fn fill(bytes: &mut [u8], info: &TensorInfo, pattern: Pattern, seed: u64) {
    let mut rng = Rng::stream(seed, info.tensor as u64);
    let zero = info.quantization.as_ref().and_then(|q| q.zero_point.first().copied()).unwrap_or(0);
    match info.dtype {
        DType::F32 => {
            for element in bytes.as_chunks_mut::<4>().0 {
                *element = float(pattern, &mut rng).to_le_bytes();
            }
        }
        _ => {
            let (min, max) = info.dtype.quantized_range().unwrap_or((0, 255));
            for byte in bytes {
                *byte = match pattern {
                    Pattern::Random => rng.next_u64() as u8,
                    Pattern::Extremes => (if rng.chance(50) { min } else { max }) as u8,
                    Pattern::Constant => zero as u8,
                };
            }
        }
    }
}

/// Fills the bytes of an input with real values of -1 to 1, stored as its type has them: the same values for every type, chosen
/// by `choice`. Nothing is filled, and `None`, where a type has no such values.
pub fn fill_real(bytes: &mut [u8], info: &TensorInfo, choice: [usize; 2]) -> Option<()> {
    let mut rng = Rng::stream(choice[0] as u64, choice[1] as u64);
    let mut value = || rng.uniform_in(-1.0, 1.0);
    if info.dtype == DType::F32 {
        bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|element| *element = value().to_le_bytes());
        return Some(());
    }
    let quantization = info.quantization.as_ref()?;
    let (scale, zero) = (*quantization.scale.first()?, *quantization.zero_point.first()?);
    let (least, greatest) = info.dtype.quantized_range()?;
    let mut stored = || ((value() / scale).round() as i64 + zero).clamp(least.into(), greatest.into());
    match info.dtype.size_bytes() {
        1 => bytes.iter_mut().for_each(|byte| *byte = stored() as u8),
        2 => bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|element| *element = (stored() as i16).to_le_bytes()),
        _ => return None,
    }
    Some(())
}

/// Pixels and features are a few units from 0; the extremes are far outside of any scale.
fn float(pattern: Pattern, rng: &mut Rng) -> f32 {
    match pattern {
        Pattern::Random => rng.uniform_in(-2.0, 2.0),
        Pattern::Extremes => 1e6 * if rng.chance(50) { -1.0 } else { 1.0 },
        Pattern::Constant => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(dtype: DType) -> TensorInfo {
        TensorInfo { name: String::new(), shape: vec![64], dtype, quantization: None, tensor: 3 }
    }

    #[test]
    fn a_seed_gives_the_same_bytes_and_another_gives_others() {
        let make = |seed| {
            let mut bytes = [0; 64];
            fill(&mut bytes, &info(DType::U8), Pattern::Random, seed);
            bytes
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }

    #[test]
    fn extremes_are_those_of_the_type() {
        let mut bytes = [0; 64];
        fill(&mut bytes, &info(DType::I8), Pattern::Extremes, 1);
        assert!(bytes.iter().all(|byte| matches!(byte, 0x80 | 0x7f)));
        let mut floats = [0; 64];
        fill(&mut floats, &info(DType::F32), Pattern::Random, 1);
        assert!(floats.as_chunks::<4>().0.iter().all(|&bytes| f32::from_le_bytes(bytes).abs() <= 2.0));
    }
}
