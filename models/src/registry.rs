//! The networks that can be built by name.

use std::io::{self, BufReader, Read};

use xxhash_rust::xxh3::Xxh3;

use crate::network::Network;
use crate::networks::{inception_v3, mobilenet, resnet, ssd};
use crate::quantization::Form;

/// Stands in cache file names. It is raised whenever any built file's bytes change, so that versions that build different
/// bytes do not replace each other's files in one cache; the committed hashes of `oracle-hashes.json` fail when that was
/// forgotten.
pub const FORMAT_REVISION: u32 = 1;

/// A network that can be built by name.
#[derive(Debug)]
pub struct Builtin {
    /// The name, such as `inception-v3`.
    pub name: &'static str,
    /// One line about it.
    pub description: &'static str,
    make: fn() -> Network,
    /// XXH3 of the file's bytes. It tells a file that something else wrote by accident. Against who may write to the cache
    /// and means harm, no hash would help; a cryptographic one takes several times as long, most of all on CPUs without
    /// instructions for it.
    hash: u128,
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

    /// Whether the file has the bytes that [`Builtin::build`] makes: their hash is kept, nothing is built.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn is_file(&self, file: impl Read) -> io::Result<bool> {
        let mut hash = Xxh3::new();
        io::copy(&mut BufReader::with_capacity(1 << 16, file), &mut hash)?;
        Ok(hash.digest128() == self.hash)
    }

    /// A file name for a cache: the name and the revision of its bytes.
    pub fn cache_file_name(&self) -> String {
        format!("{}-{FORMAT_REVISION}.tflite", self.name)
    }
}

static BUILTINS: [Builtin; 11] = [
    Builtin {
        name: "inception-v3",
        description: "Inception v3, 299x299, int8 with per-channel weights, seeded weights",
        make: || inception_v3::build(Form::Int8),
        hash: 0xa118_d38e_6bcc_c432_0003_2e7c_53da_1036,
    },
    Builtin {
        name: "inception-v3-f32",
        description: "Inception v3, 299x299, float32, the weights that inception-v3 quantizes",
        make: inception_v3::build_f32,
        hash: 0xd768_d15a_071e_0d0c_2bf1_9a56_9139_ea65,
    },
    Builtin {
        name: "inception-v3-uint8",
        description: "Inception v3, 299x299, legacy uint8 with asymmetric weights, seeded weights",
        make: || inception_v3::build(Form::Uint8),
        hash: 0x4029_b657_0b7e_5484_ef9f_1d63_e682_4b65,
    },
    Builtin {
        name: "mobilenet-v1",
        description: "MobileNet v1 1.0, 224x224, int8 with per-channel weights, seeded weights",
        make: || mobilenet::v1(Form::Int8),
        hash: 0xc0c8_005f_fe3b_c1b2_ac53_93cd_e5e0_9755,
    },
    Builtin {
        name: "mobilenet-v1-uint8",
        description: "MobileNet v1 1.0, 224x224, legacy uint8 with asymmetric weights, seeded weights",
        make: || mobilenet::v1(Form::Uint8),
        hash: 0xff6e_140c_6746_b948_be17_8fc9_0255_d2d0,
    },
    Builtin {
        name: "mobilenet-v2",
        description: "MobileNet v2 1.0, 224x224, int8 with per-channel weights, seeded weights",
        make: || mobilenet::v2(Form::Int8),
        hash: 0x040b_27ad_31f5_cadb_e23b_d141_507e_4875,
    },
    Builtin {
        name: "mobilenet-v2-f32",
        description: "MobileNet v2 1.0, 224x224, float32, the weights that mobilenet-v2 quantizes",
        make: mobilenet::v2_f32,
        hash: 0x78df_bd80_9251_3afa_5572_a01e_e6a5_3b12,
    },
    Builtin {
        name: "mobilenet-v2-uint8",
        description: "MobileNet v2 1.0, 224x224, legacy uint8 with asymmetric weights, seeded weights",
        make: || mobilenet::v2(Form::Uint8),
        hash: 0x1685_9fae_feb7_6a1d_cdf5_960f_eaeb_e896,
    },
    Builtin {
        name: "resnet50",
        description: "ResNet-50 v1.5, 224x224, int8 with per-channel weights, seeded weights",
        make: || resnet::build(Form::Int8),
        hash: 0x640b_d2cc_34b7_eccf_ff5b_56be_ca4d_4f10,
    },
    Builtin {
        name: "resnet50-uint8",
        description: "ResNet-50 v1.5, 224x224, legacy uint8 with asymmetric weights, seeded weights",
        make: || resnet::build(Form::Uint8),
        hash: 0x00b6_372e_d019_7107_ec7e_a243_f3e4_5eb3,
    },
    Builtin {
        name: "ssd-mobilenet-v2",
        description: "SSD on MobileNet v2, 300x300, boxes and scores of 91 classes, int8, seeded weights",
        make: ssd::mobilenet_v2,
        hash: 0xaf91_c663_aa51_6c5f_440e_2144_f278_66e7,
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
