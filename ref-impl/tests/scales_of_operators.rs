//! The multipliers of each operator against exact rational arithmetic, done beforehand.

use ottava_ref::{Error, Multiplier, scales};

#[test]
fn convolutions_differ_in_the_rounding_of_the_scale_product() {
    for (input, filter, output, shift, exact, rounded) in
        [(0.1, 0.3, 0.7, -4, 1_472_560_321, 1_472_560_299), (0.0235, 0.0041, 0.06, -9, 1_765_632_410, 1_765_632_439)]
    {
        let exact = Multiplier { mantissa: exact, shift };
        let rounded = Multiplier { mantissa: rounded, shift };
        assert_eq!(scales::conv_int8(input, &[filter, filter], output), Ok(vec![exact, exact]));
        assert_eq!(scales::conv_int8(input, &[filter], output), Ok(vec![exact]));
        assert_eq!(scales::conv_uint8(input, filter, output), Ok(rounded));
        assert_eq!(scales::fully_connected_gemmlowp(input, &[filter], output), Ok(vec![rounded]));
        assert_eq!(scales::fully_connected_gemmlowp(input, &[filter, filter], output), Ok(vec![exact, exact]));
        let [effective] = scales::effective_scales(input, &[filter], output)[..] else {
            panic!("one filter scale gives one effective scale");
        };
        assert_eq!(Multiplier::from_f64(effective), Ok(exact));
    }
}

#[test]
fn add_brings_both_operands_to_twice_the_larger_scale() {
    let multipliers = scales::add::<i8>(0.1, 0.3, 0.25).unwrap();
    assert_eq!(multipliers.input1, Multiplier { mantissa: 1_431_655_730, shift: -2 });
    assert_eq!(multipliers.input2, Multiplier { mantissa: 1 << 30, shift: 0 });
    assert_eq!(multipliers.output, Multiplier { mantissa: 1_288_490_240, shift: -18 });
    assert!(matches!(scales::add::<i8>(1.0, 1.0, 1e-7), Err(Error::MultiplierNotBelowOne(_))));
    assert!(scales::add::<i8>(1.0, 0.0, 1.0).is_err());
}

#[test]
fn a_zero_output_scale_is_an_error() {
    assert!(scales::conv_int8(0.1, &[0.1], 0.0).is_err());
    assert!(scales::conv_uint8(0.1, 0.1, 0.0).is_err());
    assert!(scales::add::<i8>(0.1, 0.1, 0.0).is_err());
    assert!(scales::rescale(0.1, 0.0).is_err());
    assert!(scales::rescale(0.0, 0.0).is_err());
    assert_eq!(scales::rescale(0.75, 0.5), Ok(Multiplier { mantissa: 3 << 29, shift: 1 }));
}
