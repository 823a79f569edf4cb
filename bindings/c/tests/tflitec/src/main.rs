//! Classifies a recorded picture with the crate tflitec.
//!
//!     tflitec-on-ottava MODEL INPUT.npy OUTPUT.npy      a model of 8-bit elements

use std::error::Error;
use std::path::Path;

use tflitec::interpreter::{Interpreter, Options};
use tflitec::model::Model;
use tflitec::tensor::Shape;

/// The elements of a .npy file, behind a header of the length that it begins with.
fn elements(path: impl AsRef<Path>) -> Result<Vec<u8>, Box<dyn Error>> {
    let file = std::fs::read(path)?;
    let start = 10 + usize::from(file[8]) + 256 * usize::from(file[9]);
    Ok(file[start..].to_vec())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, input, output] = &arguments[..] else { return Err("three arguments".into()) };
    let (input, golden) = (elements(input)?, elements(output)?);

    let model = Model::new(model)?;
    let options = Options { thread_count: 2, is_xnnpack_enabled: true };
    let interpreter = Interpreter::new(&model, Some(options))?;
    // tflitec has inputs only where tensors are allocated.
    interpreter.allocate_tensors()?;
    // The picture twice, in a batch.
    let mut shape = interpreter.input(0)?.shape().dimensions().clone();
    shape[0] = 2;
    interpreter.resize_input(0, Shape::new(shape))?;
    interpreter.allocate_tensors()?;
    interpreter.copy(&[&input[..], &input[..]].concat(), 0)?;
    interpreter.invoke()?;
    let output = interpreter.output(0)?;
    if output.data::<u8>() != [&golden[..], &golden[..]].concat() {
        return Err("another result than recorded".into());
    }
    let best = golden.iter().enumerate().max_by_key(|&(_, score)| score).map(|(class, _)| class);
    println!("tflitec on TensorFlow Lite {}: {} is class {best:?}", tflitec::tf_lite_version(), output.name());
    Ok(())
}
