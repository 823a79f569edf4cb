//! Each command on a small network.

mod common;

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;

use common::{Tiny, command, finish, npy, ottava};
use ottava::{Isa, schema};
use planus::ReadAsRoot;

#[test]
fn help_and_version_are_there() {
    let help = ottava(["--help"]).ok().stdout;
    for word in
        ["bench", "run", "classify", "verify", "inspect", "kernels", "pack", "precisions", "Examples:", "OTTAVA_CACHE"]
    {
        assert!(help.contains(word), "{word}");
    }
    assert!(ottava(["--version"]).ok().stdout.starts_with("ottava 0."));
    for name in ["bench", "run", "classify", "verify", "inspect", "kernels", "pack", "precisions"] {
        assert!(ottava([name, "--help"]).ok().stdout.contains("Usage:"), "{name}");
    }
}

#[test]
fn run_writes_what_the_reference_writes_whatever_the_kernels() {
    let tiny = Tiny::new();
    let (model, input) = (tiny.model(), tiny.input());
    let run = |folder: &str, more: &[&str]| {
        let folder = tiny.path(folder);
        let arguments = ["run", &model, "--input", &input, "--output-dir", &folder];
        let ran = ottava(arguments.iter().chain(more)).ok();
        assert!(ran.stdout.contains("float32 1x10"), "{}", ran.stdout);
        fs::read(folder + "/output0.npy").unwrap()
    };
    let expected = run("reference", &["--backend", "reference"]);
    assert_eq!(expected[..128], npy("<f4", "(1, 10)", &[]));
    assert_eq!(expected.len(), 128 + 40);
    for isa in Isa::for_tests() {
        assert_eq!(run("deeper/than/that", &["--isa", isa.name(), "--threads", "2"]), expected, "{isa}");
    }
}

#[test]
fn run_takes_inputs_by_name() {
    let tiny = Tiny::new();
    let model = ottava::Model::open(tiny.model()).unwrap();
    let name = &model.graph().tensors[model.graph().inputs[0]].name;
    let named = format!("{name}={}", tiny.input());
    ottava(["run", &tiny.model(), "--input", &named, "--output-dir", &tiny.path("out")]).ok();
    assert!(fs::exists(tiny.path("out/output0.npy")).unwrap());
}

#[test]
fn verify_passes_and_says_what_it_compared() {
    let tiny = Tiny::new();
    let ran = ottava(["verify", &tiny.model(), "--threads", "1,3", "--inputs", "4"]).ok();
    for isa in Isa::for_tests() {
        let lines: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with(&format!("{isa} "))).collect();
        assert_eq!(lines.len(), 2, "{}", ran.stdout);
        assert!(lines.iter().all(|line| line.ends_with("equal")), "{}", ran.stdout);
    }
    assert!(Isa::ALL.len() > Isa::available().len() && ran.stdout.contains("not compared, this CPU has none"));
    let one = ottava(["verify", &tiny.model(), "--isa", "scalar", "--threads", "1"]).ok();
    assert!(one.stdout.lines().filter(|line| line.ends_with("equal")).count() == 1, "{}", one.stdout);
}

#[test]
fn inspect_names_everything_twice() {
    let tiny = Tiny::new();
    let text = ottava(["inspect", &tiny.model(), "--threads", "1"]).ok().stdout;
    for word in ["DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "zero point", "Plan:", "packed weights"] {
        assert!(text.contains(word), "{word}\n{text}");
    }
    let document: serde_json::Value =
        serde_json::from_str(&ottava(["inspect", &tiny.model(), "--json"]).ok().stdout).unwrap();
    let model = ottava::Model::open(tiny.model()).unwrap();
    assert_eq!(document["operators"].as_array().unwrap().len(), model.operators().len());
    assert_eq!(document["tensors"].as_array().unwrap().len(), model.graph().tensors.len());
    assert_eq!(document["macs"].as_u64().unwrap(), model.graph().macs());
    let layers = document["plan"]["layers"].as_array().unwrap();
    let macs: u64 = layers.iter().map(|layer| layer["macs"].as_u64().unwrap()).sum();
    assert_eq!(macs, model.graph().macs());
    assert_eq!(document["inputs"][0]["dtype"], "float32");
}

#[test]
fn inspect_memory_says_what_is_where() {
    let tiny = Tiny::new();
    let text = ottava(["inspect", &tiny.model(), "--memory", "--threads", "1"]).ok().stdout;
    for word in ["arena of activations", "workspaces", "packed weights", "lower bound", "Peak at layer", "end"] {
        assert!(text.contains(word), "{word}\n{text}");
    }
    let memory = ottava(["inspect", &tiny.model(), "--memory", "--json", "--threads", "1"]).ok().stdout;
    let memory: serde_json::Value = serde_json::from_str(&memory).unwrap();
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    let arena = &memory["arena"];
    assert_eq!(arena["bytes"], memory["activation_bytes"]);
    assert!(number(&arena["lower_bound_bytes"]) <= number(&arena["bytes"]));
    let buffers = arena["buffers"].as_array().unwrap();
    let peak = number(&arena["peak_layer"]);
    let at_peak = buffers
        .iter()
        .filter(|buffer| (number(&buffer["first_layer"])..=number(&buffer["last_layer"])).contains(&peak));
    assert!(at_peak.map(|buffer| number(&buffer["bytes"])).sum::<u64>() >= number(&arena["lower_bound_bytes"]));
    let parts = ["activation_bytes", "staged_bytes", "workspace_bytes"].map(|part| number(&memory[part]));
    assert_eq!(parts.iter().sum::<u64>(), number(&memory["arena_bytes"]));
    assert!(ottava(["inspect", "--memory"]).misused().contains("MODEL"));
}

/// `cargo run -p ottava-cli -- inspect --ops --markdown` is what stands in `docs/support.md`.
#[test]
fn the_documentation_has_the_table_of_operators() {
    let table = ottava(["inspect", "--ops", "--markdown"]).ok().stdout;
    assert!(table.lines().count() > 80, "{table}");
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/support.md")).unwrap();
    let (_, after) = page.split_once("<!-- ops:begin -->\n").expect("the page has a place for the table");
    let (stands, _) = after.split_once("<!-- ops:end -->").expect("and an end of it");
    assert!(stands == table, "the table in docs/support.md should be\n{table}");
}

#[test]
fn inspect_ops_says_how_each_operator_runs() {
    let tiny = Tiny::new();
    let text = ottava(["inspect", "--ops", &tiny.model()]).ok().stdout;
    assert!(text.contains("optimized: gemm_") && text.contains("uint8, uint8, int32 -> uint8"), "{text}");
    let all: serde_json::Value = serde_json::from_str(&ottava(["inspect", "--ops", "--json"]).ok().stdout).unwrap();
    let conv = all.as_array().unwrap().iter().find(|operator| operator["name"] == "CONV_2D").unwrap();
    assert_eq!(conv["optimized"], serde_json::json!(["int8", "uint8", "int16", "float32"]));
    // What cannot run is listed before the error.
    let mut file = fs::read(tiny.model()).unwrap();
    let model = schema::Model::try_from(schema::ModelRef::read_as_root(&file).unwrap()).unwrap();
    let codes = model.operator_codes.clone().unwrap();
    let codes = codes
        .into_iter()
        .map(|code| schema::OperatorCode { version: if code.builtin_code == 3 { 99 } else { code.version }, ..code });
    let newer = schema::Model { operator_codes: Some(codes.collect()), ..model };
    file = schema::finish(&mut planus::Builder::new(), &newer);
    let ran = ottava(["inspect", "--ops", &tiny.file("newer.tflite", &file)]);
    assert!(ran.stdout.contains("not at all: known up to v8") && ran.stdout.contains("supported"), "{}", ran.stdout);
    assert!(ran.code == Some(1) && ran.stderr.contains("operators are not supported"), "{}", ran.stderr);
    assert!(ottava(["inspect"]).misused().contains("MODEL"));
}

#[test]
fn kernels_lists_the_families_and_measures_on_request() {
    let plain = ottava(["kernels"]).ok().stdout;
    assert!(plain.contains("gemm_u8s8_scalar") && plain.contains("default instruction set"), "{plain}");
    assert!(!plain.contains("GMAC/s"));
    assert!(ottava(["kernels", "--peak"]).ok().stdout.contains("GMAC/s"));
}

#[test]
fn kernels_of_a_model_stand_in_a_row_for_each_layer_and_a_column_for_each_instruction_set() {
    let tiny = Tiny::new();
    let model = ottava::Model::open(tiny.model()).unwrap();
    let text = ottava(["kernels", &tiny.model()]).ok().stdout;
    let mut lines = text.lines().skip(1);
    let columns: Vec<_> = lines.next().unwrap().split_whitespace().skip(3).collect();
    let available = Isa::available();
    assert_eq!(columns, available.iter().map(|isa| isa.name()).collect::<Vec<_>>(), "{text}");
    for &isa in &available {
        let options = ottava::PlanOptions { isa: Some(isa), ..ottava::PlanOptions::default() };
        for layer in ottava::Plan::new(&model, &options).unwrap().layers() {
            let row = text.lines().find(|line| line.starts_with(&format!("{} ", layer.name))).unwrap();
            assert!(row.split_whitespace().any(|cell| cell == layer.kernel), "{isa} {}\n{text}", layer.name);
        }
    }
    let peak = ottava(["kernels", "--peak", &tiny.model()]).misused();
    assert!(peak.contains("cannot be used with"), "{peak}");
}

#[test]
fn the_environment_narrows_the_instruction_set() {
    let ran = finish(command().env("OTTAVA_ISA", "scalar").arg("kernels")).ok();
    assert!(ran.stdout.contains("default instruction set: scalar"), "{}", ran.stdout);
    let tiny = Tiny::new();
    let ran = finish(command().env("OTTAVA_ISA", "scalar").args(["inspect", &tiny.model()])).ok();
    assert!(ran.stdout.contains("layers, scalar"), "{}", ran.stdout);
}

/// No machine of ours has a CPU of this number; systems without the call refuse it as well.
#[test]
fn cpus_that_cannot_be_had_are_a_warning() {
    let tiny = Tiny::new();
    let ran = ottava(["bench", &tiny.model(), "--runs", "1", "--affinity", "1023"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("warning: cannot keep to CPUs 1023: "), "{}", ran.stderr);
    assert!(ottava(["bench", &tiny.model(), "--affinity", "3-1"]).misused().contains("such as 0-3,8"));
}

#[test]
fn classify_takes_pictures_of_any_size() {
    let tiny = Tiny::new();
    let picture = tiny.path("picture.png");
    image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8 * 6, y as u8 * 8, 77])).save(&picture).unwrap();
    let labels = tiny.file("labels.txt", &(0..10).map(|i| format!("label {i}\n")).collect::<String>().into_bytes());
    let ran = ottava(["classify", &tiny.model(), &picture, &picture, "--labels", &labels, "--top", "4"]).ok();
    assert_eq!(ran.stdout.lines().count(), 10, "{}", ran.stdout);
    assert_eq!(ran.stdout.lines().filter(|line| line.contains("label ")).count(), 8);
    let shares: Vec<f64> = ran.stdout.lines().skip(1).take(4).map(|line| line[..8].trim().parse().unwrap()).collect();
    assert!(shares.is_sorted_by(|a, b| a >= b) && shares[0] > 0.0, "{}", ran.stdout);
    ottava(["classify", &tiny.model(), &picture, "--crop", "none", "--mean", "0", "--scale", "255"]).ok();
}

#[test]
fn classify_knows_the_photos() {
    let Some(models) = common::models() else { return };
    let path = |name: &str| models.join(name).display().to_string();
    let model = path("mobilenet_v2_1.0_224_quant.tflite");
    let photos = [("grace_hopper.bmp", "military uniform"), ("cat.bmp", "Egyptian cat"), ("bird.bmp", "chickadee")];
    let labels = path("imagenet_labels.txt");
    for crop in ["center", "none"] {
        for (photo, label) in photos {
            let photo = path(photo);
            let ran = ottava(["classify", &model, &photo, "--labels", &labels, "--top", "1", "--crop", crop]).ok();
            assert!(ran.stdout.contains(label), "{crop}: {}", ran.stdout);
        }
    }
}

#[test]
fn a_builtin_network_is_built_once() {
    let cache = tempfile::tempdir().unwrap();
    let inspect = || finish(command().env("OTTAVA_CACHE", cache.path()).args(["inspect", "mobilenet-v1"])).ok();
    let first = inspect().stdout;
    let file = fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(file.len(), 1);
    let built = fs::metadata(&file[0]).unwrap().modified().unwrap();
    assert_eq!(inspect().stdout, first);
    assert_eq!(fs::metadata(&file[0]).unwrap().modified().unwrap(), built);
    fs::write(&file[0], "damaged").unwrap();
    assert_eq!(inspect().stdout, first);
}

#[test]
fn another_model_under_the_name_of_a_builtin_network_is_not_taken_for_it() {
    let cache = tempfile::tempdir().unwrap();
    let run = |command_name: &str, more: &[&str]| {
        let arguments = [&[command_name, "mobilenet-v1"], more].concat();
        finish(command().env("OTTAVA_CACHE", cache.path()).args(arguments)).ok().stdout
    };
    let first = run("inspect", &[]);
    let builtin = ottava_models::builtin("mobilenet-v1").unwrap();
    let path = cache.path().join(builtin.cache_file_name());
    let sound = fs::read(&path).unwrap();
    assert!(builtin.is_file(&sound[..]).unwrap());
    let other = ottava_models::builtin("mobilenet-v1-uint8").unwrap().build();
    // A bit of a weight makes another network of the same size.
    let mut damaged = sound.clone();
    damaged[sound.len() / 2] ^= 1;
    for wrong in [&other, &damaged] {
        fs::write(&path, wrong).unwrap();
        assert_eq!(run("inspect", &[]), first);
        assert!(fs::read(&path).unwrap() == sound, "built anew");
    }
    fs::write(&path, &other).unwrap();
    run("bench", &["--runs", "1", "--warmup", "0"]);
    assert!(fs::read(&path).unwrap() == sound, "built anew");
    #[cfg(unix)]
    {
        // What a link leads to is somebody else's.
        let theirs = cache.path().join("theirs");
        fs::write(&theirs, &other).unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("theirs", &path).unwrap();
        assert_eq!(run("inspect", &[]), first);
        assert!(fs::read(&theirs).unwrap() == other && fs::read(&path).unwrap() == sound);
    }
}

/// Names of files may be any bytes, and every command takes them.
#[test]
fn paths_need_not_be_utf8() {
    let tiny = Tiny::new();
    let folder = tiny.odd_path();
    if let Err(error) = fs::create_dir(&folder) {
        eprintln!("SKIPPED, no such names here: {error}");
        return;
    }
    let at = |name: &str| folder.join(name);
    fs::copy(tiny.model(), at("m.tflite")).unwrap();
    fs::copy(tiny.input(), at("in.npy")).unwrap();
    fs::write(at("labels.txt"), (0..10).map(|i| format!("label {i}\n")).collect::<String>()).unwrap();
    image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 7])).save(at("p.png")).unwrap();
    let name = ottava::Model::open(tiny.model()).unwrap().graph().clone();
    let mut named = std::ffi::OsString::from(format!("{}=", name.tensors[name.inputs[0]].name));
    named.push(at("in.npy"));
    let run = |arguments: &[&std::ffi::OsStr]| {
        let mut command = command();
        finish(command.args(arguments)).ok().stdout
    };
    let word = |text: &'static str| std::ffi::OsStr::new(text);
    let [model, input, out] = [at("m.tflite"), at("in.npy"), at("out")].map(PathBuf::into_os_string);
    for command in ["inspect", "kernels"] {
        assert!(run(&[word(command), &model]).contains("m.tflite: "));
    }
    run(&[word("inspect"), word("--ops"), &model]);
    run(&[word("verify"), &model, word("--threads"), word("1"), word("--inputs"), word("1")]);
    for input in [&input, &named] {
        let text = run(&[word("run"), &model, word("--input"), input, word("--output-dir"), &out]);
        assert!(text.contains("output0.npy") && at("out/output0.npy").is_file(), "{text}");
        fs::remove_file(at("out/output0.npy")).unwrap();
    }
    let [picture, labels, json] = [at("p.png"), at("labels.txt"), at("b.json")].map(PathBuf::into_os_string);
    assert!(run(&[word("classify"), &model, &picture, word("--labels"), &labels]).contains("label "));
    run(&[word("bench"), &model, word("--runs"), word("1"), word("--json"), &json]);
    run(&[word("compare"), &json, &json]);
    let missing = finish(command().args([word("inspect"), at("none").as_os_str()])).failed();
    assert!(missing.contains("none: no such file"), "{missing}");
    if cfg!(unix) {
        assert!(missing.contains("na\u{fffd}ve"), "{missing}");
    }
}

/// What a name of the file does to the line that it stands in is not to be seen in any report.
#[test]
fn names_that_turn_the_text_around_are_shown_as_they_are() {
    let tiny = Tiny::new();
    let file = fs::read(tiny.model()).unwrap();
    let mut model = schema::Model::try_from(schema::ModelRef::read_as_root(&file).unwrap()).unwrap();
    for tensor in model.subgraphs.as_mut().unwrap()[0].tensors.as_mut().unwrap() {
        tensor.name = Some("a\u{202e}b\u{2066}c\u{200f}d\u{1b}e\u{2028}f".to_owned());
    }
    let path = tiny.file("tur\u{202e}ned.tflite", &schema::finish(&mut planus::Builder::new(), &model));
    let (input, out) = (tiny.input(), tiny.path("o\u{202e}ut"));
    let good = ottava(["bench", &path, "--runs", "1", "--json", &tiny.path("b.json")]).ok().stdout;
    let texts = [
        good,
        ottava(["inspect", &path]).ok().stdout,
        ottava(["kernels", &path]).ok().stdout,
        ottava(["verify", &path, "--threads", "1", "--inputs", "1"]).ok().stdout,
        ottava(["bench", &path, "--runs", "1", "--gaps"]).ok().stdout,
        ottava(["run", &path, "--input", &input, "--output-dir", &out]).ok().stdout,
        ottava(["compare", &tiny.path("b.json"), &tiny.path("b.json")]).ok().stdout,
        ottava(["run", &path, "--input", "x=y", "--output-dir", &out]).failed(),
        ottava(["inspect", &(path.clone() + "x")]).failed(),
    ];
    for text in texts {
        let hidden = |c: &char| "\u{202e}\u{2066}\u{200f}\u{1b}\u{2028}".contains(*c);
        assert_eq!(text.chars().find(hidden), None, "{text:?}");
        assert!(text.contains('\u{fffd}'), "{text}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let tiny = Tiny::new();
    let mut child = command()
        .args(["inspect", &tiny.model(), "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert!(child.wait().unwrap().success() && stderr.is_empty(), "{stderr}");
}
