//! A network that names what is in a picture.

use std::path::Path;
use std::time::Duration;

use ottava::image::{self, Normalization, Preprocess, Preprocessor};
use ottava::{DType, Model, Plan, Session, TensorInfo};

use super::{picture, scores};
use crate::args::{Crop, PictureArgs};
use crate::errors::{CliError, Result};
use crate::table;

/// A session with what makes its input of a picture, and probabilities of its output.
pub struct Classifier {
    name: String,
    session: Session,
    preprocessor: Preprocessor,
    channels: usize,
    /// Of the first output.
    output: TensorInfo,
    /// The output is what a SOFTMAX made.
    probabilities: bool,
    /// Number of classes.
    pub classes: usize,
}

impl Classifier {
    /// Makes a session of a plan of the model.
    ///
    /// # Errors
    /// The model is no image classifier, or does not take pictures as the arguments say.
    pub fn new(model: &Model, plan: &Plan, args: &PictureArgs) -> Result<Self> {
        let cause = |cause: String| CliError::file(model.name(), cause);
        let (input, normalization) = input(plan.inputs(), args).map_err(cause)?;
        let [output, ..] = plan.outputs() else {
            return Err(cause("has no output".to_owned()));
        };
        let classes = class_count(output).map_err(cause)?;
        let crop = match args.crop {
            Crop::Center => image::Crop::CenterSquare,
            Crop::None => image::Crop::Whole,
        };
        let options = Preprocess { crop, normalization, threads: plan.threads(), ..Preprocess::default() };
        Ok(Self {
            name: model.name().to_owned(),
            session: Session::new(plan)?,
            preprocessor: Preprocessor::new(input, options)?,
            channels: input.shape[3],
            output: output.clone(),
            probabilities: scores::are_probabilities(model.graph(), output.tensor),
            classes,
        })
    }

    /// The probability of each class for a picture.
    ///
    /// # Errors
    /// The file is no picture, or the run fails.
    pub fn classify(&mut self, picture: &Path) -> Result<Vec<f64>> {
        picture::load(picture, self.channels, &mut self.preprocessor, self.session.input_mut(0)?)?;
        self.session.run()?;
        let TensorInfo { dtype, quantization, .. } = &self.output;
        let scores = scores::real(self.session.output(0)?, *dtype, quantization.as_ref());
        let cause = || CliError::file(&self.name, format!("is no image classifier: its first output is {dtype}"));
        let scores = scores.ok_or_else(cause)?;
        Ok(if self.probabilities { scores } else { scores::softmax(&scores) })
    }

    /// How long the last run took.
    pub fn latency(&self) -> Duration {
        self.session.profile().total
    }

    /// The session, with what the last run left in it.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

/// The input that pictures go into, and what their pixels mean to it.
fn input<'a>(
    inputs: &'a [TensorInfo],
    args: &PictureArgs,
) -> std::result::Result<(&'a TensorInfo, Normalization), String> {
    let [input] = inputs else {
        return Err(format!("is no image classifier: it has {} inputs", inputs.len()));
    };
    if !matches!(input.shape[..], [1, height, width, 1 | 3] if height > 0 && width > 0) {
        let shape = table::shape(&input.shape);
        return Err(format!("is no image classifier: its input is {shape}, not 1xHxWx3 or 1xHxWx1"));
    }
    let normalization = match input.dtype {
        DType::U8 | DType::I8 => Normalization::Pixels,
        DType::F32 => {
            Normalization::Real { mean: [args.mean.unwrap_or(127.5); 3], deviation: [args.scale.unwrap_or(127.5); 3] }
        }
        other => return Err(format!("takes {other}; pictures go into uint8, int8 and float32 inputs")),
    };
    Ok((input, normalization))
}

/// Number of classes: the only dimension of the output that is not 1.
fn class_count(output: &TensorInfo) -> std::result::Result<usize, String> {
    match output.shape.split_last() {
        Some((&classes, others)) if classes > 0 && others.iter().all(|&extent| extent == 1) => Ok(classes),
        _ => Err(format!("is no image classifier: its first output is {}, not 1xN", table::shape(&output.shape))),
    }
}
