//! Writing a packed model.

use std::borrow::Cow;
use std::fs::Permissions;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use ottava_kernels::{Isa, PackedBuffer};
use xxhash_rust::xxh3::Xxh3;

use super::format::{
    BUFFER_ALIGNMENT, BufferEntry, Entry, Header, Hole, MAGIC, PLAN, PlanHeader, SECTION_ALIGNMENT, SOURCE,
    SourceHeader, StepEntry, VERSION, WINOGRAD, padded,
};
use super::step::PackedStep;
use crate::winograd::Winograd;

/// What names of files begin with that are not finished.
pub(super) const TEMPORARY: &str = ".ottava-";

/// What a packed model keeps of its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// All of it. Instruction sets that nothing was packed for, other shapes and the reference take weights from there. It takes
    /// room in the file, but no memory unless it is used.
    #[default]
    Everything,
    /// All but the weights that every plan has packed: such a model runs only as it was packed.
    WithoutPackedWeights,
}

/// A part of the file, in pieces.
pub(crate) struct Section<'a> {
    kind: [u8; 8],
    isa: [u8; 16],
    winograd: u32,
    pieces: Vec<Cow<'a, [u8]>>,
    bytes: usize,
}

impl<'a> Section<'a> {
    fn new(kind: [u8; 8]) -> Self {
        Self { kind, isa: [0; 16], winograd: 0, pieces: Vec::new(), bytes: 0 }
    }

    fn push(&mut self, piece: impl Into<Cow<'a, [u8]>>) {
        let piece = piece.into();
        self.bytes += piece.len();
        self.pieces.push(piece);
    }

    /// Zeros up to a multiple.
    fn align(&mut self, alignment: usize) {
        let missing = self.bytes.next_multiple_of(alignment) - self.bytes;
        self.push(vec![0; missing]);
    }

    fn checksum(&self) -> u64 {
        let mut hash = Xxh3::new();
        self.pieces.iter().for_each(|piece| hash.update(piece));
        hash.digest()
    }

    /// The bytes of a source between holes.
    pub(crate) fn source(source: &'a [u8], holes: &[Range<usize>]) -> Self {
        let mut section = Self::new(SOURCE);
        section.push(bytemuck::bytes_of(&SourceHeader { holes: holes.len() as u64, reserved: 0 }).to_vec());
        for hole in holes {
            let hole = Hole { offset: hole.start as u64, bytes: hole.len() as u64 };
            section.push(bytemuck::bytes_of(&hole).to_vec());
        }
        let mut at = 0;
        for hole in holes {
            section.push(&source[at..hole.start]);
            at = hole.end;
        }
        section.push(&source[at..]);
        section
    }

    /// The packed weights of a plan.
    pub(crate) fn plan(isa: Isa, winograd: Winograd, steps: &'a [PackedStep]) -> Self {
        let mut section = Self::new(PLAN);
        section.isa = padded(isa.name());
        section.winograd = WINOGRAD.into_iter().find(|&(_, known)| known == winograd).map_or(0, |(code, _)| code);
        let buffers: Vec<&PackedBuffer> = steps.iter().flat_map(|step| &step.buffers).collect();
        let notes: Vec<&str> = steps.iter().map(PackedStep::stored_note).collect();
        let header = PlanHeader {
            steps: steps.len() as u32,
            buffers: buffers.len() as u32,
            note_bytes: notes.iter().map(|note| note.len() as u32).sum(),
            reserved: 0,
        };
        section.push(bytemuck::bytes_of(&header).to_vec());
        for (step, note) in steps.iter().zip(&notes) {
            let entry = StepEntry {
                first_operator: step.first_operator as u32,
                operators: step.operators as u32,
                buffers: step.buffers.len() as u32,
                note_bytes: note.len() as u32,
            };
            section.push(bytemuck::bytes_of(&entry).to_vec());
        }
        let head = section.bytes + buffers.len() * size_of::<BufferEntry>() + header.note_bytes as usize;
        let mut offset = head.next_multiple_of(BUFFER_ALIGNMENT);
        for buffer in &buffers {
            let entry = BufferEntry {
                name: padded(buffer.layout.name),
                version: buffer.layout.version,
                reserved: 0,
                offset: offset as u64,
                bytes: buffer.bytes.len() as u64,
            };
            section.push(bytemuck::bytes_of(&entry).to_vec());
            offset = (offset + buffer.bytes.len()).next_multiple_of(BUFFER_ALIGNMENT);
        }
        notes.iter().for_each(|note| section.push(note.as_bytes()));
        for buffer in buffers {
            section.align(BUFFER_ALIGNMENT);
            section.push(&buffer.bytes[..]);
        }
        section
    }
}

/// What the header says of the source.
pub(crate) struct SourceInfo {
    /// Its bytes before anything was left out.
    pub(crate) bytes: usize,
    pub(crate) hash: [u8; 32],
}

pub(crate) fn write(source: &SourceInfo, sections: &[Section<'_>], file: &mut dyn Write) -> io::Result<()> {
    let mut end = size_of::<Header>() + sections.len() * size_of::<Entry>();
    let mut entries = Vec::new();
    for section in sections {
        let alignment = if section.kind == PLAN { SECTION_ALIGNMENT } else { BUFFER_ALIGNMENT };
        let offset = end.next_multiple_of(alignment);
        entries.push(Entry {
            kind: section.kind,
            isa: section.isa,
            offset: offset as u64,
            bytes: section.bytes as u64,
            checksum: section.checksum(),
            winograd: section.winograd,
            reserved: [0; 3],
        });
        end = offset + section.bytes;
    }
    let header = Header {
        magic: MAGIC,
        version: VERSION,
        sections: sections.len() as u32,
        file_bytes: end as u64,
        source_bytes: source.bytes as u64,
        source_hash: source.hash,
    };
    file.write_all(bytemuck::bytes_of(&header))?;
    file.write_all(bytemuck::cast_slice(&entries))?;
    let mut at = size_of::<Header>() + size_of_val(&entries[..]);
    for (section, entry) in sections.iter().zip(&entries) {
        let gap = entry.offset as usize - at;
        file.write_all(&vec![0; gap])?;
        section.pieces.iter().try_for_each(|piece| file.write_all(piece))?;
        at += gap + section.bytes;
    }
    Ok(())
}

/// Writes a file beside `path` under a name that nobody can guess, and renames it over `path`.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    if let Some(permissions) = permissions_of_new_files() {
        builder.permissions(permissions);
    }
    let temporary = builder.prefix(TEMPORARY).suffix(".tmp").tempfile_in(folder)?;
    let mut buffered = io::BufWriter::new(temporary.as_file());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    Ok(())
}

/// What a new file is made with, of which the system takes the user's mask off; `None` where it knows no such thing.
fn permissions_of_new_files() -> Option<Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    None
}
