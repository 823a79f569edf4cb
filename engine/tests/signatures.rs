//! Signatures and declared shapes, as files have them.

use ottava::schema::{self, ModelRef, SignatureDef, TensorMap};
use ottava::{ErrorKind, Model};
use planus::ReadAsRoot;

/// A small network whose tables a test has changed.
fn changed(change: impl FnOnce(&mut schema::Model)) -> Model {
    let mut model = schema::Model::try_from(ModelRef::read_as_root(&ottava_models::tiny(1)).unwrap()).unwrap();
    change(&mut model);
    Model::from_bytes(schema::finish(&mut planus::Builder::new(), &model), "changed").unwrap()
}

fn tensor(name: &str, index: usize) -> TensorMap {
    TensorMap { name: Some(name.into()), tensor_index: u32::try_from(index).unwrap() }
}

/// A signature of the network's input and output under names of its own.
fn signature(model: &Model, key: &str) -> SignatureDef {
    SignatureDef {
        inputs: Some(vec![tensor("picture", model.graph().inputs[0])]),
        outputs: Some(vec![tensor("scores", model.graph().outputs[0])]),
        signature_key: Some(key.into()),
        subgraph_index: 0,
    }
}

#[test]
fn signatures_of_the_main_graph_are_told_in_the_order_of_the_file() {
    let plain = changed(|_| ());
    assert_eq!(plain.signatures().unwrap(), []);
    let elsewhere = SignatureDef { subgraph_index: 1, ..signature(&plain, "elsewhere") };
    let signatures = vec![signature(&plain, "serve"), elsewhere, signature(&plain, "again")];
    let model = changed(|model| model.signature_defs = Some(signatures));
    let told = model.signatures().unwrap();
    assert_eq!(told.iter().map(|signature| signature.key.as_str()).collect::<Vec<_>>(), ["serve", "again"]);
    for signature in told {
        assert_eq!((signature.inputs.len(), signature.outputs.len()), (1, 1));
        assert_eq!(
            (signature.inputs[0].name.as_str(), signature.inputs[0].tensor),
            ("picture", plain.graph().inputs[0])
        );
        assert_eq!(
            (signature.outputs[0].name.as_str(), signature.outputs[0].tensor),
            ("scores", plain.graph().outputs[0])
        );
    }
}

#[test]
fn a_signature_of_tensors_that_are_no_inputs_is_an_error_of_its_own() {
    let plain = changed(|_| ());
    for index in [plain.graph().outputs[0], 1_000_000] {
        let wrong = SignatureDef { inputs: Some(vec![tensor("x", index)]), ..signature(&plain, "serve") };
        let error = changed(|model| model.signature_defs = Some(vec![wrong])).signatures().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("signature 'serve'"), "{error}");
    }
}

#[test]
fn many_signatures_of_one_long_list_are_too_much() {
    let plain = changed(|_| ());
    let long: Vec<TensorMap> = (0..1000).map(|_| tensor("x", plain.graph().inputs[0])).collect();
    let signatures =
        (0..1000).map(|_| SignatureDef { inputs: Some(long.clone()), ..signature(&plain, "serve") }).collect();
    let model = changed(|model| model.signature_defs = Some(signatures));
    // Nothing is shared in this file, so that it may be read. A file in which all lists are one would be as small as a list.
    assert_eq!(model.signatures().unwrap().len(), 1000);
    let shared = shared_lists(&plain, 1000);
    let error = shared.signatures().map(|told| told.len()).unwrap_err();
    assert!(error.to_string().contains("too many times"), "{error}");
}

/// The network with so many signatures whose inputs are one list of as many.
fn shared_lists(plain: &Model, count: usize) -> Model {
    let model = schema::Model::try_from(ModelRef::read_as_root(&ottava_models::tiny(1)).unwrap()).unwrap();
    let mut builder = planus::Builder::new();
    let input = u32::try_from(plain.graph().inputs[0]).unwrap();
    let entry = TensorMap::create(&mut builder, "", input);
    let list = builder.create_vector(vec![entry; count]);
    let signature = SignatureDef::create(&mut builder, list, (), "serve", 0_u32);
    let signatures = builder.create_vector(vec![signature; count]);
    let root = schema::Model::create(
        &mut builder,
        model.version,
        &model.operator_codes,
        &model.subgraphs,
        (),
        &model.buffers,
        (),
        signatures,
    );
    Model::from_bytes(schema::finish(&mut builder, root), "shared").unwrap()
}

#[test]
fn declared_shapes_leave_open_what_the_file_leaves_open() {
    let plain = changed(|_| ());
    let input = plain.graph().inputs[0];
    let shape = &plain.graph().tensors[input].shape;
    let closed: Vec<_> = shape.iter().copied().map(Some).collect();
    assert_eq!(plain.declared_shape(input).unwrap(), closed);
    let open = changed(|model| {
        let tensors = model.subgraphs.as_mut().unwrap()[0].tensors.as_mut().unwrap();
        let mut signature = tensors[input].shape.clone().unwrap();
        signature[0] = -1;
        tensors[input].shape_signature = Some(signature);
    });
    assert_eq!(open.declared_shape(input).unwrap(), [&[None], &closed[1..]].concat());
    let error = plain.declared_shape(plain.graph().tensors.len()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}
