//! Plans.

use std::path::PathBuf;

use ottava::{Backend, Cache, PlanOptions, Winograd};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{IntoPython, invalid};
use crate::model::Model;
use crate::tensor::Described;

/// Kernels and packed weights of a model; shared by sessions.
#[pyclass(frozen, weakref, module = "ottava._native")]
pub(crate) struct Plan {
    pub(crate) plan: ottava::Plan,
    model: Py<Model>,
}

/// How to plan, as keywords.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Keywords {
    threads: Option<usize>,
    isa: Option<String>,
    backend: String,
    batch: Option<usize>,
    shapes: Vec<(usize, Vec<usize>)>,
    winograd: String,
    cache: Option<PathBuf>,
    keep_intermediates: bool,
}

impl Keywords {
    fn options(self, python: Python<'_>) -> PyResult<PlanOptions> {
        let unknown =
            |what: &str, name: &str, known: &str| invalid(python, format!("{what} is {name:?}; it can be {known}"));
        let isa = self.isa.map(|name| name.parse().map_err(ottava::Error::from)).transpose().into_python(python)?;
        let backend = match self.backend.as_str() {
            "optimized" => Backend::Optimized,
            "reference" => Backend::Reference,
            name => return Err(unknown("backend", name, "\"optimized\" or \"reference\"")),
        };
        let winograd = match self.winograd.as_str() {
            "auto" => Winograd::Auto,
            "always" => Winograd::Always,
            "never" => Winograd::Never,
            name => return Err(unknown("winograd", name, "\"auto\", \"always\" or \"never\"")),
        };
        Ok(PlanOptions {
            backend,
            batch: self.batch,
            cache: self.cache.map(Cache::new),
            input_shapes: self.shapes,
            isa,
            keep_intermediates: self.keep_intermediates,
            threads: self.threads,
            winograd,
        })
    }
}

#[pymethods]
impl Plan {
    /// Plans a model; the keywords are those of `ottava.Session`.
    #[new]
    fn new(python: Python<'_>, model: Py<Model>, keywords: Keywords) -> PyResult<Self> {
        let options = keywords.options(python)?;
        let of = &model.get().model;
        let plan = python.detach(|| ottava::Plan::new(of, &options)).into_python(python)?;
        Ok(Self { plan, model })
    }

    /// The model that it is of.
    #[getter]
    fn model(&self, python: Python<'_>) -> Py<Model> {
        self.model.clone_ref(python)
    }

    #[getter]
    fn isa(&self) -> &'static str {
        self.plan.isa().name()
    }

    #[getter]
    fn threads(&self) -> usize {
        self.plan.threads()
    }

    #[getter]
    fn batch(&self) -> usize {
        self.plan.batch()
    }

    #[getter]
    fn backend(&self) -> String {
        self.plan.backend().to_string()
    }

    /// The inputs with the shapes that were planned.
    fn inputs<'py>(&self, python: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        described(python, self.plan.inputs())
    }

    /// The outputs with the shapes that were planned.
    fn outputs<'py>(&self, python: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        described(python, self.plan.outputs())
    }

    /// The layers: `name`, `op`, `kernel`, `output_shape`, `macs` and `notes` of each.
    fn layers<'py>(&self, python: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let of = |layer: &ottava::LayerInfo| {
            let dict = PyDict::new(python);
            dict.set_item("name", &layer.name)?;
            dict.set_item("op", &layer.op)?;
            dict.set_item("kernel", &layer.kernel)?;
            dict.set_item("output_shape", &layer.output_shape)?;
            dict.set_item("macs", layer.macs)?;
            dict.set_item("notes", &layer.notes)?;
            Ok(dict)
        };
        self.plan.layers().iter().map(of).collect()
    }

    /// Bytes that the plan and each session take.
    fn memory<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (memory, dict) = (self.plan.memory(), PyDict::new(python));
        dict.set_item("model_bytes", memory.model_bytes)?;
        dict.set_item("packed_weight_bytes", memory.packed_weight_bytes)?;
        dict.set_item("arena_bytes", memory.arena_bytes)?;
        dict.set_item("staged_bytes", memory.staged_bytes)?;
        dict.set_item("workspace_bytes", memory.workspace_bytes)?;
        Ok(dict)
    }

    /// Writes a packed model.
    fn save(&self, python: Python<'_>, path: PathBuf) -> PyResult<()> {
        python.detach(|| self.plan.save(path)).into_python(python)
    }
}

fn described<'py>(python: Python<'py>, tensors: &[ottava::TensorInfo]) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let of = |info: &ottava::TensorInfo| {
        let described = Described {
            name: &info.name,
            tensor: info.tensor,
            shape: &info.shape,
            dtype: info.dtype,
            quantization: info.quantization.as_ref(),
        };
        described.to_dict(python)
    };
    tensors.iter().map(of).collect()
}
