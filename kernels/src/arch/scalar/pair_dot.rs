//! Products of pairs that saturate as those of AVX2 do, so that the packing of joined lines is tested on every machine.

use super::Scalar;
use crate::arch::{LANES, PairDot};

impl PairDot for Scalar {
    type Half = [i32; LANES / 2];
    type HalfWeights = [[i8; 4]; LANES / 2];
    type Pairs = [[i16; 2]; LANES / 2];
    type Widening = ();

    fn prepare_widen(self) {}

    fn half(self, lanes: Self::I32, half: usize) -> Self::Half {
        core::array::from_fn(|lane| lanes[LANES / 2 * half + lane])
    }

    fn zero_half_weights(self) -> Self::HalfWeights {
        [[0; 4]; LANES / 2]
    }

    fn load_half(self, weights: &[i8; 2 * LANES]) -> Self::HalfWeights {
        core::array::from_fn(|column| core::array::from_fn(|k| weights[4 * column + k]))
    }

    fn pairs(self, quad: Self::Quad, weights: Self::HalfWeights) -> Self::Pairs {
        weights.map(|column| {
            core::array::from_fn(|pair| {
                let product = |k: usize| i32::from(quad[k]) * i32::from(column[k]);
                let sum = product(2 * pair) + product(2 * pair + 1);
                sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
            })
        })
    }

    fn add_pairs(self, a: Self::Pairs, b: Self::Pairs) -> Self::Pairs {
        core::array::from_fn(|column| core::array::from_fn(|pair| a[column][pair].wrapping_add(b[column][pair])))
    }

    fn widen(self, sums: Self::Half, pairs: Self::Pairs, (): ()) -> Self::Half {
        core::array::from_fn(|column| {
            sums[column].wrapping_add(i32::from(pairs[column][0]) + i32::from(pairs[column][1]))
        })
    }

    fn whole(self, [low, high]: [Self::Half; 2]) -> Self::I32 {
        core::array::from_fn(|lane| if lane < LANES / 2 { low[lane] } else { high[lane - LANES / 2] })
    }
}
