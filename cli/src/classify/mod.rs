//! `ottava classify`: what is in a picture.

mod classifier;
mod labels;
mod picture;
mod scores;

use std::io::Write;
use std::path::Path;

use ottava::{DType, Plan};

use crate::args::{BackendArg, ClassifyArgs};
use crate::errors::{CliError, Result};
use crate::{files, models, table};
pub use classifier::Classifier;
pub use labels::Labels;
pub use scores::{real, top};

/// Prints the top classes of each picture.
///
/// # Errors
/// The model is no image classifier, or a picture or the labels cannot be read.
pub fn execute(args: &ClassifyArgs, output: &mut dyn Write) -> Result<()> {
    let model = models::open(&args.model)?;
    let plan = Plan::new(&model, &args.engine.options(BackendArg::Optimized))?;
    let mut classifier = Classifier::new(&model, &plan, &args.pictures)?;
    let whole = plan.inputs().iter().find(|input| input.dtype != DType::F32);
    if let Some(input) = whole.filter(|_| args.pictures.mean.is_some() || args.pictures.scale.is_some()) {
        let cause = format!("takes {} pixels; --mean and --scale are for float32 inputs", input.dtype);
        return Err(CliError::file(model.name(), cause));
    }
    let labels = args.labels.as_deref().map(|path| read_labels(path, classifier.classes)).transpose()?;
    for image in &args.images {
        let scores = classifier.classify(image)?;
        let ms = classifier.latency().as_secs_f64() * 1e3;
        writeln!(output, "{}  ({ms:.2} ms, {})", table::path(image), plan.isa())?;
        for (class, probability) in top(&scores, args.top) {
            let label = labels.as_ref().map_or(String::new(), |labels| table::plain(&labels.of(class)));
            writeln!(output, "{}", format!("  {:>6.2} %  {class:>5}  {label}", 100.0 * probability).trim_end())?;
        }
    }
    Ok(())
}

/// Names of so many classes.
///
/// # Errors
/// The file cannot be read, or has labels of another number of classes.
pub fn read_labels(path: &Path, classes: usize) -> Result<Labels> {
    Labels::parse(&String::from_utf8_lossy(&files::read(path)?), classes).map_err(|cause| CliError::file(path, cause))
}
