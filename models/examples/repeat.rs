//! `repeat MODEL ISA RUNS`: plans a model for one thread and runs it so often, and does nothing else that could vary.
//! `tools/count-instructions.sh` counts the instructions of two numbers of runs; the difference is what runs take.
//!
//! MODEL is the path of a `.tflite` file or a name as `write_model` takes them.

use std::error::Error;

use ottava::{Isa, Model, Plan, PlanOptions, Session};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, isa, runs] = &arguments[..] else {
        return Err("usage: repeat MODEL ISA RUNS".into());
    };
    let (isa, runs): (Isa, usize) = (isa.parse()?, runs.parse()?);
    let model = match ottava_models::file_by_name(model) {
        Some(bytes) => Model::from_bytes(bytes, model)?,
        None => Model::open(model)?,
    };
    let plan = Plan::new(&model, &PlanOptions { isa: Some(isa), threads: Some(1), ..PlanOptions::default() })?;
    let mut session = Session::new(&plan)?;
    for index in 0..session.inputs().len() {
        // Not all alike, as those of a picture; some kernels may skip what is zero.
        session.input_mut(index)?.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 37 % 251) as u8);
    }
    (0..runs).try_for_each(|_| session.run())?;
    Ok(())
}
