//! Vectors of float32.

use super::*;

/// Ends, and numbers whose products and sums are halfway between others or below the least normal one.
const REALS: [f32; 30] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1.5,
    -0.5,
    3.0,
    1.0 / 3.0,
    f32::EPSILON,
    1.0 + f32::EPSILON,
    1.0 - f32::EPSILON / 2.0,
    16_777_215.0,
    16_777_216.0,
    16_777_218.0,
    f32::MAX,
    f32::MIN,
    f32::MAX / 2.0,
    f32::MIN_POSITIVE,
    -f32::MIN_POSITIVE,
    f32::MIN_POSITIVE / 2.0,
    f32::MIN_POSITIVE * 3.0,
    f32::from_bits(1),
    f32::from_bits(0x8000_0003),
    f32::from_bits(0x007F_FFFF),
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::from_bits(0xFFC1_2345),
    1.0e-30,
    1.0e-15,
];

fn real(random: &mut Random) -> f32 {
    match random.next() & 7 {
        0 | 1 => REALS[random.next() as u32 as usize % REALS.len()],
        2 => f32::from_bits(random.next() as u32),
        // Few bits, so that sums of products are often halfway between others.
        3 => (random.next() >> 20) as f32 * 2f32.powi(random.next() % 12),
        4 => (random.next() >> 19) as f32 * 2f32.powi(-80 + random.next() % 8),
        5 => f32::from_bits(random.next() as u32 & 0x807F_FFFF),
        _ => (random.next() as f32) * 2f32.powi(-30 + random.next() % 20),
    }
}

/// The lanes' bits, those of NaN made one.
fn bits<A: Reals>(arch: A, lanes: A::F32) -> Vec<u32> {
    raw_bits(arch, arch.one_nan_f32(lanes))
}

fn raw_bits<A: Reals>(arch: A, lanes: A::F32) -> Vec<u32> {
    let mut out = vec![0.0f32; A::WIDTH32];
    // SAFETY: the vector has the width.
    unsafe { arch.store_f32(out.as_mut_ptr(), lanes) };
    out.into_iter().map(f32::to_bits).collect()
}

fn one_nan(x: f32) -> u32 {
    if x.is_nan() { 0x7FC0_0000 } else { x.to_bits() }
}

fn reals<A: Reals>(arch: A) {
    assert!(A::WIDTH32.is_power_of_two() && A::WIDTH32 <= 16);
    let mut random = Random(11);
    for _ in 0..20_000 {
        let [a, b, c]: [Vec<f32>; 3] = std::array::from_fn(|_| (0..A::WIDTH32).map(|_| real(&mut random)).collect());
        // SAFETY: the vectors have the width.
        let [x, y, z] = [&a, &b, &c].map(|values| unsafe { arch.load_f32(values.as_ptr()) });
        let pairs =
            |f: fn(f32, f32) -> f32| -> Vec<u32> { a.iter().zip(&b).map(|(&a, &b)| one_nan(f(a, b))).collect() };
        let kept =
            |f: fn(f32, f32) -> f32| -> Vec<u32> { a.iter().zip(&b).map(|(&a, &b)| f(a, b).to_bits()).collect() };
        let at = || format!("{} of {a:?}, {b:?}, {c:?}", A::ISA);
        assert_eq!(bits(arch, arch.add_f32(x, y)), pairs(|a, b| a + b), "add, {}", at());
        assert_eq!(bits(arch, arch.sub_f32(x, y)), pairs(|a, b| a - b), "sub, {}", at());
        assert_eq!(bits(arch, arch.mul_f32(x, y)), pairs(|a, b| a * b), "mul, {}", at());
        assert_eq!(bits(arch, arch.div_f32(x, y)), pairs(|a, b| a / b), "div, {}", at());
        let fused: Vec<u32> = (0..A::WIDTH32).map(|i| one_nan(a[i].mul_add(b[i], c[i]))).collect();
        assert_eq!(bits(arch, arch.mul_add_f32(z, x, y)), fused, "fused, {}", at());
        assert_eq!(raw_bits(arch, arch.min_f32(x, y)), kept(|a, b| if a < b { a } else { b }), "min, {}", at());
        assert_eq!(raw_bits(arch, arch.max_f32(x, y)), kept(|a, b| if a > b { a } else { b }), "max, {}", at());
        let select = |mask| raw_bits(arch, arch.select_f32(mask, x, y));
        assert_eq!(select(arch.at_most_f32(x, y)), kept(|a, b| if a <= b { a } else { b }), "at most, {}", at());
        assert_eq!(
            select(arch.equal_f32(z, x)),
            (0..A::WIDTH32).map(|i| if c[i] == a[i] { a[i] } else { b[i] }.to_bits()).collect::<Vec<_>>()
        );
        let clamped = arch.clamp_f32(x, [arch.splat_f32(-1.0), arch.splat_f32(6.0)]);
        assert_eq!(
            bits(arch, clamped),
            pairs(|a, _| if a.is_nan() { a } else { a.clamp(-1.0, 6.0) }),
            "clamp, {}",
            at()
        );
    }
}

#[test]
fn lanes_of_float32_are_exact_on_every_arch() {
    on_every_arch!(reals);
}

fn stores<A: Reals>(arch: A) {
    let values: Vec<f32> = (1..=A::WIDTH32).map(|value| value as f32).collect();
    // SAFETY: the vector has the width.
    let lanes = unsafe { arch.load_f32(values.as_ptr()) };
    for count in 0..=A::WIDTH32 {
        let mut target = vec![-1.0f32; A::WIDTH32 + 2];
        // SAFETY: the target has room for the width after its first value.
        unsafe { arch.store_first_f32(target[1..].as_mut_ptr(), lanes, count) };
        assert_eq!(target[1..=count], values[..count], "{} count {count}", A::ISA);
        assert!(target[0] == -1.0 && target[count + 1..].iter().all(|&value| value == -1.0), "{} {count}", A::ISA);
    }
}

#[test]
fn first_lanes_are_stored_on_every_arch() {
    on_every_arch!(stores);
}
