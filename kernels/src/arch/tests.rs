//! Every instruction set's lanes against the portable ones, and those against the specification.

use super::*;
use crate::isa::Isa;

/// Runs `$check::<A>(arch)` for each instruction set of this CPU.
macro_rules! on_every_arch {
    ($check:ident) => {{
        on_every_dot!($check);
        #[cfg(target_arch = "aarch64")]
        // SAFETY: every aarch64 target of this crate has it.
        $check(unsafe { Neon::assume() });
    }};
}

/// The same for those that have the dot products of [`Dot`].
macro_rules! on_every_dot {
    ($check:ident) => {{
        // Fails where something is demanded that this CPU lacks.
        Isa::for_tests();
        // SAFETY: portable code needs nothing of the CPU.
        $check(unsafe { Scalar::assume() });
        #[cfg(target_arch = "x86_64")]
        {
            if Isa::Sse41.is_available() {
                // SAFETY: the CPU has it.
                $check(unsafe { Sse41::assume() });
            } else {
                eprintln!("SKIPPED: this CPU has no sse41");
            }
            if Isa::Avx2.is_available() {
                // SAFETY: the CPU has it.
                $check(unsafe { Avx2::assume() });
            } else {
                eprintln!("SKIPPED: this CPU has no avx2");
            }
            if Isa::AvxVnni.is_available() {
                // SAFETY: the CPU has it.
                $check(unsafe { AvxVnni::assume() });
            } else {
                eprintln!("SKIPPED: this CPU has no avxvnni");
            }
            if Isa::Avx512Vnni.is_available() {
                // SAFETY: the CPU has it.
                $check(unsafe { Avx512Vnni::assume() });
            } else {
                eprintln!("SKIPPED: this CPU has no avx512vnni");
            }
        }
    }};
}

mod lanes16;
mod quotients;
mod reals;
mod requantize;

const EDGES: [i32; 21] = [
    i32::MIN,
    i32::MIN + 1,
    -(1 << 30),
    -65_537,
    -65_536,
    -1_000,
    -257,
    -129,
    -128,
    -3,
    -2,
    -1,
    0,
    1,
    2,
    127,
    255,
    65_535,
    1 << 30,
    i32::MAX - 1,
    i32::MAX,
];

fn to_array<A: Arch>(arch: A, lanes: A::I32) -> [i32; LANES] {
    let mut out = [0; LANES];
    // SAFETY: `out` has 16 values.
    unsafe { arch.store(out.as_mut_ptr(), lanes) };
    out
}

fn from_array<A: Arch>(arch: A, lanes: [i32; LANES]) -> A::I32 {
    // SAFETY: `lanes` has 16 values.
    unsafe { arch.load(lanes.as_ptr()) }
}

/// A small generator, so that runs repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as i32
    }

    fn lanes(&mut self) -> [i32; LANES] {
        std::array::from_fn(|_| match self.next() & 7 {
            0 => EDGES[self.next() as u32 as usize % EDGES.len()],
            bits => self.next() >> (4 * (bits - 1)),
        })
    }
}

fn arithmetic<A: Arch>(arch: A) {
    let mut random = Random(1);
    for _ in 0..2_000 {
        let (a, b) = (random.lanes(), random.lanes());
        let (x, y) = (from_array(arch, a), from_array(arch, b));
        let lanes = |f: fn(i32, i32) -> i32| -> [i32; LANES] { std::array::from_fn(|i| f(a[i], b[i])) };
        assert_eq!(to_array(arch, arch.add(x, y)), lanes(i32::wrapping_add));
        assert_eq!(to_array(arch, arch.sub(x, y)), lanes(i32::wrapping_sub));
        assert_eq!(to_array(arch, arch.shift_left::<20>(x)), a.map(|a| a << 20));
        assert_eq!(to_array(arch, arch.shift_left::<1>(x)), a.map(|a| a << 1));
        assert_eq!(to_array(arch, arch.min(x, y)), lanes(Ord::min));
        assert_eq!(to_array(arch, arch.max(x, y)), lanes(Ord::max));
        assert_eq!(to_array(arch, arch.splat(a[0])), [a[0]; LANES]);
    }
}

#[test]
fn arithmetic_wraps_on_every_arch() {
    on_every_arch!(arithmetic);
}

fn bytes<A: Arch>(arch: A) {
    let storage = A::ISA.storage();
    let source: Vec<u8> = (0..=255u8).chain(0..16).collect();
    for start in 0..=256 {
        // SAFETY: 16 bytes follow each start.
        let lanes = unsafe { arch.load_bytes(source[start..start + LANES].as_ptr()) };
        let expected: [i32; LANES] = std::array::from_fn(|i| storage.value(source[start + i]));
        assert_eq!(to_array(arch, lanes), expected, "{} at {start}", A::ISA);
        let order: [u8; LANES] = std::array::from_fn(|i| ((7 * i + start) % LANES) as u8);
        // SAFETY: as above.
        let ordered = unsafe { arch.load_bytes_in_order(source[start..start + LANES].as_ptr(), &order) };
        let expected: [i32; LANES] = order.map(|at| storage.value(source[start + usize::from(at)]));
        assert_eq!(to_array(arch, ordered), expected, "{} at {start} in order {order:?}", A::ISA);
        for count in 0..=LANES {
            let mut target = [0x5Au8; LANES + 2];
            // SAFETY: the target has room for 16 bytes after its first.
            unsafe { arch.store_bytes(target[1..=LANES].as_mut_ptr(), lanes, count) };
            assert_eq!(target[1..=count], source[start..start + count], "{} count {count}", A::ISA);
            assert!(target[0] == 0x5A && target[count + 1..].iter().all(|&byte| byte == 0x5A), "{}", A::ISA);
        }
    }
}

#[test]
fn bytes_widen_and_narrow_on_every_arch() {
    on_every_arch!(bytes);
}

fn byte_sums<A: Arch>(arch: A) {
    let storage = A::ISA.storage();
    let source: Vec<u8> = (0..400u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for fill in [None, Some(0x80), Some(0xFF)] {
        for start in [0, 1, 7] {
            for count in 0..=300 {
                let bytes: Vec<u8> = source[start..start + count].iter().map(|&b| fill.unwrap_or(b)).collect();
                let expected: i32 = bytes.iter().map(|&byte| storage.value(byte)).sum();
                // SAFETY: there are `count` bytes.
                let got = unsafe { arch.sum_bytes(bytes.as_ptr(), count) };
                assert_eq!(got, expected, "{} start {start} count {count}", A::ISA);
            }
        }
    }
}

#[test]
fn byte_sums_are_exact_on_every_arch() {
    on_every_arch!(byte_sums);
}

fn products<A: Arch>(arch: A) {
    let storage = A::ISA.storage();
    let weights = [-32_768, -32_767, -256, -255, -128, -1, 0, 1, 127, 255, 256, 1_000, 32_766, 32_767, 5, -5];
    for byte in 0..=255u8 {
        let source = [byte; LANES];
        // SAFETY: `source` has 16 bytes.
        let x = unsafe { arch.load_bytes(source.as_ptr()) };
        for shift in 0..LANES {
            let w: [i32; LANES] = std::array::from_fn(|i| weights[(i + shift) % LANES]);
            let sum: [i32; LANES] = std::array::from_fn(|i| EDGES[(i + shift) % EDGES.len()]);
            let got = arch.mul_add_i16(from_array(arch, sum), x, from_array(arch, w));
            let expected: [i32; LANES] =
                std::array::from_fn(|i| sum[i].wrapping_add(storage.value(byte).wrapping_mul(w[i])));
            assert_eq!(to_array(arch, got), expected, "{} byte {byte}", A::ISA);
        }
    }
}

#[test]
fn products_are_exact_on_every_arch() {
    on_every_arch!(products);
}

fn dots<A: Dot>(arch: A) {
    let storage = A::ISA.storage();
    let extremes = [i8::MIN, -127, -64, -1, 0, 1, 64, i8::MAX];
    let mut random = Random(3);
    for round in 0..5_000 {
        let quad: [u8; 4] = std::array::from_fn(|_| match random.next() & 3 {
            0 => 0,
            1 => 255,
            2 => 128,
            _ => random.next() as u8,
        });
        let mut weights = [[0i8; 4]; LANES];
        for column in &mut weights {
            for w in column.iter_mut() {
                *w = if round % 2 == 0 { extremes[random.next() as usize & 7] } else { random.next() as i8 };
            }
            if matches!(A::ISA, Isa::Sse41 | Isa::Avx2) {
                // Only what the packer proves safe may reach the 16-bit pair sums.
                for pair in column.chunks_exact_mut(2) {
                    let parts = |sign: i32| pair.iter().map(|&w| (i32::from(w) * sign).max(0)).sum::<i32>();
                    if parts(1) > 128 || parts(-1) > 128 {
                        pair[1] = 0;
                    }
                }
            }
        }
        let seed: [i32; LANES] = random.lanes();
        // SAFETY: both arrays have the 4 and 64 bytes that are read.
        let (x, w) = unsafe { (arch.load_quad(quad.as_ptr()), arch.load_weights(weights.as_ptr().cast())) };
        let sums = arch.dot(arch.dot(arch.zero(), x, w), x, w);
        let got = to_array(arch, arch.add(arch.lanes(sums), from_array(arch, seed)));
        let expected: [i32; LANES] = std::array::from_fn(|c| {
            let dot: i32 = quad.iter().zip(weights[c]).map(|(&x, w)| storage.value(x) * i32::from(w)).sum();
            seed[c].wrapping_add(2 * dot)
        });
        assert_eq!(got, expected, "{} quad {quad:?} weights {weights:?}", A::ISA);
    }
}

#[test]
fn dot_products_are_exact_on_every_arch() {
    on_every_dot!(dots);
}

fn stored<A: Wide>(arch: A, bytes: A::Bytes) -> Vec<u8> {
    let mut target = vec![0; A::WIDTH];
    // SAFETY: the target has the width.
    unsafe { arch.store_wide(target.as_mut_ptr(), bytes, A::WIDTH) };
    target
}

fn wide_bytes<A: Wide>(arch: A) {
    let (storage, width) = (A::ISA.storage(), A::WIDTH);
    let mut random = Random(4);
    for count in 0..=width {
        let mut draw = || (0..width).map(|_| random.next() as u8).collect::<Vec<u8>>();
        let (a, b) = (draw(), draw());
        // SAFETY: both have the width.
        let (x, y) = unsafe { (arch.load_wide(a.as_ptr()), arch.load_wide(b.as_ptr())) };
        let pairs = |f: fn(i32, i32) -> i32| -> Vec<u8> {
            a.iter().zip(&b).map(|(&a, &b)| f(storage.value(a), storage.value(b)) as u8).collect()
        };
        assert_eq!(stored(arch, arch.max_wide(x, y)), pairs(Ord::max), "{}", A::ISA);
        assert_eq!(stored(arch, arch.min_wide(x, y)), pairs(Ord::min), "{}", A::ISA);
        assert_eq!(stored(arch, arch.splat_wide(a[0])), vec![a[0]; width], "{}", A::ISA);
        let mut target = vec![0x5A; width + 2];
        // SAFETY: the target has the width after its first byte.
        unsafe { arch.store_wide(target[1..].as_mut_ptr(), x, count) };
        assert_eq!(target[1..=count], a[..count], "{} count {count}", A::ISA);
        assert!(target[0] == 0x5A && target[count + 1..].iter().all(|&byte| byte == 0x5A), "{}", A::ISA);
    }
}

#[test]
fn wide_bytes_are_exact_on_every_arch() {
    on_every_arch!(wide_bytes);
}

fn taps<A: Interleave>(arch: A) {
    let mut random = Random(6);
    let mut channels: Vec<usize> = (0..4).flat_map(|part| (0..LANES).map(move |lane| A::channel(part, lane))).collect();
    channels.sort_unstable();
    assert!(channels.into_iter().eq(0..INTERLEAVED), "{}: every channel has one lane", A::ISA);
    for count in 0..=INTERLEAVED {
        let bytes: [[u8; INTERLEAVED]; 4] = std::array::from_fn(|_| std::array::from_fn(|_| random.next() as u8));
        let weights: [[i8; 4]; INTERLEAVED] = std::array::from_fn(|_| std::array::from_fn(|_| random.next() as i8));
        // SAFETY: each tap has 64 bytes.
        let quads = unsafe { arch.load_taps(bytes.each_ref().map(|tap| tap.as_ptr())) };
        let mut stores = Vec::new();
        for (part, quad) in quads.into_iter().enumerate() {
            let ordered: [[i8; 4]; LANES] = std::array::from_fn(|lane| weights[A::channel(part, lane)]);
            // SAFETY: there are 64 weights.
            let line = unsafe { arch.load_weights(ordered.as_ptr().cast()) };
            let sums = to_array(arch, arch.lanes(arch.dot_taps(arch.zero(), quad, line)));
            for (lane, sum) in sums.into_iter().enumerate() {
                let channel = A::channel(part, lane);
                let expected: i32 = (0..4).map(|i| i32::from(bytes[i][channel]) * i32::from(weights[channel][i])).sum();
                assert_eq!(sum, expected, "{} channel {channel}", A::ISA);
            }
            stores.push(from_array(arch, std::array::from_fn(|lane| i32::from(bytes[0][A::channel(part, lane)]))));
        }
        let mut target = [0x5A; INTERLEAVED + 2];
        // SAFETY: the target has 64 bytes after its first.
        unsafe { arch.store_parts(target[1..].as_mut_ptr(), [stores[0], stores[1], stores[2], stores[3]], count) };
        assert_eq!(target[1..=count], bytes[0][..count], "{} count {count}", A::ISA);
        assert!(target[0] == 0x5A && target[count + 1..].iter().all(|&byte| byte == 0x5A), "{}", A::ISA);
    }
}

#[test]
fn interleaved_taps_are_exact_where_there_are_any() {
    // SAFETY: portable code needs nothing of the CPU.
    taps(unsafe { Scalar::assume() });
    #[cfg(target_arch = "x86_64")]
    if Isa::Avx512Vnni.is_available() {
        // SAFETY: the CPU has it.
        taps(unsafe { Avx512Vnni::assume() });
    } else {
        eprintln!("SKIPPED: this CPU has no avx512vnni");
    }
}
