//! Real quantized `.tflite` files, made from a seed: no download, and the same bytes everywhere.
//!
//! * [`builtins`] are whole networks by name: Inception v3, MobileNet v1 and v2, ResNet-50, each in int8 and legacy uint8 form,
//!   and SSD on MobileNet v2 in int8.
//! * [`NetworkBuilder`] makes networks operator by operator, for tests of one operator or a few.
//! * [`tiny`] is one small network of the operators of image classifiers; [`random_network`] is another one for each seed, full
//!   of odd shapes and extreme parameters.
//!
//! The weights are random with the bell shape of trained ones, and every layer is calibrated like a batch normalization
//! on synthetic images, so activations keep their spread through all layers: kernels meet the values that they meet in
//! trained networks. The networks' answers about an image mean nothing.
//!
//! ```
//! let network = ottava_models::builtin("mobilenet-v1").expect("a known name");
//! assert!(network.cache_file_name().starts_with("mobilenet-v1-"));
//! let file = ottava_models::tiny(1);
//! assert_eq!(file[4..8], *b"TFL3");
//! ```
#![forbid(unsafe_code)]

pub mod builder;
mod calibrate;
mod file;
mod floats;
mod forward;
mod images;
mod mixed;
mod network;
mod networks;
mod quantization;
mod registry;
mod rng;
mod spread;
mod weights;

pub use builder::{Conv, FullyConnected, NetworkBuilder, OutputQuantization, Padding, Pool, TensorId};
pub use network::{LayerSummary, Network};
pub use quantization::{Activation, Form, Quantization};
pub use registry::{Builtin, FORMAT_REVISION, builtin, builtins};
pub use rng::Rng;
pub use weights::{WeightStyle, Weights};

/// The file of a small network that uses the operators of image classifiers: int8 for even seeds, uint8 for odd ones.
pub fn tiny(seed: u64) -> Vec<u8> {
    networks::tiny::build(seed).to_file()
}

/// The file of a random valid network of 5 to 40 operators from the whole set, of all types.
///
/// Networks whose seed leaves 4 when divided by 5 may have operators whose oracle is known to be wrong
/// (`docs/numerics.md` §0).
pub fn mixed_network(seed: u64) -> Vec<u8> {
    mixed::build(seed)
}

/// The file of a builtin's name, of `tiny:SEED`, `random:SEED` or `mixed:SEED`.
pub fn file_by_name(name: &str) -> Option<Vec<u8>> {
    match name.split_once(':') {
        Some(("mixed", seed)) => seed.parse().ok().map(mixed_network),
        _ => Network::by_name(name).map(|network| network.to_file()),
    }
}

/// The file of a random valid network of 5 to 20 operators or a few more.
pub fn random_network(seed: u64) -> Vec<u8> {
    networks::random::build(seed).to_file()
}
