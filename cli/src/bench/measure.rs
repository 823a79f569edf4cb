//! The measurement itself, and the numbers that follow from it.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use ottava::{Backend, Isa, LayerInfo, MemoryInfo, Model, Plan, PlanOptions, Session};
use ottava_kernels::peak;

use crate::args::BenchArgs;
use crate::errors::Result;
use crate::host::{self, Host};
use crate::inputs::{self, Pattern};
use crate::stats::{Summary, median};
use crate::{models, trace};

/// Chooses the random input.
const SEED: u64 = 1;

/// The progress bar is redrawn this often, between runs and never within one.
const REDRAW: Duration = Duration::from_millis(100);

/// Everything that a report says.
pub struct Measured {
    pub model: String,
    pub file: String,
    pub host: Host,
    pub isa: Isa,
    pub backend: Backend,
    pub threads: usize,
    pub batch: usize,
    /// Mapping and verifying the file.
    pub load_ms: f64,
    pub plan_ms: f64,
    /// The first run of a fresh session.
    pub first_ms: f64,
    /// All timed runs.
    pub latency_ms: Summary,
    pub layers: Vec<Layer>,
    /// What the layers' medians leave of the median run.
    pub other_us: f64,
    /// Time of a run that no layer accounts for, median.
    pub between_layers_us: f64,
    pub memory: MemoryInfo,
    /// Greatest resident memory from loading to the last warm-up run, where the system tells.
    pub peak_rss_bytes: Option<u64>,
    /// The peaks that layers are held against, that of most layers' own instruction set first.
    pub peaks: Vec<Peak>,
}

/// What a core's loop over products, with nothing around it, reaches.
pub struct Peak {
    pub products: Products,
    /// Multiply-accumulates per second: the better of before and after the timed runs.
    pub macs_per_second: f64,
}

/// The products of an instruction set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Products {
    pub isa: Isa,
    /// Of float32, else of bytes.
    pub float32: bool,
}

impl Products {
    fn measured(self) -> Peak {
        let measure = if self.float32 { peak::measure_float32 } else { peak::measure };
        Peak { products: self, macs_per_second: measure(self.isa) }
    }
}

impl Peak {
    /// The better of two measurements of the same products.
    fn better(self, other: Self) -> Self {
        Self { macs_per_second: self.macs_per_second.max(other.macs_per_second), ..self }
    }
}

impl fmt::Display for Products {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.isa, if self.float32 { " float32" } else { "" })
    }
}

/// A layer and its time.
pub struct Layer {
    pub info: LayerInfo,
    pub median_us: f64,
    /// The part of all threads' time in the layer that they were not busy with its tasks, median.
    pub idle_share: f64,
}

impl Layer {
    /// The products whose peak the layer is held against: those of the kernel's instruction set, else of the plan's.
    fn products(&self, plan: Isa) -> Products {
        Products { isa: self.info.isa.unwrap_or(plan), float32: self.info.float32 }
    }

    /// How much shorter the layer would be if all threads were busy with its tasks from its start to its end.
    pub fn idle_us(&self) -> f64 {
        self.median_us * self.idle_share
    }
}

impl Measured {
    /// The median run in microseconds.
    pub fn total_us(&self) -> f64 {
        self.latency_ms.median * 1e3
    }

    /// Multiply-accumulates of one run.
    pub fn macs(&self) -> u64 {
        self.layers.iter().map(|layer| layer.info.macs).sum()
    }

    /// Multiply-accumulates of one run whose taps lie inside the images.
    pub fn macs_in_range(&self) -> u64 {
        self.layers.iter().map(|layer| layer.info.macs_in_range).sum()
    }

    /// How long a layer's dot products in range take all threads at the peak of the kernel's instruction set.
    pub fn at_peak_us(&self, layer: &Layer) -> f64 {
        let products = layer.products(self.isa);
        let peak = self.peaks.iter().find(|peak| peak.products == products);
        let peak = peak.map_or(f64::INFINITY, |peak| peak.macs_per_second);
        layer.info.macs_in_range as f64 / (peak * self.threads as f64) * 1e6
    }

    /// [`Measured::at_peak_us`] of the whole network.
    pub fn all_at_peak_us(&self) -> f64 {
        self.layers.iter().map(|layer| self.at_peak_us(layer)).sum()
    }

    /// [`Layer::idle_us`] of the whole network.
    pub fn all_idle_us(&self) -> f64 {
        self.layers.iter().map(Layer::idle_us).sum()
    }

    /// The part of the median run that `us` is.
    pub fn share(&self, us: f64) -> f64 {
        if self.total_us() > 0.0 { us / self.total_us() } else { 0.0 }
    }
}

/// Runs the model as asked.
///
/// # Errors
/// The model cannot be opened, planned or run.
pub fn measure(args: &BenchArgs, progress: bool) -> Result<Measured> {
    let path = models::locate(args.model())?;
    // The time to load is that of a file that is in memory already.
    Model::open(&path)?;
    host::reset_peak_memory();
    let (model, load_ms) = timed(|| Model::open(&path))?;
    let options = options(args);
    let (plan, plan_ms) = timed(|| Plan::new(&model, &options))?;
    let mut session = Session::new(&plan)?;
    fill(&mut session)?;
    session.run()?;
    let first_ms = session.profile().total.as_secs_f64() * 1e3;
    for _ in 0..args.warmup {
        session.run()?;
    }
    let peak_rss_bytes = host::peak_memory_bytes();
    let peaks_before = peaks(&plan);
    let samples = Samples::take(&mut session, args, progress)?;
    if let Some(path) = &args.trace {
        session.record_tasks(true);
        session.run()?;
        trace::write(path, &session)?;
    }
    let peaks = peaks_before.into_iter().zip(peaks(&plan)).map(|(before, after)| before.better(after)).collect();
    let latency_ms = Summary::of(&samples.totals_ms);
    let layers: Vec<Layer> = plan
        .layers()
        .iter()
        .zip(samples.layers_us.iter().zip(&samples.idle_shares))
        .map(|(info, (us, idle))| Layer { info: info.clone(), median_us: median(us), idle_share: median(idle) })
        .collect();
    let other_us = latency_ms.median * 1e3 - layers.iter().map(|layer| layer.median_us).sum::<f64>();
    Ok(Measured {
        model: args.model().to_string_lossy().into_owned(),
        file: path.to_string_lossy().into_owned(),
        host: Host::detect(),
        isa: plan.isa(),
        backend: plan.backend(),
        threads: plan.threads(),
        batch: plan.batch(),
        load_ms,
        plan_ms,
        first_ms,
        latency_ms,
        layers,
        other_us,
        between_layers_us: median(&samples.between_us),
        memory: plan.memory(),
        peak_rss_bytes,
        peaks,
    })
}

/// The options of the plan that is measured.
pub fn options(args: &BenchArgs) -> PlanOptions {
    PlanOptions { batch: args.batch, ..args.engine.options(args.backend) }
}

/// Fills the inputs with what is measured on.
///
/// # Errors
/// None for inputs that are there.
pub fn fill(session: &mut Session) -> Result<()> {
    let plan = session.plan().clone();
    for (index, info) in plan.inputs().iter().enumerate() {
        inputs::fill(session.input_mut(index)?, info, Pattern::Random, SEED);
    }
    Ok(())
}

/// The peaks of all products of the plan, those of its own instruction set first.
fn peaks(plan: &Plan) -> Vec<Peak> {
    let mut all = Vec::new();
    for layer in plan.layers().iter().filter(|layer| layer.macs > 0) {
        let products = Products { isa: layer.isa.unwrap_or(plan.isa()), float32: layer.float32 };
        if !all.contains(&products) {
            all.push(products);
        }
    }
    if all.is_empty() {
        all.push(Products { isa: plan.isa(), float32: false });
    }
    all.sort_by_key(|products| products.isa != plan.isa());
    all.into_iter().map(Products::measured).collect()
}

fn timed<T>(work: impl FnOnce() -> ottava::Result<T>) -> Result<(T, f64)> {
    let start = Instant::now();
    let value = work()?;
    Ok((value, start.elapsed().as_secs_f64() * 1e3))
}

/// The durations of the timed runs.
pub struct Samples {
    pub totals_ms: Vec<f64>,
    /// One series for each layer.
    layers_us: Vec<Vec<f64>>,
    /// Likewise, the share of each layer's time on all threads in which they were not busy.
    idle_shares: Vec<Vec<f64>>,
    /// The part of the same run that passes outside its layers.
    between_us: Vec<f64>,
}

impl Samples {
    /// Runs and times as the arguments say.
    ///
    /// # Errors
    /// A run fails.
    pub fn take(session: &mut Session, args: &BenchArgs, progress: bool) -> Result<Self> {
        let series = vec![Vec::new(); session.plan().layers().len()];
        let (layers_us, idle_shares) = (series.clone(), series);
        let mut samples = Self { totals_ms: Vec::new(), layers_us, idle_shares, between_us: Vec::new() };
        let start = Instant::now();
        let bar = bar(args, progress);
        let mut drawn = start;
        loop {
            session.run()?;
            samples.add(session);
            let (runs, elapsed) = (samples.totals_ms.len(), start.elapsed());
            let done = match args.runs {
                Some(wanted) => runs >= wanted,
                None => elapsed.as_secs_f64() >= args.min_time,
            };
            if done {
                bar.finish_and_clear();
                return Ok(samples);
            }
            if drawn.elapsed() >= REDRAW {
                drawn = Instant::now();
                bar.set_position(if args.runs.is_some() { runs as u64 } else { elapsed.as_millis() as u64 });
            }
        }
    }

    fn add(&mut self, session: &Session) {
        let profile = session.profile();
        self.totals_ms.push(profile.total.as_secs_f64() * 1e3);
        let layers: Duration = profile.layers.iter().sum();
        self.between_us.push((profile.total.as_secs_f64() - layers.as_secs_f64()) * 1e6);
        for (series, duration) in self.layers_us.iter_mut().zip(&profile.layers) {
            series.push(duration.as_secs_f64() * 1e6);
        }
        let threads = session.plan().threads() as f64;
        for ((series, duration), busy) in self.idle_shares.iter_mut().zip(&profile.layers).zip(&profile.busy) {
            let all = threads * duration.as_secs_f64();
            series.push(if all > 0.0 { 1.0 - busy.as_secs_f64() / all } else { 0.0 });
        }
    }
}

fn bar(args: &BenchArgs, progress: bool) -> ProgressBar {
    if !progress {
        return ProgressBar::hidden();
    }
    let length = args.runs.map_or((args.min_time * 1e3) as u64, |runs| runs as u64);
    let bar = ProgressBar::new(length).with_message("measuring").with_finish(ProgressFinish::AndClear);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {percent:>3} %") {
        bar.set_style(style);
    }
    bar
}
