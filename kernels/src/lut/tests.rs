//! The kernel against a plain loop, and a requantization against the scalar reference.

use ottava_ref::Multiplier;
use ottava_ref::ops::requantize::{RequantizeParams, requantize};

use super::*;
use crate::isa::{Isa, Storage};
use crate::layer::{Layer, run_all};
use crate::strided::Strided;
use crate::testing::{Failures, Fill, Guarded, Random, as_signed, for_each_isa, overwrite, stored};

#[test]
fn every_length_and_stride_is_exact() {
    let mut failures = Failures::default();
    let mut random = Random::new(5);
    let table: [u8; 256] = std::array::from_fn(|_| random.next() as u8);
    for channels in (1..=140).chain([256, 1000, 70_000]) {
        for (pixels, gaps) in [(1, [0, 0]), (3, [0, 0]), (4, [2, 5])] {
            let input = random.bytes(pixels * channels, Fill::Random);
            let expected: Vec<u8> = input.iter().map(|&byte| table[usize::from(byte)]).collect();
            let strides = gaps.map(|gap| channels + gap);
            let shape = Strided { pixels, channels, input_strides: [strides[0]], output_stride: strides[1] };
            for_each_isa(|isa| {
                for threads in [1, 3] {
                    let layer = prepare(isa, &LutSpec { table: &table, shape, threads });
                    let mut output = Guarded::new(pixels, channels, strides[1]);
                    let view = stored(&input, channels, strides[0], 0, 0xAB);
                    run_all(&layer, &[&view], &mut [output.view()]);
                    assert_eq!(layer.may_overwrite(0), gaps == [0, 0], "{shape:?}");
                    overwrite::check(&mut failures, &layer, &[&view], &expected);
                    failures.compare(output.dense(0), &expected, || format!("{} {shape:?}", layer.kernel()));
                }
            });
        }
    }
    failures.finish();
}

#[test]
fn every_byte_finds_its_entry_in_every_lane() {
    let mut failures = Failures::default();
    // Neighbours differ, and so do entries 16, 64 and 128 apart.
    let tables = [0x1D, 0x63, 0xFF].map(|step: u8| -> [u8; 256] {
        std::array::from_fn(|byte| (byte as u8).wrapping_mul(step).rotate_left(3) ^ (byte as u8 >> 4))
    });
    for table in tables {
        // Each byte in each of 64 lanes.
        let input: Vec<u8> = (0..=255).flat_map(|byte| [byte; 64]).collect();
        let shuffled: Vec<u8> = (0..16384_usize).map(|at| (at + at / 256) as u8).collect();
        for input in [input, shuffled] {
            let expected: Vec<u8> = input.iter().map(|&byte| table[usize::from(byte)]).collect();
            for_each_isa(|isa| {
                let spec = LutSpec { table: &table, shape: Strided::dense(input.len()), threads: 1 };
                let layer = prepare(isa, &spec);
                let mut output = Guarded::new(1, input.len(), input.len());
                run_all(&layer, &[&stored(&input, input.len(), input.len(), 0, 0)], &mut [output.view()]);
                failures.compare(output.dense(0), &expected, || layer.kernel().to_string());
            });
        }
    }
    failures.finish();
}

#[test]
fn a_requantization_is_a_table() {
    let mut failures = Failures::default();
    let params = RequantizeParams {
        input_zero_point: -5,
        multiplier: Multiplier { mantissa: 1_700_000_000, shift: 1 },
        output_zero_point: 130,
    };
    let apply = |value: i8| {
        let mut output = [0u8];
        requantize(&params, &[value], &mut output);
        output[0]
    };
    let input: Vec<u8> = (0..=255).collect();
    let expected: Vec<u8> = as_signed(&input).iter().map(|&value| apply(value)).collect();
    for storage in [Storage::U8, Storage::S8] {
        let masks = [true, false].map(|signed| storage.xor_mask(signed));
        let table: [u8; 256] = std::array::from_fn(|byte| apply((byte as u8 ^ masks[0]) as i8) ^ masks[1]);
        let layer = prepare(Isa::Scalar, &LutSpec { table: &table, shape: Strided::dense(256), threads: 1 });
        let mut output = Guarded::new(1, 256, 256);
        run_all(&layer, &[&stored(&input, 256, 256, masks[0], 0)], &mut [output.view()]);
        failures.compare(output.dense(masks[1]), &expected, || format!("{} {storage:?}", layer.kernel()));
    }
    failures.finish();
}
