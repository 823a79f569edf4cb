//! Which convolutions are faster by way of points.

use super::super::spec::ConvSpec;
use super::layer::Winograd;
use super::proof;
use super::refusal::Refusal;
use super::table::{self, Descriptor};
use super::taps;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::memory::Line;
use crate::packed::{self, Packing, Unfit};

/// Direct convolutions that cost less than so many times as much stay direct: an estimate may be wrong by that much.
const LEAST_GAIN: f64 = 1.05;
/// Most bytes of a thread's workspace. Transformed values of very many channels would leave the second-level cache, and take memory.
const MOST_WORKSPACE_BYTES: usize = 6 << 20;

/// A convolution that is prepared by way of points.
pub struct Offer {
    /// The convolution.
    pub layer: Winograd,
    /// How many times its cost the direct way costs, by the model.
    pub gain: f64,
}

/// When to compute 3x3 convolutions by way of points. Outputs are the same either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum When {
    /// Where the cost model finds it faster.
    #[default]
    Faster,
    /// Never.
    Never,
    /// Wherever it is exact and the instruction set has kernels for it, to compare.
    Exact,
}

/// Prepares a convolution by way of points, where that is exact and wanted.
///
/// # Errors
/// Why it is not.
///
/// # Panics
/// As [`gemm::prepare`](super::super::prepare), and where the input's zero point is no stored value.
pub fn prepare(isa: Isa, when: When, spec: &ConvSpec<'_>) -> Result<Offer, Refusal> {
    packed::made(prepare_packed((isa, when), spec, &mut Packing::fresh()))
}

/// [`prepare`] with weights that may have been packed before; then those of the specification are not looked at, and the way is
/// the one that they were packed for.
///
/// # Errors
/// What was packed before is not of such a convolution.
///
/// # Panics
/// As [`prepare`].
pub fn prepare_packed(
    (isa, when): (Isa, When),
    spec: &ConvSpec<'_>,
    packing: &mut Packing,
) -> Result<Result<Offer, Refusal>, Unfit> {
    let (bound, gain) = match suits(isa, when, spec, packing) {
        Ok(suits) => suits,
        Err(refusal) => return Ok(Err(refusal)),
    };
    Ok(Ok(Offer { layer: Winograd::packed(bound, spec, packing)?, gain }))
}

/// The kernels for a convolution that they can and should compute, and how many times its cost the direct way costs.
fn suits(isa: Isa, when: When, spec: &ConvSpec<'_>, packing: &Packing) -> Result<(Bound<Descriptor>, f64), Refusal> {
    // Padding is one pixel for a whole task, and each image of float32 outputs has a zero point of its own.
    if when == When::Never || (spec.is_real() && spec.input.batch > 1) {
        return Err(Refusal::Unwanted);
    }
    proof::prove_window(spec)?;
    let bound = table::own(isa)?;
    let cut = bound.descriptor().cut(spec);
    let bytes = cut.workspace_lines() * size_of::<Line>();
    if when == When::Faster && bytes > MOST_WORKSPACE_BYTES {
        return Err(Refusal::Memory { bytes });
    }
    let gain = bound.descriptor().costs.gain(spec, &cut);
    if packing.is_stored() {
        let by_points = packing.comes_next(taps::layout(bound.descriptor().side_by_side));
        return if by_points { Ok((bound, gain)) } else { Err(Refusal::Unwanted) };
    }
    if when == When::Faster && gain < LEAST_GAIN {
        return Err(Refusal::Slower { gain });
    }
    spec.check(false);
    proof::prove_sums(spec, isa.storage())?;
    Ok((bound, gain))
}

/// Prepares a convolution by way of points where that is exact, whether or not it is faster.
#[cfg(test)]
pub(crate) fn prepare_exact(isa: Isa, spec: &ConvSpec<'_>) -> Result<Winograd, Refusal> {
    prepare(isa, When::Exact, spec).map(|offer| offer.layer)
}
