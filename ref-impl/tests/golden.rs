//! Replays operators recorded from the oracle (`tools/oracle/single_ops.py`), bit for bit.

mod golden_case;

use golden_case::{Case, Element, compare, replay};
use ottava_ref::ops::add::{AddParams, add};
use ottava_ref::ops::average_pool2d::average_pool2d;
use ottava_ref::ops::concatenation::{ConcatInput, ConcatenationParams, concatenation};
use ottava_ref::ops::conv2d::{Conv2dParams, conv2d};
use ottava_ref::ops::depthwise_conv2d::{DepthwiseConv2dParams, depthwise_conv2d};
use ottava_ref::ops::dequantize::{DequantizeParams, dequantize};
use ottava_ref::ops::fully_connected::{FcRequant, FullyConnectedParams, fully_connected};
use ottava_ref::ops::max_pool2d::{Pool2dParams, max_pool2d};
use ottava_ref::ops::mean::{MeanParams, mean};
use ottava_ref::ops::pad::{PadParams, pad};
use ottava_ref::ops::reduction::reduced_dimensions;
use ottava_ref::ops::requantize::{RequantizeParams, requantize};
use ottava_ref::ops::softmax::{SoftmaxParams, softmax};
use ottava_ref::shape::element_count;
use ottava_ref::{Multiplier, Operand, Quantized, scales};

type Outcome = Result<(), String>;

fn conv_multipliers<X: Quantized>(case: &Case) -> Vec<Multiplier> {
    let (input, output) = (case.scale("input_scale"), case.scale("output_scale"));
    if X::MIN == 0 {
        vec![scales::conv_uint8(input, case.scale("filter_scale"), output).unwrap()]
    } else {
        scales::conv_int8(input, &case.scales("filter_scale"), output).unwrap()
    }
}

fn zeros<X: Quantized>(shape: &[usize]) -> Vec<X> {
    vec![X::from_clamped(0); element_count(shape)]
}

fn conv2d_case<X: Quantized + Element>(case: &Case) -> Outcome {
    let filter_shape = case.array::<4>("filter_shape");
    let dilation = case.array("dilation");
    let [pad_top, pad_left] = case.padding([filter_shape[1], filter_shape[2]], dilation);
    let params = Conv2dParams {
        input_shape: case.array("input_shape"),
        filter_shape,
        output_shape: case.array("output_shape"),
        stride: case.array("stride"),
        dilation,
        pad_top,
        pad_left,
        input_zero_point: case.number("input_zero_point"),
        filter_zero_point: case.number("filter_zero_point"),
        multipliers: &conv_multipliers::<X>(case),
        output_zero_point: case.number("output_zero_point"),
        activation: case.activation::<X>(),
    };
    let mut output = zeros::<X>(&params.output_shape);
    let (input, filter) = (case.elements::<X>("data_input"), case.elements::<X>("data_filter"));
    conv2d(&params, &input, &filter, case.bias().as_deref(), &mut output);
    compare(case, &output)
}

fn depthwise_case<X: Quantized + Element>(case: &Case) -> Outcome {
    let filter_shape = case.array::<4>("filter_shape");
    let dilation = case.array("dilation");
    let [pad_top, pad_left] = case.padding([filter_shape[1], filter_shape[2]], dilation);
    let params = DepthwiseConv2dParams {
        input_shape: case.array("input_shape"),
        filter_shape,
        output_shape: case.array("output_shape"),
        stride: case.array("stride"),
        dilation,
        pad_top,
        pad_left,
        input_zero_point: case.number("input_zero_point"),
        filter_zero_point: case.number("filter_zero_point"),
        multipliers: &conv_multipliers::<X>(case),
        output_zero_point: case.number("output_zero_point"),
        activation: case.activation::<X>(),
    };
    let mut output = zeros::<X>(&params.output_shape);
    let (input, filter) = (case.elements::<X>("data_input"), case.elements::<X>("data_filter"));
    depthwise_conv2d(&params, &input, &filter, case.bias().as_deref(), &mut output);
    compare(case, &output)
}

fn fully_connected_case<X: Quantized + Element>(case: &Case) -> Outcome {
    let effective =
        scales::effective_scales(case.scale("input_scale"), &case.scales("filter_scale"), case.scale("output_scale"));
    let params = FullyConnectedParams {
        batches: case.number("batches"),
        input_depth: case.number("input_depth"),
        output_depth: case.number("output_depth"),
        input_zero_point: case.number("input_zero_point"),
        filter_zero_point: case.number("filter_zero_point"),
        requant: FcRequant::F64Round(&effective),
        output_zero_point: case.number("output_zero_point"),
        activation: case.activation::<X>(),
    };
    let mut output = zeros::<X>(&[params.batches, params.output_depth]);
    let (input, filter) = (case.elements::<X>("data_input"), case.elements::<X>("data_filter"));
    fully_connected(&params, &input, &filter, case.bias().as_deref(), &mut output);
    compare(case, &output)
}

fn pool_case<X: Quantized + Element>(case: &Case, pool: impl Fn(&Pool2dParams, &[X], &mut [X])) -> Outcome {
    let filter = case.array("filter");
    let [pad_top, pad_left] = case.padding(filter, [1, 1]);
    let params = Pool2dParams {
        input_shape: case.array("input_shape"),
        output_shape: case.array("output_shape"),
        filter,
        stride: case.array("stride"),
        pad_top,
        pad_left,
        activation: case.activation::<X>(),
    };
    let mut output = zeros::<X>(&params.output_shape);
    pool(&params, &case.elements::<X>("data_input"), &mut output);
    compare(case, &output)
}

fn concatenation_case<X: Quantized + Element>(case: &Case) -> Outcome {
    let params = ConcatenationParams {
        outer_count: case.number("outer_count"),
        output_scale: case.scale("output_scale"),
        output_zero_point: case.number("output_zero_point"),
    };
    let operands = 0..case.number::<usize>("operands");
    let data: Vec<Vec<X>> = operands.map(|i| case.elements(&format!("data_input{i}"))).collect();
    let inputs: Vec<ConcatInput<'_, X>> = data
        .iter()
        .enumerate()
        .map(|(i, data)| ConcatInput {
            data,
            scale: case.scale(&format!("input{i}_scale")),
            zero_point: case.number(&format!("input{i}_zero_point")),
        })
        .collect();
    let mut output = zeros::<X>(&[data.iter().map(Vec::len).sum()]);
    concatenation(&params, &inputs, &mut output);
    compare(case, &output)
}

fn add_case<X: Quantized + Element>(case: &Case) -> Outcome {
    let scale = |key| case.scale(key);
    let params = AddParams {
        input_zero_points: [case.number("input1_zero_point"), case.number("input2_zero_point")],
        multipliers: scales::add::<X>(scale("input1_scale"), scale("input2_scale"), scale("output_scale")).unwrap(),
        output_zero_point: case.number("output_zero_point"),
        activation: case.activation::<X>(),
    };
    let mut output = zeros::<X>(&case.numbers("output_shape"));
    let shapes = [case.numbers("input1_shape"), case.numbers("input2_shape")];
    let values = [case.elements::<X>("data_input1"), case.elements::<X>("data_input2")];
    add(&params, [0, 1].map(|i| Operand { shape: &shapes[i], values: &values[i] }), &mut output);
    compare(case, &output)
}

fn mean_case<X: Quantized + Element>(case: &Case) -> Outcome {
    let input_shape: Vec<usize> = case.numbers("input_shape");
    let reduced = reduced_dimensions(&case.numbers("axes"), input_shape.len()).unwrap();
    let params = MeanParams {
        input_shape: &input_shape,
        reduced: &reduced,
        input_zero_point: case.number("input_zero_point"),
        multiplier: scales::rescale(case.scale("input_scale"), case.scale("output_scale")).unwrap(),
        output_zero_point: case.number("output_zero_point"),
    };
    let kept = input_shape.iter().zip(&reduced).filter(|&(_, &reduced)| !reduced);
    let mut output = zeros::<X>(&[kept.map(|(size, _)| size).product()]);
    mean(&params, &case.elements::<X>("data_input"), &mut output);
    compare(case, &output)
}

fn pad_case<X: Quantized + Element>(case: &Case) -> Outcome {
    let paddings: Vec<[usize; 2]> = case.numbers("paddings").chunks(2).map(|pair| [pair[0], pair[1]]).collect();
    let params = PadParams {
        input_shape: &case.numbers("input_shape"),
        paddings: &paddings,
        fill: X::from_clamped(case.number("output_zero_point")),
    };
    let mut output = zeros::<X>(&[case.bytes("data_output").len()]);
    pad(&params, &case.elements::<X>("data_input"), &mut output);
    compare(case, &output)
}

fn softmax_case<X: Quantized + Element>(case: &Case) -> Outcome {
    let params = SoftmaxParams::new(case.scale("beta"), case.scale("input_scale")).unwrap();
    let input = case.elements::<X>("data_input");
    let mut output = zeros::<X>(&[input.len()]);
    softmax(&params, case.number("depth"), &input, &mut output);
    compare(case, &output)
}

fn requantize_case<X: Quantized + Element>(case: &Case) -> Outcome {
    fn to<X: Quantized + Element, Y: Quantized + Element>(case: &Case) -> Outcome {
        let params = RequantizeParams {
            input_zero_point: case.number("input_zero_point"),
            multiplier: scales::rescale(case.scale("input_scale"), case.scale("output_scale")).unwrap(),
            output_zero_point: case.number("output_zero_point"),
        };
        let input: Vec<X> = case.elements("data_input");
        let mut output = zeros::<Y>(&[input.len()]);
        requantize(&params, &input, &mut output);
        compare(case, &output)
    }
    match case.text("output_dtype") {
        "int8" => to::<X, i8>(case),
        "uint8" => to::<X, u8>(case),
        other => Err(format!("output dtype {other}")),
    }
}

fn dequantize_case<X: Quantized + Element>(case: &Case) -> Outcome {
    let params = DequantizeParams { scale: case.scale("input_scale"), zero_point: case.number("input_zero_point") };
    let input: Vec<X> = case.elements("data_input");
    let mut output = vec![0.0; input.len()];
    dequantize(&params, &input, &mut output);
    compare(case, &output)
}

fn average_pool2d_case<X: Quantized + Element>(case: &Case) -> Outcome {
    pool_case::<X>(case, average_pool2d)
}

fn max_pool2d_case<X: Quantized + Element>(case: &Case) -> Outcome {
    pool_case::<X>(case, max_pool2d)
}

/// One test per golden file, named after it.
macro_rules! golden_tests {
    ($($operator:ident: $case:ident;)*) => {
        mod replays {
            $(
                #[test]
                fn $operator() {
                    crate::replay(stringify!($operator), crate::$case::<i8>, crate::$case::<u8>);
                }
            )*
        }
    };
}

golden_tests! {
    conv2d: conv2d_case;
    depthwise_conv2d: depthwise_case;
    fully_connected: fully_connected_case;
    average_pool2d: average_pool2d_case;
    max_pool2d: max_pool2d_case;
    concatenation: concatenation_case;
    add: add_case;
    mean: mean_case;
    pad: pad_case;
    softmax: softmax_case;
    requantize: requantize_case;
    dequantize: dequantize_case;
}
