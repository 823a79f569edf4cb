//! Writing plans to packed models.

use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::packed::{Kept, PackedStep, Section, SourceInfo, replace, write};
use crate::plan::Plan;

impl Plan {
    /// Writes the model with the packed weights of this plan to a packed model at `path`, which [`Model::open`] takes.
    ///
    /// # Errors
    /// As [`save_plans`], which writes several plans to one file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save_plans(&[self], Kept::Everything, path)
    }
}

/// Writes plans of one model to a packed model at `path`: beside it under another name first, then renamed over it.
///
/// The bytes depend on the model, the plans' instruction sets and options, and the version of Ottava alone.
///
/// # Errors
/// There is no plan, they are of several models, or one has shapes, a batch or tensors of its own; or the file cannot be written.
pub fn save_plans(plans: &[&Plan], kept: Kept, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let (model, sections) = sections(plans, kept)?;
    replace(path, |file| write(&source_info(model), &sections, file))
        .map_err(|error| cannot_write(error).in_file(&path.display().to_string()))
}

/// As [`save_plans`], to anything that takes bytes.
///
/// # Errors
/// As [`save_plans`].
pub fn write_plans(plans: &[&Plan], kept: Kept, output: &mut dyn Write) -> Result<()> {
    let (model, sections) = sections(plans, kept)?;
    write(&source_info(model), &sections, output).map_err(cannot_write)
}

fn cannot_write(error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot write: {error}")).with_source(error)
}

fn sections<'a>(plans: &[&'a Plan], kept: Kept) -> Result<(&'a Model, Vec<Section<'a>>)> {
    let [first, ..] = plans else { return Err(Error::argument("no plan is to be packed")) };
    let model = first.model();
    let sections = sections_of(model, plans, kept).map_err(|error| error.in_file(model.name()))?;
    Ok((model, sections))
}

fn sections_of<'a>(model: &'a Model, plans: &[&'a Plan], kept: Kept) -> Result<Vec<Section<'a>>> {
    let mut packed = Vec::new();
    for plan in plans {
        if !plan.model().same_bytes(model) {
            return Err(Error::argument("plans of several models cannot be packed together"));
        }
        let steps = plan.packed_steps().ok_or_else(|| {
            Error::argument("a plan of the reference, with other shapes or with all its tensors cannot be packed")
        })?;
        packed.push((*plan, steps));
    }
    let holes = match kept {
        Kept::Everything => model.holes().to_vec(),
        Kept::WithoutPackedWeights => {
            let steps: Vec<&[PackedStep]> = packed.iter().map(|(_, steps)| *steps).collect();
            model.packed_weights(&steps)?
        }
    };
    let source = Section::source(model.bytes(), &holes);
    Ok([source]
        .into_iter()
        .chain(packed.into_iter().map(|(plan, steps)| Section::plan(plan.isa(), plan.options().winograd, steps)))
        .collect())
}

fn source_info(model: &Model) -> SourceInfo {
    SourceInfo { bytes: model.bytes().len(), hash: model.source_hash() }
}
