//! Classifies one picture, given as raw 8-bit RGB of the model's input size, and prints the three best classes.
//!
//! ```text
//! cargo run --release -p ottava --example classify -- MODEL.tflite PICTURE.rgb
//! ```

use std::error::Error;
use std::process::ExitCode;

use ottava::{DType, Model, Plan, PlanOptions, Session};

fn classify(model: &str, picture: &str) -> Result<(), Box<dyn Error>> {
    let model = Model::open(model)?;
    let mut session = Session::new(&Plan::new(&model, &PlanOptions::default())?)?;
    let pixels = std::fs::read(picture)?;
    match session.inputs()[0].dtype {
        DType::U8 => session.set_input::<u8>(0, &pixels)?,
        // An int8 model takes the same pixels moved by 128, which is an XOR of the highest bit.
        DType::I8 => session.set_input::<i8>(0, &pixels.iter().map(|&p| (p ^ 0x80) as i8).collect::<Vec<_>>())?,
        other => return Err(format!("an input of type {other}; uint8 and int8 models take pixels").into()),
    }
    session.run()?;
    let offset = if session.outputs()[0].dtype == DType::I8 { 0x80 } else { 0 };
    let mut classes: Vec<(usize, u8)> = session.output(0)?.iter().map(|&byte| byte ^ offset).enumerate().collect();
    classes.sort_by_key(|&(class, score)| (std::cmp::Reverse(score), class));
    for (class, score) in classes.iter().take(3) {
        println!("class {class:4}  {:5.1} %", 100.0 * f32::from(*score) / 256.0);
    }
    println!("in {:.2} ms", session.profile().total.as_secs_f64() * 1e3);
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, picture] = &arguments[..] else {
        eprintln!("usage: classify MODEL.tflite PICTURE.rgb");
        return ExitCode::from(2);
    };
    match classify(model, picture) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
