//! Convolution accumulators for calibration: patches of one output row against all filters.
//!
//! A row of output pixels is gathered into a patch matrix `[pixels, taps * channels]`; then blocks of 2 pixels x 4
//! filters are multiplied with plain loops over `i16`, a form that compilers turn into widening multiply-add
//! instructions on every target.

use super::Windows;
use rayon::prelude::*;

/// Filters `[outputs, height taps, width taps, channels / groups]`, centered, of a convolution.
pub(crate) struct Filters<'a> {
    pub(crate) values: &'a [i16],
    pub(crate) outputs: usize,
    pub(crate) groups: usize,
}

/// Accumulators `[batch, out height, out width, outputs]` of `input` under `filters`.
pub(crate) fn accumulate(input: &[i16], windows: &Windows, filters: &Filters) -> Vec<i32> {
    let row = windows.width.output * filters.outputs;
    let mut output = vec![0i32; windows.batch * windows.height.output * row];
    output.par_chunks_mut(row.max(1)).enumerate().for_each(|(index, out)| {
        let image = index / windows.height.output;
        let y = index % windows.height.output;
        let image = &input[image * windows.input_image()..][..windows.input_image()];
        for group in 0..filters.groups {
            let patches = gather(image, windows, filters.groups, (y, group));
            multiply(&patches, filters, group, out);
        }
    });
    output
}

/// The patch matrix of output row `y` and one group: `[pixels, taps * channels / groups]`.
fn gather(image: &[i16], windows: &Windows, groups: usize, (y, group): (usize, usize)) -> Vec<i16> {
    let run = windows.channels / groups;
    let depth = windows.height.taps * windows.width.taps * run;
    let mut patches = vec![0i16; windows.width.output * depth];
    for (x, patch) in patches.chunks_exact_mut(depth.max(1)).enumerate() {
        let mut cells = patch.chunks_exact_mut(run.max(1));
        for tap_y in 0..windows.height.taps {
            for tap_x in 0..windows.width.taps {
                let Some(cell) = cells.next() else { return patches };
                let (Some(iy), Some(ix)) = (windows.height.position(y, tap_y), windows.width.position(x, tap_x)) else {
                    continue;
                };
                let start = iy * windows.input_row() + ix * windows.channels + group * run;
                cell.copy_from_slice(&image[start..start + run]);
            }
        }
    }
    patches
}

/// `out[pixel, output]` for the outputs of one group.
fn multiply(patches: &[i16], filters: &Filters, group: usize, out: &mut [i32]) {
    let outputs = filters.outputs / filters.groups;
    let depth = filters.values.len() / filters.outputs;
    let pixels = out.len() / filters.outputs;
    let patch = |pixel: usize| &patches[pixel * depth..][..depth];
    let filter = |output: usize| &filters.values[output * depth..][..depth];
    let first = group * outputs;
    for block in (0..outputs).step_by(4) {
        // A block at the end repeats its last filter: the surplus results are equal and harmless.
        let names: [usize; 4] = std::array::from_fn(|i| first + (block + i).min(outputs - 1));
        let four = names.map(filter);
        for pixel in (0..pixels).step_by(2) {
            let pair = [pixel, (pixel + 1).min(pixels - 1)];
            let sums = dot(pair.map(patch), four);
            for (p, row) in pair.into_iter().zip(sums) {
                for (name, sum) in names.into_iter().zip(row) {
                    out[p * filters.outputs + name] = sum;
                }
            }
        }
    }
}

/// Dot products of 2 patches with 4 filters, wrapping as the operators do.
fn dot(patches: [&[i16]; 2], filters: [&[i16]; 4]) -> [[i32; 4]; 2] {
    let depth = patches[0].len();
    let [p0, p1] = patches.map(|p| &p[..depth]);
    let [f0, f1, f2, f3] = filters.map(|f| &f[..depth]);
    let mut s = [0i32; 8];
    for k in 0..depth {
        let (a, b) = (i32::from(p0[k]), i32::from(p1[k]));
        let f = [i32::from(f0[k]), i32::from(f1[k]), i32::from(f2[k]), i32::from(f3[k])];
        s[0] = s[0].wrapping_add(a * f[0]);
        s[1] = s[1].wrapping_add(a * f[1]);
        s[2] = s[2].wrapping_add(a * f[2]);
        s[3] = s[3].wrapping_add(a * f[3]);
        s[4] = s[4].wrapping_add(b * f[0]);
        s[5] = s[5].wrapping_add(b * f[1]);
        s[6] = s[6].wrapping_add(b * f[2]);
        s[7] = s[7].wrapping_add(b * f[3]);
    }
    [[s[0], s[1], s[2], s[3]], [s[4], s[5], s[6], s[7]]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use crate::forward::Window;

    fn window(
        input: usize,
        output: usize,
        (taps, stride, dilation, pad_before): (usize, usize, usize, usize),
    ) -> Window {
        Window { input, output, taps, stride, dilation, pad_before }
    }

    #[test]
    fn equals_the_definition_with_groups_dilation_stride_and_padding() {
        let mut rng = Rng::new(3);
        let windows =
            Windows { batch: 2, height: window(9, 5, (3, 2, 1, 1)), width: window(7, 7, (3, 1, 2, 2)), channels: 6 };
        let input: Vec<i16> = (0..2 * 9 * 7 * 6).map(|_| rng.below(511) as i16 - 255).collect();
        let (outputs, groups, per_group) = (10, 2, 3);
        let filters: Vec<i16> = (0..outputs * 9 * per_group).map(|_| rng.below(511) as i16 - 255).collect();
        let got = accumulate(&input, &windows, &Filters { values: &filters, outputs, groups });
        let mut want = Vec::new();
        for n in 0..2 {
            for (y, x) in (0..5).flat_map(|y| (0..7).map(move |x| (y, x))) {
                for o in 0..outputs {
                    let mut sum = 0i32;
                    for (ty, tx) in (0..3).flat_map(|a| (0..3).map(move |b| (a, b))) {
                        let (iy, ix) = ((y * 2 + ty) as i32 - 1, (x + tx * 2) as i32 - 2);
                        if !(0..9).contains(&iy) || !(0..7).contains(&ix) {
                            continue;
                        }
                        for c in 0..per_group {
                            let channel = o / (outputs / groups) * per_group + c;
                            let at = ((n * 9 + iy as usize) * 7 + ix as usize) * 6 + channel;
                            sum += i32::from(input[at]) * i32::from(filters[((o * 3 + ty) * 3 + tx) * per_group + c]);
                        }
                    }
                    want.push(sum);
                }
            }
        }
        assert_eq!(got, want);
    }
}
