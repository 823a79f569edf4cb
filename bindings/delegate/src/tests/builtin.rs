//! Parameters of operators, field by field: each has a value of its own in the host's structure.

use ottava::schema::{self, BuiltinOptions};

use crate::builtin::{options, type_code};

/// The options of an operator whose structure is these words.
fn of(code: i32, version: i32, words: &[i32]) -> Result<Option<BuiltinOptions>, String> {
    // SAFETY: each caller has all words of the operator's structure.
    unsafe { options((code, version), words.as_ptr().cast(), 4) }
}

/// A word of four flags.
fn flags(values: [u8; 4]) -> i32 {
    i32::from_le_bytes(values)
}

#[test]
fn windows() {
    let conv = schema::Conv2DOptions {
        padding: 0,
        stride_w: 2,
        stride_h: 3,
        fused_activation_function: 1,
        dilation_w_factor: 5,
        dilation_h_factor: 6,
        quantized_bias_type: 4,
    };
    assert_eq!(of(3, 3, &[1, 2, 3, 1, 5, 6]), Ok(Some(BuiltinOptions::Conv2DOptions(Box::new(conv)))));
    let depthwise = schema::DepthwiseConv2DOptions {
        padding: 1,
        stride_w: 2,
        stride_h: 3,
        depth_multiplier: 4,
        fused_activation_function: 3,
        dilation_w_factor: 5,
        dilation_h_factor: 6,
    };
    let read = of(4, 3, &[2, 2, 3, 4, 3, 5, 6]);
    assert_eq!(read, Ok(Some(BuiltinOptions::DepthwiseConv2DOptions(Box::new(depthwise)))));
    let pool = schema::Pool2DOptions {
        padding: 1,
        stride_w: 2,
        stride_h: 3,
        filter_width: 4,
        filter_height: 5,
        fused_activation_function: 1,
    };
    for code in [1, 17] {
        let read = of(code, 2, &[2, 2, 3, 4, 5, 1]);
        assert_eq!(read, Ok(Some(BuiltinOptions::Pool2DOptions(Box::new(pool.clone())))));
    }
    // The activation function of version 4; older structures end before it.
    for (version, activation) in [(3, 0), (4, 3)] {
        let transpose = schema::TransposeConvOptions {
            padding: 0,
            stride_w: 2,
            stride_h: 3,
            fused_activation_function: activation,
            quantized_bias_type: 4,
        };
        let read = of(67, version, &[1, 2, 3, 3]);
        assert_eq!(read, Ok(Some(BuiltinOptions::TransposeConvOptions(Box::new(transpose)))));
    }
    for padding in [0, 3, -1] {
        assert_eq!(of(3, 3, &[padding, 1, 1, 0, 1, 1]), Err(format!("padding {padding}")));
    }
    assert_eq!(of(3, 3, &[1, 1, 1, 300, 1, 1]), Err("fused activation 300".into()));
}

#[test]
fn operators_with_an_activation_function() {
    let fused_activation_function = 3;
    let add = schema::AddOptions { fused_activation_function, pot_scale_int16: true };
    assert_eq!(of(0, 2, &[3, 1]), Ok(Some(BuiltinOptions::AddOptions(Box::new(add)))));
    let sub = schema::SubOptions { fused_activation_function, pot_scale_int16: false };
    assert_eq!(of(41, 2, &[3, 0]), Ok(Some(BuiltinOptions::SubOptions(Box::new(sub)))));
    let concatenation = schema::ConcatenationOptions { axis: -1, fused_activation_function };
    assert_eq!(of(2, 2, &[-1, 3]), Ok(Some(BuiltinOptions::ConcatenationOptions(Box::new(concatenation)))));
    let dense = schema::FullyConnectedOptions {
        fused_activation_function,
        weights_format: 0,
        keep_num_dims: true,
        asymmetric_quantize_inputs: false,
        quantized_bias_type: 4,
    };
    let read = of(9, 4, &[3, 0, flags([1, 0, 9, 9])]);
    assert_eq!(read, Ok(Some(BuiltinOptions::FullyConnectedOptions(Box::new(dense.clone())))));
    let dense = schema::FullyConnectedOptions { keep_num_dims: false, asymmetric_quantize_inputs: true, ..dense };
    let read = of(9, 4, &[3, 0, flags([0, 1, 9, 9])]);
    assert_eq!(read, Ok(Some(BuiltinOptions::FullyConnectedOptions(Box::new(dense)))));
    let norm = schema::L2NormOptions { fused_activation_function };
    assert_eq!(of(11, 1, &[3]), Ok(Some(BuiltinOptions::L2NormOptions(Box::new(norm)))));
    let mul = schema::MulOptions { fused_activation_function };
    assert_eq!(of(18, 2, &[3]), Ok(Some(BuiltinOptions::MulOptions(Box::new(mul)))));
    let div = schema::DivOptions { fused_activation_function };
    assert_eq!(of(42, 2, &[3]), Ok(Some(BuiltinOptions::DivOptions(Box::new(div)))));
}

#[test]
fn lists_and_shapes() {
    let reshape = |new_shape| BuiltinOptions::ReshapeOptions(Box::new(schema::ReshapeOptions { new_shape }));
    assert_eq!(of(22, 1, &[1, -1, 9, 9, 9, 9, 9, 9, 2]), Ok(Some(reshape(Some(vec![1, -1])))));
    assert_eq!(of(22, 1, &[9, 9, 9, 9, 9, 9, 9, 9, 0]), Ok(Some(reshape(None))));
    assert_eq!(of(22, 1, &[9, 9, 9, 9, 9, 9, 9, 9, 9]), Err("a list of 9 integers".into()));
    let squeeze = schema::SqueezeOptions { squeeze_dims: Some(vec![2, 3]) };
    let read = of(43, 1, &[2, 3, 9, 9, 9, 9, 9, 9, 2]);
    assert_eq!(read, Ok(Some(BuiltinOptions::SqueezeOptions(Box::new(squeeze)))));
    for (version, offset) in [(7, false), (8, true)] {
        let slice = schema::StridedSliceOptions {
            begin_mask: 1,
            end_mask: 2,
            ellipsis_mask: 3,
            new_axis_mask: 4,
            shrink_axis_mask: 5,
            offset,
        };
        let read = of(45, version, &[1, 2, 3, 4, 5, flags([1, 0, 0, 0])]);
        assert_eq!(read, Ok(Some(BuiltinOptions::StridedSliceOptions(Box::new(slice)))));
    }
    let gather = schema::GatherOptions { axis: 1, batch_dims: 2 };
    assert_eq!(of(36, 1, &[1, 2]), Ok(Some(BuiltinOptions::GatherOptions(Box::new(gather)))));
    let pack = schema::PackOptions { values_count: 3, axis: 1 };
    assert_eq!(of(83, 1, &[3, 1]), Ok(Some(BuiltinOptions::PackOptions(Box::new(pack)))));
    let unpack = schema::UnpackOptions { num: 3, axis: 1 };
    assert_eq!(of(88, 1, &[3, 1]), Ok(Some(BuiltinOptions::UnpackOptions(Box::new(unpack)))));
    for mode in [1, 2] {
        let mirror = schema::MirrorPadOptions { mode: mode as i8 - 1 };
        assert_eq!(of(100, 1, &[mode]), Ok(Some(BuiltinOptions::MirrorPadOptions(Box::new(mirror)))));
    }
    assert_eq!(of(100, 1, &[0]), Err("mode 0".into()));
}

#[test]
fn flags_and_numbers() {
    for [first, second] in [[false, true], [true, false]] {
        let words = [flags([u8::from(first), u8::from(second), 9, 9])];
        let bilinear = schema::ResizeBilinearOptions { align_corners: first, half_pixel_centers: second };
        assert_eq!(of(23, 3, &words), Ok(Some(BuiltinOptions::ResizeBilinearOptions(Box::new(bilinear)))));
        let nearest = schema::ResizeNearestNeighborOptions { align_corners: first, half_pixel_centers: second };
        assert_eq!(of(97, 3, &words), Ok(Some(BuiltinOptions::ResizeNearestNeighborOptions(Box::new(nearest)))));
        let product = schema::BatchMatMulOptions { adj_x: first, adj_y: second };
        assert_eq!(of(126, 1, &words), Ok(Some(BuiltinOptions::BatchMatMulOptions(Box::new(product)))));
        let gelu = schema::GeluOptions { approximate: first };
        assert_eq!(of(150, 1, &words), Ok(Some(BuiltinOptions::GeluOptions(Box::new(gelu)))));
        for code in [40, 74, 81, 82, 89] {
            let reducer = schema::ReducerOptions { keep_dims: first };
            assert_eq!(of(code, 2, &words), Ok(Some(BuiltinOptions::ReducerOptions(Box::new(reducer)))));
        }
    }
    let softmax = schema::SoftmaxOptions { beta: 0.5 };
    let word = 0.5_f32.to_bits().cast_signed();
    assert_eq!(of(25, 2, &[word]), Ok(Some(BuiltinOptions::SoftmaxOptions(Box::new(softmax)))));
    let leaky = schema::LeakyReluOptions { alpha: 0.5 };
    assert_eq!(of(98, 2, &[word]), Ok(Some(BuiltinOptions::LeakyReluOptions(Box::new(leaky)))));
    let spread = schema::DepthToSpaceOptions { block_size: 2 };
    assert_eq!(of(5, 1, &[2]), Ok(Some(BuiltinOptions::DepthToSpaceOptions(Box::new(spread)))));
    let deepen = schema::SpaceToDepthOptions { block_size: 2 };
    assert_eq!(of(26, 1, &[2]), Ok(Some(BuiltinOptions::SpaceToDepthOptions(Box::new(deepen)))));
    let split = schema::SplitOptions { num_splits: 2 };
    assert_eq!(of(49, 1, &[2]), Ok(Some(BuiltinOptions::SplitOptions(Box::new(split)))));
    let split = schema::SplitVOptions { num_splits: 2 };
    assert_eq!(of(102, 1, &[2]), Ok(Some(BuiltinOptions::SplitVOptions(Box::new(split)))));
    let most = schema::ArgMaxOptions { output_type: 4 };
    assert_eq!(of(56, 1, &[4]), Ok(Some(BuiltinOptions::ArgMaxOptions(Box::new(most)))));
    let least = schema::ArgMinOptions { output_type: 2 };
    assert_eq!(of(79, 1, &[2]), Ok(Some(BuiltinOptions::ArgMinOptions(Box::new(least)))));
    let shape = schema::ShapeOptions { out_type: 2 };
    assert_eq!(of(77, 1, &[2]), Ok(Some(BuiltinOptions::ShapeOptions(Box::new(shape)))));
}

#[test]
fn operators_without_parameters_have_none() {
    for code in [6, 14, 19, 21, 28, 34, 39, 55, 57, 60, 65, 114, 117] {
        assert_eq!(of(code, 1, &[0]), Ok(None));
    }
    // SAFETY: NULL is none for every operator.
    assert_eq!(unsafe { options((3, 1), std::ptr::null(), 0) }, Ok(None));
}

#[test]
fn element_types_have_the_numbers_of_files() {
    let host = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
    let file = [0, 2, 3, 4, 5, 6, 7, 8, 9, 1, 10, 11, 12, 13, 14, 15, 16, 17].map(Some);
    assert_eq!(host.map(type_code), file);
    assert_eq!([0, -1, 19, 99].map(type_code), [None; 4]);
}
