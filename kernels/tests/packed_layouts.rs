//! What comes out when weights are packed, by hash. A packing that changes needs another version of its layout, or files that
//! were packed before would be read as what they are not.
//!
//! After a change on purpose: raise the version where the layout is defined, and take the lines that the test prints.

use std::collections::BTreeMap;

use ottava_kernels::gemm::winograd::{self, When};
use ottava_kernels::gemm::{self, ConvPart, ConvSpec};
use ottava_kernels::gemm_f32::{self, ConvF32Spec};
use ottava_kernels::gemm16::{self, Conv16Spec};
use ottava_kernels::{Image, Isa, Multiplier, Packing, Range16, Requantize, Requantize16, Storage, Weights, Window};
use xxhash_rust::xxh3::Xxh3;

/// Instruction set, layout, version, hash of the buffers of all convolutions.
const RECORDED: &[(&str, &str, u32, u64)] = &[
    ("scalar", "gemm.bias", 1, 0xb463f8405afb5d6a),
    ("scalar", "gemm.facts", 1, 0x68162ed737ee5d80),
    ("scalar", "gemm.lines.k4", 1, 0x0ac28cb116b24fd8),
    ("scalar", "gemm_f32.lines", 1, 0x42642dc1bfd21b56),
    ("scalar", "gemm16.side_by_side", 1, 0x3ccd47d6ca65b69d),
    ("scalar", "gemm16.sums_fit", 1, 0x02ac5dcf42bc3ef3),
    ("scalar", "winograd.side_by_side", 1, 0xfe1b28c7f9c5daba),
    ("sse41", "gemm.bias", 1, 0xb463f8405afb5d6a),
    ("sse41", "gemm.facts", 1, 0x68162ed737ee5d80),
    ("sse41", "gemm.halves", 1, 0xfcd432e7197339f4),
    ("sse41", "gemm.halves.offsets", 1, 0x8d9beb46242c0086),
    ("sse41", "gemm.halves.starts", 1, 0xe79e4dcf7b861fef),
    ("sse41", "gemm_f32.lines", 1, 0x42642dc1bfd21b56),
    ("sse41", "gemm16.side_by_side", 1, 0x3ccd47d6ca65b69d),
    ("sse41", "gemm16.sums_fit", 1, 0x02ac5dcf42bc3ef3),
    ("sse41", "winograd.side_by_side", 1, 0xfe1b28c7f9c5daba),
    ("avx2", "gemm.bias", 1, 0xb463f8405afb5d6a),
    ("avx2", "gemm.facts", 1, 0x68162ed737ee5d80),
    ("avx2", "gemm.floats", 1, 0xae2ac3fbf689828c),
    ("avx2", "gemm.halves", 1, 0xfcd432e7197339f4),
    ("avx2", "gemm.halves.offsets", 1, 0x8d9beb46242c0086),
    ("avx2", "gemm.halves.starts", 1, 0xe79e4dcf7b861fef),
    ("avx2", "gemm_f32.lines", 1, 0x42642dc1bfd21b56),
    ("avx2", "gemm16.side_by_side", 1, 0x3ccd47d6ca65b69d),
    ("avx2", "gemm16.sums_fit", 1, 0x02ac5dcf42bc3ef3),
    ("avx2", "winograd.side_by_side", 1, 0xfe1b28c7f9c5daba),
    ("avxvnni", "gemm.bias", 1, 0xb463f8405afb5d6a),
    ("avxvnni", "gemm.facts", 1, 0x68162ed737ee5d80),
    ("avxvnni", "gemm.floats", 1, 0xae2ac3fbf689828c),
    ("avxvnni", "gemm.lines.k4", 1, 0x0ac28cb116b24fd8),
    ("avxvnni", "gemm_f32.lines", 1, 0x42642dc1bfd21b56),
    ("avxvnni", "gemm16.side_by_side", 1, 0x3ccd47d6ca65b69d),
    ("avxvnni", "gemm16.sums_fit", 1, 0x02ac5dcf42bc3ef3),
    ("avxvnni", "winograd.side_by_side", 1, 0xfe1b28c7f9c5daba),
    ("avx512vnni", "gemm.bias", 1, 0xb463f8405afb5d6a),
    ("avx512vnni", "gemm.facts", 1, 0x68162ed737ee5d80),
    ("avx512vnni", "gemm.floats", 1, 0x9d50d9637ae8df84),
    ("avx512vnni", "gemm.lines.k4", 1, 0x0ac28cb116b24fd8),
    ("avx512vnni", "gemm_f32.lines", 1, 0x42642dc1bfd21b56),
    ("avx512vnni", "gemm16.side_by_side", 1, 0x3ccd47d6ca65b69d),
    ("avx512vnni", "gemm16.sums_fit", 1, 0x02ac5dcf42bc3ef3),
    ("avx512vnni", "winograd.side_by_side", 1, 0xfe1b28c7f9c5daba),
    ("amx", "gemm.bias", 1, 0xb463f8405afb5d6a),
    ("amx", "gemm.facts", 1, 0x68162ed737ee5d80),
    ("amx", "gemm.floats", 1, 0x9d50d9637ae8df84),
    ("amx", "gemm.lines.k4.tiles", 1, 0x687af6b8a6fef048),
    ("amx", "gemm_f32.lines", 1, 0x42642dc1bfd21b56),
    ("amx", "gemm16.side_by_side", 1, 0x3ccd47d6ca65b69d),
    ("amx", "gemm16.sums_fit", 1, 0x02ac5dcf42bc3ef3),
    ("neon", "gemm.bias", 1, 0xa5cf4c0e18b0023b),
    ("neon", "gemm.facts", 1, 0x5c32f7c01a37b7e7),
    ("neon", "gemm.lines.k16", 1, 0xa5a2a2f79d7285c7),
    ("neon", "gemm_f32.lines", 1, 0x42642dc1bfd21b56),
    ("neon", "gemm16.apart", 1, 0xceda0a3f230bc11b),
    ("neon", "gemm16.sums_fit", 1, 0x02ac5dcf42bc3ef3),
    ("neon", "winograd.apart", 1, 0x24b08a141dff9395),
    ("dotprod", "gemm.bias", 1, 0xa5cf4c0e18b0023b),
    ("dotprod", "gemm.facts", 1, 0x68162ed737ee5d80),
    ("dotprod", "gemm.lines.k4", 1, 0x0ac28cb116b24fd8),
    ("dotprod", "gemm_f32.lines", 1, 0x42642dc1bfd21b56),
    ("dotprod", "gemm16.bytes.k4", 1, 0x75c6bf681d85848f),
    ("dotprod", "gemm16.sums_fit", 1, 0x02ac5dcf42bc3ef3),
    ("i8mm", "gemm.bias", 1, 0xa5cf4c0e18b0023b),
    ("i8mm", "gemm.facts", 1, 0x68162ed737ee5d80),
    ("i8mm", "gemm.lines.k8", 1, 0xa89564ff0548ae9f),
    ("i8mm", "gemm_f32.lines", 1, 0x42642dc1bfd21b56),
    ("i8mm", "gemm16.bytes.k8", 1, 0x6569df5aff9ebbf2),
    ("i8mm", "gemm16.sums_fit", 1, 0x02ac5dcf42bc3ef3),
];

/// Side of an image that is large enough for Winograd.
const BY_POINTS: usize = 64;

/// Bytes of every value, most of them near the middle.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x1234_5678_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 24
    };
    (0..count).map(|_| if next() < 8 { next() as u8 } else { (96 + next() / 4) as u8 }).collect()
}

/// A convolution of square images.
struct Case {
    side: usize,
    channels: [usize; 2],
    taps: usize,
    signed: bool,
    zero: i32,
}

impl Case {
    /// Packs the case, and appends what was handed out.
    fn pack(&self, isa: Isa, found: &mut BTreeMap<(&'static str, u32), Xxh3>) {
        let [from, to] = self.channels;
        let weights = bytes(to * self.taps * self.taps * from);
        let multipliers: Vec<Multiplier> =
            (0..to).map(|channel| Multiplier { mantissa: (1 << 30) + 1_000_003 * channel as i32, shift: -9 }).collect();
        let bias: Vec<i32> = (0..to as i32).map(|channel| 977 * channel - 12_345).collect();
        let signed = isa.storage() == Storage::S8;
        let (low, high) = isa.storage().range();
        let part = ConvPart {
            channels: to,
            weights: Weights { bytes: &weights, signed: self.signed, zero: self.zero },
            bias: &bias,
            requantize: Requantize::Fixed(&multipliers),
            output_zero: if signed { -3 } else { 125 },
            output_min: low,
            output_max: high,
            output_offset: if signed { 0 } else { 128 },
            pixel_stride: to,
        };
        let before = (self.taps - 1) / 2;
        let spec = ConvSpec {
            input: Image::dense(1, self.side, self.side, from),
            input_zero: if signed { 7 } else { 135 },
            window: Window { taps: [self.taps; 2], pad_before: [before; 2], ..Window::POINT },
            output: [self.side; 2],
            groups: 1,
            parts: &[part],
            threads: 1,
        };
        let mut packing = Packing::fresh();
        if self.side == BY_POINTS {
            let _ = winograd::prepare_packed((isa, When::Exact), &spec, &mut packing).unwrap();
        }
        gemm::prepare_packed(isa, &spec, &mut packing).unwrap();
        let signed: Vec<i8> = weights.iter().map(|&byte| byte as i8).collect();
        let wide: Vec<i64> = bias.iter().map(|&bias| i64::from(bias)).collect();
        let spec = Conv16Spec {
            input: spec.input,
            window: spec.window,
            output: spec.output,
            groups: 1,
            channels: to,
            weights: &signed,
            bias: &wide,
            requantize: Requantize16::Wide(&multipliers),
            range: Range16 { min: -32768, max: 32767 },
            threads: 1,
        };
        gemm16::prepare_packed(isa, &spec, &mut packing).unwrap();
        let reals: Vec<f32> = signed.iter().map(|&weight| f32::from(weight) / 64.0).collect();
        let spec = ConvF32Spec {
            input: spec.input,
            window: spec.window,
            output: spec.output,
            groups: 1,
            channels: to,
            pixel_stride: to,
            weights: &reals,
            bias: &[],
            range: [f32::MIN, f32::MAX],
            threads: 1,
        };
        gemm_f32::prepare_packed(isa, &spec, &mut packing).unwrap();
        for buffer in packing.finish().unwrap() {
            let hash = found.entry((buffer.layout.name, buffer.layout.version)).or_default();
            hash.update(&(buffer.bytes.len() as u64).to_le_bytes());
            hash.update(&buffer.bytes);
        }
    }
}

#[test]
fn a_packing_does_not_change_without_its_version() {
    let cases = [
        Case { side: 16, channels: [3, 20], taps: 3, signed: true, zero: 0 },
        Case { side: 16, channels: [32, 40], taps: 3, signed: false, zero: 128 },
        Case { side: 16, channels: [64, 48], taps: 1, signed: false, zero: 119 },
        Case { side: 16, channels: [17, 16], taps: 5, signed: false, zero: 3 },
        Case { side: BY_POINTS, channels: [64, 64], taps: 3, signed: true, zero: 0 },
    ];
    let mut other = String::new();
    for isa in Isa::for_tests() {
        let mut found = BTreeMap::new();
        cases.iter().for_each(|case| case.pack(isa, &mut found));
        let recorded = RECORDED.iter().filter(|row| row.0 == isa.name()).count();
        let mut same = 0;
        for ((name, version), hash) in found {
            let row = (isa.name(), name, version, hash.digest());
            match RECORDED.contains(&row) {
                true => same += 1,
                false => other.push_str(&format!("    (\"{}\", \"{}\", {}, 0x{:016x}),\n", row.0, row.1, row.2, row.3)),
            }
        }
        assert!(
            same <= recorded && (same == recorded || !other.is_empty()),
            "{isa}: recorded layouts that nothing has"
        );
    }
    assert!(other.is_empty(), "other bytes, or layouts that are not recorded:\n{other}");
}
