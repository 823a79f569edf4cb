//! Movements against their definition, element by element, and against the operators of the reference.

use ottava_ref::ops::pad::{PadParams, pad};
use ottava_ref::ops::transpose::transpose;

use super::*;
use crate::layer::{Layer, run_all};
use crate::testing::Random;

/// What a movement is defined to be, over an output of `output_bytes`.
fn expected(spec: &MovementSpec<'_>, input: &[u8], output: &mut [u8]) {
    let sizes: Vec<usize> = spec.axes.iter().map(|axis| axis.offsets.len()).collect();
    for index in 0..sizes.iter().product() {
        let (mut rest, mut from, mut to) = (index, Some(0), 0);
        for axis in spec.axes.iter().rev() {
            let at = rest % axis.offsets.len();
            rest /= axis.offsets.len();
            from = from.zip(axis.offsets[at]).map(|(sum, offset)| sum + offset);
            to += at * axis.output_stride;
        }
        let bytes = spec.element_bytes;
        let source = from.map_or(&spec.fill[..bytes], |from| &input[from..from + bytes]);
        output[to..to + bytes].copy_from_slice(source);
    }
}

fn check(spec: &MovementSpec<'_>, input_bytes: usize, output_bytes: usize) {
    let mut random = Random::new(input_bytes as u64);
    let input: Vec<u8> = (0..input_bytes).map(|_| random.next() as u8).collect();
    let (mut output, mut wanted) = (vec![0xC5; output_bytes], vec![0xC5; output_bytes]);
    expected(spec, &input, &mut wanted);
    run_all(&prepare(spec), &[&input], &mut [&mut output]);
    assert_eq!(output, wanted, "{spec:?}");
}

#[test]
fn any_tables_do_what_they_say() {
    let mut random = Random::new(7);
    for round in 0..2000 {
        let element_bytes = random.pick(&[1, 2, 4, 8]);
        let rank = random.within(0, 5) as usize;
        let (mut axes, mut span) = (Vec::new(), element_bytes);
        let mut reach = element_bytes;
        for _ in 0..rank {
            let size = random.within(if round % 50 == 0 { 0 } else { 1 }, 5) as usize;
            // Often the stride of a dense tensor, so that inner axes coalesce.
            let output_stride = span + random.pick(&[0, 0, 0, 3]);
            span = output_stride * size.max(1);
            let step = random.pick(&[reach, reach, element_bytes, 2 * reach, 0]);
            let kind = random.within(0, 5);
            let mut offsets: Vec<Option<usize>> = (0..size).map(|index| Some(index * step)).collect();
            match kind {
                0 => offsets.reverse(),
                1 => offsets.iter_mut().for_each(|offset| {
                    if random.within(0, 2) == 0 {
                        *offset = None;
                    }
                }),
                2 => offsets.iter_mut().for_each(|offset| *offset = Some(random.within(0, 40) as usize)),
                _ => {}
            }
            reach += offsets.iter().flatten().max().copied().unwrap_or(0);
            axes.insert(0, Axis { output_stride, offsets });
        }
        let fill = if round % 2 == 0 { [7; 8] } else { [1, 2, 3, 4, 5, 6, 7, 8] };
        for threads in [1, 3] {
            check(&MovementSpec { axes: &axes, element_bytes, fill, threads }, reach, span + 8);
        }
    }
}

#[test]
fn many_rows_are_cut_into_tasks_that_cover_them() {
    // A transposed image, large enough for several tasks.
    let (height, width) = (300, 200);
    let axes = [
        Axis { output_stride: height, offsets: (0..width).map(Some).collect() },
        Axis { output_stride: 1, offsets: (0..height).map(|y| Some(y * width)).collect() },
    ];
    let spec = MovementSpec { axes: &axes, element_bytes: 1, fill: [0; 8], threads: 2 };
    let movement = prepare(&spec);
    assert!(movement.tasks() > 1);
    let input: Vec<u8> = (0..height * width).map(|index| (index * 7 % 251) as u8).collect();
    let (mut output, mut wanted) = (vec![0; input.len()], vec![0; input.len()]);
    transpose(&[height, width], &[1, 0], &input, &mut wanted);
    run_all(&movement, &[&input], &mut [&mut output]);
    assert_eq!(output, wanted);
}

#[test]
fn borders_are_filled_around_runs() {
    let axes = [
        Axis { output_stride: 14, offsets: vec![None, Some(0), Some(6)] },
        Axis { output_stride: 2, offsets: vec![None, None, Some(0), Some(2), Some(4), None, None] },
    ];
    let spec = MovementSpec { axes: &axes, element_bytes: 2, fill: [9, 1, 0, 0, 0, 0, 0, 0], threads: 1 };
    let movement = prepare(&spec);
    let input: Vec<u16> = (0..6).collect();
    let (mut output, mut wanted) = (vec![0_u16; 21], vec![0_u16; 21]);
    let params = PadParams { input_shape: &[2, 3], paddings: &[[1, 0], [2, 2]], fill: 0x0109 };
    pad(&params, &input, &mut wanted);
    run_all(&movement, &[bytemuck::cast_slice(&input)], &mut [bytemuck::cast_slice_mut(&mut output)]);
    assert_eq!(output, wanted);
}

#[test]
#[should_panic(expected = "overlap")]
fn overlapping_outputs_are_refused() {
    let axis = |output_stride| Axis { output_stride, offsets: vec![Some(0); 3] };
    prepare(&MovementSpec { axes: &[axis(2), axis(1)], element_bytes: 1, fill: [0; 8], threads: 1 });
}
