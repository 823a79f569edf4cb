//! Finding the models that tests use where they are, and reading `.npy` files.

use std::path::PathBuf;

mod models;

use models::{models, skip};

/// A recorded run of the oracle.
pub struct Golden {
    /// What to call it in messages.
    pub label: String,
    /// The model file.
    pub model: PathBuf,
    /// Bytes of its input.
    pub input: Vec<u8>,
    /// Bytes of its first output.
    pub output: Vec<u8>,
}

/// The path of a model by its name without extension.
pub fn model(name: &str) -> Option<PathBuf> {
    let path = models()?.join(format!("{name}.tflite"));
    if path.is_file() {
        return Some(path);
    }
    skip(&format!("no file {}", path.display()));
    None
}

/// All goldens of a model.
pub fn goldens(name: &str) -> Vec<Golden> {
    let Some(model) = model(name) else {
        return Vec::new();
    };
    let folder = model.with_file_name("golden");
    let photos = ["grace_hopper", "cat", "bird"].into_iter();
    let goldens = photos.filter_map(|photo| {
        let npy = |what: &str| std::fs::read(folder.join(format!("{name}.{photo}.{what}.npy"))).ok();
        Some(Golden {
            label: format!("{name} {photo}"),
            model: model.clone(),
            input: npy_bytes(&npy("input")?),
            output: npy_bytes(&npy("output0")?),
        })
    });
    let goldens: Vec<_> = goldens.collect();
    if goldens.is_empty() {
        skip(&format!("no goldens of {name} in {}", folder.display()));
    }
    goldens
}

/// The data of an `.npy` file: a magic of 6 bytes, a version, a header with its length before it, the bytes.
fn npy_bytes(file: &[u8]) -> Vec<u8> {
    assert_eq!(&file[..6], b"\x93NUMPY");
    let start = match file[6] {
        1 => 10 + usize::from(u16::from_le_bytes([file[8], file[9]])),
        _ => 12 + u32::from_le_bytes([file[8], file[9], file[10], file[11]]) as usize,
    };
    let header = String::from_utf8_lossy(&file[..start]).into_owned();
    assert!(header.contains("'fortran_order': False"), "{header}");
    file[start..].to_vec()
}
