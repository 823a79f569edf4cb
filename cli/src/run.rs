//! `ottava run`: NumPy files in, NumPy files out.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap_lex::OsStrExt;
use ottava::{Plan, Session, TensorInfo};

use crate::args::RunArgs;
use crate::errors::{CliError, Result};
use crate::{files, host, models, npy, table, trace};

/// Runs the model once and writes its outputs.
///
/// # Errors
/// The model cannot be run, an input does not fit, or an output cannot be written.
pub fn execute(args: &RunArgs, output: &mut dyn Write) -> Result<()> {
    let model = models::open(&args.model)?;
    let plan = Plan::new(&model, &args.engine.options(args.backend))?;
    let paths = bind(&args.inputs, plan.inputs())?;
    let mut session = Session::new(&plan)?;
    for (index, (path, info)) in paths.iter().zip(plan.inputs()).enumerate() {
        session.input_mut(index)?.copy_from_slice(&npy::read(path, info.dtype, &info.shape)?);
    }
    session.record_tasks(args.trace.is_some());
    session.run()?;
    if let Some(path) = &args.trace {
        trace::write(path, &session)?;
    }
    files::create_folder(&args.output_dir)?;
    for (index, info) in plan.outputs().iter().enumerate() {
        let path = args.output_dir.join(format!("output{index}.npy"));
        let file = npy::write(info.dtype, &info.shape, session.output(index)?);
        files::write(&path, &file.map_err(|cause| CliError::file(&path, cause))?)?;
        let (dtype, shape, name) = (info.dtype, table::shape(&info.shape), table::plain(&info.name));
        writeln!(output, "{}: {dtype} {shape} '{name}'", table::path(&path))?;
    }
    let ms = session.profile().total.as_secs_f64() * 1e3;
    let threads = table::counted(plan.threads(), "thread");
    let peak = host::peak_memory_bytes().map(|bytes| format!(", peak resident {}", table::bytes(bytes as usize)));
    let peak = peak.unwrap_or_default();
    writeln!(output, "{ms:.3} ms, {} backend, {}, {threads}{peak}", plan.backend(), plan.isa())?;
    Ok(())
}

/// The file of each input of the model: named ones first, the others in the model's order.
fn bind(arguments: &[OsString], infos: &[TensorInfo]) -> Result<Vec<PathBuf>> {
    let mut bound: Vec<Option<PathBuf>> = vec![None; infos.len()];
    let mut in_order = Vec::new();
    for argument in arguments {
        match named(argument, infos)? {
            Some((index, path)) if bound[index].is_none() => bound[index] = Some(path),
            Some((index, _)) => {
                let (argument, name) = (argument.display(), &infos[index].name);
                return Err(CliError::request(format!("--input {argument}: '{name}' is given twice")));
            }
            None => in_order.push(PathBuf::from(argument)),
        }
    }
    let mut in_order = in_order.into_iter();
    for slot in &mut bound {
        if slot.is_none() {
            *slot = in_order.next();
        }
    }
    let missing: Vec<&str> =
        infos.iter().zip(&bound).filter(|(_, path)| path.is_none()).map(|(i, _)| &*i.name).collect();
    if !missing.is_empty() {
        return Err(CliError::request(format!("no --input for '{}'", missing.join("', '"))));
    }
    if let Some(path) = in_order.next() {
        let has = table::counted(infos.len(), "input");
        return Err(CliError::request(format!("--input {}: the model has {has} only", path.display())));
    }
    Ok(bound.into_iter().flatten().collect())
}

/// The input and file of `NAME=FILE`; `None` where the argument is a file alone.
///
/// Names and paths may both contain `=`: a name of the model's wins, the shortest that fits, then a file of the whole
/// text.
fn named(argument: &OsStr, infos: &[TensorInfo]) -> Result<Option<(usize, PathBuf)>> {
    let path_of = |info: &TensorInfo| argument.strip_prefix(&info.name)?.strip_prefix("=").map(PathBuf::from);
    let fitting = infos.iter().enumerate().filter_map(|(index, info)| Some((index, path_of(info)?)));
    if let Some(shortest) = fitting.min_by_key(|(index, _)| infos[*index].name.len()) {
        return Ok(Some(shortest));
    }
    match argument.split_once("=") {
        Some((name, _)) if !Path::new(argument).exists() => {
            let (argument, name) = (argument.display(), name.display());
            let names = infos.iter().map(|info| info.name.as_str()).collect::<Vec<_>>().join("', '");
            Err(CliError::request(format!("--input {argument}: there is no input '{name}'; there is '{names}'")))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use ottava::DType;

    use super::*;

    fn infos(names: &[&str]) -> Vec<TensorInfo> {
        let info = |name: &&str| TensorInfo {
            name: (*name).to_owned(),
            shape: vec![1],
            dtype: DType::U8,
            quantization: None,
            tensor: 0,
        };
        names.iter().map(info).collect()
    }

    fn bound(arguments: &[&str], names: &[&str]) -> std::result::Result<Vec<String>, String> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let paths = bind(&arguments, &infos(names)).map_err(|error| error.to_string())?;
        Ok(paths.iter().map(|path| path.display().to_string()).collect())
    }

    #[test]
    fn names_first_then_order() {
        assert_eq!(bound(&["x", "y"], &["a", "b"]).unwrap(), ["x", "y"]);
        assert_eq!(bound(&["b=x", "y"], &["a", "b"]).unwrap(), ["y", "x"]);
        assert_eq!(bound(&["a=b=x"], &["a=b"]).unwrap(), ["x"]);
        assert_eq!(bound(&["a=b=x", "y"], &["a=b", "a"]).unwrap(), ["y", "b=x"]);
        assert_eq!(bound(&["a=x", "y"], &["a", "a"]).unwrap(), ["x", "y"]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert!(bound(&["x"], &["a", "b"]).unwrap_err().contains("'b'"));
        assert!(bound(&["x", "y"], &["a"]).unwrap_err().contains("1 input only"));
        assert!(bound(&["c=x"], &["a"]).unwrap_err().contains("no input 'c'; there is 'a'"));
        assert!(bound(&["a=x", "a=y"], &["a"]).unwrap_err().contains("twice"));
    }
}
