//! Every kernel of every instruction set against the scalar form, bit for bit.

use ottava_ref::resample::{Filter, ResampleParams, Span as RefSpan, resample_row, spans};
use proptest::prelude::*;

use super::*;
use crate::testing::{Fill, Random, assert_listed, for_each_isa};

fn narrow(spans: &[RefSpan]) -> Vec<Span> {
    let weights = |span: &RefSpan| span.weights.iter().map(|&weight| u32::try_from(weight).unwrap()).collect();
    spans.iter().map(|span| Span { first: span.first, weights: weights(span) }).collect()
}

/// A picture and what becomes of it.
#[derive(Clone, Copy, Debug)]
struct Case {
    filter: Filter,
    input: [usize; 2],
    output: [usize; 2],
    /// Bytes of a pixel, and channels.
    pixel: (usize, usize),
    /// Bytes between the rows.
    gap: usize,
    fill: Fill,
    seed: u64,
}

/// Compares whole pictures on every instruction set.
fn check(case: Case) {
    let Case { filter, input, output, pixel: (pixel_stride, channels), gap, fill, seed } = case;
    let row_stride = input[1] * pixel_stride + gap;
    let rows = spans(filter, input[0], output[0]);
    let columns = spans(filter, input[1], output[1]);
    let params = ResampleParams { rows, columns, row_stride, pixel_stride, channels };
    // To the byte: a picture's last row ends where its pixels do.
    let bytes = Random::new(seed).bytes((input[0] - 1) * row_stride + input[1] * pixel_stride, fill);
    let row_bytes = output[1] * channels;
    let mut expected = vec![0; output[0] * row_bytes];
    let each = expected.chunks_exact_mut(row_bytes).enumerate();
    each.for_each(|(row, out)| resample_row(&params, row, &bytes, out));
    for_each_isa(|isa| {
        let (rows, columns) = (narrow(&params.rows), narrow(&params.columns));
        let resample = prepare(isa, ResampleSpec { rows, columns, row_stride, pixel_stride, channels });
        assert_listed(&resample.kernel());
        let mut scratch = vec![0x5555_5555; resample.scratch_len()];
        let mut got = vec![0; expected.len()];
        // Whole groups of rows, but for the last, and single rows.
        let together = if seed % 5 == 0 { 1 } else { ROWS_AT_A_TIME };
        let groups = got.chunks_mut(together * row_bytes).enumerate();
        groups.for_each(|(group, out)| resample.rows(group * together, &bytes, &mut scratch, out));
        let first = got.iter().zip(&expected).position(|(a, b)| a != b);
        let pair = first.map(|at| (at, got[at], expected[at]));
        assert!(pair.is_none(), "{} {case:?}: (index, is, should be) {pair:?}", resample.kernel());
    });
}

const PIXELS: [(usize, usize); 3] = [(1, 1), (3, 3), (4, 3)];
const FILTERS: [Filter; 2] = [Filter::Bilinear, Filter::Area];

#[test]
fn small_pictures_equal_the_scalar_form() {
    let sizes = [[1, 1], [1, 5], [2, 2], [3, 1], [4, 4], [7, 3], [16, 23], [5, 70]];
    for (at, input) in sizes.into_iter().enumerate() {
        for output in sizes {
            for pixel in PIXELS {
                for filter in FILTERS {
                    let fill = Fill::ALL[at % Fill::ALL.len()];
                    check(Case { filter, input, output, pixel, gap: at % 3, fill, seed: at as u64 });
                }
            }
        }
    }
}

/// Totals just within what the kernels take, where means lie as near to halves as they can.
#[test]
fn large_totals_equal_the_scalar_form() {
    for (input, output) in [([1, 2003], [1, 1]), ([257, 1021], [3, 2]), ([1447, 1], [1, 3])] {
        for fill in [Fill::Random, Fill::Ends, Fill::Constant(0xFF)] {
            check(Case { filter: Filter::Bilinear, input, output, pixel: (3, 3), gap: 1, fill, seed: 9 });
        }
    }
    let wide = |extent| narrow(&spans(Filter::Bilinear, extent, 1));
    assert!(fits(&wide(800), &wide(800)) && !fits(&wide(900), &wide(900)));
}

/// A mean of every half that a total of this size allows is rounded up, and the next value below it down.
#[test]
fn halves_are_rounded_up() {
    for total in [2_u32, 6, 30_000, 1 << 15] {
        let half = Span { first: 0, weights: vec![total / 2 - 1, 1, total / 2] };
        for_each_isa(|isa| {
            let spec = ResampleSpec {
                rows: vec![Span { first: 0, weights: vec![1] }],
                columns: vec![half.clone()],
                row_stride: 3,
                pixel_stride: 1,
                channels: 1,
            };
            let resample = prepare(isa, spec);
            let mut scratch = vec![0; resample.scratch_len()];
            let mut mean = |bytes: [u8; 3]| {
                let mut out = [0];
                resample.rows(0, &bytes, &mut scratch, &mut out);
                out[0]
            };
            for byte in 1..255 {
                assert_eq!(mean([byte, byte, byte + 1]), byte + 1, "{isa} {total}");
                assert_eq!(mean([byte, byte - 1, byte + 1]), byte, "{isa} {total}");
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pictures_of_any_size_equal_the_scalar_form(
        input in [1_usize..60, 1_usize..200],
        output in [1_usize..40, 1_usize..60],
        pixel in prop::sample::select(PIXELS.to_vec()),
        filter in prop::sample::select(FILTERS.to_vec()),
        gap in 0_usize..9,
        fill in prop::sample::select(Fill::ALL.to_vec()),
        seed in any::<u64>(),
    ) {
        check(Case { filter, input, output, pixel, gap, fill, seed });
    }
}
