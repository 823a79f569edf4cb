//! `ottava classify`: what is in a picture.

mod labels;
mod picture;
mod scores;

use std::io::Write;
use std::path::Path;

use ottava::image::{self, Normalization, Preprocess, Preprocessor};
use ottava::{DType, Plan, Session, TensorInfo};

use crate::args::{BackendArg, ClassifyArgs, Crop};
use crate::errors::{CliError, Result};
use crate::{files, models, table};
use labels::Labels;

/// Prints the top classes of each picture.
///
/// # Errors
/// The model is no image classifier, or a picture or the labels cannot be read.
pub fn execute(args: &ClassifyArgs, output: &mut dyn Write) -> Result<()> {
    let model = models::open(&args.model)?;
    let plan = Plan::new(&model, &args.engine.options(BackendArg::Optimized))?;
    let cause = |cause: String| CliError::file(model.name(), cause);
    let (input, normalization) = input(plan.inputs(), args).map_err(cause)?;
    let [scores, ..] = plan.outputs() else {
        return Err(cause("has no output".to_owned()));
    };
    let classes = class_count(scores).map_err(cause)?;
    let labels = args.labels.as_deref().map(|path| read_labels(path, classes)).transpose()?;
    let probabilities = scores::are_probabilities(model.graph(), scores.tensor);
    let crop = match args.crop {
        Crop::Center => image::Crop::CenterSquare,
        Crop::None => image::Crop::Whole,
    };
    let options = Preprocess { crop, normalization, threads: plan.threads(), ..Preprocess::default() };
    let mut preprocessor = Preprocessor::new(input, options)?;
    let channels = input.shape[3];
    let mut session = Session::new(&plan)?;
    for image in &args.images {
        picture::load(image, channels, &mut preprocessor, session.input_mut(0)?)?;
        session.run()?;
        let scores = scores::real(session.output(0)?, scores).map_err(cause)?;
        let scores = if probabilities { scores } else { scores::softmax(&scores) };
        let ms = session.profile().total.as_secs_f64() * 1e3;
        writeln!(output, "{}  ({ms:.2} ms, {})", table::path(image), plan.isa())?;
        for (class, probability) in scores::top(&scores, args.top) {
            let label = labels.as_ref().map_or(String::new(), |labels| table::plain(&labels.of(class)));
            writeln!(output, "{}", format!("  {:>6.2} %  {class:>5}  {label}", 100.0 * probability).trim_end())?;
        }
    }
    Ok(())
}

/// The input that pictures go into, and what their pixels mean to it.
fn input<'a>(
    inputs: &'a [TensorInfo],
    args: &ClassifyArgs,
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
    if input.dtype != DType::F32 && (args.mean.is_some() || args.scale.is_some()) {
        return Err(format!("takes {} pixels; --mean and --scale are for float32 inputs", input.dtype));
    }
    Ok((input, normalization))
}

/// Number of classes: the only dimension of the output that is not 1.
fn class_count(output: &TensorInfo) -> std::result::Result<usize, String> {
    match output.shape.split_last() {
        Some((&classes, others)) if classes > 0 && others.iter().all(|&extent| extent == 1) => Ok(classes),
        _ => Err(format!("is no image classifier: its first output is {}, not 1xN", table::shape(&output.shape))),
    }
}

fn read_labels(path: &Path, classes: usize) -> Result<Labels> {
    Labels::parse(&String::from_utf8_lossy(&files::read(path)?), classes).map_err(|cause| CliError::file(path, cause))
}
