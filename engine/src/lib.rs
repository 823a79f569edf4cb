//! Exact int8 inference for quantized `.tflite` networks.
#![deny(unsafe_code)]

pub mod schema;
