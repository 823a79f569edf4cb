//! Every depth and order against the specification.

use ottava_ref::ops::arg_min_max::{Extreme, arg_min_max};

use super::*;
use crate::isa::Isa;
use crate::layer::{Layer, run_all};
use crate::testing::{Fill, Random, as_signed, for_each_isa, stored};

#[test]
fn every_depth_finds_the_first() {
    let mut random = Random::new(11);
    for depth in (1..70).chain([255, 256, 257, 300, 512, 1000]) {
        for (round, fill) in Fill::ALL.into_iter().enumerate() {
            let rows = 1 + depth % 9;
            let mut input = random.bytes(rows * depth, fill);
            if round == 0 {
                input.iter_mut().for_each(|byte| *byte &= 3);
            }
            for_each_isa(|isa| check(isa, &input, depth, [round % 2 == 0, round / 2 % 2 == 0], round % 3 * 2));
        }
    }
}

fn check(isa: Isa, input: &[u8], depth: usize, [smallest, signed]: [bool; 2], gap: usize) {
    let rows = input.len() / depth;
    let mut expected = vec![0_i64; rows];
    let extreme = if smallest { Extreme::Min } else { Extreme::Max };
    match signed {
        true => arg_min_max(extreme, [depth, 1], as_signed(input), &mut expected),
        false => arg_min_max(extreme, [depth, 1], input, &mut expected),
    }
    let bytes = stored(input, depth, depth + gap, isa.storage().xor_mask(signed), if smallest { 0 } else { 0xFF });
    for index_bytes in [4, 8] {
        let spec = ArgExtremeSpec { rows, depth, input_stride: depth + gap, smallest, index_bytes, threads: 2 };
        let layer = prepare(isa, &spec);
        let mut output = vec![0; rows * index_bytes];
        run_all(&layer, &[&bytes], &mut [&mut output]);
        let wanted: Vec<u8> = expected.iter().flat_map(|index| index.to_le_bytes()[..index_bytes].to_vec()).collect();
        assert_eq!(output, wanted, "{} {spec:?} signed {signed}", layer.kernel());
    }
}
