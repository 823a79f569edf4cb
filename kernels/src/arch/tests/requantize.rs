//! Rescaling and narrowing: ties, both ends of the ranges, and canaries behind what is stored.

use super::*;

/// The specification's double rounding, from `ottava-ref`.
fn expected_rescale(x: i32, mantissa: i32, left: i32, right: i32) -> i32 {
    ottava_ref::fixed::Multiplier { mantissa, shift: left - right }.apply(x)
}

const MANTISSAS: [i32; 8] = [0, 1, 1 << 30, (1 << 30) + 1, 1_518_500_249, 0x7FFF_0000, i32::MAX - 1, i32::MAX];

fn rescaling<A: Arch>(arch: A) {
    let mut random = Random(2);
    for round in 0..3_000 {
        let x = random.lanes();
        let mantissa: [i32; LANES] = std::array::from_fn(|i| match (round + i) % 3 {
            0 => MANTISSAS[random.next() as u32 as usize % MANTISSAS.len()],
            _ => random.next() & i32::MAX | 1 << 30,
        });
        let right: [i32; LANES] = std::array::from_fn(|_| random.next() & 31);
        let left: [i32; LANES] = std::array::from_fn(|i| if round % 4 == 0 && i % 2 == 0 { right[i] % 9 } else { 0 });
        let right: [i32; LANES] = std::array::from_fn(|i| if left[i] > 0 { 0 } else { right[i] });
        let by = arch.prepare_rescale(from_array(arch, mantissa), from_array(arch, left), from_array(arch, right));
        let got = to_array(arch, arch.rescale(from_array(arch, x), by));
        let expected: [i32; LANES] = std::array::from_fn(|i| expected_rescale(x[i], mantissa[i], left[i], right[i]));
        assert_eq!(got, expected, "{}: x {x:?} m {mantissa:?} left {left:?} right {right:?}", A::ISA);

        let mut multipliers = Multipliers::default();
        for lane in 0..LANES {
            multipliers.set(lane, mantissa[lane], -right[lane]);
        }
        rescaling_fast(arch, &multipliers, x);
    }
}

/// Checks both fast forms on sums anywhere in their ranges.
fn rescaling_fast<A: Arch>(arch: A, multipliers: &Multipliers, x: [i32; LANES]) {
    let Multipliers { mantissa, right, .. } = multipliers.clone();
    let expected =
        |x: [i32; LANES]| -> [i32; LANES] { std::array::from_fn(|i| expected_rescale(x[i], mantissa[i], 0, right[i])) };
    let mut small = multipliers.clone();
    small.round_small();
    let x_small = x.map(|x| if x.unsigned_abs() >= 1 << 30 { x / 2 - x.signum() } else { x });
    let got = to_array(arch, arch.rescale_small(from_array(arch, x_small), arch.prepare_rescale_fast(&small)));
    assert_eq!(got, expected(x_small), "{}: x {x_small:?} {small:?}", A::ISA);

    let mut clamped = Multipliers::default();
    for lane in 0..LANES {
        clamped.set(lane, mantissa[lane], -right[lane].max(1));
    }
    clamped.round_clamped();
    let by = arch.prepare_rescale_fast(&clamped);
    let got = to_array(arch, arch.rescale_clamped(from_array(arch, x), by));
    for lane in 0..LANES {
        let exact = expected_rescale(x[lane], mantissa[lane], 0, right[lane].max(1));
        let right = if x[lane] < 0 { (-(1 << 30)..=0).contains(&got[lane]) } else { got[lane] == exact };
        assert!(right, "{}: x {} lane {lane} {clamped:?}: {} for {exact}", A::ISA, x[lane], got[lane]);
    }
}

#[test]
fn rescaling_is_exact_on_every_arch() {
    on_every_arch!(rescaling);
}

fn ties<A: Arch>(arch: A) {
    // With a mantissa of one half, x shifted right by e + 1 meets every tie of the second rounding.
    for right in 0..=31 {
        for step in -40i64..40 {
            let x: [i32; LANES] = std::array::from_fn(|i| {
                (step * (1i64 << right) + i as i64 - 8).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
            });
            let (mantissa, shift) = (arch.splat(1 << 30), arch.splat(right));
            let by = arch.prepare_rescale(mantissa, arch.splat(0), shift);
            let got = to_array(arch, arch.rescale(from_array(arch, x), by));
            assert_eq!(got, x.map(|x| expected_rescale(x, 1 << 30, 0, right)), "{} e {right} x {x:?}", A::ISA);
            let mut multipliers = Multipliers::default();
            for lane in 0..LANES {
                multipliers.set(lane, 1 << 30, -right);
            }
            rescaling_fast(arch, &multipliers, x);
        }
    }
}

#[test]
fn rounding_ties_are_exact_on_every_arch() {
    on_every_arch!(ties);
}

/// Narrows `values` and checks every count of `PARTS` parts, with canaries behind each.
fn narrow_parts<A: Arch, const PARTS: usize>(arch: A, values: [[i32; LANES]; 4], clamp: Clamp) {
    let narrow = arch.narrow(values.map(|lanes| from_array(arch, lanes)), arch.prepare_clamp(clamp));
    let expected: Vec<u8> =
        values.as_flattened().iter().map(|&v| (v + clamp.zero).max(clamp.min).min(clamp.max) as u8).collect();
    let part = 64 / PARTS;
    for count in 1..=part {
        let mut bytes = [[0xA5u8; 80]; PARTS];
        let targets = bytes.each_mut().map(|bytes| bytes.as_mut_ptr());
        // SAFETY: each target has 80 bytes.
        unsafe { arch.store_narrow(targets, narrow, count) };
        for (index, bytes) in bytes.iter().enumerate() {
            assert_eq!(bytes[..count], expected[index * part..][..count], "{} {PARTS} {clamp:?}", A::ISA);
            assert!(bytes[count..].iter().all(|&byte| byte == 0xA5), "{} wrote past {count}", A::ISA);
        }
    }
}

fn narrowing<A: Arch>(arch: A) {
    let [low, high] = match A::ISA.storage().value(255) {
        255 => [0, 255],
        _ => [-128, 127],
    };
    let mut random = Random(5);
    for round in 0..200 {
        let mut bound = || low + (random.next() & 255);
        let (a, b, zero) = (bound(), bound(), bound());
        let clamp = match round % 3 {
            0 => Clamp { zero: low, min: low, max: high },
            1 => Clamp { zero, min: a.min(b), max: a.max(b) },
            _ => Clamp { zero, min: low, max: high },
        };
        let values = std::array::from_fn(|_| {
            std::array::from_fn(|lane| match (random.next() & 7, lane % 4) {
                (0, 0) => 1 << 30,
                (0, 1) => -(1 << 30),
                (0, 2) => 32_767,
                (0, _) => -32_768,
                _ => (random.next() & 1_023) - 512,
            })
        });
        narrow_parts::<A, 1>(arch, values, clamp);
        narrow_parts::<A, 2>(arch, values, clamp);
        narrow_parts::<A, 4>(arch, values, clamp);
    }
}

#[test]
fn narrowing_is_exact_on_every_arch() {
    on_every_arch!(narrowing);
}
