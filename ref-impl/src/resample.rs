//! Pictures of bytes in another size: exact weighted means (`docs/numerics.md` §13).

use alloc::vec::Vec;

/// How the pixels of the input are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// By their distance from the output pixel's centre: linearly, to 0 at the distance of one pixel of whichever
    /// picture is the coarser. Antialiased, so that a picture that shrinks uses all of its pixels.
    Bilinear,
    /// By how much of them the output pixel covers.
    Area,
}

/// The pixels along one axis that an output pixel is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first of them.
    pub first: usize,
    /// A weight for each; the first and the last are not 0.
    pub weights: Vec<u64>,
}

impl Span {
    /// What a mean of these pixels is divided by.
    pub fn total(&self) -> u64 {
        self.weights.iter().sum()
    }
}

/// The span of each of `output` pixels, made of `input` ones.
///
/// # Panics
/// When an extent is 0 or above `2^30`.
pub fn spans(filter: Filter, input: usize, output: usize) -> Vec<Span> {
    let extents = 1..=1 << 30;
    assert!(extents.contains(&input) && extents.contains(&output), "{input} pixels as {output}");
    let divisor = greatest_common_divisor(input, output);
    // Along the axis an input pixel is `m` long and an output pixel `n`.
    let (n, m) = ((input / divisor) as i64, (output / divisor) as i64);
    let reach = n.max(m);
    let weight = |pixel: i64, o: i64| match filter {
        // Centres lie at halves, so that all is taken twice.
        Filter::Bilinear => 2 * reach - ((2 * pixel + 1) * m - (2 * o + 1) * n).abs(),
        Filter::Area => ((pixel + 1) * m).min((o + 1) * n) - (pixel * m).max(o * n),
    };
    let span = |o: i64| {
        // Half a pixel of the output and the reach on both sides, in whole pixels of the input.
        let from = ((o * n - reach) / m - 1).max(0);
        let to = (((o + 1) * n + reach) / m + 1).min(input as i64);
        let first = (from..to).find(|&pixel| weight(pixel, o) > 0).expect("an output pixel lies within the input");
        let weights = (first..to).map(|pixel| weight(pixel, o)).take_while(|&weight| weight > 0);
        Span { first: first as usize, weights: weights.map(|weight| weight as u64).collect() }
    };
    (0..output as i64).map(span).collect()
}

fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Where the pixels of a picture are, and what becomes of them.
#[derive(Clone, Debug)]
pub struct ResampleParams {
    /// The span of each output row.
    pub rows: Vec<Span>,
    /// The span of each output column.
    pub columns: Vec<Span>,
    /// Bytes from one input row to the next.
    pub row_stride: usize,
    /// Bytes from one input pixel to the next.
    pub pixel_stride: usize,
    /// Leading bytes of each input pixel that are resampled: bytes of each output pixel.
    pub channels: usize,
}

/// Computes one row of outputs: each byte the integer nearest to the mean, the larger one of two.
///
/// # Panics
/// When the input is too short or the output is not a row.
pub fn resample_row(params: &ResampleParams, row: usize, input: &[u8], output: &mut [u8]) {
    let ResampleParams { rows, columns, row_stride, pixel_stride, channels } = params;
    let rows = &rows[row];
    assert_eq!(output.len(), columns.len() * channels, "bytes of an output row");
    for (column, pixel) in columns.iter().zip(output.chunks_exact_mut(*channels)) {
        for (channel, out) in pixel.iter_mut().enumerate() {
            let mut sum = 0_u128;
            for (y, &down) in rows.weights.iter().enumerate() {
                let line = (rows.first + y) * row_stride;
                for (x, &across) in column.weights.iter().enumerate() {
                    let byte = input[line + (column.first + x) * pixel_stride + channel];
                    sum += u128::from(down) * u128::from(across) * u128::from(byte);
                }
            }
            let total = u128::from(rows.total()) * u128::from(column.total());
            // At most 255: a mean of bytes.
            *out = ((2 * sum + total) / (2 * total)) as u8;
        }
    }
}

/// Brightness of a pixel of red, green and blue, as ITU-R BT.709 weighs them, rounded down.
pub fn luma([red, green, blue]: [u8; 3]) -> u8 {
    // At most 255: the weights add up to the divisor.
    ((2126 * u32::from(red) + 7152 * u32::from(green) + 722 * u32::from(blue)) / 10_000) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(filter: Filter, input: usize, output: usize) -> Vec<(usize, Vec<u64>)> {
        spans(filter, input, output).into_iter().map(|span| (span.first, span.weights)).collect()
    }

    #[test]
    fn weights_are_those_of_the_definition() {
        assert_eq!(weights(Filter::Bilinear, 4, 2), [(0, vec![3, 3, 1]), (1, vec![1, 3, 3])]);
        assert_eq!(weights(Filter::Bilinear, 2, 4), [(0, vec![3]), (0, vec![3, 1]), (0, vec![1, 3]), (1, vec![3])]);
        assert_eq!(weights(Filter::Area, 3, 2), [(0, vec![2, 1]), (1, vec![1, 2])]);
        assert_eq!(weights(Filter::Area, 2, 3), [(0, vec![2]), (0, vec![1, 1]), (1, vec![2])]);
        for filter in [Filter::Bilinear, Filter::Area] {
            assert!(
                spans(filter, 7, 7).iter().enumerate().all(|(at, span)| span.first == at && span.weights.len() == 1)
            );
            assert_eq!(spans(filter, 1, 3).iter().map(|span| span.first).collect::<Vec<_>>(), [0; 3]);
        }
    }

    #[test]
    fn an_area_covers_all_of_the_input_once() {
        for (input, output) in [(10, 3), (3, 10), (224, 299), (1000, 7)] {
            let mut covered = vec![0; input];
            for span in spans(Filter::Area, input, output) {
                span.weights.iter().enumerate().for_each(|(at, weight)| covered[span.first + at] += weight);
            }
            assert!(covered.iter().all(|&weight| weight == covered[0]), "{input} as {output}: {covered:?}");
        }
    }

    #[test]
    fn halves_are_rounded_up() {
        let span = |count| vec![Span { first: 0, weights: vec![1; count] }];
        let params = ResampleParams { rows: span(1), columns: span(2), row_stride: 2, pixel_stride: 1, channels: 1 };
        let mut output = [0];
        resample_row(&params, 0, &[10, 11], &mut output);
        assert_eq!(output, [11]);
    }
}
