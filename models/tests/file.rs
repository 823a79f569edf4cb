//! The written files: aligned constants, and the engine's own reader accepts them.

use ottava::schema;
use ottava_models::{random_network, tiny};
use planus::ReadAsRoot;

#[test]
fn constants_are_aligned_to_sixteen_bytes() {
    for file in (0..40).flat_map(|seed| [random_network(seed), tiny(seed)]) {
        assert!(file.len().is_multiple_of(16));
        let model = schema::ModelRef::read_as_root(&file).expect("a model");
        let buffers = model.buffers().expect("a readable vector").expect("buffers");
        assert!(buffers.get(0).expect("the empty buffer").expect("readable").data().expect("readable").is_none());
        for buffer in buffers.iter().skip(1) {
            let data = buffer.expect("a buffer").data().expect("readable").expect("constants have data");
            let offset = data.as_ptr() as usize - file.as_ptr() as usize;
            assert!(offset.is_multiple_of(16), "offset {offset}");
        }
    }
}

#[test]
fn the_engine_reads_every_small_network() {
    let failures: Vec<String> = (0..200)
        .filter_map(|seed| {
            let model = ottava::Model::from_bytes(random_network(seed), &format!("random:{seed}"));
            model.err().map(|error| error.to_string())
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
