//! A model file: mapped or owned, verified once, immutable from then on.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Constant, Graph};
use crate::import::{self, FileOperator, OperatorInfo};

/// A verified `.tflite` model.
///
/// Cloning is cheap: clones share the bytes and the graph. The weights stay where they are in the map, nothing is
/// copied until a [`crate::Plan`] packs them.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    bytes: Bytes,
    graph: Graph,
    operators: Vec<OperatorInfo>,
}

enum Bytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Model {
    /// Lists the operators of a file and whether Ottava can run each: what to ask before a model is refused.
    ///
    /// # Errors
    /// When the file cannot be read, is no model, or its tables are damaged.
    pub fn survey(path: impl AsRef<Path>) -> Result<Vec<FileOperator>> {
        let path = path.as_ref();
        let survey = map(path).and_then(|bytes| import::survey(bytes.as_slice()));
        survey.map_err(|error| error.in_file(&path.display().to_string()))
    }

    /// Maps a file, verifies all of it and imports its main graph.
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
        let bytes = map(path).map_err(|error| error.in_file(&name))?;
        Self::new(bytes, &name)
    }

    /// The same checks as [`Model::open`] on bytes in memory; `name` is what errors and reports call the model.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self> {
        Self::new(Bytes::Owned(bytes), name)
    }

    fn new(bytes: Bytes, name: &str) -> Result<Self> {
        let (graph, operators) = import::import(bytes.as_slice(), &[]).map_err(|error| error.in_file(name))?;
        Ok(Self { inner: Arc::new(Inner { name: name.to_owned(), bytes, graph, operators }) })
    }

    /// The path it was opened from, or the name it was given.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Size of the file in bytes.
    pub fn size_bytes(&self) -> usize {
        self.bytes().len()
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.inner.graph
    }

    /// The operators of the main graph, in the file's order.
    pub fn operators(&self) -> &[OperatorInfo] {
        &self.inner.operators
    }

    /// The network for other shapes of its inputs (index and shape), which every operator must agree to.
    ///
    /// # Errors
    /// When there is no such input, or an operator cannot take what reaches it.
    pub(crate) fn graph_for(&self, shapes: &[(usize, Vec<usize>)]) -> Result<Graph> {
        if shapes.is_empty() {
            return Ok(self.graph().clone());
        }
        import::import(self.bytes(), shapes).map(|(graph, _)| graph)
    }

    /// The bytes of a constant of this model's graph: little-endian, row-major, at any alignment.
    pub fn constant<'a>(&'a self, constant: &'a Constant) -> &'a [u8] {
        constant.bytes(self.bytes())
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.inner.bytes.as_slice()
    }
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

fn map(path: &Path) -> Result<Bytes> {
    let io = |error: io::Error| Error::new(ErrorKind::Io, format!("cannot open: {error}")).with_source(error);
    let file = open_regular(path).map_err(io)?;
    if file.metadata().map_err(io)?.len() == 0 {
        // An empty file cannot be mapped everywhere; as bytes it is refused like any other non-model.
        return Ok(Bytes::Owned(Vec::new()));
    }
    if cfg!(not(any(unix, windows))) {
        // WebAssembly has no memory maps.
        let mut bytes = Vec::new();
        (&file).read_to_end(&mut bytes).map_err(io)?;
        return Ok(Bytes::Owned(bytes));
    }
    #[expect(unsafe_code, reason = "memory maps are unsafe to create")]
    // SAFETY: the map is read-only and private to this process' view; that nobody changes the file in place is the
    // documented contract of `Model::open`. Verification does not lean on it: offsets and sizes are read once, checked
    // and copied into the graph, after that the map is only read as plain bytes at ranges inside it.
    let map = unsafe { Mmap::map(&file) }.map_err(io)?;
    Ok(Bytes::Mapped(map))
}

/// Opens a regular file for reading. Anything else is refused unopened: to open a pipe waits for somebody to write.
fn open_regular(path: &Path) -> io::Result<File> {
    let require_regular = |metadata: Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("not a regular file")),
    };
    require_regular(fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    // By now something else may be there. Without waiting it is opened, and refused after all.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    require_regular(file.metadata()?)?;
    Ok(file)
}
