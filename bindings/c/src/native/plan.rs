//! Plans that several interpreters share, and packed models.

use std::sync::Arc;

use ottava::{Model, Plan};

use crate::border::{Text, action, guarded, status};
use crate::interpreter::{Interpreter, TfLiteInterpreter};
use crate::model::TfLiteModel;
use crate::options::TfLiteInterpreterOptions;
use crate::status::{Failure, TfLiteStatus};

/// A plan, and what interpreters of it are to do beside.
pub(crate) struct OttavaPlan {
    model: Model,
    plan: Plan,
    options: TfLiteInterpreterOptions,
}

/// Plans a model.
#[unsafe(no_mangle)]
extern "C" fn OttavaPlanCreate(
    model: Option<&TfLiteModel>,
    options: Option<&TfLiteInterpreterOptions>,
) -> Option<Box<OttavaPlan>> {
    guarded(None, || {
        let model = &model?.model;
        let options = options.cloned().unwrap_or_default();
        match Plan::new(model, &options.plan) {
            Ok(plan) => Some(Some(Box::new(OttavaPlan { model: model.clone(), plan, options }))),
            Err(error) => {
                options.reporter.report(&error.to_string());
                None
            }
        }
    })
}

/// Deletes a plan; interpreters of it go on.
#[unsafe(no_mangle)]
extern "C" fn OttavaPlanDelete(plan: Option<Box<OttavaPlan>>) {
    action(|| {
        drop(plan);
        None
    });
}

/// An interpreter that shares the plan's packed weights, until an input is resized.
#[unsafe(no_mangle)]
extern "C" fn OttavaPlanCreateInterpreter(plan: Option<&OttavaPlan>) -> Option<Box<TfLiteInterpreter>> {
    guarded(None, || {
        let OttavaPlan { model, plan, options } = plan?;
        match Interpreter::new(model, options, Some(plan.clone())) {
            Ok(interpreter) => Some(Some(Box::new(TfLiteInterpreter(Arc::new(interpreter))))),
            Err(failure) => {
                options.reporter.report(&failure.text);
                None
            }
        }
    })
}

/// Threads of each interpreter of the plan; 0 for NULL.
#[unsafe(no_mangle)]
extern "C" fn OttavaPlanThreads(plan: Option<&OttavaPlan>) -> usize {
    guarded(0, || Some(plan?.plan.threads()))
}

/// Bytes of packed weights, which interpreters share; 0 for NULL.
#[unsafe(no_mangle)]
extern "C" fn OttavaPlanPackedWeightBytes(plan: Option<&OttavaPlan>) -> usize {
    guarded(0, || Some(plan?.plan.memory().packed_weight_bytes))
}

/// Bytes that each interpreter of the plan takes; 0 for NULL.
#[unsafe(no_mangle)]
extern "C" fn OttavaPlanArenaBytes(plan: Option<&OttavaPlan>) -> usize {
    guarded(0, || Some(plan?.plan.memory().arena_bytes))
}

/// Writes a packed model, which `TfLiteModelCreateFromFile` takes as it takes a `.tflite` file.
#[unsafe(no_mangle)]
extern "C" fn OttavaPlanSave(plan: Option<&OttavaPlan>, path: Text) -> TfLiteStatus {
    status(|| {
        let OttavaPlan { plan, options, .. } = plan?;
        let saved = plan.save(path.get()?);
        saved.map_err(|error| options.reporter.report(&Failure::from(error).text)).ok()?;
        Some(TfLiteStatus::Ok)
    })
}

/// Compares all of a packed model with its checksums; fine for a `.tflite` file, which has none.
#[unsafe(no_mangle)]
extern "C" fn OttavaModelCheckPacked(model: Option<&TfLiteModel>) -> TfLiteStatus {
    status(|| {
        let TfLiteModel { model, reporter } = model?;
        model.check_packed().map_err(|error| reporter.report(&error.to_string())).ok()?;
        Some(TfLiteStatus::Ok)
    })
}
