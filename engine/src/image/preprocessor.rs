//! A picture's way into an input.

use std::fmt;

use ottava_kernels::Isa;
use ottava_ref::resample::luma;

use super::Filter;
use super::elements::{Elements, Normalization};
use super::picture::{Crop, Format, Picture, check_size};
use super::resampler::{Geometry, ROWS_AT_A_TIME, Resampler};
use crate::error::{Error, ErrorKind, Result};
use crate::interface::TensorInfo;

/// Bands of rows for each thread, so that one that is held up does not hold up all.
const BANDS: usize = 4;

/// How pictures become inputs.
#[derive(Clone, Copy, Debug)]
pub struct Preprocess {
    /// What part of the picture is taken.
    pub crop: Crop,
    /// How it is resized.
    pub filter: Filter,
    /// What its pixels mean.
    pub normalization: Normalization,
    /// Threads; no result depends on it.
    pub threads: usize,
    /// Instruction set; `None` takes the best of this CPU (which `OTTAVA_ISA` can narrow).
    pub isa: Option<Isa>,
}

impl Default for Preprocess {
    fn default() -> Self {
        Self {
            crop: Crop::default(),
            filter: Filter::Bilinear,
            normalization: Normalization::default(),
            threads: 1,
            isa: None,
        }
    }
}

/// Makes inputs of pictures, one at a time.
///
/// What depends on a picture's size and layout is kept from one picture to the next, so that those of a camera pay for it once.
pub struct Preprocessor {
    options: Preprocess,
    isa: Isa,
    /// Width and height.
    size: [usize; 2],
    channels: usize,
    elements: Elements,
    resampler: Option<Resampler>,
    bands: Vec<Band>,
    /// The picture in grey, where it has colours and the input has none.
    grey: Vec<u8>,
    /// All threads but the caller's.
    pool: Option<rayon::ThreadPool>,
}

/// The memory that a band of rows is computed in.
#[derive(Default)]
struct Band {
    sums: Vec<i32>,
    pixels: Vec<u8>,
}

impl Preprocessor {
    /// A preprocessor for an input of shape `[N, height, width, 3]` or `[N, height, width, 1]`.
    ///
    /// # Errors
    /// When the input has another shape, or a type that pictures do not go into; when the instruction set is not available,
    /// the number of threads is 0, or they cannot be started.
    pub fn new(input: &TensorInfo, options: Preprocess) -> Result<Self> {
        let &[_, height, width, channels @ (1 | 3)] = &input.shape[..] else {
            let (name, shape) = (&input.name, &input.shape);
            return Err(Error::argument(format!("input '{name}' of shape {shape:?} takes no pictures")));
        };
        check_size([width, height])?;
        if options.threads == 0 {
            return Err(Error::argument("0 threads cannot run anything"));
        }
        let isa = options.isa.map_or_else(Isa::best, Isa::require)?;
        let elements = Elements::new(input, channels, options.normalization)?;
        let pool = (options.threads > 1).then(|| start(options.threads - 1)).transpose()?;
        let size = [width, height];
        let (resampler, bands, grey) = (None, Vec::new(), Vec::new());
        Ok(Self { options, isa, size, channels, elements, resampler, bands, grey, pool })
    }

    /// Bytes that a picture becomes.
    pub fn size_bytes(&self) -> usize {
        self.row_bytes() * self.size[1]
    }

    fn row_bytes(&self) -> usize {
        self.size[0] * self.channels * self.elements.size_bytes()
    }

    /// Writes a picture as one element of the input's batch: little-endian, row-major, in the input's type.
    ///
    /// # Errors
    /// When the output has another length than [`Preprocessor::size_bytes`], or the crop's rectangle is not inside the
    /// picture.
    pub fn run(&mut self, picture: &Picture<'_>, output: &mut [u8]) -> Result<()> {
        let (size_bytes, row_bytes) = (self.size_bytes(), self.row_bytes());
        if output.len() != size_bytes {
            return Err(Error::argument(format!("a picture becomes {size_bytes} bytes, not {}", output.len())));
        }
        let picture = picture.cropped(self.options.crop)?;
        let mut grey = std::mem::take(&mut self.grey);
        let picture = match (picture.format, self.channels) {
            (Format::Rgb | Format::Rgba, 1) => in_grey(&picture, &mut grey),
            _ => picture,
        };
        self.prepare(&picture);
        let Self { resampler: Some(resampler), bands, elements, pool, .. } = self else {
            return Err(Error::internal("a resampler was just prepared"));
        };
        let channels = resampler.geometry.channels;
        let pixels_bytes = self.size[0] * channels;
        // Whole groups of rows.
        let rows = self.size[1].div_ceil(bands.len()).next_multiple_of(ROWS_AT_A_TIME);
        let band = |index: usize, band: &mut Band, output: &mut [u8]| {
            for (group, output) in output.chunks_mut(ROWS_AT_A_TIME * row_bytes).enumerate() {
                let pixels = &mut band.pixels[..output.len() / row_bytes * pixels_bytes];
                resampler.rows(index * rows + group * ROWS_AT_A_TIME, picture.bytes, &mut band.sums, pixels);
                elements.write(pixels, channels, output);
            }
        };
        let run = |first: usize, bands: &mut [Band], output: &mut [u8]| {
            let parts = bands.iter_mut().zip(output.chunks_mut(rows * row_bytes));
            parts.enumerate().for_each(|(index, (memory, output))| band(first + index, memory, output));
        };
        match pool {
            None => run(0, bands, output),
            Some(pool) => {
                // The caller's share, in one piece.
                let own = bands.len().div_ceil(pool.current_num_threads() + 1);
                let (mine, theirs) = bands.split_at_mut(own);
                let (first, rest) = output.split_at_mut(size_bytes.min(own * rows * row_bytes));
                pool.in_place_scope(|scope| {
                    let run = &run;
                    for (index, (memory, output)) in
                        theirs.iter_mut().zip(rest.chunks_mut(rows * row_bytes)).enumerate()
                    {
                        scope.spawn(move |_| run(own + index, std::slice::from_mut(memory), output));
                    }
                    run(0, mine, first);
                });
            }
        }
        self.grey = grey;
        Ok(())
    }

    /// Prepares for pictures like this one, if the last one was another.
    fn prepare(&mut self, picture: &Picture<'_>) {
        let geometry = Geometry {
            input: [picture.width, picture.height],
            output: self.size,
            row_stride: picture.row_stride,
            pixel_stride: picture.format.pixel_bytes(),
            channels: if picture.format == Format::Grey { 1 } else { 3 },
        };
        if self.resampler.as_ref().is_some_and(|resampler| resampler.geometry == geometry) {
            return;
        }
        let resampler = Resampler::new(self.isa, self.options.filter, geometry);
        let bands = if self.options.threads > 1 { self.options.threads * BANDS } else { 1 };
        self.bands.resize_with(bands.min(self.size[1]), Band::default);
        for band in &mut self.bands {
            band.sums.resize(resampler.scratch_len(), 0);
            band.pixels.resize(ROWS_AT_A_TIME * self.size[0] * geometry.channels, 0);
        }
        self.resampler = Some(resampler);
    }
}

impl fmt::Debug for Preprocessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preprocessor").field("options", &self.options).field("size", &self.size).finish_non_exhaustive()
    }
}

fn start(threads: usize) -> Result<rayon::ThreadPool> {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("image-{index}"));
    builder.build().map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot start {threads} threads: {error}")).with_source(error)
    })
}

/// The picture's brightness, in memory of its own.
fn in_grey<'a>(picture: &Picture<'_>, grey: &'a mut Vec<u8>) -> Picture<'a> {
    let (pixel_bytes, width) = (picture.format.pixel_bytes(), picture.width);
    grey.clear();
    grey.reserve(width * picture.height);
    for row in picture.bytes.chunks(picture.row_stride).take(picture.height) {
        let pixels = row[..width * pixel_bytes].chunks_exact(pixel_bytes);
        grey.extend(pixels.map(|pixel| luma([pixel[0], pixel[1], pixel[2]])));
    }
    Picture { bytes: grey, format: Format::Grey, row_stride: width, ..*picture }
}
