//! Rows of a picture in another size, by the kernels or, where their numbers do not suffice, by the reference.

use ottava_kernels::Isa;
pub(super) use ottava_kernels::resample::ROWS_AT_A_TIME;
use ottava_kernels::resample::{self, Resample, ResampleSpec};
use ottava_ref::resample::{Filter, ResampleParams, Span, resample_row, spans};

/// What a resampler is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    /// Width and height.
    pub(super) input: [usize; 2],
    /// Width and height.
    pub(super) output: [usize; 2],
    pub(super) row_stride: usize,
    pub(super) pixel_stride: usize,
    pub(super) channels: usize,
}

/// A prepared resampling.
pub(super) struct Resampler {
    pub(super) geometry: Geometry,
    method: Method,
}

enum Method {
    Kernel(Resample),
    /// Pictures of tens of thousands of pixels a side.
    Reference(ResampleParams),
}

impl Resampler {
    pub(super) fn new(isa: Isa, filter: Filter, geometry: Geometry) -> Self {
        let Geometry { input, output, row_stride, pixel_stride, channels } = geometry;
        let [columns, rows] = [0, 1].map(|axis| spans(filter, input[axis], output[axis]));
        let method = match (narrow(&rows), narrow(&columns)) {
            (Some(rows), Some(columns)) if resample::fits(&rows, &columns) => {
                let spec = ResampleSpec { rows, columns, row_stride, pixel_stride, channels };
                Method::Kernel(resample::prepare(isa, spec))
            }
            _ => Method::Reference(ResampleParams { rows, columns, row_stride, pixel_stride, channels }),
        };
        Self { geometry, method }
    }

    /// Elements of scratch memory.
    pub(super) fn scratch_len(&self) -> usize {
        match &self.method {
            Method::Kernel(kernel) => kernel.scratch_len(),
            Method::Reference(_) => 0,
        }
    }

    /// Computes up to [`ROWS_AT_A_TIME`] rows of outputs from `first` on, as many as `output` holds.
    pub(super) fn rows(&self, first: usize, input: &[u8], scratch: &mut [i32], output: &mut [u8]) {
        match &self.method {
            Method::Kernel(kernel) => kernel.rows(first, input, scratch, output),
            Method::Reference(params) => {
                let rows = output.chunks_exact_mut(params.columns.len() * params.channels).enumerate();
                rows.for_each(|(row, output)| resample_row(params, first + row, input, output));
            }
        }
    }
}

fn narrow(spans: &[Span]) -> Option<Vec<resample::Span>> {
    let weights = |span: &Span| span.weights.iter().map(|&weight| u32::try_from(weight).ok()).collect::<Option<_>>();
    spans.iter().map(|span| Some(resample::Span { first: span.first, weights: weights(span)? })).collect()
}
