//! The command line: commands, flags and the texts that `--help` teaches them with.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ottava::{Backend, Cache, Isa, PlanOptions, Winograd};

use crate::affinity::CpuList;

mod bench;
mod numbers;
mod pack;
mod precisions;

pub use bench::{BenchArgs, Streams};
use numbers::{percentage, runs, scale, threads};
pub use pack::{PackArgs, PackIsa};
pub use precisions::{PrecisionsArgs, Truth};

const EXAMPLES: &str = "\
Examples:
  ottava bench inception-v3                     latency of every layer, on all cores
  ottava bench net.tflite --threads 1 --json -  the same for programs
  ottava compare a.json b.json --fail-above 5%  two of those, layer by layer
  ottava precisions f32.tflite int8.tflite      one network in float32 and int8: size, latency, errors, agreement
  ottava classify net.tflite cat.jpg --labels labels.txt
  ottava run net.tflite --input image.npy --output-dir out
  ottava verify inception-v3                    kernels against the reference, layer by layer
  ottava inspect net.tflite                     what is in a file, and what the plan makes of it
  ottava kernels net.tflite                     which kernel each layer gets, by instruction set
  ottava pack net.tflite -o net.ottava          a file that starts at once, with weights as kernels take them

MODEL is the path of a .tflite or .ottava file or a built-in name: inception-v3, mobilenet-v1, mobilenet-v2,
resnet50, each also with -uint8, ssd-mobilenet-v2, and inception-v3-f32 and mobilenet-v2-f32. A built-in network has
seeded weights; it is built once and kept in the user's cache folder, or in the one that OTTAVA_CACHE names.

OTTAVA_ISA=avx2 (for instance) narrows the instruction set where --isa does not choose one.
Exit codes: 0 success, 1 failure, 2 wrong usage.";

/// Runs quantized .tflite networks on CPUs: exact to the last bit, and fast.
#[derive(Debug, Parser)]
#[command(name = "ottava", version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Bench(BenchArgs),
    Compare(CompareArgs),
    Precisions(PrecisionsArgs),
    Run(RunArgs),
    Classify(ClassifyArgs),
    Verify(VerifyArgs),
    Inspect(InspectArgs),
    Kernels(KernelsArgs),
    Pack(PackArgs),
}

impl Command {
    /// The CPUs that the command is to run on.
    pub fn affinity(&self) -> Option<&CpuList> {
        match self {
            Self::Bench(args) => args.engine.affinity.as_ref(),
            Self::Run(args) => args.engine.affinity.as_ref(),
            Self::Classify(args) => args.engine.affinity.as_ref(),
            Self::Inspect(args) => args.engine.affinity.as_ref(),
            Self::Precisions(args) => args.engine.affinity.as_ref(),
            Self::Compare(_) | Self::Verify(_) | Self::Kernels(_) | Self::Pack(_) => None,
        }
    }
}

/// Instruction set and threads, as most commands take them.
#[derive(Args, Debug)]
pub struct EngineArgs {
    /// Instruction set, as `ottava kernels` lists them [default: the best of this CPU]
    #[arg(long, value_name = "ISA")]
    pub isa: Option<Isa>,
    /// Threads [default: one for each CPU that the process may run on, within its share of CPU time]
    #[arg(long, alias = "num_threads", value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Run on these CPUs only, such as 0-3,8; where the system refuses, that is said, and all are used
    #[arg(long, value_name = "LIST")]
    pub affinity: Option<CpuList>,
    #[command(flatten)]
    pub winograd: WinogradArgs,
    /// Keep packed weights in a folder, and take those of an earlier start from there
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
}

/// How 3x3 convolutions are computed.
#[derive(Args, Clone, Copy, Debug)]
pub struct WinogradArgs {
    /// When to compute 3x3 convolutions by Winograd transforms: where that is faster, or to compare; outputs are the same
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    winograd: WinogradArg,
    /// The same as `--winograd never`
    #[arg(long, conflicts_with = "winograd")]
    no_winograd: bool,
}

impl WinogradArgs {
    /// The choice as `--winograd` takes it.
    pub fn name(self) -> &'static str {
        match self.choice() {
            Winograd::Never => "never",
            Winograd::Always => "always",
            _ => "auto",
        }
    }

    /// The plan's option.
    pub fn choice(self) -> Winograd {
        match self.winograd {
            WinogradArg::Never => Winograd::Never,
            _ if self.no_winograd => Winograd::Never,
            WinogradArg::Auto => Winograd::Auto,
            WinogradArg::Always => Winograd::Always,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum WinogradArg {
    #[default]
    Auto,
    Never,
    Always,
}

impl EngineArgs {
    /// The options of a plan with these.
    pub fn options(&self, backend: BackendArg) -> PlanOptions {
        PlanOptions {
            isa: self.isa,
            threads: self.threads,
            backend: backend.into(),
            winograd: self.winograd.choice(),
            cache: self.cache.clone().map(Cache::new),
            ..PlanOptions::default()
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BackendArg {
    /// Kernels: fused, packed, threaded
    #[default]
    Optimized,
    /// Plain loops, one operator after the other; slow, and the measure of the other
    Reference,
}

impl From<BackendArg> for Backend {
    fn from(backend: BackendArg) -> Self {
        match backend {
            BackendArg::Optimized => Self::Optimized,
            BackendArg::Reference => Self::Reference,
        }
    }
}

/// Compare two measurements, layer by layer
///
/// Both files are what `ottava bench --json` wrote. Layers meet by name and operator; layers of one side only are shown
/// without a ratio. Ratios are B over A: above 1, B is the slower. Measurements of another model, instruction set,
/// number of threads or host are compared too, with a warning.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  ottava bench inception-v3 --json a.json       (one version)
  ottava bench inception-v3 --json b.json       (the other)
  ottava compare a.json b.json --fail-above 5%")]
pub struct CompareArgs {
    /// The measurement to compare with
    #[arg(value_name = "A.json")]
    pub a: PathBuf,
    /// The measurement that may be slower
    #[arg(value_name = "B.json")]
    pub b: PathBuf,
    /// Exit with 1 when B's median latency is above A's by more than this percentage, such as 5%
    #[arg(long, value_name = "P%", value_parser = percentage)]
    pub fail_above: Option<f64>,
}

/// Run a network on NumPy files
///
/// Inputs must have the model's own type and shape. Outputs are written in the file's order as output0.npy,
/// output1.npy, ... with the model's own type and shape, exactly as numpy.save writes them.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  ottava run net.tflite --input image.npy --output-dir out
  ottava run two_inputs.tflite --input left=l.npy --input right=r.npy --output-dir out
  ottava run net.tflite --input image.npy --output-dir out --backend reference")]
pub struct RunArgs {
    /// Path of a .tflite or .ottava file or built-in name
    pub model: OsString,
    /// An input, by the tensor's name or in the model's order; once for each input
    #[arg(long = "input", value_name = "[NAME=]FILE.npy", required = true)]
    pub inputs: Vec<OsString>,
    /// Folder for the outputs; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub output_dir: PathBuf,
    /// What runs the operators
    #[arg(long, value_enum, default_value_t)]
    pub backend: BackendArg,
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Write when and on which thread each task was executed, as a trace for Perfetto (ui.perfetto.dev)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Crop {
    /// The largest square in the middle
    #[default]
    Center,
    /// The whole picture, stretched
    None,
}

/// How a picture becomes an input.
#[derive(Args, Clone, Copy, Debug)]
pub struct PictureArgs {
    /// What part of the picture to take
    #[arg(long, value_enum, default_value_t)]
    pub crop: Crop,
    /// For float32 inputs: subtracted from every pixel [default: 127.5]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub mean: Option<f32>,
    /// For float32 inputs: the difference is divided by this [default: 127.5]
    #[arg(long, value_name = "X", value_parser = scale)]
    pub scale: Option<f32>,
}

/// Name what is in pictures
///
/// A picture is decoded (bmp, gif, jpeg, png, pnm, tiff, webp), cropped, resized with an antialiased bilinear filter and
/// quantized: uint8 inputs take the pixels as they are, int8 inputs take them minus 128, float32 inputs take (pixel -
/// mean) / scale. Probabilities are the first output's; outputs that no SOFTMAX made go through one.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  ottava classify mobilenet_v2.tflite cat.jpg dog.png --labels labels.txt --top 5
  ottava classify float_input.tflite cat.jpg --mean 0 --scale 255")]
pub struct ClassifyArgs {
    /// Path of a .tflite or .ottava file or built-in name
    pub model: OsString,
    /// Pictures
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// Names of the classes: one a line, or `INDEX NAME` lines; a background class 0 is allowed for on either side
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// How many classes to print
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub top: usize,
    #[command(flatten)]
    pub pictures: PictureArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// `all`, or one instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsaChoice {
    All,
    One(Isa),
}

impl FromStr for IsaChoice {
    type Err = <Isa as FromStr>::Err;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if name == "all" { Ok(Self::All) } else { name.parse().map(Self::One) }
    }
}

/// Compare the kernels with the reference, layer by layer
///
/// Every tensor that a plan still has is compared byte by byte with the reference's, for every instruction set and
/// number of threads, then the outputs of the plan as it runs in earnest, fully fused. The inputs are random bytes, then
/// extreme values, then a constant, and random again from the fourth on. The first difference ends it with exit code 1
/// and is named: layer, tensor, index, both values.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  ottava verify mobilenet-v2
  ottava verify net.tflite --isa avx2,scalar --threads 1,4 --inputs 5")]
pub struct VerifyArgs {
    /// Path of a .tflite or .ottava file or built-in name
    pub model: OsString,
    /// Number of inputs
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = runs)]
    pub inputs: usize,
    /// Numbers of threads
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1,2,3", value_parser = threads)]
    pub threads: Vec<usize>,
    /// Instruction sets, as `ottava kernels` lists them, or `all` of this CPU
    #[arg(long, value_name = "ISA,...", value_delimiter = ',', default_value = "all")]
    pub isa: Vec<IsaChoice>,
    #[command(flatten)]
    pub winograd: WinogradArgs,
}

/// Show what is in a model, and what the plan makes of it
///
/// Operators with versions, tensors, quantization, multiply-accumulates; the layers with their kernels, what was fused,
/// and the memory that it takes.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// Path of a .tflite or .ottava file or built-in name
    #[arg(required_unless_present = "ops")]
    pub model: Option<OsString>,
    #[command(flatten)]
    pub engine: EngineArgs,
    /// List only the operators and how each runs, also of models that cannot run; without MODEL all that there are
    #[arg(long)]
    pub ops: bool,
    /// Print the list of all operators as a Markdown table
    #[arg(long, requires = "ops", conflicts_with_all = ["json", "model"])]
    pub markdown: bool,
    /// Only what the plan and a session hold: the arena beside its lower bound, and what is where in it at which layer
    #[arg(long, requires = "model", conflicts_with = "ops")]
    pub memory: bool,
    /// Print JSON, for programs
    #[arg(long)]
    pub json: bool,
    /// Compare the sections of a packed model with their checksums first
    #[arg(long, requires = "model")]
    pub check: bool,
}

/// List the kernels, and which of them this CPU gets
///
/// With a model: the kernel that each layer gets, a column for each instruction set of this CPU. A layer that the plan
/// of an instruction set does not have, because it fuses others, has a dash there.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  ottava kernels --peak
  ottava kernels inception-v3")]
pub struct KernelsArgs {
    /// Path of a .tflite or .ottava file or built-in name
    pub model: Option<OsString>,
    /// Also measure what one core reaches with each instruction set's dot product
    #[arg(long, conflicts_with = "model")]
    pub peak: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_names_every_builtin_network() {
        let help = Cli::command().render_help().to_string();
        for builtin in ottava_models::builtins() {
            assert!(help.contains(builtin.name.trim_end_matches("-uint8")), "{}", builtin.name);
        }
    }
}
