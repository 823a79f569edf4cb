//! Arguments of `ottava pack`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use ottava::Isa;

use super::WinogradArgs;

/// `native`, `all`, or one instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackIsa {
    Native,
    All,
    One(Isa),
}

impl FromStr for PackIsa {
    type Err = <Isa as FromStr>::Err;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "native" => Ok(Self::Native),
            "all" => Ok(Self::All),
            _ => name.parse().map(Self::One),
        }
    }
}

/// Write a model with its weights as kernels take them
///
/// The file is mapped and used in place: nothing is packed when it is run, and processes that run it share its pages. It holds a
/// section for each instruction set asked for, which this CPU must have, and the whole .tflite file, for all that runs otherwise:
/// other instruction sets, other batches, the reference. The same model and version give the same bytes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  ottava pack net.tflite -o net.ottava
  ottava pack inception-v3 -o inception.ottava --isa avx2,avx512vnni
  ottava pack net.tflite -o net.ottava --strip")]
pub struct PackArgs {
    /// Path of a .tflite file or built-in name
    pub model: OsString,
    /// The file to write
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// Instruction sets, of those that this CPU has: `native` is the best, `all` is all
    #[arg(long, value_name = "ISA,...", value_delimiter = ',', default_value = "native")]
    pub isa: Vec<PackIsa>,
    /// Leave the weights out of the .tflite file that are packed: half the size, but such a file runs only as it was packed
    #[arg(long)]
    pub strip: bool,
    #[command(flatten)]
    pub winograd: WinogradArgs,
}
