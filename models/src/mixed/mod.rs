//! Seeded random networks of operators from the whole set, with valid shapes and sensible quantization.
//!
//! Each operator is evaluated by the engine's reference as it is added, on a few sample inputs: the results
//! give the output's scale (no tensor saturates everywhere or has one value only) and the shapes for the next ones.

mod arithmetic;
mod floats;
mod functions;
mod graph;
mod movement;
mod operands;
mod reductions;
mod shapes;
mod weights;

use graph::Mixer;
use ottava::DType;

use crate::rng::Rng;

/// Adds an operator to a network, or finds that nothing there suits it.
type Draw = fn(&mut Mixer) -> Option<()>;

/// Seeds with this remainder modulo [`OWN_STRIDE`] may have operators whose oracle is wrong, missing or no definition.
const OWN_REMAINDER: u64 = 4;
const OWN_STRIDE: u64 = 5;

/// The file of the network of `seed`.
pub(crate) fn build(seed: u64) -> Vec<u8> {
    let mut rng = Rng::stream(seed, 0x313C);
    let steps = rng.between(5, 40);
    let mut mixer = Mixer::new(format!("mixed {seed}"), rng);
    mixer.add_inputs();
    let mut draws: Vec<Draw> = Vec::new();
    for family in
        [movement::DRAWS, shapes::DRAWS, arithmetic::DRAWS, functions::DRAWS, weights::DRAWS, reductions::DRAWS]
    {
        draws.extend(family);
    }
    if seed % OWN_STRIDE == OWN_REMAINDER {
        draws.extend(arithmetic::OWN_DRAWS);
        draws.extend(floats::OWN_DRAWS);
    }
    let mut attempts = 0;
    while mixer.operator_count() < steps && attempts < 40 * steps {
        let draw = mixer.rng.pick(&draws);
        draw(&mut mixer);
        attempts += 1;
    }
    mixer.into_file()
}

/// The types that carry a scale.
const QUANTIZED: [DType; 3] = [DType::I8, DType::U8, DType::I16];
/// The quantized types of one byte.
const EIGHT_BIT: [DType; 2] = [DType::I8, DType::U8];
