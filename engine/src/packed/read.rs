//! Reading a packed model. Every number is checked before anything is made of it; bytes of buffers are left alone.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytemuck::AnyBitPattern;
use ottava_kernels::{Isa, PackedSlice, StableBytes, StoredBuffer};
use xxhash_rust::xxh3::xxh3_64;

use super::format::{
    BUFFER_ALIGNMENT, BufferEntry, Entry, Header, Hole, MAGIC, PLAN, PlanHeader, SECTION_ALIGNMENT, SOURCE,
    SourceHeader, StepEntry, VERSION, WINOGRAD, name,
};
use crate::buffer::zeros;
use crate::error::{Error, Result};
use crate::tensor::memory_limit;
use crate::winograd::Winograd;

/// A source that would be larger with what is left out is refused.
const MAX_SOURCE_BYTES: usize = memory_limit(1 << 32);
/// Plans that a file may hold: there are few instruction sets.
const MAX_SECTIONS: usize = 256;
/// Longest note of a step.
const MAX_NOTE_BYTES: usize = 4096;

/// A section of a packed model that holds the packed weights of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackedSection {
    /// Name of the instruction set that they are packed for, as the file has it.
    pub isa: String,
    /// When 3x3 convolutions are computed by Winograd transforms.
    pub winograd: Winograd,
    /// Bytes of the section.
    pub size_bytes: usize,
}

/// Whether bytes begin like a packed model.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The table of a packed model.
#[derive(Debug)]
pub(crate) struct PackedFile {
    pub(crate) source_hash: [u8; 32],
    source_bytes: usize,
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    entry: Entry,
    range: Range<usize>,
}

/// The `.tflite` bytes of a model.
pub(crate) enum Source {
    /// A range of the file.
    InFile(Range<usize>),
    /// With zeros where something is left out.
    Rebuilt { bytes: Box<[u8]>, holes: Vec<Range<usize>> },
}

/// The steps of a plan with their packed weights.
pub(crate) struct StoredPlan {
    pub(crate) steps: Vec<StoredStep>,
}

/// A step of a plan with its packed weights.
#[derive(Default)]
pub(crate) struct StoredStep {
    pub(crate) first_operator: usize,
    pub(crate) operators: usize,
    pub(crate) note: Option<String>,
    /// None where nothing was packed.
    pub(crate) buffers: Vec<StoredBuffer>,
}

impl PackedFile {
    /// Reads the table.
    ///
    /// # Errors
    /// The file is damaged or of another version.
    pub(crate) fn new(file: &[u8]) -> Result<Self> {
        let mut reader = Reader { bytes: file, what: "header" };
        let header: Header = reader.take()?;
        if header.magic != MAGIC {
            return Err(Error::corrupt("not a packed model"));
        }
        let (version, sections) = (header.version, header.sections as usize);
        if version != VERSION {
            return Err(Error::unsupported(format!("packed format version {version}; only {VERSION} is known")));
        }
        if header.file_bytes != file.len() as u64 {
            return Err(Error::corrupt(format!("{} bytes, {} are expected", file.len(), header.file_bytes)));
        }
        if sections > MAX_SECTIONS {
            return Err(Error::corrupt(format!("{sections} sections")));
        }
        let source_bytes = usize::try_from(header.source_bytes).ok().filter(|&bytes| bytes <= MAX_SOURCE_BYTES);
        let source_bytes =
            source_bytes.ok_or_else(|| Error::corrupt(format!("a source of {} bytes", header.source_bytes)))?;
        let entries: Vec<Entry> = reader.take_list(sections)?;
        let section = |entry: Entry| {
            let damaged = || Error::corrupt(format!("section '{}' lies outside the file", name(&entry.kind)));
            let range = range(entry.offset, entry.bytes, file.len()).ok_or_else(damaged)?;
            if entry.kind == PLAN && !range.start.is_multiple_of(SECTION_ALIGNMENT) {
                return Err(Error::corrupt(format!("the section for {} is not aligned", name(&entry.isa))));
            }
            Ok(Section { entry, range })
        };
        let sections = entries.into_iter().map(section).collect::<Result<_>>()?;
        Ok(Self { source_hash: header.source_hash, source_bytes, sections })
    }

    /// The source; `None` where the file has none.
    ///
    /// # Errors
    /// It is damaged, or there is no memory for it.
    pub(crate) fn source(&self, file: &[u8]) -> Result<Option<Source>> {
        let Some(section) = self.sections.iter().find(|section| section.entry.kind == SOURCE) else { return Ok(None) };
        let mut reader = Reader { bytes: &file[section.range.clone()], what: "source" };
        let header: SourceHeader = reader.take()?;
        let holes: Vec<Hole> = reader.take_list(usize::try_from(header.holes).unwrap_or(usize::MAX))?;
        let kept = reader.bytes;
        if holes.is_empty() {
            let whole = kept.len() == self.source_bytes;
            let range = section.range.end - kept.len()..section.range.end;
            return if whole { Ok(Some(Source::InFile(range))) } else { Err(reader.damaged()) };
        }
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for hole in holes {
            let range = range(hole.offset, hole.bytes, self.source_bytes).filter(|range| {
                let previous = ranges.last().map_or(0, |last| last.end);
                range.start >= previous && !range.is_empty()
            });
            ranges.push(range.ok_or_else(|| reader.damaged())?);
        }
        let left_out: usize = ranges.iter().map(ExactSizeIterator::len).sum();
        if kept.len() != self.source_bytes - left_out {
            return Err(reader.damaged());
        }
        let mut bytes = zeros::<u8>(self.source_bytes)?;
        let (mut at, mut rest) = (0, kept);
        for hole in ranges.iter().cloned().chain(std::iter::once(self.source_bytes..self.source_bytes)) {
            let (part, behind) = rest.split_at(hole.start - at);
            bytes[at..hole.start].copy_from_slice(part);
            (at, rest) = (hole.end, behind);
        }
        Ok(Some(Source::Rebuilt { bytes, holes: ranges }))
    }

    /// The sections of plans.
    pub(crate) fn plans(&self) -> Vec<PackedSection> {
        let section = |section: &Section| PackedSection {
            isa: name(&section.entry.isa),
            winograd: winograd_of(section.entry.winograd),
            size_bytes: section.range.len(),
        };
        self.sections.iter().filter(|section| section.entry.kind == PLAN).map(section).collect()
    }

    /// The best instruction set of this CPU that there is a section for.
    pub(crate) fn best_isa(&self, winograd: Winograd) -> Option<Isa> {
        Isa::available().into_iter().rev().find(|&isa| self.find(isa, winograd).is_some())
    }

    fn find(&self, isa: Isa, winograd: Winograd) -> Option<&Section> {
        let suits = |entry: &Entry| {
            entry.kind == PLAN && name(&entry.isa) == isa.name() && winograd_of(entry.winograd) == winograd
        };
        self.sections.iter().find(|section| suits(&section.entry))
    }

    /// Where the section for an instruction set is.
    pub(crate) fn plan_range(&self, isa: Isa, winograd: Winograd) -> Option<Range<usize>> {
        self.find(isa, winograd).map(|section| section.range.clone())
    }

    /// The error that there are no packed weights for an instruction set.
    pub(crate) fn lacks(&self, isa: Isa, winograd: Winograd) -> Error {
        let held: Vec<String> = self.plans().iter().map(PackedSection::to_string).collect();
        let held = if held.is_empty() { "nothing".to_owned() } else { held.join(", ") };
        Error::unsupported(format!(
            "the model is packed for {held}, not for {}, and the weights were left out when it was packed",
            of_isa(isa.name(), winograd)
        ))
    }

    /// The steps of the plan for an instruction set, with buffers in `file`; `None` where there is no section.
    ///
    /// # Errors
    /// The section is damaged.
    pub(crate) fn plan(&self, file: &Arc<dyn StableBytes>, isa: Isa, winograd: Winograd) -> Result<Option<StoredPlan>> {
        let Some(section) = self.find(isa, winograd) else { return Ok(None) };
        let bytes = file.bytes().get(section.range.clone()).unwrap_or_default();
        let mut reader = Reader { bytes, what: "plan" };
        let header: PlanHeader = reader.take()?;
        let steps: Vec<StepEntry> = reader.take_list(header.steps as usize)?;
        let buffers: Vec<BufferEntry> = reader.take_list(header.buffers as usize)?;
        let notes = reader.take_bytes(header.note_bytes as usize)?;
        let (mut buffers, mut notes) = (buffers.into_iter(), notes);
        let mut stored = Vec::with_capacity(steps.len());
        for step in steps {
            let (note, rest) = notes.split_at_checked(step.note_bytes as usize).ok_or_else(|| reader.damaged())?;
            notes = rest;
            let of_step = buffers.by_ref().take(step.buffers as usize);
            let of_step = of_step.map(|entry| buffer(file, section.range.clone(), &entry)).collect::<Option<Vec<_>>>();
            let of_step = of_step.filter(|found| found.len() == step.buffers as usize);
            stored.push(StoredStep {
                first_operator: step.first_operator as usize,
                operators: step.operators as usize,
                note: note_of(note).ok_or_else(|| reader.damaged())?,
                buffers: of_step.ok_or_else(|| reader.damaged())?,
            });
        }
        if buffers.len() > 0 || !notes.is_empty() {
            return Err(reader.damaged());
        }
        Ok(Some(StoredPlan { steps: stored }))
    }

    /// Compares every section with its checksum.
    ///
    /// # Errors
    /// One is damaged.
    pub(crate) fn check(&self, file: &[u8]) -> Result<()> {
        for Section { entry, range } in &self.sections {
            if xxh3_64(&file[range.clone()]) != entry.checksum {
                let (kind, isa) = (name(&entry.kind), name(&entry.isa));
                return Err(Error::corrupt(format!("section '{kind}' {isa} is damaged: its checksum is another")));
            }
        }
        Ok(())
    }
}

impl fmt::Display for PackedSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&of_isa(&self.isa, self.winograd))
    }
}

/// An instruction set with what is not usual about Winograd.
fn of_isa(isa: &str, winograd: Winograd) -> String {
    match winograd {
        Winograd::Auto => isa.to_owned(),
        Winograd::Never => format!("{isa} without Winograd"),
        Winograd::Always => format!("{isa} with Winograd wherever it is exact"),
    }
}

/// What a number of an entry means. Any plan computes the same, so that numbers that are not known may mean the usual.
fn winograd_of(code: u32) -> Winograd {
    WINOGRAD.into_iter().find(|&(known, _)| known == code).map_or(Winograd::Auto, |(_, winograd)| winograd)
}

/// A note for people: a line of text.
fn note_of(bytes: &[u8]) -> Option<Option<String>> {
    let text = str::from_utf8(bytes).ok()?;
    let plain = text.len() <= MAX_NOTE_BYTES && !text.chars().any(char::is_control);
    plain.then(|| (!text.is_empty()).then(|| text.to_owned()))
}

fn buffer(file: &Arc<dyn StableBytes>, section: Range<usize>, entry: &BufferEntry) -> Option<StoredBuffer> {
    let within = range(entry.offset, entry.bytes, section.len())?;
    if !within.start.is_multiple_of(BUFFER_ALIGNMENT) {
        return None;
    }
    let bytes = PackedSlice::part(file, section.start + within.start..section.start + within.end)?;
    Some(StoredBuffer { name: name(&entry.name), version: entry.version, bytes })
}

/// The range of `bytes` bytes from `offset` on, within `end`.
fn range(offset: u64, bytes: u64, end: usize) -> Option<Range<usize>> {
    let start = usize::try_from(offset).ok()?;
    let past = start.checked_add(usize::try_from(bytes).ok()?)?;
    (past <= end).then_some(start..past)
}

/// Takes what a part of the file begins with.
struct Reader<'a> {
    bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    fn damaged(&self) -> Error {
        Error::corrupt(format!("the packed model's {} is damaged", self.what))
    }

    fn take_bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(|| self.damaged())?;
        self.bytes = rest;
        Ok(taken)
    }

    fn take<T: AnyBitPattern>(&mut self) -> Result<T> {
        Ok(bytemuck::pod_read_unaligned(self.take_bytes(size_of::<T>())?))
    }

    fn take_list<T: AnyBitPattern>(&mut self, count: usize) -> Result<Vec<T>> {
        let bytes = self.take_bytes(count.checked_mul(size_of::<T>()).ok_or_else(|| self.damaged())?)?;
        Ok(bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect())
    }
}
