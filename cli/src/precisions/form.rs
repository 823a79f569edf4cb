//! One file of a network, and what can be said of it without running it.

use std::ffi::OsStr;
use std::path::PathBuf;

use ottava::graph::Node;
use ottava::{DType, Graph, Model, Plan};

use crate::args::{BackendArg, EngineArgs};
use crate::errors::{CliError, Result};
use crate::{files, models, table};

/// Operators with weights.
const WEIGHTED: [&str; 4] = ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"];

/// A network in one precision.
pub struct Form {
    pub path: PathBuf,
    pub model: Model,
    /// As it runs in earnest.
    pub plan: Plan,
    /// A plan that keeps the tensors between layers.
    pub kept: Plan,
    pub file_bytes: u64,
    pub precision: &'static str,
}

impl Form {
    /// Opens and plans a network.
    ///
    /// # Errors
    /// It cannot be read or run.
    pub fn open(model: &OsStr, engine: &EngineArgs) -> Result<Self> {
        let path = models::locate(model)?;
        let model = Model::open(&path)?;
        let mut options = engine.options(BackendArg::Optimized);
        let plan = Plan::new(&model, &options)?;
        options.keep_intermediates = true;
        let kept = Plan::new(&model, &options)?;
        let metadata = files::open(&path)?.metadata();
        let file_bytes = metadata.map_err(|error| CliError::file(&path, format!("cannot read: {error}")))?.len();
        let precision = precision(model.graph());
        Ok(Self { path, model, plan, kept, file_bytes, precision })
    }

    /// The file without its folders.
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(|| table::path(&self.path), |name| table::plain(&name.to_string_lossy()))
    }
}

/// What the operators with weights compute with: the type of their input, and of the weights where that is another.
fn precision(graph: &Graph) -> &'static str {
    let weighted = |node: &&Node| WEIGHTED.contains(&node.operator.name());
    // The filter is the second input, the pixels the first; of TRANSPOSE_CONV the third.
    let types = |node: &Node| {
        let pixels = if node.operator.name() == "TRANSPOSE_CONV" { 2 } else { 0 };
        let dtype = |index: usize| Some(graph.tensors[*node.inputs.get(index)?.as_ref()?].dtype);
        Some((dtype(pixels)?, dtype(1)?))
    };
    let all: Vec<(DType, DType)> = graph.nodes.iter().filter(weighted).filter_map(types).collect();
    let some = |wanted: (DType, DType)| all.contains(&wanted);
    let half = graph.tensors.iter().any(|tensor| tensor.dtype == DType::F16);
    match () {
        () if some((DType::F32, DType::I8)) => "dynamic range",
        () if some((DType::I8, DType::I8)) => "int8",
        () if some((DType::U8, DType::U8)) => "uint8",
        () if some((DType::I16, DType::I8)) => "int16",
        () if half => "float16 weights",
        () if some((DType::F32, DType::F32)) => "float32",
        () => "other",
    }
}
