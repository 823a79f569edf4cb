//! Single-operator models against recordings of the oracle (`models/golden`), bit for bit, on the reference and on every
//! instruction set of this CPU.

mod recordings;

use ottava::{Backend, Isa, Model, Plan, PlanOptions, Session};
use recordings::{Case, archives, cases, folder};

/// The reference, and the kernels of each instruction set on `threads` threads.
fn backends(threads: usize) -> Vec<PlanOptions> {
    let reference = PlanOptions { backend: Backend::Reference, ..PlanOptions::default() };
    let kernels = Isa::for_tests().into_iter().map(|isa| PlanOptions {
        isa: Some(isa),
        threads: Some(threads),
        ..PlanOptions::default()
    });
    [reference].into_iter().chain(kernels).collect()
}

fn replay(model: &Model, case: &Case, options: &PlanOptions) -> Result<(), String> {
    let text = |error: ottava::Error| error.to_string();
    let plan = Plan::new(model, options).map_err(text)?;
    let mut session = Session::new(&plan).map_err(text)?;
    for (&index, values) in &case.inputs {
        session.input_mut(index).map_err(text)?.copy_from_slice(values);
    }
    session.run().map_err(text)?;
    for (&index, want) in &case.outputs {
        let got = session.output(index).map_err(text)?;
        let dtype = session.outputs()[index].dtype;
        if got.len() != want.len() {
            return Err(format!("output {index} has {} bytes, {} expected", got.len(), want.len()));
        }
        if let Some(at) = got.iter().zip(want).position(|(got, want)| got != want) {
            return Err(format!("output {index} ({dtype}) byte {at} is {}, {} expected", got[at], want[at]));
        }
    }
    Ok(())
}

#[test]
fn every_recording_is_reproduced() {
    let (mut failures, mut count) = (Vec::new(), 0);
    for (operator, archive) in archives() {
        for (name, case) in cases(&archive) {
            count += 1;
            let model = match Model::from_bytes(case.model.clone(), &format!("{operator} {name}")) {
                Ok(model) => model,
                Err(error) => {
                    failures.push(error.to_string());
                    continue;
                }
            };
            assert_eq!(model.operators().len(), 1);
            // One thread and three, in turn.
            let backends = backends(1 + 2 * (count % 2));
            let results = backends.iter().map(|options| (options, replay(&model, &case, options)));
            failures.extend(results.filter_map(|(options, result)| {
                let isa = options.isa.map_or("reference".to_owned(), |isa| isa.to_string());
                Some(format!("{operator} {name} on {isa}: {}", result.err()?))
            }));
        }
    }
    assert!(count > 0, "no recordings in {}", folder().display());
    let shown = failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} failures in {count} cases:\n{shown}", failures.len());
    println!("{count} cases on the reference and {:?}", Isa::available());
}
