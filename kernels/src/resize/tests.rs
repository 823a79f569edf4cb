//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ops::resize_bilinear::{
    ResizeBilinearParams, Sample as RefSample, resize_bilinear_f32, resize_bilinear_fixed, resize_bilinear_u8,
};

use super::*;
use crate::layer::{Layer, run_all};
use crate::memory::SLACK;
use crate::testing::{Failures, Fill, Guarded, Random, as_bytes, as_signed, for_each_isa, stored};
use crate::window::Image;

fn samples<F: Copy>(list: Vec<RefSample<F>>) -> Vec<Sample<F>> {
    list.into_iter().map(|it| Sample { lower: it.lower, upper: it.upper, fraction: it.fraction }).collect()
}

/// Shapes, sizes and options: every tail of a block, sizes up and down, extremes beyond the last element.
fn cases(random: &mut Random, count: usize) -> Vec<ResizeBilinearParams> {
    (0..count)
        .map(|index| {
            let size = |random: &mut Random| random.pick(&[1, 2, 3, 5, 8]);
            let (align_corners, half_pixel_centers) = random.pick(&[(false, false), (true, false), (false, true)]);
            let output = |random: &mut Random| if index % 40 == 0 { 700 } else { random.pick(&[1, 2, 5, 9, 17]) };
            ResizeBilinearParams {
                input_shape: [random.pick(&[1, 2]), size(random), size(random), 1 + index % 37],
                size: [random.pick(&[1, 2, 7]), output(random)],
                align_corners,
                half_pixel_centers,
            }
        })
        .collect()
}

fn real(params: &ResizeBilinearParams) -> [Vec<Sample<f32>>; 2] {
    [0, 1].map(|axis| samples(params.sampling(axis).real()))
}

fn fixed(params: &ResizeBilinearParams) -> [Vec<Sample<i32>>; 2] {
    [0, 1].map(|axis| samples(params.sampling(axis).fixed()))
}

fn elements(params: &ResizeBilinearParams) -> [usize; 2] {
    let [batch, height, width, channels] = params.input_shape;
    [batch * height * width * channels, batch * params.size[0] * params.size[1] * channels]
}

fn spec(params: &ResizeBilinearParams, samples: Samples, gaps: [usize; 2], threads: usize) -> ResizeSpec {
    let [batch, height, width, channels] = params.input_shape;
    let mut input = Image::dense(batch, height, width, channels);
    input.pixel_stride += gaps[0];
    ResizeSpec { input, samples, output_stride: channels + gaps[1], threads }
}

#[test]
fn bytes_equal_the_reference() {
    let mut random = Random::new(3);
    let mut failures = Failures::default();
    for (round, params) in cases(&mut random, 400).into_iter().enumerate() {
        let [count, outputs] = elements(&params);
        let fill = Fill::ALL[if round % 3 == 0 { round % Fill::ALL.len() } else { 0 }];
        let input = random.bytes(count, fill);
        let (mut unsigned, mut signed) = (vec![0_u8; outputs], vec![0_i8; outputs]);
        resize_bilinear_u8(&params, &input, &mut unsigned);
        resize_bilinear_fixed(&params, as_signed(&input), &mut signed);
        for_each_isa(|isa| {
            for is_signed in [false, true] {
                let (gaps, threads) = ([round % 2 * 5, round / 2 % 2 * 3], 1 + round % 2);
                let samples = if is_signed { Samples::I8(fixed(&params)) } else { Samples::U8(real(&params)) };
                let spec = spec(&params, samples, gaps, threads);
                let mask = isa.storage().xor_mask(is_signed);
                let channels = params.input_shape[3];
                let bytes = stored(&input, channels, spec.input.pixel_stride, mask, 0xEE);
                let mut output = Guarded::new(outputs / channels, channels, spec.output_stride);
                let layer = prepare(isa, spec);
                run_all(&layer, &[&bytes], &mut [output.view()]);
                let expected = if is_signed { as_bytes(&signed) } else { &unsigned };
                failures.compare(output.dense(mask), expected, || format!("{} {params:?}", layer.kernel()));
            }
        });
    }
    failures.finish();
}

#[test]
fn wider_elements_equal_the_reference() {
    let mut random = Random::new(4);
    for params in cases(&mut random, 200) {
        let [count, outputs] = elements(&params);
        let wide: Vec<i16> = (0..count + SLACK)
            .map(|at| if at % 3 == 0 { random.pick(&[i16::MIN, i16::MAX]) } else { random.next() as i16 })
            .collect();
        let floats: Vec<f32> = (0..count + SLACK).map(|_| random.within(-1 << 20, 1 << 20) as f32 / 777.0).collect();
        let (mut wanted, mut wanted_floats) = (vec![0_i16; outputs], vec![0_f32; outputs]);
        resize_bilinear_fixed(&params, &wide[..count], &mut wanted);
        resize_bilinear_f32(&params, &floats[..count], &mut wanted_floats);
        for_each_isa(|isa| {
            let mut got = vec![0_i16; outputs];
            let layer = prepare(isa, spec(&params, Samples::I16(fixed(&params)), [0, 0], 2));
            run_all(&layer, &[bytemuck::cast_slice(&wide)], &mut [bytemuck::cast_slice_mut(&mut got)]);
            assert_eq!(got, wanted, "{} {params:?}", layer.kernel());
            let mut got = vec![0_f32; outputs];
            let layer = prepare(isa, spec(&params, Samples::F32(real(&params)), [0, 0], 2));
            run_all(&layer, &[bytemuck::cast_slice(&floats)], &mut [bytemuck::cast_slice_mut(&mut got)]);
            let bits = |list: &[f32]| list.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&got), bits(&wanted_floats), "{} {params:?}", layer.kernel());
        });
    }
}

/// Input pixels times output pixels are 2^34.
#[test]
fn sizes_whose_product_leaves_32_bits_are_resized() {
    let params = ResizeBilinearParams {
        input_shape: [1, 256, 256, 1],
        size: [512, 512],
        align_corners: false,
        half_pixel_centers: false,
    };
    let [count, outputs] = elements(&params);
    let input = Random::new(5).bytes(count, Fill::Random);
    let mut expected = vec![0_i8; outputs];
    resize_bilinear_fixed(&params, as_signed(&input), &mut expected);
    let mut failures = Failures::default();
    for_each_isa(|isa| {
        let mask = isa.storage().xor_mask(true);
        let bytes = stored(&input, 1, 1, mask, 0xEE);
        let mut output = Guarded::new(outputs, 1, 1);
        let layer = prepare(isa, spec(&params, Samples::I8(fixed(&params)), [0, 0], 1));
        run_all(&layer, &[&bytes], &mut [output.view()]);
        failures.compare(output.dense(mask), as_bytes(&expected), || format!("{} {params:?}", layer.kernel()));
    });
    failures.finish();
}
