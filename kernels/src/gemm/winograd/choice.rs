//! Which convolutions are faster by way of points.

use super::super::spec::ConvSpec;
use super::layer::Winograd;
use super::proof;
use super::refusal::Refusal;
use super::table;
use crate::isa::Isa;
use crate::memory::Line;

/// Direct convolutions that cost less than so many times as much stay direct: an estimate may be wrong by that much.
const LEAST_GAIN: f64 = 1.08;
/// Most bytes of a thread's workspace. Transformed values of very many channels would leave the second-level cache, and take memory.
const MOST_WORKSPACE_BYTES: usize = 6 << 20;

/// A convolution that is prepared by way of points.
pub struct Offer {
    /// The convolution.
    pub layer: Winograd,
    /// How many times its cost the direct way costs, by the model.
    pub gain: f64,
}

/// Prepares a convolution by way of points, where that is exact and faster.
///
/// # Errors
/// Why it is not.
///
/// # Panics
/// As [`gemm::prepare`](super::super::prepare), and where the input's zero point is no stored value.
pub fn prepare(isa: Isa, spec: &ConvSpec<'_>) -> Result<Offer, Refusal> {
    proof::prove_window(spec)?;
    let bound = table::own(isa)?;
    let cut = bound.descriptor().cut(spec);
    let bytes = cut.workspace_lines() * size_of::<Line>();
    if bytes > MOST_WORKSPACE_BYTES {
        return Err(Refusal::Memory { bytes });
    }
    let gain = bound.descriptor().costs.gain(spec, &cut);
    if gain < LEAST_GAIN {
        return Err(Refusal::Slower { gain });
    }
    Ok(Offer { layer: Winograd::new(isa, spec)?, gain })
}
