//! A network of dynamic range against the oracle, end to end, bit for bit.
//!
//! Its first convolution keeps float32 weights, whose products this project fuses and the oracle rounds (`docs/numerics.md` §14).
//! Inputs that are multiples of a half, at most 1, have exact products with all weights, so that both have the same bits there, and
//! every difference later is one of the dynamic range.

mod common;

use common::goldens;
use ottava::{Backend, Isa, Model, Plan, PlanOptions, Session};

/// The recorded photos with the CRC-32 of the logits' bytes under the reference kernels of ai-edge-litert 2.3.0, from
/// `tools/oracle/dynamic_range.py`.
const LOGITS: [(&str, u32); 3] = [("grace_hopper", 0x02b5_62cd), ("cat", 0xb36b_634f), ("bird", 0xa919_e85b)];

/// Little-endian floats, rounded to multiples of a half.
fn halves(bytes: &[u8]) -> Vec<f32> {
    let half = |x: f32| (x * 2.0).round_ties_even() / 2.0;
    bytes.as_chunks().0.iter().map(|bytes| half(f32::from_le_bytes(*bytes))).collect()
}

/// The CRC-32 of the logits, which are what the network's SOFTMAX reads.
fn logits(model: &Model, options: &PlanOptions, input: &[f32], classes: usize) -> u32 {
    let plan = Plan::new(model, &PlanOptions { keep_intermediates: true, ..options.clone() }).unwrap();
    let mut session = Session::new(&plan).unwrap();
    session.set_input(0, input).unwrap();
    session.run().unwrap();
    let product = plan.layers().iter().rfind(|layer| layer.op == "FULLY_CONNECTED").unwrap();
    let bytes = session.tensor(product.output_tensors[0]).unwrap();
    assert_eq!(bytes.len(), classes * size_of::<f32>());
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    crc.sum()
}

#[test]
fn the_logits_of_inception_v3_are_the_oracles() {
    let goldens = goldens("inception_v3_dynamic");
    let mut all = vec![PlanOptions { backend: Backend::Reference, ..PlanOptions::default() }];
    all.extend(Isa::for_tests().into_iter().flat_map(|isa| {
        [1, 3].map(|threads| PlanOptions { isa: Some(isa), threads: Some(threads), ..PlanOptions::default() })
    }));
    let mut failures = Vec::new();
    for golden in &goldens {
        let model = Model::open(&golden.model).unwrap();
        let input = halves(&golden.input);
        let (photo, expected) = LOGITS.iter().find(|(photo, _)| golden.label.ends_with(photo)).unwrap();
        for options in &all {
            let found = logits(&model, options, &input, golden.output.len() / size_of::<f32>());
            if found != *expected {
                let PlanOptions { backend, isa, threads, .. } = options;
                failures
                    .push(format!("{photo} ({backend:?}, {isa:?}, {threads:?}): {found:#x}, {expected:#x} expected"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
