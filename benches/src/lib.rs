//! What the benches measure: the layers of the built-in networks, each as one prepared kernel.
//!
//! [`layers`] reads convolutions, depthwise convolutions, poolings and fully connected layers out of a network's file,
//! with their own weights, because how fast some kernels are depends on the weights. Layers of equal shape are one
//! [`LayerCase`]. [`LayerCase::prepare`] makes it a kernel of an instruction set with buffers of its own.
//!
//! ```
//! let layers = ottava_bench::layers("mobilenet-v2");
//! let scalar = layers[0].prepare(ottava_kernels::Isa::Scalar);
//! assert!(scalar.kernel().name.starts_with("gemm_"));
//! ```
//!
//! `README.md` beside this crate says how to run the benches.
#![forbid(unsafe_code)]

mod read;

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use ottava_kernels::depthwise::{self, DepthwiseSpec};
use ottava_kernels::gemm::{self, ConvPart, ConvSpec};
use ottava_kernels::pool::{self, PoolKind, PoolSpec};
use ottava_kernels::{Image, Isa, KernelId, Layer, Multiplier, Requantize, SLACK, Weights, Window, run_all};

pub use read::layers;

/// The family of a layer's kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Convolution or fully connected.
    Gemm,
    /// Depthwise convolution.
    Depthwise,
    /// Average pooling.
    AveragePool,
    /// Maximum pooling.
    MaxPool,
}

/// A layer's shape. Layers of one shape are the same case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The family of its kernel.
    pub family: Family,
    /// The input.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height, width and channels.
    pub output: [usize; 3],
    /// Whether the output is rectified, so that negative results need no exact rounding.
    pub rectified: bool,
}

/// A layer of an `int8` network.
#[derive(Clone, Debug)]
pub struct LayerCase {
    /// Its shape.
    pub shape: Shape,
    /// How many layers of the network have this shape.
    pub count: usize,
    /// The first one's weights, as the file has them; empty for poolings.
    weights: Vec<u8>,
}

/// A kernel with an input and an output.
pub struct Prepared {
    layer: Box<dyn Layer>,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Shape {
    /// Multiply-accumulates as usually counted, padding included; for poolings the taps of all windows.
    pub fn macs(&self) -> u64 {
        let depth = if self.family == Family::Gemm { self.input.channels } else { 1 };
        let counts = self.output.iter().chain(&self.window.taps).chain([&self.input.batch, &depth]);
        counts.map(|&count| count as u64).product()
    }

    /// Those of [`Shape::macs`] whose tap lies inside the image, which is what the kernels compute.
    pub fn macs_in_range(&self) -> u64 {
        let [height, width, channels] = self.output;
        let depth = if self.family == Family::Gemm { self.input.channels } else { 1 };
        let inside = self.window.taps_inside([self.input.height, self.input.width], [height, width]);
        inside * (self.input.batch * channels * depth) as u64
    }

    /// Bytes of the input and the output.
    pub fn bytes(&self) -> usize {
        self.input.span_bytes() + self.input.batch * self.output.iter().product::<usize>()
    }
}

/// As in `35x35x192 1x1 -> 35x35x64`; stride, dilation and a missing rectification are shown where there are any.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, window, output, .. } = self;
        write!(f, "{}x{}x{} {}x{}", input.height, input.width, input.channels, window.taps[0], window.taps[1])?;
        if window.stride != [1; 2] {
            write!(f, " s{}", window.stride[0])?;
        }
        if window.dilation != [1; 2] {
            write!(f, " d{}", window.dilation[0])?;
        }
        write!(f, " -> {}x{}x{}", output[0], output[1], output[2])?;
        let linear = !self.rectified && matches!(self.family, Family::Gemm | Family::Depthwise);
        f.write_str(if linear { " linear" } else { "" })
    }
}

impl LayerCase {
    /// Prepares the kernel for an instruction set and one thread.
    ///
    /// # Panics
    /// The CPU lacks the instruction set.
    pub fn prepare(&self, isa: Isa) -> Prepared {
        let layer: Box<dyn Layer> = match self.shape.family {
            Family::Gemm => Box::new(self.gemm(isa)),
            Family::Depthwise => Box::new(self.depthwise(isa)),
            Family::AveragePool => Box::new(self.pool(isa, PoolKind::Average { file_is_signed: true })),
            Family::MaxPool => Box::new(self.pool(isa, PoolKind::Maximum)),
        };
        let input = (0..self.shape.input.span_bytes() + SLACK).map(|at| (at * 89 % 251) as u8).collect();
        let [height, width, channels] = self.shape.output;
        Prepared { layer, input, output: vec![0; self.shape.input.batch * height * width * channels] }
    }

    fn gemm(&self, isa: Isa) -> gemm::Conv {
        let Shape { input, window, output: [height, width, channels], .. } = self.shape;
        let bias = vec![0; channels];
        let multipliers = [self.multiplier(window.taps[0] * window.taps[1] * input.channels)];
        let [output_zero, output_min, output_max] = self.output_range(isa);
        let part = ConvPart {
            channels,
            weights: self.weights(),
            bias: &bias,
            requantize: Requantize::Fixed(&multipliers),
            output_zero,
            output_min,
            output_max,
            output_offset: isa.storage().offset_from(true),
            pixel_stride: channels,
        };
        let input_zero = self.input_zero(isa);
        let spec =
            ConvSpec { input, input_zero, window, output: [height, width], groups: 1, parts: &[part], threads: 1 };
        gemm::prepare(isa, &spec)
    }

    fn depthwise(&self, isa: Isa) -> depthwise::Depthwise {
        let Shape { input, window, output: [height, width, channels], .. } = self.shape;
        let bias = vec![0; channels];
        let multipliers = [self.multiplier(window.taps[0] * window.taps[1])];
        let [output_zero, output_min, output_max] = self.output_range(isa);
        let spec = DepthwiseSpec {
            input,
            input_zero: self.input_zero(isa),
            window,
            output: [height, width],
            channels,
            weights: self.weights(),
            bias: &bias,
            requantize: Requantize::Fixed(&multipliers),
            output_zero,
            output_min,
            output_max,
            output_offset: isa.storage().offset_from(true),
            pixel_stride: channels,
            threads: 1,
        };
        depthwise::prepare(isa, &spec)
    }

    fn pool(&self, isa: Isa, kind: PoolKind) -> pool::Pool {
        let Shape { input, window, output: [height, width, channels], .. } = self.shape;
        let (output_min, output_max) = isa.storage().range();
        let output = [height, width];
        let spec = PoolSpec { kind, input, window, output, output_min, output_max, pixel_stride: channels, threads: 1 };
        pool::prepare(isa, &spec)
    }

    fn weights(&self) -> Weights<'_> {
        Weights { bytes: &self.weights, signed: true, zero: 0 }
    }

    /// Inputs are rectified ones, mostly: their zero point is the least value.
    fn input_zero(&self, isa: Isa) -> i32 {
        isa.storage().range().0
    }

    /// Stored zero point, least and greatest value of the output.
    fn output_range(&self, isa: Isa) -> [i32; 3] {
        let (least, greatest) = isa.storage().range();
        [if self.shape.rectified { least } else { least + 120 }, least, greatest]
    }

    /// Mantissa and shift that bring sums of `taps` products back to eight bits.
    fn multiplier(&self, taps: usize) -> Multiplier {
        Multiplier { mantissa: 1_518_500_249, shift: -(6 + taps.ilog2() as i32 / 2) }
    }
}

impl Prepared {
    /// The kernel, as `ottava kernels` lists it.
    pub fn kernel(&self) -> KernelId {
        self.layer.kernel()
    }

    /// Runs the layer once on the caller's thread; its output.
    pub fn run(&mut self) -> &[u8] {
        run_all(&*self.layer, &[&self.input], &mut [&mut self.output]);
        &self.output
    }
}

/// How long this core takes to read and write `bytes` in all, copying a half to the other over and over: what a layer
/// that does nothing but move its bytes would take. The least of a few rounds, about ten milliseconds.
pub fn copy_seconds(bytes: usize) -> f64 {
    const ROUNDS: usize = 10;
    const ROUND: Duration = Duration::from_millis(1);
    let (from, mut to) = (vec![1_u8; bytes.div_ceil(2)], vec![0_u8; bytes.div_ceil(2)]);
    let round = |_| {
        let (start, mut copies) = (Instant::now(), 0);
        loop {
            to.copy_from_slice(black_box(&from));
            black_box(&mut to);
            copies += 1;
            let elapsed = start.elapsed();
            if elapsed >= ROUND {
                return elapsed.as_secs_f64() / f64::from(copies);
            }
        }
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}
