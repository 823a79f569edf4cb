//! The fuzz targets on seeded inputs: what `cargo test` can do of a campaign.

use ottava_models::Rng;

fn bytes(rng: &mut Rng, longest: usize) -> Vec<u8> {
    let length = rng.between(0, longest);
    (0..length).map(|_| rng.next_u64() as u8).collect()
}

#[test]
fn a_thousand_mutants() {
    let models = (0..1_000).filter(|&seed| ottava_fuzz::mutate(&bytes(&mut Rng::new(seed), 48))).count();
    // Neither may be rare: refusals test the importer, models the planner and the kernels.
    assert!((200..800).contains(&models), "{models} of 1000 mutants are models");
}

#[test]
fn a_thousand_damaged_files() {
    let files = [ottava_models::tiny(0), ottava_models::tiny(1)];
    for seed in 0..1_000 {
        let mut rng = Rng::new(seed);
        let mut file = rng.pick(&[0, 1].map(|index| &files[index])).clone();
        if rng.chance(10) {
            file.truncate(rng.below(file.len()));
        }
        for _ in 0..rng.below(6) {
            let at = rng.below(file.len().max(1));
            if let Some(byte) = file.get_mut(at) {
                *byte = rng.next_u64() as u8;
            }
        }
        ottava_fuzz::import(&file);
    }
}

#[test]
fn no_models_at_all() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let mut noise = bytes(&mut rng, 400);
        ottava_fuzz::import(&noise);
        if let Some(identifier) = noise.get_mut(4..8) {
            identifier.copy_from_slice(b"TFL3");
        }
        ottava_fuzz::import(&noise);
    }
}

#[test]
fn random_networks() {
    // The last one makes scalars of its inputs, which then cannot have a batch.
    for seed in (0..24u64).chain([701]) {
        ottava_fuzz::random_graph(&(1_000_000 + seed).to_le_bytes());
    }
}
