//! Arguments of `ottava precisions`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::numbers::{runs, seconds};
use super::{EngineArgs, PictureArgs};

/// Put several precisions of one network side by side
///
/// Such as a network in float32, with float16 weights, with dynamic range, and in int8. The first is what the others are
/// compared with. A row for each file: its size; latency, as `ottava bench` measures it in a process of its own, files in
/// turns; the most memory that was resident; how far its values are from the first file's, as a ratio of signal to
/// quantization noise in dB (6 dB are a bit), of the output and of the worst layer; and, on pictures, how often its likeliest
/// class is the first file's, how often that is among its five likeliest, and how often both are right.
///
/// Layers are compared where both networks have the same operators in the same order, apart from conversions, else where
/// tensors have the same names.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  ottava precisions float.tflite float16.tflite dynamic.tflite int8.tflite --images photos
  ottava precisions float.tflite int8.tflite --images photos --truth folders --labels labels.txt
  ottava precisions float.tflite int8.tflite --layers")]
pub struct PrecisionsArgs {
    /// Paths of .tflite or .ottava files or built-in names; the first is what the others are compared with
    #[arg(required = true, num_args = 2.., value_name = "MODEL")]
    pub models: Vec<OsString>,
    /// Pictures, or folders of them; without any, inputs are made up and no classes compared
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub images: Vec<PathBuf>,
    /// What is in the pictures: `folders` if each is in a folder with the name or the number of its class, or a file with
    /// lines of a picture's path, as it is found, and its class
    #[arg(long, value_name = "folders|FILE", requires = "images")]
    pub truth: Option<Truth>,
    /// Names of the classes, as `ottava classify` takes them
    #[arg(long, value_name = "FILE", requires = "truth")]
    pub labels: Option<PathBuf>,
    #[command(flatten)]
    pub pictures: PictureArgs,
    /// Compare layers on so many inputs
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = runs)]
    pub inputs: usize,
    /// Also print every layer's ratio
    #[arg(long)]
    pub layers: bool,
    /// Measure each file so many times, in turns
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = runs)]
    pub rounds: usize,
    /// Seconds of timed runs in each round, at least one run
    #[arg(long, value_name = "S", value_parser = seconds, default_value = "1")]
    pub min_time: f64,
    /// Write the results as JSON; `-` is standard output, which then carries nothing else
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Where the classes of pictures are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// In the names of their folders.
    Folders,
    /// In a file.
    File(PathBuf),
}

impl FromStr for Truth {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "folders" { Self::Folders } else { Self::File(PathBuf::from(text)) })
    }
}
