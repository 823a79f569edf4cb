//! What is in a packed model. All numbers are little-endian.
//!
//! ```text
//! header      Header
//! table       Entry for each section
//! source      SourceHeader, Hole for each, the bytes of the .tflite file that are left between the holes
//! plan        PlanHeader, StepEntry for each, BufferEntry for each, notes, buffers             one for each instruction set
//! ```
//!
//! Sections of plans start at multiples of [`SECTION_ALIGNMENT`], which pages of no system are larger than, and buffers in them
//! at multiples of [`BUFFER_ALIGNMENT`]. Sections of kinds that are not known are left alone.

use bytemuck::{Pod, Zeroable};

use crate::winograd::Winograd;

/// The first bytes of the file: no text, and damaged where line ends are changed.
pub(super) const MAGIC: [u8; 8] = *b"\x89OTTAVA\n";
/// The only version there is.
pub(super) const VERSION: u32 = 1;
/// Where sections of plans start.
pub(super) const SECTION_ALIGNMENT: usize = 1 << 16;
/// Where buffers start in their section.
pub(super) const BUFFER_ALIGNMENT: usize = 64;

/// The kind of section that has the source.
pub(super) const SOURCE: [u8; 8] = *b"source\0\0";
/// The kind of section that has the packed weights of a plan.
pub(super) const PLAN: [u8; 8] = *b"plan\0\0\0\0";

/// When convolutions are computed by Winograd transforms, by number.
pub(super) const WINOGRAD: [(u32, Winograd); 3] = [(0, Winograd::Auto), (1, Winograd::Never), (2, Winograd::Always)];

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Header {
    pub(super) magic: [u8; 8],
    pub(super) version: u32,
    pub(super) sections: u32,
    /// Bytes of the whole file.
    pub(super) file_bytes: u64,
    /// Bytes of the source before anything was left out.
    pub(super) source_bytes: u64,
    /// SHA-256 of the source.
    pub(super) source_hash: [u8; 32],
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Entry {
    pub(super) kind: [u8; 8],
    /// Name of the instruction set of a plan, filled up with zeros.
    pub(super) isa: [u8; 16],
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// XXH3 of the section, of 64 bits.
    pub(super) checksum: u64,
    /// One of [`WINOGRAD`].
    pub(super) winograd: u32,
    pub(super) reserved: [u32; 3],
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct SourceHeader {
    pub(super) holes: u64,
    pub(super) reserved: u64,
}

/// Bytes of the source that are left out.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Hole {
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct PlanHeader {
    pub(super) steps: u32,
    pub(super) buffers: u32,
    /// Bytes of the notes of all steps.
    pub(super) note_bytes: u32,
    pub(super) reserved: u32,
}

/// A step of the plan.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct StepEntry {
    /// Position in the source of its first operator, and how many it is made of.
    pub(super) first_operator: u32,
    pub(super) operators: u32,
    /// How many of the buffers are its.
    pub(super) buffers: u32,
    /// How many bytes of the notes are its.
    pub(super) note_bytes: u32,
}

/// Packed elements of a step.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct BufferEntry {
    /// Name of the layout, filled up with zeros.
    pub(super) name: [u8; 24],
    pub(super) version: u32,
    pub(super) reserved: u32,
    /// From the start of the section.
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

/// A name, filled up with zeros; what is too long is cut.
pub(super) fn padded<const BYTES: usize>(name: &str) -> [u8; BYTES] {
    let mut padded = [0; BYTES];
    padded.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    padded
}

/// The name that was filled up; what is no printable ASCII is replaced.
pub(super) fn name(padded: &[u8]) -> String {
    let bytes = padded.split(|&byte| byte == 0).next().unwrap_or_default();
    bytes.iter().map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '?' }).collect()
}
