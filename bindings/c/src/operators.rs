//! Operators of others: no interpreter is made with options that ask for any.

use std::ffi::{c_int, c_void};

use crate::border::{Text, action, guarded};
use crate::interpreter::TfLiteInterpreter;
use crate::model::TfLiteModel;
use crate::options::TfLiteInterpreterOptions;

const REFUSAL: &str = "Ottava runs its own kernels only: operators that the program registers cannot be used";

fn refuse(options: Option<&mut TfLiteInterpreterOptions>) {
    action(|| {
        options?.refuse(REFUSAL);
        None
    });
}

/// Refused.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsAddOperator(
    options: Option<&mut TfLiteInterpreterOptions>,
    _operator: *mut c_void,
) {
    refuse(options);
}

/// Refused.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsAddBuiltinOp(
    options: Option<&mut TfLiteInterpreterOptions>,
    _operator: c_int,
    _registration: *const c_void,
    _min_version: i32,
    _max_version: i32,
) {
    refuse(options);
}

/// Refused.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsAddCustomOp(
    options: Option<&mut TfLiteInterpreterOptions>,
    _name: Text,
    _registration: *const c_void,
    _min_version: i32,
    _max_version: i32,
) {
    refuse(options);
}

/// Any of the resolvers' two callbacks; none is ever called.
type Resolver = Option<unsafe extern "C" fn()>;

/// Refused.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetOpResolver(
    options: Option<&mut TfLiteInterpreterOptions>,
    _builtin: Resolver,
    _custom: Resolver,
    _user_data: *mut c_void,
) {
    refuse(options);
}

/// Refused.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetOpResolverV1(
    options: Option<&mut TfLiteInterpreterOptions>,
    _builtin: Resolver,
    _custom: Resolver,
    _user_data: *mut c_void,
) {
    refuse(options);
}

/// Refused.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetOpResolverV2(
    options: Option<&mut TfLiteInterpreterOptions>,
    _builtin: Resolver,
    _custom: Resolver,
    _user_data: *mut c_void,
) {
    refuse(options);
}

/// Refused.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetOpResolverV3(
    options: Option<&mut TfLiteInterpreterOptions>,
    _builtin: Resolver,
    _custom: Resolver,
    _user_data: *mut c_void,
) {
    refuse(options);
}

/// Refused.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetOpResolverExternal(
    options: Option<&mut TfLiteInterpreterOptions>,
    _builtin: Resolver,
    _custom: Resolver,
    _user_data: *mut c_void,
) {
    refuse(options);
}

/// Refused.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetOpResolverExternalWithFallback(
    options: Option<&mut TfLiteInterpreterOptions>,
    _external_builtin: Resolver,
    _external_custom: Resolver,
    _builtin: Resolver,
    _custom: Resolver,
    _user_data: *mut c_void,
) {
    refuse(options);
}

/// Always NULL: it would run registered operators alone.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterCreateWithSelectedOps(
    model: Option<&TfLiteModel>,
    options: Option<&TfLiteInterpreterOptions>,
) -> Option<Box<TfLiteInterpreter>> {
    guarded(None, || {
        let reporter = options.map(|options| options.reporter).or(model.map(|model| model.reporter));
        reporter.unwrap_or_default().report(REFUSAL);
        None
    })
}
