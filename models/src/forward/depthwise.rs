//! Depthwise convolution accumulators for calibration.

use super::Windows;
use rayon::prelude::*;

/// Accumulators `[batch, out height, out width, outputs]` for filters `[height taps, width taps, outputs]`; output
/// channel `o` reads input channel `o / multiplier`.
pub(crate) fn accumulate(input: &[i16], windows: &Windows, filters: &[i16], outputs: usize) -> Vec<i32> {
    let multiplier = outputs / windows.channels;
    let row = windows.width.output * outputs;
    let mut output = vec![0i32; windows.batch * windows.height.output * row];
    output.par_chunks_mut(row.max(1)).enumerate().for_each(|(index, out)| {
        let image = index / windows.height.output * windows.input_image();
        let y = index % windows.height.output;
        for tap_y in 0..windows.height.taps {
            let Some(iy) = windows.height.position(y, tap_y) else { continue };
            let line = &input[image + iy * windows.input_row()..][..windows.input_row()];
            for tap_x in 0..windows.width.taps {
                let filter = &filters[(tap_y * windows.width.taps + tap_x) * outputs..][..outputs];
                for (x, sums) in out.chunks_exact_mut(outputs).enumerate() {
                    let Some(ix) = windows.width.position(x, tap_x) else { continue };
                    add_products(sums, &line[ix * windows.channels..][..windows.channels], filter, multiplier);
                }
            }
        }
    });
    output
}

fn add_products(sums: &mut [i32], pixel: &[i16], filter: &[i16], multiplier: usize) {
    if multiplier == 1 {
        for ((sum, &x), &w) in sums.iter_mut().zip(pixel).zip(filter) {
            *sum = sum.wrapping_add(i32::from(x) * i32::from(w));
        }
        return;
    }
    for (o, (sum, &w)) in sums.iter_mut().zip(filter).enumerate() {
        *sum = sum.wrapping_add(i32::from(pixel[o / multiplier]) * i32::from(w));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::Window;

    #[test]
    fn multiplies_each_channel_with_its_own_filter() {
        let one = Window { input: 1, output: 1, taps: 1, stride: 1, dilation: 1, pad_before: 0 };
        let wide = Window { input: 3, output: 2, taps: 2, stride: 1, dilation: 2, pad_before: 1 };
        let windows = Windows { batch: 1, height: one, width: wide, channels: 2 };
        let input = [1, 10, 2, 20, 3, 30];
        let filters = [1, 2, 3, 4, 5, 6, 7, 8];
        // Output 0 reads padding and position 1; output 1 reads positions 0 and 2.
        let want = vec![10, 12, 140, 160, 1 + 15, 2 + 18, 30 + 210, 40 + 240];
        assert_eq!(accumulate(&input, &windows, &filters, 4), want);
    }
}
