//! Pictures as inputs.

use std::slice;
use std::sync::{Mutex, PoisonError};

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use ottava::image::{Crop, Filter, Format, Normalization, Picture, Preprocess};
use pyo3::prelude::*;

use crate::error::{IntoPython, invalid};
use crate::plan::Plan;
use crate::tensor::{Span, check_apart};

/// Crops, resizes, normalizes and quantizes pictures for an input of a plan.
#[pyclass(frozen, module = "ottava._native")]
pub(crate) struct Preprocessor {
    preprocessor: Mutex<ottava::image::Preprocessor>,
}

/// How pictures are cropped.
#[derive(FromPyObject)]
enum CropArgument {
    Rectangle((usize, usize, usize, usize)),
    Name(String),
}

impl CropArgument {
    fn crop(self, python: Python<'_>) -> PyResult<Crop> {
        match self {
            Self::Rectangle((left, top, width, height)) => Ok(Crop::Rectangle { left, top, width, height }),
            Self::Name(name) => match name.as_str() {
                "center" => Ok(Crop::CenterSquare),
                "whole" => Ok(Crop::Whole),
                _ => Err(invalid(
                    python,
                    format!("crop is {name:?}; it can be \"center\", \"whole\" or (left, top, width, height)"),
                )),
            },
        }
    }
}

#[pymethods]
impl Preprocessor {
    /// For the plan's input of this index. `mean` and `deviation` are of channels, of pixels from 0 to 255; without them a quantized
    /// input takes the pixels.
    #[new]
    #[pyo3(signature = (plan, input, crop, filter, normalization, threads))]
    fn new(
        python: Python<'_>,
        plan: &Plan,
        input: usize,
        crop: CropArgument,
        filter: &str,
        normalization: Option<([f32; 3], [f32; 3])>,
        threads: usize,
    ) -> PyResult<Self> {
        let inputs = plan.plan.inputs();
        let info = inputs.get(input);
        let info = info.ok_or_else(|| invalid(python, format!("there is no input {input} among {}", inputs.len())))?;
        let filter = match filter {
            "bilinear" => Filter::Bilinear,
            "area" => Filter::Area,
            _ => return Err(invalid(python, format!("filter is {filter:?}; it can be \"bilinear\" or \"area\""))),
        };
        let normalization = match normalization {
            Some((mean, deviation)) => Normalization::Real { mean, deviation },
            None => Normalization::Pixels,
        };
        let crop = crop.crop(python)?;
        let options = Preprocess { crop, filter, normalization, threads, ..Preprocess::default() };
        let preprocessor = ottava::image::Preprocessor::new(info, options).into_python(python)?;
        Ok(Self { preprocessor: Mutex::new(preprocessor) })
    }

    /// Bytes that a picture becomes.
    #[getter]
    fn size_bytes(&self) -> usize {
        self.preprocessor.lock().unwrap_or_else(PoisonError::into_inner).size_bytes()
    }

    /// Makes a picture, an array of `uint8` of height, width and 1, 3 or 4 channels (or none: grey), the bytes of an input.
    fn run(
        &self,
        python: Python<'_>,
        picture: &Bound<'_, PyUntypedArray>,
        output: &Bound<'_, PyUntypedArray>,
    ) -> PyResult<()> {
        let (height, width, format) = match *picture.shape() {
            [height, width] | [height, width, 1] => (height, width, Format::Grey),
            [height, width, 3] => (height, width, Format::Rgb),
            [height, width, 4] => (height, width, Format::Rgba),
            ref shape => {
                let text = format!(
                    "a picture is an array of height, width and 1, 3 or 4 channels; this one has the shape {shape:?}"
                );
                return Err(invalid(python, text));
            }
        };
        let (from, to) = (Span::read(picture)?, Span::write(output)?);
        check_apart(python, &[from], &[to])?;
        if from.size != height * width * format.pixel_bytes() {
            return Err(invalid(python, format!("a picture's elements are uint8, and these are {}", picture.dtype())));
        }
        let result = python.detach(|| self.run_on(from, to, ([width, height], format)));
        result.into_python(python)
    }
}

impl Preprocessor {
    fn run_on(&self, from: Span, to: Span, (size, format): ([usize; 2], Format)) -> ottava::Result<()> {
        // SAFETY: the caller's arguments hold the arrays, which are this long and apart, for the time of the call; that nobody writes the
        // picture or touches the output meanwhile is the caller's promise, as everywhere in NumPy.
        let (from, to) = unsafe {
            (slice::from_raw_parts::<u8>(from.start, from.size), slice::from_raw_parts_mut::<u8>(to.start, to.size))
        };
        let picture = Picture::new(from, size, format)?;
        self.preprocessor.lock().unwrap_or_else(PoisonError::into_inner).run(&picture, to)
    }
}
