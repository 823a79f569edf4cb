//! `ottava precisions`: one network in several precisions, side by side.

mod agreement;
mod form;
mod latency;
mod layers;
mod pictures;
mod report;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use ottava::{Model, Session};

use self::agreement::Agreement;
use self::form::Form;
use self::latency::Measured;
use self::layers::{Noise, Pair};
use crate::args::PrecisionsArgs;
use crate::classify::Classifier;
use crate::errors::{CliError, Result};
use crate::{files, inputs, models};

/// The file name that means standard output.
const STANDARD_OUTPUT: &str = "-";

/// A file and everything that the report says of it.
struct Row {
    form: Form,
    measured: Measured,
    /// Against the first file; none for itself.
    comparison: Option<Comparison>,
    /// With the first file, on pictures.
    agreement: Option<Agreement>,
}

/// Values against the first file's.
struct Comparison {
    pairs: Vec<Pair>,
    output: Noise,
}

/// Measures, compares and prints.
///
/// # Errors
/// A file cannot be run, the files are not of one network, or pictures cannot be read.
pub fn execute(args: &PrecisionsArgs, output: &mut dyn Write) -> Result<()> {
    let forms: Vec<Form> =
        args.models.iter().map(|model: &OsString| Form::open(model, &args.engine)).collect::<Result<_>>()?;
    check(&forms)?;
    let images = if args.images.is_empty() { Vec::new() } else { pictures::find(&args.images)? };
    let spinner = models::spinner(String::new());
    spinner.set_message("comparing values");
    let comparisons = comparisons(&forms, args, &images)?;
    spinner.set_message("classifying pictures");
    let agreements = agreements(&forms, args, &images)?;
    let progress = |round| spinner.set_message(format!("measuring, round {} of {}", round + 1, args.rounds));
    let measured = latency::measure(&forms, args, progress)?;
    spinner.finish_and_clear();
    let rows = forms.into_iter().zip(measured).zip(comparisons).zip(agreements);
    let rows: Vec<Row> =
        rows.map(|(((form, measured), comparison), agreement)| Row { form, measured, comparison, agreement }).collect();
    let json_only = args.json.as_deref() == Some(Path::new(STANDARD_OUTPUT));
    if !json_only {
        output.write_all(report::text(args, &rows).as_bytes())?;
    }
    match &args.json {
        Some(_) if json_only => Ok(output.write_all(report::json(&rows).as_bytes())?),
        Some(path) => files::write(path, report::json(&rows).as_bytes()),
        None => Ok(()),
    }
}

/// Whether the files can be forms of one network: the same shapes go in and come out.
fn check(forms: &[Form]) -> Result<()> {
    let shapes = |form: &Form| {
        let of = |infos: &[ottava::TensorInfo]| infos.iter().map(|info| info.shape.clone()).collect::<Vec<_>>();
        (of(form.plan.inputs()), of(form.plan.outputs()))
    };
    let first = &forms[0];
    match forms.iter().find(|form| shapes(form) != shapes(first)) {
        Some(form) => Err(CliError::file(
            &form.path,
            format!("is no form of the network in {}: its inputs or outputs have other shapes", first.path.display()),
        )),
        None => Ok(()),
    }
}

/// A session that keeps the tensors between layers, and how it gets its inputs.
enum Kept {
    Pictures(Box<Classifier>),
    MadeUp(Box<Session>),
}

impl Kept {
    fn new(form: &Form, args: &PrecisionsArgs) -> Result<Self> {
        Ok(if args.images.is_empty() {
            Self::MadeUp(Box::new(Session::new(&form.kept)?))
        } else {
            Self::Pictures(Box::new(Classifier::new(&form.model, &form.kept, &args.pictures)?))
        })
    }

    /// Runs the `index`-th input.
    fn run(&mut self, index: usize, images: &[PathBuf]) -> Result<()> {
        match self {
            Self::Pictures(classifier) => classifier.classify(&images[index]).map(|_| ()),
            Self::MadeUp(session) => {
                let infos = session.inputs().to_vec();
                for (position, info) in infos.iter().enumerate() {
                    let cause = CliError::request(format!(
                        "input '{}' is {}: nothing is made up for it",
                        info.name, info.dtype
                    ));
                    inputs::fill_real(session.input_mut(position)?, info, [index, position]).ok_or(cause)?;
                }
                Ok(session.run()?)
            }
        }
    }

    fn session(&self) -> &Session {
        match self {
            Self::Pictures(classifier) => classifier.session(),
            Self::MadeUp(session) => session,
        }
    }
}

/// Each form's values against the first one's. Pictures are taken from all over the list.
fn comparisons(forms: &[Form], args: &PrecisionsArgs, images: &[PathBuf]) -> Result<Vec<Option<Comparison>>> {
    let count = if images.is_empty() { args.inputs } else { args.inputs.min(images.len()) };
    let picture = |index: usize| if images.is_empty() { index } else { index * images.len() / count };
    let mut first = Kept::new(&forms[0], args)?;
    let graph = forms[0].model.graph();
    let mut all = vec![None];
    for form in &forms[1..] {
        let mut kept = Kept::new(form, args)?;
        let mut comparison = Comparison { pairs: layers::pairs(graph, form.model.graph()), output: Noise::default() };
        for index in 0..count {
            first.run(picture(index), images)?;
            kept.run(picture(index), images)?;
            let (graphs, sessions) = ([graph, form.model.graph()], [first.session(), kept.session()]);
            layers::compare(&mut comparison.pairs, graphs, sessions);
            let output = |side: usize| values_of_output(graphs[side], sessions[side]);
            if let (Some(exact), Some(other)) = (output(0), output(1)) {
                comparison.output.add(&exact, &other);
            }
        }
        all.push(Some(comparison));
    }
    Ok(all)
}

fn values_of_output(graph: &ottava::Graph, session: &Session) -> Option<Vec<f64>> {
    layers::values(graph, session, session.outputs().first()?.tensor)
}

/// What each form sees in the pictures, against the first one.
fn agreements(forms: &[Form], args: &PrecisionsArgs, images: &[PathBuf]) -> Result<Vec<Option<Agreement>>> {
    if images.is_empty() {
        return Ok(forms.iter().map(|_| None).collect());
    }
    let classifier = |form: &Form| Classifier::new(&form.model as &Model, &form.plan, &args.pictures);
    let mut classifiers: Vec<Classifier> = forms.iter().map(classifier).collect::<Result<_>>()?;
    let truth = pictures::truth(args, images, classifiers[0].classes)?;
    let mut agreements = vec![Agreement::default(); forms.len()];
    for (index, image) in images.iter().enumerate() {
        let is = truth.as_ref().map(|truth| truth[index]);
        let exact = classifiers[0].classify(image)?;
        agreements[0].add(&exact, &exact, is);
        for (classifier, agreement) in classifiers[1..].iter_mut().zip(&mut agreements[1..]) {
            agreement.add(&exact, &classifier.classify(image)?, is);
        }
    }
    Ok(agreements.into_iter().map(Some).collect())
}
