//! Pictures as inputs: from decoded pixels to the bytes that a model takes.
//!
//! A [`Preprocessor`] is made for an input of a model. It crops a [`Picture`], resizes it, normalizes its pixels and brings
//! them into the input's type, row by row. Its arithmetic is exact in integers up to the resized pixels
//! (`docs/numerics.md` §13), so that the bytes are the same on every machine and for any number of threads. Decoding files is
//! left to others.
//!
//! ```no_run
//! use ottava::image::{Format, Picture, Preprocess, Preprocessor};
//! use ottava::{Model, Plan, PlanOptions, Session};
//!
//! # fn decode() -> (Vec<u8>, usize, usize) { (vec![0; 3 * 640 * 480], 640, 480) }
//! let model = Model::open("mobilenet_v1.tflite")?;
//! let plan = Plan::new(&model, &PlanOptions::default())?;
//! let mut session = Session::new(&plan)?;
//! let mut preprocessor = Preprocessor::new(&plan.inputs()[0], Preprocess::default())?;
//! let (pixels, width, height) = decode();
//! let picture = Picture::new(&pixels, [width, height], Format::Rgb)?;
//! preprocessor.run(&picture, session.input_mut(0)?)?;
//! session.run()?;
//! # Ok::<(), ottava::Error>(())
//! ```

mod elements;
mod picture;
mod preprocessor;
mod resampler;

pub use elements::Normalization;
pub use ottava_ref::resample::Filter;
pub use picture::{Crop, Format, Picture};
pub use preprocessor::{Preprocess, Preprocessor};

#[cfg(test)]
mod tests;
