#!/bin/sh
# Generates ../src/schema/generated.rs from tflite.fbs. Needs `cargo install planus-cli --version 1.3.0` and perl.
set -eu
cd "$(dirname "$0")/.."
out=src/schema/generated.rs
planus rust -o "$out" schema/tflite.fbs
# serde is no dependency. Type-state builders are left out: owned tables and `create` write the same bytes. The union of
# options is written by hand (src/schema/options.rs), because planus cannot skip numbers.
perl -0777 -pi -e '
    s/, ::serde::Serialize, ::serde::Deserialize//g;
    s/ *\/\/\/ The union `BuiltinOptions` .*?VECTOR_NAME: &.static str = "\[BuiltinOptionsRef\]";\s*\}/        pub use crate::schema::options::{BuiltinOptions, BuiltinOptionsRef};/s;
    s/ *\/\/\/ Creates a \[\w+\] for serializing an instance of this table\..*?\n            \}\n\n?//sg;
    s/ *\/\/\/ Builder for serializing an instance of the \[\w+\] type\..*?(?= *\/\/\/ Reference to a deserialized)//sg;
' "$out"
rustfmt --edition 2024 "$out"
