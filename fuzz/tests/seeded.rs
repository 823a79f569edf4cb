//! The fuzz targets on seeded inputs: what `cargo test` can do of a campaign.

use ottava_fuzz::Outcome;
use ottava_models::Rng;

fn bytes(rng: &mut Rng, longest: usize) -> Vec<u8> {
    let length = rng.between(0, longest);
    (0..length).map(|_| rng.next_u64() as u8).collect()
}

/// The first seeds: all of them, or the percentage of `OTTAVA_CASES`, which is for slow machines.
fn seeds(count: u64) -> std::ops::Range<u64> {
    let percent = std::env::var("OTTAVA_CASES").map_or(100, |percent| percent.parse().expect("OTTAVA_CASES"));
    0..(count * percent).div_ceil(100)
}

#[test]
fn a_thousand_mutants() {
    let all = seeds(1_000);
    let models = all.clone().filter(|&seed| ottava_fuzz::mutate(&bytes(&mut Rng::new(seed), 48))).count() as u64;
    // Neither may be rare: refusals test the importer, models the planner and the kernels.
    assert!((all.end / 5..all.end * 4 / 5).contains(&models), "{models} of {} mutants are models", all.end);
}

#[test]
fn a_thousand_damaged_files() {
    let files = [ottava_models::tiny(0), ottava_models::tiny(1)];
    for seed in seeds(1_000) {
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
fn ten_thousand_changed_packed_models() {
    let all = seeds(10_000);
    let mut counts = [0; 3];
    for seed in all.clone() {
        let outcome = ottava_fuzz::packed(&bytes(&mut Rng::new(seed), 64));
        counts[match outcome {
            Outcome::Refused => 0,
            Outcome::NotPlanned => 1,
            Outcome::Planned => 2,
        }] += 1;
    }
    // None may be rare: each is refused by other checks, and what is planned tests the kernels.
    assert!(counts.iter().all(|&count| count > all.end / 20), "refused, not planned, planned: {counts:?}");
}

#[test]
fn no_models_at_all() {
    for seed in seeds(200) {
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
    for seed in seeds(24).chain([701]) {
        ottava_fuzz::random_graph(&(1_000_000 + seed).to_le_bytes());
    }
}
