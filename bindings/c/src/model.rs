//! Models and versions.

use std::ffi::{c_char, c_int, c_void};

use ottava::Model;

use crate::border::{Bytes, Text, action, guarded};
use crate::report::{Callback, Reporter};

/// A verified model.
pub(crate) struct TfLiteModel {
    pub(crate) model: Model,
    pub(crate) reporter: Reporter,
}

impl TfLiteModel {
    fn new(model: ottava::Result<Model>, reporter: Reporter) -> Option<Box<Self>> {
        match model {
            Ok(model) => Some(Box::new(Self { model, reporter })),
            Err(error) => {
                reporter.report(&error.to_string());
                None
            }
        }
    }

    fn from_bytes(bytes: Bytes, size: usize, reporter: Reporter) -> Option<Box<Self>> {
        match bytes.get(size).filter(|bytes| !bytes.is_empty()) {
            // A copy: many callers free the bytes as soon as they have an interpreter.
            Some(bytes) => Self::new(Model::from_bytes(bytes.to_vec(), "model"), reporter),
            None => {
                reporter.report("The model allocation is null/empty");
                None
            }
        }
    }

    fn from_file(path: Text, reporter: Reporter) -> Option<Box<Self>> {
        match path.get() {
            Some(path) => Self::new(Model::open(path), reporter),
            None => {
                reporter.report("The path of a model is null or not UTF-8");
                None
            }
        }
    }
}

/// The version of LiteRT whose C API this is.
#[unsafe(no_mangle)]
extern "C" fn TfLiteVersion() -> *const c_char {
    c"2.19.0".as_ptr()
}

/// The version of its interface for extensions, none of which is hosted.
#[unsafe(no_mangle)]
extern "C" fn TfLiteExtensionApisVersion() -> *const c_char {
    c"1.0.0".as_ptr()
}

/// The version of the file format.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSchemaVersion() -> c_int {
    3
}

/// A model of bytes in memory, which are copied.
#[unsafe(no_mangle)]
extern "C" fn TfLiteModelCreate(data: Bytes, size: usize) -> Option<Box<TfLiteModel>> {
    guarded(None, || Some(TfLiteModel::from_bytes(data, size, Reporter::default())))
}

/// The same with an error reporter.
#[unsafe(no_mangle)]
extern "C" fn TfLiteModelCreateWithErrorReporter(
    data: Bytes,
    size: usize,
    reporter: Option<Callback>,
    user_data: *mut c_void,
) -> Option<Box<TfLiteModel>> {
    guarded(None, || Some(TfLiteModel::from_bytes(data, size, Reporter::new(reporter, user_data))))
}

/// A model of a file, which is mapped.
#[unsafe(no_mangle)]
extern "C" fn TfLiteModelCreateFromFile(path: Text) -> Option<Box<TfLiteModel>> {
    guarded(None, || Some(TfLiteModel::from_file(path, Reporter::default())))
}

/// The same with an error reporter.
#[unsafe(no_mangle)]
extern "C" fn TfLiteModelCreateFromFileWithErrorReporter(
    path: Text,
    reporter: Option<Callback>,
    user_data: *mut c_void,
) -> Option<Box<TfLiteModel>> {
    guarded(None, || Some(TfLiteModel::from_file(path, Reporter::new(reporter, user_data))))
}

/// Deletes a model; interpreters made from it go on.
#[unsafe(no_mangle)]
extern "C" fn TfLiteModelDelete(model: Option<Box<TfLiteModel>>) {
    action(|| {
        drop(model);
        None
    });
}
