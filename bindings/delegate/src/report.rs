//! The time of each layer of a part, as a line of JSON in a file.

use std::ffi::c_int;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use ottava::Session;

/// What the runs of a part took, where there is a file for it.
pub(crate) struct Report {
    file: Option<PathBuf>,
    nodes: Vec<c_int>,
    runs: u32,
    layers: Vec<Duration>,
}

impl Report {
    pub(crate) fn new(file: Option<PathBuf>, nodes: &[c_int]) -> Self {
        Self { file, nodes: nodes.to_vec(), runs: 0, layers: Vec::new() }
    }

    /// Adds the last run of a session. One of other shapes begins anew.
    pub(crate) fn add(&mut self, session: &Session) {
        if self.file.is_none() {
            return;
        }
        let layers = &session.profile().layers;
        if self.layers.len() != layers.len() {
            self.layers = vec![Duration::ZERO; layers.len()];
            self.runs = 0;
        }
        self.layers.iter_mut().zip(layers).for_each(|(sum, &layer)| *sum += layer);
        self.runs += 1;
    }

    /// Appends a line to the file, in one piece: the nodes of the host's graph, and each layer with its mean time.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, session: &Session) -> io::Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| self.runs > 0) else { return Ok(()) };
        let plan = session.plan();
        let mut line = format!(
            r#"{{"nodes":{:?},"runs":{},"threads":{},"isa":"{}","layers":["#,
            self.nodes,
            self.runs,
            plan.threads(),
            plan.isa()
        );
        for (layer, sum) in plan.layers().iter().zip(&self.layers) {
            let comma = if layer.index == 0 { "" } else { "," };
            let mean = (sum.as_nanos() + u128::from(self.runs) / 2) / u128::from(self.runs);
            // Names of operators and kernels have no characters that JSON would escape.
            let _ = write!(
                line,
                r#"{comma}{{"name":{:?},"kernel":{:?},"shape":{:?},"macs":{},"ns":{mean}}}"#,
                layer.name, layer.kernel, layer.output_shape, layer.macs
            );
        }
        line.push_str("]}\n");
        OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())
    }
}
