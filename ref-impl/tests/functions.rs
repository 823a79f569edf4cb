//! Functions of one operand where recordings of the oracle do not reach: values that are refused, scales at the ends, and
//! results that are known without it.

use ottava_ref::ops::absolute::negate;
use ottava_ref::ops::cast::cast;
use ottava_ref::ops::detection_postprocess::{Candidates, DetectionParams, Detections, detection_postprocess};
use ottava_ref::ops::hard_swish::{HardSwishParams, hard_swish};
use ottava_ref::ops::interpolated::Interpolated;
use ottava_ref::ops::l2_normalization::l2_normalization;
use ottava_ref::ops::log_softmax::LogSoftmaxParams;
use ottava_ref::ops::partial_sort::greatest_first;
use ottava_ref::ops::real_function::{RealFunction, RealFunctionParams, real_function};
use ottava_ref::ops::sigmoid16::{Sigmoid, Sigmoid16Params, sigmoid16};
use ottava_ref::ops::softmax16::{Softmax16Params, softmax16};
use ottava_ref::ops::square_root::{ReciprocalSqrtParams, reciprocal_sqrt, reciprocal_sqrt16, sqrt};
use ottava_ref::{Error, fixed, real};

const PLAIN: RealFunctionParams =
    RealFunctionParams { input_scale: 1.0, input_zero_point: 0, output_scale: 1.0, output_zero_point: 0 };

#[test]
fn roots_of_negative_values_are_errors() {
    let mut output = [0_i8; 2];
    assert_eq!(sqrt(&PLAIN, &[4_i8, -1], &mut output), Err(Error::RootOfNegative(-1.0)));
    sqrt(&PLAIN, &[4_i8, 15], &mut output).unwrap();
    // Truncated, not rounded.
    assert_eq!(output, [2, 3]);
    let params = ReciprocalSqrtParams::new((1.0, 0), (0.01, 0)).unwrap();
    assert!(reciprocal_sqrt(&params, &[1_i8, -128], &mut output).is_err());
    reciprocal_sqrt(&params, &[0_i8, 4], &mut output).unwrap();
    assert_eq!(output, [127, 50]);
    let table = Interpolated::in_f32((1.0, 0), (1.0, 0), |x| x);
    assert!(reciprocal_sqrt16(&table, &[-1], &mut [0]).is_err());
}

#[test]
fn scales_at_the_ends_are_refused_or_give_the_end() {
    // The output's scale must be above a hundredth of the input's.
    assert!(HardSwishParams::new((1.0, 0), (0.001, 0)).is_err());
    let tiny = HardSwishParams::new((1e-6, 0), (1e3, 7)).unwrap();
    let mut output = [0_i8; 3];
    hard_swish(&tiny, &[-128_i8, 0, 127], &mut output);
    assert_eq!(output, [7; 3]);
    assert!(LogSoftmaxParams::new(1e-9).is_err());
    assert!(LogSoftmaxParams::new(f32::NAN).is_err());
    assert!(ReciprocalSqrtParams::new((1e30, 0), (1e30, 0)).is_ok());
    assert!(Softmax16Params::new(f32::INFINITY, 1.0).is_err());
}

#[test]
fn overflowing_functions_saturate() {
    let params = RealFunctionParams { input_scale: 10.0, ..PLAIN };
    let mut output = [0_i8; 3];
    real_function(&params, RealFunction::Exp, &[-128_i8, 0, 127], &mut output);
    assert_eq!(output, [0, 1, 127]);
    // Both factors of GELU are out of range: the product is no number, and counts as 0.
    let params = RealFunctionParams { input_scale: 1e38, output_zero_point: 5, ..PLAIN };
    real_function(&params, RealFunction::Gelu, &[-128_i8, 0, 127], &mut output);
    assert_eq!(output, [5, 5, 127]);
    let table = Interpolated::in_f32((1.0, 0), (1.0, 0), real::exp);
    assert_eq!([table.look(-32768), table.look(32767)], [0, 32767]);
}

#[test]
fn sigmoids_are_symmetric_and_monotonic() {
    for scale in [1e-6, 1.0 / 4096.0, 1.0 / 2048.0, 3e-4, 0.1, 1e9] {
        let input: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let mut output = vec![0; input.len()];
        sigmoid16(&Sigmoid16Params::new(Sigmoid::Tanh, scale), &input, &mut output);
        assert!(output.is_sorted(), "{scale}");
        assert!(
            (1..32768).all(|x| (i32::from(output[32768 + x]) + i32::from(output[32768 - x])).abs() <= 2),
            "{scale}"
        );
        sigmoid16(&Sigmoid16Params::new(Sigmoid::Logistic, scale), &input, &mut output);
        assert!(output.is_sorted() && output[32768] == 16384, "{scale}");
    }
}

#[test]
fn rows_of_16_bits_add_up_to_one() {
    let params = Softmax16Params::new(1.0, 1e-3).unwrap();
    for depth in [1, 2, 7, 1000] {
        let input: Vec<i16> = (0..depth).map(|index| (index * 37 % 1000) as i16).collect();
        let mut output = vec![0; input.len()];
        softmax16(&params, input.len(), &input, &mut output);
        let sum: i32 = output.iter().map(|&x| i32::from(x)).sum();
        assert!((sum - 32768).abs() <= 600, "{depth}: {sum}");
    }
}

#[test]
fn inverse_roots_are_near_the_real_ones() {
    for value in (1..1000).chain([1 << 20, (1 << 29) - 1, 1 << 29, i32::MAX]) {
        let root = fixed::inverse_sqrt(value);
        assert!(root.shift <= 0);
        let real = f64::from(root.mantissa) * f64::from(root.shift - 31).exp2();
        assert!((real * f64::from(value).sqrt() - 1.0).abs() < 1e-5, "{value}: {real}");
    }
    let mut output = [1_u8; 4];
    l2_normalization(3, 2, &[3_u8, 3, 6, 7], &mut output);
    assert_eq!(output, [128, 128, 128 + 77, 128 + 102]);
}

#[test]
fn casts_wrap_between_integers_and_saturate_from_floats() {
    let mut bytes = [0_i8; 4];
    cast(&[300_i32, -129, 127, -1], &mut bytes);
    assert_eq!(bytes, [44, 127, 127, -1]);
    cast(&[1e9_f32, -1e9, f32::NAN, -1.9], &mut bytes);
    assert_eq!(bytes, [127, -128, 127, -1]);
    let mut truth = [false; 3];
    cast(&[0.0_f32, f32::NAN, -0.5], &mut truth);
    assert_eq!(truth, [false, true, true]);
    let mut floats = [0.0_f32; 2];
    cast(&[u64::MAX, (1 << 24) + 1], &mut floats);
    assert_eq!(floats, [18_446_744_073_709_551_615.0, 16_777_216.0]);
    negate(&[i8::MIN, 5, 0, -1], &mut bytes);
    assert_eq!(bytes, [-128, -5, 0, 1]);
}

#[test]
fn the_greatest_come_first() {
    let values = [3.0, 9.0, 1.0, 9.0, 7.0];
    assert_eq!(greatest_first(&values, 1), [1]);
    let three = greatest_first(&values, 3);
    assert_eq!(three.iter().map(|&index| values[index]).collect::<Vec<_>>(), [9.0, 9.0, 7.0]);
    let mut all = greatest_first(&values, 5);
    assert!(all.windows(2).all(|pair| values[pair[0]] >= values[pair[1]]));
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4]);
}

#[test]
fn boxes_of_a_negative_size_are_errors_and_unused_slots_are_zero() {
    let params = DetectionParams {
        max_detections: 3,
        max_classes_per_detection: 1,
        detections_per_class: 3,
        regular: false,
        score_threshold: 0.5,
        iou_threshold: 0.5,
        classes: 1,
        units: [1.0; 4],
    };
    let run = |anchors: &[f32]| {
        let (mut boxes, mut classes, mut scores, mut count) = ([9.0; 12], [9.0; 3], [9.0; 3], 9.0);
        let mut output =
            Detections { boxes: &mut boxes, classes: &mut classes, scores: &mut scores, count: &mut count };
        let candidates =
            Candidates { boxes: &[0.0; 12], box_columns: 4, scores: &[0.6, 0.9, 0.4], score_columns: 1, anchors };
        detection_postprocess(&params, &candidates, &mut output)?;
        Ok((boxes, scores, count))
    };
    let same = [0.5, 0.5, 0.25, 0.5];
    // The second box covers the first, the third has too low a score.
    let (boxes, scores, count) = run(&[same, same, same].concat()).unwrap();
    assert_eq!((count, scores), (1.0, [0.9, 0.0, 0.0]));
    assert_eq!((&boxes[..4], &boxes[4..]), (&[0.375, 0.25, 0.625, 0.75][..], &[0.0; 8][..]));
    let negative = [0.5, 0.5, -0.25, 0.5];
    assert_eq!(run(&[same, same, negative].concat()), Err(Error::NegativeExtent([0.625, 0.25, 0.375, 0.75])));
}
