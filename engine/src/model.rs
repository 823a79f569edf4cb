//! A model file: mapped or owned, verified once, immutable from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ottava_kernels::{Isa, StableBytes};

use crate::error::{Error, Result};
use crate::file::FileBytes;
use crate::graph::{Constant, Graph};
use crate::import::{self, FileOperator, OperatorInfo, Signature, SourceBytes};
use crate::packed::{self, PackedFile, PackedSection, PackedStep, Source, StoredPlan};
use crate::tensor::{ConstantBytes, TensorId};
use crate::winograd::Winograd;

/// Shorter weights are not left out of a packed model.
const LEAST_HOLE: usize = 64;

/// A verified model, of a `.tflite` file or a packed `.ottava` one.
///
/// Cloning is cheap: clones share the bytes and the graph. The weights stay where they are in the map. Nothing is
/// copied until a [`crate::Plan`] packs them, and packed ones are used in place.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    file: Arc<FileBytes>,
    source: Source,
    packed: Option<PackedFile>,
    graph: Arc<Graph>,
    operators: Vec<OperatorInfo>,
}

impl Model {
    /// Lists the operators of a file and whether Ottava can run each: what to ask before a model is refused.
    ///
    /// # Errors
    /// When the file cannot be read, is no model, or its tables are damaged.
    pub fn survey(path: impl AsRef<Path>) -> Result<Vec<FileOperator>> {
        let path = path.as_ref();
        let survey = FileBytes::map(path).and_then(|file| {
            let (source, _) = source(&file)?;
            import::survey(import_view(&file, &source))
        });
        survey.map_err(|error| error.in_file(&path.display().to_string()))
    }

    /// Maps a file, verifies all of it and imports its main graph. What it begins with says whether it is a `.tflite` file or a
    /// packed model. The structure of packed weights is verified when they are planned with, their bytes by
    /// [`Model::check_packed`].
    ///
    /// The file must not be changed in place while the model or anything made from it is alive (replacing it by renaming
    /// another over it is fine). Bytes behind the model, such as packed label files, are tolerated.
    ///
    /// # Errors
    /// When the file cannot be read, is no model, is damaged, breaks its operators' rules, or uses what Ottava does not
    /// run. Unsupported operators are all listed in one error.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let file = FileBytes::map(path).map_err(|error| error.in_file(&name))?;
        Self::new(file, &name)
    }

    /// The same checks as [`Model::open`] on bytes in memory; `name` is what errors and reports call the model.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self> {
        Self::new(FileBytes::Owned(bytes), name)
    }

    fn new(file: FileBytes, name: &str) -> Result<Self> {
        let import = || {
            let (source, packed) = source(&file)?;
            let (graph, operators) = import::import(import_view(&file, &source), &[])?;
            Ok((source, packed, graph, operators))
        };
        let (source, packed, graph, operators) = import().map_err(|error: Error| error.in_file(name))?;
        // What is needed again comes back.
        file.release(0..file.bytes().len());
        let (name, file) = (name.to_owned(), Arc::new(file));
        Ok(Self { inner: Arc::new(Inner { name, file, source, packed, graph: Arc::new(graph), operators }) })
    }

    /// The path it was opened from, or the name it was given.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Size of the file in bytes.
    pub fn size_bytes(&self) -> usize {
        self.inner.file.bytes().len()
    }

    /// What the file has packed weights for; nothing in a `.tflite` file.
    pub fn packed_sections(&self) -> Vec<PackedSection> {
        self.inner.packed.as_ref().map(PackedFile::plans).unwrap_or_default()
    }

    /// SHA-256 of the `.tflite` file that the model is, or was packed from, before anything was left out of it.
    pub fn source_hash(&self) -> [u8; 32] {
        match &self.inner.packed {
            Some(packed) => packed.source_hash,
            None => self.inner.file.hash(),
        }
    }

    /// Compares all of a packed model with its checksums. A `.tflite` file has none.
    ///
    /// # Errors
    /// A section is damaged.
    pub fn check_packed(&self) -> Result<()> {
        let packed = self.inner.packed.as_ref();
        let checked = packed.map_or(Ok(()), |packed| packed.check(self.inner.file.bytes()));
        checked.map_err(|error| error.in_file(self.name()))
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.inner.graph
    }

    /// The operators of the main graph, in the file's order.
    pub fn operators(&self) -> &[OperatorInfo] {
        &self.inner.operators
    }

    /// The names that the file has for inputs and outputs of the main graph; most files have one signature or none.
    ///
    /// # Errors
    /// The tables of the signatures are damaged, or name tensors that are no inputs or outputs.
    pub fn signatures(&self) -> Result<Vec<Signature>> {
        let signatures = import::signatures(self.bytes(), &self.graph().inputs, &self.graph().outputs);
        signatures.map_err(|error| error.in_file(self.name()))
    }

    /// The dimensions of a tensor as the file declares them, `None` for those that it leaves open, such as a batch. Where it
    /// declares nothing but a shape, they are that shape.
    ///
    /// # Errors
    /// There is no such tensor.
    pub fn declared_shape(&self, tensor: TensorId) -> Result<Vec<Option<usize>>> {
        let shape = self.graph().tensors.get(tensor).map(|tensor| &tensor.shape);
        let shape = shape.ok_or_else(|| Error::argument(format!("there is no tensor {tensor}")))?;
        let declared = import::declared_shape(self.bytes(), tensor).map_err(|error| error.in_file(self.name()))?;
        Ok(declared.unwrap_or_else(|| shape.iter().copied().map(Some).collect()))
    }

    /// The network for other shapes of its inputs (index and shape), which every operator must agree to.
    ///
    /// # Errors
    /// When there is no such input, or an operator cannot take what reaches it.
    pub(crate) fn graph_for(&self, shapes: &[(usize, Vec<usize>)]) -> Result<Arc<Graph>> {
        if shapes.is_empty() {
            return Ok(Arc::clone(&self.inner.graph));
        }
        import::import(import_view(&self.inner.file, &self.inner.source), shapes).map(|(graph, _)| Arc::new(graph))
    }

    /// The bytes of a constant of this model's graph: little-endian, row-major, at any alignment.
    pub fn constant<'a>(&'a self, constant: &'a Constant) -> &'a [u8] {
        constant.bytes(self.bytes())
    }

    /// The bytes of the `.tflite` file, zeros where something is left out.
    pub(crate) fn bytes(&self) -> &[u8] {
        source_bytes(&self.inner.file, &self.inner.source)
    }

    /// Gives the pages of constants back that were packed.
    pub(crate) fn release<'a>(&self, constants: impl IntoIterator<Item = &'a Constant>) {
        let Source::InFile(source) = &self.inner.source else { return };
        for constant in constants {
            if let ConstantBytes::InFile(range) = &constant.0 {
                self.inner.file.release(source.start + range.start..source.start + range.end);
            }
        }
    }

    /// Gives all pages of the source back; what is needed again comes back.
    pub(crate) fn release_source(&self) {
        if let Source::InFile(source) = &self.inner.source {
            self.inner.file.release(source.clone());
        }
    }

    /// What is left out of the `.tflite` file.
    pub(crate) fn holes(&self) -> &[Range<usize>] {
        holes(&self.inner.source)
    }

    /// Whether two models are clones of one.
    pub(crate) fn same_bytes(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The instruction set of a plan that may take any: the best that there are packed weights for, else the best of this CPU. One
    /// that `OTTAVA_ISA` names is not left to choose.
    ///
    /// # Errors
    /// As [`Isa::best`].
    pub(crate) fn best_isa(&self, winograd: Winograd) -> Result<Isa> {
        let best = Isa::best()?;
        let chosen = std::env::var_os(ottava_kernels::isa::ISA_VARIABLE).is_some_and(|name| !name.is_empty());
        let packed = self.inner.packed.as_ref().filter(|_| !chosen);
        Ok(packed.and_then(|packed| packed.best_isa(winograd)).unwrap_or(best))
    }

    /// The packed weights for an instruction set, if the file has any.
    ///
    /// # Errors
    /// They are damaged; or there are none, nor weights to pack.
    pub(crate) fn stored_plan(&self, isa: Isa, winograd: Winograd) -> Result<Option<StoredPlan>> {
        let Some(packed) = &self.inner.packed else { return Ok(None) };
        let file: Arc<dyn StableBytes> = Arc::clone(&self.inner.file) as _;
        let plan = packed.plan(&file, isa, winograd)?;
        match packed.plan_range(isa, winograd) {
            Some(range) => self.inner.file.populate(range),
            None if !self.holes().is_empty() => return Err(packed.lacks(isa, winograd)),
            None => {}
        }
        Ok(plan)
    }

    /// The bytes of constants that every plan has packed and nothing else reads.
    ///
    /// # Errors
    /// Without them the source could not be imported.
    pub(crate) fn packed_weights(&self, plans: &[&[PackedStep]]) -> Result<Vec<Range<usize>>> {
        let graph = self.graph();
        let mut readers: BTreeMap<TensorId, usize> = BTreeMap::new();
        for &id in graph.nodes.iter().flat_map(|node| node.inputs.iter().flatten()) {
            *readers.entry(id).or_default() += 1;
        }
        // Of every plan each read has to be one that was packed.
        let mut packed: BTreeSet<TensorId> = readers.keys().copied().collect();
        for steps in plans {
            let mut reads: BTreeMap<TensorId, usize> = BTreeMap::new();
            for &id in steps.iter().filter(|step| !step.buffers.is_empty()).flat_map(|step| &step.weights) {
                *reads.entry(id).or_default() += 1;
            }
            packed.retain(|id| reads.get(id) == readers.get(id));
        }
        let in_file = |id: TensorId| match &graph.tensors[id].data.as_ref()?.0 {
            ConstantBytes::InFile(range) => Some(range.clone()),
            _ => None,
        };
        let others = (0..graph.tensors.len()).filter(|id| !packed.contains(id));
        let others: Vec<Range<usize>> = others.filter_map(in_file).collect();
        let meets = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        let mut found: Vec<Range<usize>> = packed.into_iter().filter_map(in_file).collect();
        found.retain(|range| range.len() >= LEAST_HOLE && !others.iter().any(|other| meets(range, other)));
        found.extend_from_slice(self.holes());
        found.sort_by_key(|range| (range.start, range.end));
        found.dedup_by(|next, kept| meets(next, kept));
        self.check_holes(&found)?;
        Ok(found)
    }

    /// Whether the source can be imported with holes.
    fn check_holes(&self, holes: &[Range<usize>]) -> Result<()> {
        let mut bytes = self.bytes().to_vec();
        holes.iter().for_each(|hole| bytes[hole.clone()].fill(0));
        let source = SourceBytes { bytes: &bytes, holes, file_bytes: bytes.len() };
        let (graph, _) = import::import(source, &[])?;
        match graph.nodes.len() == self.graph().nodes.len() {
            true => Ok(()),
            false => Err(Error::unsupported("the file uses its weights for something else, they cannot be left out")),
        }
    }
}

/// The source of a file, and the table of a packed model.
fn source(file: &FileBytes) -> Result<(Source, Option<PackedFile>)> {
    let bytes = file.bytes();
    if !packed::is_packed(bytes) {
        return Ok((Source::InFile(0..bytes.len()), None));
    }
    let packed = PackedFile::new(bytes)?;
    let source = packed.source(bytes)?.ok_or_else(|| Error::corrupt("a packed model without a source"))?;
    Ok((source, Some(packed)))
}

fn source_bytes<'a>(file: &'a FileBytes, source: &'a Source) -> &'a [u8] {
    match source {
        Source::InFile(range) => file.bytes().get(range.clone()).unwrap_or_default(),
        Source::Rebuilt { bytes, .. } => bytes,
    }
}

fn holes(source: &Source) -> &[Range<usize>] {
    match source {
        Source::InFile(_) => &[],
        Source::Rebuilt { holes, .. } => holes,
    }
}

fn import_view<'a>(file: &'a FileBytes, source: &'a Source) -> SourceBytes<'a> {
    SourceBytes { bytes: source_bytes(file, source), holes: holes(source), file_bytes: file.bytes().len() }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.name())
            .field("size_bytes", &self.size_bytes())
            .field("operators", &self.operators().len())
            .finish_non_exhaustive()
    }
}
