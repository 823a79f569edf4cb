//! SPLIT, SPLIT_V and UNPACK (`docs/numerics.md` §7.7).

/// Parts of a tensor along one axis, in turn: `outer_count` runs of each output. UNPACK is a split into parts of one
/// index, whose dimension is left out.
///
/// # Panics
/// When an output is no multiple of `outer_count`, or when the input is not as long as all outputs together.
pub fn split<X: Copy>(outer_count: usize, input: &[X], outputs: &mut [&mut [X]]) {
    let total: usize = outputs.iter().map(|output| output.len()).sum();
    assert_eq!(input.len(), total, "elements of the input and of all outputs");
    let mut next = input.iter();
    for outer in 0..outer_count {
        for output in outputs.iter_mut() {
            assert!(output.len().is_multiple_of(outer_count), "{} elements in {outer_count} runs", output.len());
            let run = output.len() / outer_count;
            for (out, &value) in output[outer * run..(outer + 1) * run].iter_mut().zip(&mut next) {
                *out = value;
            }
        }
    }
}
