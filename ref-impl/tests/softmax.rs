//! SOFTMAX: its functions against f64, and its table form against the operator.

mod random;

use ottava_ref::ops::softmax::{
    RowScale, SoftmaxParams, exp_on_negative_values, one_over_one_plus_x, softmax, summand,
};
use ottava_ref::{Error, Quantized};
use random::Random;

#[test]
fn exponential_is_right_to_22_bits() {
    let mut random = Random(1);
    assert_eq!(exp_on_negative_values(0), i32::MAX);
    let edges = (0..31).map(|bit| -(1 << bit)).chain([i32::MIN, -1]);
    for a in edges.chain((0..20_000).map(|_| -random.between(1, i64::from(i32::MAX)) as i32)) {
        let exact = (f64::from(a) / 2f64.powi(26)).exp();
        let got = f64::from(exp_on_negative_values(a)) / 2f64.powi(31);
        assert!((got - exact).abs() < 2f64.powi(-22), "exp of {a}: {got} for {exact}");
    }
}

#[test]
fn exponential_has_the_constants_of_its_steps() {
    // -1/8 is the centre of the polynomial.
    assert_eq!(exp_on_negative_values(-(1 << 23)), 1_895_147_668);
    // One step below a power of two is a single factor times nearly one.
    for bit in 24..31 {
        let got = f64::from(exp_on_negative_values(-(1 << bit) - 1));
        let exact = (-2f64.powi(bit - 26)).exp() * 2f64.powi(31);
        assert!((got - exact).abs() < 0.5 + exact * 2f64.powi(-21), "bit {bit}: {got} for {exact}");
    }
}

#[test]
fn reciprocal_is_right_to_27_bits() {
    let mut random = Random(2);
    for a in [0, 1, i32::MAX].into_iter().chain((0..20_000).map(|_| random.between(0, i64::from(i32::MAX)) as i32)) {
        let exact = 1.0 / (1.0 + f64::from(a) / 2f64.powi(31));
        let got = f64::from(one_over_one_plus_x(a)) / 2f64.powi(31);
        assert!((got - exact).abs() < 2f64.powi(-27), "reciprocal at {a}: {got} for {exact}");
    }
}

#[test]
fn differences_below_the_radius_do_not_count() {
    // 2^26 steps a unit over a scale of one: 31 steps fit the five integer bits.
    let params = SoftmaxParams::new(1.0, 1.0).unwrap();
    assert_eq!(params.multiplier.shift, 27);
    assert_eq!(params.diff_min, -15);
    assert!(params.exponential(-15) > 0);
    assert_eq!(params.exponential(-16), 0);
    // The multiplier saturates: only the maximum itself is left.
    let steep = SoftmaxParams::new(1.0, 1e6).unwrap();
    assert_eq!((steep.multiplier.shift, steep.diff_min), (31, 0));
    assert_eq!((steep.exponential(0), steep.exponential(-1)), (i32::MAX, 0));
    assert!(matches!(SoftmaxParams::new(0.0, 1.0), Err(Error::MultiplierNotAboveOne(_))));
    assert!(matches!(SoftmaxParams::new(1.0, 1e-9), Err(Error::MultiplierNotAboveOne(_))));
    assert!(SoftmaxParams::new(f32::NAN, 1.0).is_err());
}

/// The operator as a kernel would run it, from a table.
fn from_table<X: Quantized>(params: &SoftmaxParams, row: &[X]) -> Vec<X> {
    let table = params.exponentials();
    let largest = row.iter().map(|x| x.to_i32()).max().unwrap();
    let exponentials: Vec<i32> = row.iter().map(|x| table[(largest - x.to_i32()) as usize]).collect();
    let scale = RowScale::new(exponentials.iter().map(|&e| summand(e)).sum());
    exponentials.iter().map(|&e| X::from_clamped(scale.probability(e) + X::MIN)).collect()
}

#[test]
fn rows_are_near_the_real_softmax_and_equal_their_table_form() {
    let mut random = Random(3);
    for _ in 0..400 {
        let depth = random.between(1, 100) as usize;
        let scale = 10f32.powi(random.between(-4, 1) as i32);
        let params = SoftmaxParams::new(1.0, scale).unwrap();
        let rows: Vec<i8> = (0..2 * depth).map(|_| random.bits() as i8).collect();
        let mut output = vec![0_i8; 2 * depth];
        softmax(&params, depth, &rows, &mut output);
        for (row, out) in rows.chunks(depth).zip(output.chunks(depth)) {
            assert_eq!(out, from_table(&params, row));
            let largest = f64::from(*row.iter().max().unwrap());
            let real: Vec<f64> = row.iter().map(|&x| ((f64::from(x) - largest) * f64::from(scale)).exp()).collect();
            let sum: f64 = real.iter().sum();
            for (&got, real) in out.iter().zip(&real) {
                let exact = (real / sum * 256.0 - 128.0).min(127.0);
                assert!((f64::from(got) - exact).abs() < 0.51, "{got} for {exact}, scale {scale}");
            }
        }
        // The same differences in the other type give the same probabilities.
        let unsigned: Vec<u8> = rows.iter().map(|&x| (x as u8) ^ 0x80).collect();
        let mut output_unsigned = vec![0_u8; 2 * depth];
        softmax(&params, depth, &unsigned, &mut output_unsigned);
        assert!(output.iter().zip(&output_unsigned).all(|(&a, &b)| (a as u8) ^ 0x80 == b));
    }
}

#[test]
fn flat_rows_of_any_depth_share_the_unit_evenly() {
    let params = SoftmaxParams::new(1.0, 0.1).unwrap();
    for (depth, expected) in
        [(1, 255), (2, 128), (3, 85), (256, 1), (511, 1), (512, 0), (4095, 0), (5000, 0), (20_000, 0)]
    {
        let mut output = vec![99_u8; depth];
        softmax(&params, depth, &vec![7_u8; depth], &mut output);
        assert!(output.iter().all(|&x| x == expected), "{depth}: {}", output[0]);
    }
}
