//! Options that LiteRT has not, and the version.

use std::ffi::c_char;

use ottava::{Cache, Isa};

use crate::border::{Text, status};
use crate::options::TfLiteInterpreterOptions;
use crate::status::TfLiteStatus;

/// The version of Ottava.
#[unsafe(no_mangle)]
extern "C" fn OttavaVersion() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Sets the instruction set by its name; NULL for the best of this CPU.
#[unsafe(no_mangle)]
extern "C" fn OttavaInterpreterOptionsSetIsa(
    options: Option<&mut TfLiteInterpreterOptions>,
    name: Text,
) -> TfLiteStatus {
    status(|| {
        let options = options?;
        let isa = name.get().map(|name| name.parse::<Isa>().and_then(Isa::require)).transpose();
        match isa {
            Ok(isa) => options.plan.isa = isa,
            Err(error) => {
                options.reporter.report(&error.to_string());
                return None;
            }
        }
        Some(TfLiteStatus::Ok)
    })
}

/// Sets the folder that keeps packed weights for the next start, NULL for none, and how many bytes it may take, 0 for the default.
#[unsafe(no_mangle)]
extern "C" fn OttavaInterpreterOptionsSetCache(
    options: Option<&mut TfLiteInterpreterOptions>,
    folder: Text,
    limit_bytes: u64,
) -> TfLiteStatus {
    status(|| {
        let options = options?;
        options.plan.cache = folder.get().map(|folder| {
            let cache = Cache::new(folder);
            if limit_bytes == 0 { cache } else { Cache { limit_bytes, ..cache } }
        });
        Some(TfLiteStatus::Ok)
    })
}
