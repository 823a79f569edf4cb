//! What the built networks consist of, that their activations stay spread, and that nothing depends on threads.

use ottava::{Isa, Model, PlanOptions};
use ottava_models::{Builtin, Network, builtin, builtins, random_network, tiny};
use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

fn counts(network: &Network) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    network.layers().iter().for_each(|layer| *counts.entry(layer.operator.clone()).or_default() += 1);
    counts
}

fn known(name: &str) -> &'static Builtin {
    builtin(name).unwrap_or_else(|| panic!("{name} is known"))
}

/// A built-in network, which takes seconds to build and is built once.
fn network(name: &str) -> &'static Network {
    static BUILT: LazyLock<Vec<OnceLock<Network>>> =
        LazyLock::new(|| builtins().iter().map(|_| OnceLock::new()).collect());
    let index = builtins().iter().position(|builtin| builtin.name == name).unwrap_or_else(|| panic!("{name} is known"));
    BUILT[index].get_or_init(|| builtins()[index].network())
}

fn expect(name: &str, operators: &[(&str, usize)], gmacs: f64) {
    let network = network(name);
    let want: BTreeMap<String, usize> = operators.iter().map(|&(name, n)| (name.to_string(), n)).collect();
    assert_eq!(counts(network), want, "{name}");
    let got = network.macs() as f64 / 1e9;
    assert!((got - gmacs).abs() < 0.005, "{name}: {got} GMAC, expected {gmacs}");
}

fn expect_classifier(name: &str, operators: &[(&str, usize)], gmacs: f64) {
    expect(name, operators, gmacs);
    let last = network(name).layers().pop().expect("layers");
    assert_eq!((last.operator.as_str(), last.shape), ("softmax", vec![1, 1001]), "{name}");
}

#[test]
fn inception_v3_has_its_operators() {
    let operators = [
        ("average_pool2d", 9),
        ("concatenation", 15),
        ("conv2d", 94),
        ("fully_connected", 1),
        ("max_pool2d", 4),
        ("mean", 1),
        ("softmax", 1),
    ];
    expect_classifier("inception-v3", &operators, 5.713);
    expect_classifier("inception-v3-uint8", &operators, 5.713);
}

#[test]
fn mobilenets_have_their_operators() {
    let v1 = [("conv2d", 15), ("depthwise_conv2d", 13), ("mean", 1), ("pad", 5), ("reshape", 1), ("softmax", 1)];
    expect_classifier("mobilenet-v1", &v1, 0.569);
    let v1 = [("average_pool2d", 1), ("conv2d", 15), ("depthwise_conv2d", 13), ("reshape", 1), ("softmax", 1)];
    expect_classifier("mobilenet-v1-uint8", &v1, 0.569);
    let v2 = [
        ("add", 10),
        ("conv2d", 35),
        ("depthwise_conv2d", 17),
        ("fully_connected", 1),
        ("mean", 1),
        ("pad", 5),
        ("softmax", 1),
    ];
    expect_classifier("mobilenet-v2", &v2, 0.301);
    let v2 =
        [("add", 10), ("average_pool2d", 1), ("conv2d", 36), ("depthwise_conv2d", 17), ("reshape", 1), ("softmax", 1)];
    expect_classifier("mobilenet-v2-uint8", &v2, 0.301);
}

#[test]
fn resnet50_has_its_operators() {
    let shared = [("add", 16), ("conv2d", 53), ("fully_connected", 1), ("max_pool2d", 1), ("pad", 4), ("softmax", 1)];
    expect_classifier("resnet50", &[&shared[..], &[("mean", 1)]].concat(), 4.089);
    expect_classifier("resnet50-uint8", &[&shared[..], &[("average_pool2d", 1), ("reshape", 1)]].concat(), 4.089);
}

#[test]
fn ssd_has_its_operators_and_outputs() {
    let operators =
        [("add", 10), ("concatenation", 2), ("conv2d", 55), ("depthwise_conv2d", 17), ("logistic", 1), ("reshape", 12)];
    expect("ssd-mobilenet-v2", &operators, 1.905);
    let shapes: Vec<Vec<usize>> = (network("ssd-mobilenet-v2").layers().into_iter())
        .filter(|layer| layer.operator == "concatenation")
        .map(|layer| layer.shape)
        .collect();
    assert_eq!(shapes, [[1, 1917, 4], [1, 1917, 91]]);
}

#[test]
fn every_layer_of_every_builtin_stays_spread() {
    let mut flat = Vec::new();
    for builtin in builtins() {
        for (index, layer) in network(builtin.name).layers().iter().enumerate() {
            // Probabilities of 1001 classes are mostly zero; everything before them fills a good part of its range.
            let (deviation, distinct, difference) = match layer.operator.as_str() {
                "softmax" => (0.5, 8, 0.02),
                _ => (5.0, 48, 0.5),
            };
            if layer.deviation_steps < deviation || layer.distinct < distinct || layer.image_difference < difference {
                flat.push(format!("{} operator {index}: {layer:?}", builtin.name));
            }
        }
    }
    assert!(flat.is_empty(), "nearly constant:\n{}", flat.join("\n"));
}

/// Sessions take hardly more for activations than those that are alive at the same time take.
#[test]
fn the_arena_of_every_builtin_is_near_its_lower_bound() {
    let mut above = Vec::new();
    for builtin in builtins() {
        let model = Model::from_bytes(network(builtin.name).to_file(), builtin.name).expect("a valid file");
        for isa in Isa::for_tests() {
            for keep_intermediates in [false, true] {
                let options =
                    PlanOptions { isa: Some(isa), threads: Some(2), keep_intermediates, ..PlanOptions::default() };
                let memory = model.memory_estimate(&options).expect("a plan");
                let (bytes, bound) = (memory.activation_bytes, memory.activation_bound_bytes);
                assert!(bytes >= bound, "{} on {isa}: {bytes} bytes hold {bound}", builtin.name);
                if 100 * bytes > 105 * bound {
                    above.push(format!("{} on {isa}: {bytes} bytes, at least {bound}", builtin.name));
                }
            }
        }
    }
    assert!(above.is_empty(), "more than 5 % above:\n{}", above.join("\n"));
}

#[test]
fn tiny_is_small_and_uses_every_operator() {
    for seed in [0, 1] {
        let network = Network::by_name(&format!("tiny:{seed}")).expect("tiny networks have names");
        assert_eq!(counts(&network).len(), 13);
        assert!(tiny(seed).len() < 8192);
    }
}

#[test]
fn random_networks_are_varied() {
    let networks: Vec<Network> =
        (0..200).map(|seed| Network::by_name(&format!("random:{seed}")).expect("a name")).collect();
    let mut total: BTreeMap<String, usize> = BTreeMap::new();
    for network in &networks {
        counts(network).into_iter().for_each(|(operator, n)| *total.entry(operator).or_default() += n);
    }
    assert_eq!(total.len(), 13, "{total:?}");
    assert!(total.values().all(|&n| n >= 20), "{total:?}");
    let constant = networks.iter().filter(|network| network.layers().last().is_none_or(|layer| layer.distinct < 3));
    assert!(constant.count() <= 10);
}

#[test]
fn files_do_not_depend_on_threads() {
    let build = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let mut files: Vec<Vec<u8>> = (0..10).map(random_network).collect();
            files.push(tiny(3));
            files.extend(["mobilenet-v1", "mobilenet-v2-uint8"].map(|name| known(name).build()));
            files
        })
    };
    let one = build(1);
    assert!(one == build(2) && one == build(5));
}

/// The oracle's bits are not theirs, so that they have no recordings; their bytes are known all the same.
#[test]
fn float_forms_have_the_operators_of_the_int8_forms_and_known_bytes() {
    for name in ["inception-v3", "mobilenet-v2"] {
        let float = format!("{name}-f32");
        let operators = |name: &str| network(name).layers().into_iter().map(|layer| (layer.operator, layer.shape));
        assert!(operators(name).eq(operators(&float)), "{float}");
        assert_eq!(network(name).macs(), network(&float).macs());
        let file = network(&float).to_file();
        assert!(known(&float).is_file(&file[..]).expect("memory can be read"), "{float} has other bytes");
    }
}

#[test]
fn names_are_unique_and_cache_names_carry_the_revision() {
    let mut names: Vec<String> = builtins().iter().map(|b| b.cache_file_name()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), builtins().len());
    assert!(names.iter().all(|name| name.ends_with(&format!("-{}.tflite", ottava_models::FORMAT_REVISION))));
    assert!(builtin("no-such-network").is_none());
}
