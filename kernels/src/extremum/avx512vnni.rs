//! AVX-512 extremum of pairs, a register at a time.

use super::Descriptor;
use super::tile;
use crate::arch::{Arch, Avx512Vnni, Wide};
use crate::isa::Isa;
use crate::pairs::Run;

/// See [`tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile<const MAXIMUM: bool>(run: &Run) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MAXIMUM>(Avx512Vnni::assume(), run) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx512Vnni,
    names: ["minimum_u8_avx512vnni_x64", "maximum_u8_avx512vnni_x64"],
    tiles: [tile::<false>, tile::<true>],
    width: Avx512Vnni::WIDTH,
};
