//! Vectors of 16-bit lanes.

use super::*;

/// Values whose sums, differences and shifts leave 16 bits among them.
fn values(random: &mut Random, count: usize) -> Vec<i16> {
    const ENDS: [i16; 7] = [i16::MIN, i16::MIN + 1, -1, 0, 1, i16::MAX - 1, i16::MAX];
    (0..count)
        .map(|_| if random.next() % 4 == 0 { ENDS[random.next() as u32 as usize % 7] } else { random.next() as i16 })
        .collect()
}

fn to_vec<A: Lanes16>(arch: A, lanes: A::I16) -> Vec<i16> {
    let mut out = vec![0x5A5A; A::WIDTH16 + 2];
    // SAFETY: the vector has the width after its first value.
    unsafe { arch.store16(out[1..].as_mut_ptr(), lanes) };
    assert!(out[0] == 0x5A5A && out[A::WIDTH16 + 1] == 0x5A5A, "{} stores its width", A::ISA);
    out[1..=A::WIDTH16].to_vec()
}

/// Bytes are all that is loaded: sums, differences and shifts bring any values about.
fn from_values<A: Lanes16>(arch: A, values: &[i16]) -> A::I16 {
    let half = |shift: u32| -> A::I16 {
        let of = |&value: &i16| ((value as u16 >> shift) as u8) ^ if A::ISA.storage().range().0 < 0 { 0x80 } else { 0 };
        let bytes: Vec<u8> = values.iter().map(of).collect();
        // SAFETY: there are as many bytes as the width.
        let lanes = unsafe { arch.load_bytes16(bytes.as_ptr()) };
        arch.sub16(lanes, arch.splat16(A::ISA.storage().range().0 as i16))
    };
    arch.add16(arch.shift_left16::<8>(half(8)), half(0))
}

fn lanes16<A: Lanes16>(arch: A) {
    let mut random = Random(9);
    assert!(A::WIDTH16.is_power_of_two() && A::WIDTH16 <= 32);
    for _ in 0..2_000 {
        let (a, b) = (values(&mut random, A::WIDTH16), values(&mut random, A::WIDTH16));
        let (x, y) = (from_values(arch, &a), from_values(arch, &b));
        let pairs = |f: fn(i16, i16) -> i16| -> Vec<i16> { a.iter().zip(&b).map(|(&a, &b)| f(a, b)).collect() };
        assert_eq!(to_vec(arch, x), a, "{}", A::ISA);
        assert_eq!(to_vec(arch, arch.add16(x, y)), pairs(i16::wrapping_add), "{}", A::ISA);
        assert_eq!(to_vec(arch, arch.sub16(x, y)), pairs(i16::wrapping_sub), "{}", A::ISA);
        assert_eq!(to_vec(arch, arch.shift_left16::<1>(x)), pairs(|a, _| a << 1), "{}", A::ISA);
        assert_eq!(to_vec(arch, arch.shift_left16::<2>(x)), pairs(|a, _| a << 2), "{}", A::ISA);
        assert_eq!(to_vec(arch, arch.splat16(a[0])), vec![a[0]; A::WIDTH16], "{}", A::ISA);
        let (a, b) = (random.lanes(), random.lanes());
        let (x, y) = (from_array(arch, a), from_array(arch, b));
        let product: [i32; LANES] = std::array::from_fn(|i| a[i].wrapping_mul(b[i]));
        assert_eq!(to_array(arch, arch.mul(x, y)), product, "{}", A::ISA);
        assert_eq!(to_array(arch, arch.shift_right::<6>(x)), a.map(|a| a >> 6), "{}", A::ISA);
        assert_eq!(to_array(arch, arch.shift_right::<31>(x)), a.map(|a| a >> 31), "{}", A::ISA);
    }
}

#[test]
fn lanes_of_16_bits_are_exact_on_every_arch() {
    on_every_arch!(lanes16);
}

fn bytes16<A: Lanes16>(arch: A) {
    let storage = A::ISA.storage();
    let source: Vec<u8> = (0..=255u8).chain(0..32).collect();
    for start in 0..=256 {
        let bytes = &source[start..start + A::WIDTH16];
        // SAFETY: there are as many bytes as the width.
        let lanes = unsafe { arch.load_bytes16(bytes.as_ptr()) };
        let expected: Vec<i16> = bytes.iter().map(|&byte| storage.value(byte) as i16).collect();
        assert_eq!(to_vec(arch, lanes), expected, "{} at {start}", A::ISA);
    }
}

#[test]
fn bytes_widen_to_16_bits_on_every_arch() {
    on_every_arch!(bytes16);
}
