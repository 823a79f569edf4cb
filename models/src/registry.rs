//! The networks that can be built by name.

use crate::network::Network;
use crate::networks::{inception_v3, mobilenet};
use crate::quantization::Form;

/// Stands in cache file names. It is raised whenever any built file's bytes change, so that an old cached file is never
/// taken for a new one; the committed hashes of `oracle-hashes.json` fail when that was forgotten.
pub const FORMAT_REVISION: u32 = 1;

/// A network that can be built by name.
#[derive(Debug)]
pub struct Builtin {
    /// The name, such as `inception-v3`.
    pub name: &'static str,
    /// One line about it.
    pub description: &'static str,
    make: fn() -> Network,
}

impl Builtin {
    /// The network with its calibration, before it becomes a file.
    pub fn network(&self) -> Network {
        (self.make)()
    }

    /// The bytes of the `.tflite` file: the same on every platform and for every number of threads.
    pub fn build(&self) -> Vec<u8> {
        self.network().to_file()
    }

    /// A file name for a cache: the name and the revision of its bytes.
    pub fn cache_file_name(&self) -> String {
        format!("{}-{FORMAT_REVISION}.tflite", self.name)
    }
}

static BUILTINS: [Builtin; 6] = [
    Builtin {
        name: "inception-v3",
        description: "Inception v3, 299x299, int8 with per-channel weights, seeded weights",
        make: || inception_v3::build(Form::Int8),
    },
    Builtin {
        name: "inception-v3-uint8",
        description: "Inception v3, 299x299, legacy uint8 with asymmetric weights, seeded weights",
        make: || inception_v3::build(Form::Uint8),
    },
    Builtin {
        name: "mobilenet-v1",
        description: "MobileNet v1 1.0, 224x224, int8 with per-channel weights, seeded weights",
        make: || mobilenet::v1(Form::Int8),
    },
    Builtin {
        name: "mobilenet-v1-uint8",
        description: "MobileNet v1 1.0, 224x224, legacy uint8 with asymmetric weights, seeded weights",
        make: || mobilenet::v1(Form::Uint8),
    },
    Builtin {
        name: "mobilenet-v2",
        description: "MobileNet v2 1.0, 224x224, int8 with per-channel weights, seeded weights",
        make: || mobilenet::v2(Form::Int8),
    },
    Builtin {
        name: "mobilenet-v2-uint8",
        description: "MobileNet v2 1.0, 224x224, legacy uint8 with asymmetric weights, seeded weights",
        make: || mobilenet::v2(Form::Uint8),
    },
];

/// All networks that can be built by name.
pub fn builtins() -> &'static [Builtin] {
    &BUILTINS
}

/// The network of that name.
pub fn builtin(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}
