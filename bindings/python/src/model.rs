//! Models.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::{IntoPython, invalid};
use crate::tensor::Described;

/// A verified file; `ottava.Model` without its conveniences.
#[pyclass(frozen, weakref, module = "ottava._native")]
pub(crate) struct Model {
    pub(crate) model: ottava::Model,
}

#[pymethods]
impl Model {
    /// Maps and verifies a `.tflite` or `.ottava` file.
    #[staticmethod]
    fn open(python: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let model = python.detach(|| ottava::Model::open(path)).into_python(python)?;
        Ok(Self { model })
    }

    /// Verifies a file's bytes; `name` is what errors call it.
    #[staticmethod]
    fn from_bytes(python: Python<'_>, content: &[u8], name: &str) -> PyResult<Self> {
        let bytes = content.to_vec();
        let model = python.detach(|| ottava::Model::from_bytes(bytes, name)).into_python(python)?;
        Ok(Self { model })
    }

    #[getter]
    fn name(&self) -> &str {
        self.model.name()
    }

    #[getter]
    fn size_bytes(&self) -> usize {
        self.model.size_bytes()
    }

    /// Tensors of the graph's inputs.
    #[getter]
    fn inputs(&self) -> &[usize] {
        &self.model.graph().inputs
    }

    /// Tensors of the graph's outputs.
    #[getter]
    fn outputs(&self) -> &[usize] {
        &self.model.graph().outputs
    }

    #[getter]
    fn tensor_count(&self) -> usize {
        self.model.graph().tensors.len()
    }

    /// Multiplications of a run.
    #[getter]
    fn macs(&self) -> u64 {
        self.model.graph().macs()
    }

    /// What the file says of a tensor, with `signature`, its shape with -1 for what it leaves open, and `constant`.
    fn tensor<'py>(&self, python: Python<'py>, tensor: usize) -> PyResult<Bound<'py, PyDict>> {
        let known = self.find(python, tensor)?;
        let described = Described {
            name: &known.name,
            tensor,
            shape: &known.shape,
            dtype: known.dtype,
            quantization: known.quantization.as_ref(),
        };
        let dict = described.to_dict(python)?;
        let declared = self.model.declared_shape(tensor).into_python(python)?;
        let open = |size: Option<usize>| size.map_or(-1, |size| i64::try_from(size).unwrap_or(i64::MAX));
        dict.set_item("signature", declared.into_iter().map(open).collect::<Vec<_>>())?;
        dict.set_item("constant", known.data.is_some())?;
        Ok(dict)
    }

    /// The bytes of a constant; `None` of other tensors.
    fn constant<'py>(&self, python: Python<'py>, tensor: usize) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let constant = self.find(python, tensor)?.data.as_ref();
        Ok(constant.map(|constant| PyBytes::new(python, self.model.constant(constant))))
    }

    /// The operators of the graph that runs: their index in the file, their name, the tensors that they read (-1 for one that is left
    /// out) and those that they write.
    fn nodes(&self) -> Vec<(usize, &'static str, Vec<i64>, Vec<usize>)> {
        let read = |tensor: &Option<usize>| tensor.map_or(-1, |tensor| i64::try_from(tensor).unwrap_or(-1));
        let nodes = self.model.graph().nodes.iter();
        let of = |node: &ottava::graph::Node| {
            (node.file_operator, node.operator.name(), node.inputs.iter().map(read).collect(), node.outputs.clone())
        };
        nodes.map(of).collect()
    }

    /// The names of all operators of the file.
    fn operators(&self) -> Vec<&str> {
        self.model.operators().iter().map(|operator| operator.name.as_str()).collect()
    }

    /// The signatures: a key, and the names and tensors of inputs and outputs.
    #[expect(clippy::type_complexity, reason = "it is what Python gets")]
    fn signatures(&self, python: Python<'_>) -> PyResult<Vec<(String, Vec<(String, usize)>, Vec<(String, usize)>)>> {
        let named =
            |tensors: Vec<ottava::SignatureTensor>| tensors.into_iter().map(|it| (it.name, it.tensor)).collect();
        let signatures = self.model.signatures().into_python(python)?;
        Ok(signatures.into_iter().map(|it| (it.key, named(it.inputs), named(it.outputs))).collect())
    }

    /// What a packed model holds packed weights for; nothing of other files.
    fn packed_sections(&self) -> Vec<String> {
        self.model.packed_sections().iter().map(ToString::to_string).collect()
    }

    /// Compares a packed model's checksums.
    fn check_packed(&self, python: Python<'_>) -> PyResult<()> {
        python.detach(|| self.model.check_packed()).into_python(python)
    }
}

impl Model {
    fn find(&self, python: Python<'_>, tensor: usize) -> PyResult<&ottava::graph::Tensor> {
        let tensors = &self.model.graph().tensors;
        tensors
            .get(tensor)
            .ok_or_else(|| invalid(python, format!("there is no tensor {tensor} among {}", tensors.len())))
    }
}
