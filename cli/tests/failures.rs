//! Everything a user can get wrong: one line that names the file and the cause, and never a panic.

mod common;

use std::fs;

use common::{Tiny, finish, npy, ottava};
use ottava::Isa;

#[test]
fn files_that_are_no_model() {
    let tiny = Tiny::new();
    let whole = fs::read(tiny.model()).unwrap();
    let cases = [
        ("empty.tflite", &b""[..]),
        ("text.tflite", b"Lorem ipsum dolor sit amet, consectetur adipiscing elit.\n"),
        ("half.tflite", &whole[..whole.len() / 2]),
        ("short.tflite", &whole[..7]),
    ];
    for (name, bytes) in cases {
        let path = tiny.file(name, bytes);
        for command in ["inspect", "bench", "verify"] {
            let line = ottava([command, &path]).failed();
            assert!(line.starts_with(&path) && line.len() > path.len() + 10, "{command} {line}");
        }
    }
}

#[test]
fn flipped_bytes_never_crash_the_command() {
    let tiny = Tiny::new();
    let whole = fs::read(tiny.model()).unwrap();
    for seed in 0..40 {
        let mut rng = ottava_models::Rng::new(seed);
        let mut bytes = whole.clone();
        (0..8).for_each(|_| bytes[rng.below(whole.len())] ^= 1 << rng.below(8));
        let path = tiny.file("flipped.tflite", &bytes);
        let ran = ottava(["inspect", &path]);
        match ran.code {
            Some(0) => {}
            _ => assert!(ran.failed().starts_with(&path)),
        }
    }
}

#[test]
fn models_that_are_not_there() {
    let line = ottava(["inspect", "no-such-model"]).failed();
    assert!(line.starts_with("no-such-model: no such file"), "{line}");
    for builtin in ottava_models::builtins() {
        assert!(line.contains(builtin.name), "{line}");
    }
    let tiny = Tiny::new();
    let folder = tiny.path("");
    assert!(ottava(["inspect", &folder]).failed().contains("not a regular file"));
}

/// To open a pipe that nobody writes to never ends.
#[test]
#[cfg(unix)]
fn pipes_are_refused_at_once() {
    let tiny = Tiny::new();
    let (model, input, out) = (tiny.model(), tiny.input(), tiny.path("out"));
    let pipe = tiny.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let named = format!("input={pipe}");
    let cases: &[&[&str]] = &[
        &["inspect", &pipe],
        &["inspect", "--ops", &pipe],
        &["bench", &pipe],
        &["run", &model, "--input", &pipe, "--output-dir", &out],
        &["run", &model, "--input", &named, "--output-dir", &out],
        &["classify", &model, &pipe],
        &["classify", &model, &input, "--labels", &pipe],
        &["compare", &pipe, &pipe],
    ];
    for arguments in cases {
        let line = common::finish_soon(common::command().args(*arguments)).failed();
        assert_eq!(line, format!("{pipe}: cannot open: not a regular file"), "{arguments:?}");
    }
}

#[test]
fn inputs_that_do_not_fit() {
    let tiny = Tiny::new();
    let (model, good, out) = (tiny.model(), tiny.input(), tiny.path("out"));
    let run = |input: &str| ottava(["run", &model, "--input", input, "--output-dir", &out]).failed();
    let shape = tiny.file("shape.npy", &npy("<f4", "(1, 11, 13, 3)", &[0; 1716]));
    let line = run(&shape);
    assert!(line.starts_with(&shape) && line.contains("1x11x13x3") && line.contains("1x13x11x3"), "{line}");
    let dtype = tiny.file("dtype.npy", &npy("|u1", "(1, 13, 11, 3)", &[0; 429]));
    let line = run(&dtype);
    assert!(line.starts_with(&dtype) && line.contains("uint8") && line.contains("float32"), "{line}");
    let short = tiny.file("short.npy", &npy("<f4", "(1, 13, 11, 3)", &[0; 17]));
    assert!(run(&short).contains("only 17 bytes"));
    let text = tiny.file("text.npy", b"1 2 3 and so on");
    assert!(run(&text).contains("no .npy file"));
    assert!(run(&tiny.path("missing.npy")).contains("cannot open"));
    assert!(run(&format!("nobody={good}")).contains("no input 'nobody'"));
    let line = ottava(["run", &model, "--input", &good, "--input", &good, "--output-dir", &out]).failed();
    assert!(line.contains("1 input only"), "{line}");
    assert!(!fs::exists(&out).unwrap(), "a failed run leaves nothing");
}

#[test]
fn measurements_that_are_none() {
    let tiny = Tiny::new();
    let good = tiny.path("good.json");
    ottava(["bench", &tiny.model(), "--runs", "1", "--json", &good]).ok();
    let cases = [
        (tiny.file("text.json", b"no JSON"), "no JSON"),
        (tiny.file("half.json", &fs::read(&good).unwrap()[..100]), "no JSON"),
        (tiny.file("list.json", b"[]"), "no schema"),
        (tiny.file("other.json", b"{\"schema\": \"other-9\"}"), "'other-9'"),
        (tiny.file("empty.json", b"{\"schema\": \"ottava-bench-1\"}"), "missing field"),
        (tiny.path("missing.json"), "cannot open"),
        (tiny.path(""), "not a regular file"),
    ];
    for (path, cause) in cases {
        for files in [[&path, &good], [&good, &path]] {
            let line = ottava(["compare", files[0], files[1]]).failed();
            assert!(line.starts_with(&path) && line.contains(cause), "{line}");
        }
    }
}

#[test]
fn places_that_cannot_be_written() {
    let tiny = Tiny::new();
    let (model, input) = (tiny.model(), tiny.input());
    let below_a_file = model.clone() + "/out";
    let line = ottava(["run", &model, "--input", &input, "--output-dir", &below_a_file]).failed();
    assert!(line.starts_with(&below_a_file) && line.contains("cannot create the folder"), "{line}");
    let ran = ottava(["bench", &model, "--runs", "1", "--warmup", "0", "--csv", &below_a_file]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.starts_with(&format!("error: {below_a_file}: cannot write")), "{}", ran.stderr);
    let cache = finish(common::command().env("OTTAVA_CACHE", &below_a_file).args(["inspect", "mobilenet-v1"]));
    assert!(cache.failed().contains("cannot create the folder"));
}

#[test]
fn instruction_sets() {
    let tiny = Tiny::new();
    assert!(ottava(["bench", &tiny.model(), "--isa", "avx9"]).misused().contains("known are scalar"));
    let line = finish(common::command().env("OTTAVA_ISA", "avx9").args(["inspect", &tiny.model()])).failed();
    assert!(line.contains("avx9"), "{line}");
    #[cfg(unix)]
    {
        let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"scalar\xff");
        let line = finish(common::command().env("OTTAVA_ISA", name).args(["inspect", &tiny.model()])).failed();
        assert!(line.contains("unknown instruction set 'scalar\u{fffd}'; known are scalar"), "{line}");
    }
    for isa in Isa::ALL.iter().filter(|isa| !isa.is_available()) {
        let line = ottava(["inspect", &tiny.model(), "--isa", isa.name()]).failed();
        assert!(line.contains(&format!("this CPU has no {isa}")), "{line}");
        assert!(ottava(["verify", &tiny.model(), "--isa", isa.name()]).failed().contains(isa.name()));
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let tiny = Tiny::new();
    let model = tiny.model();
    let model = model.as_str();
    let cases: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["bench"],
        &["bench", model, "--threads", "0"],
        &["bench", model, "--threads", "many"],
        &["bench", model, "--runs", "0"],
        &["bench", model, "--min-time", "-1"],
        &["bench", model, "--batch", "0"],
        &["bench", model, "--no-such-flag"],
        &["run", model],
        &["run", model, "--input", "a.npy", "--output-dir", "out", "--backend", "other"],
        &["classify", model],
        &["classify", model, "a.png", "--crop", "left"],
        &["classify", model, "a.png", "--scale", "0"],
        &["compare", "a.json"],
        &["compare", "a.json", "b.json", "--fail-above", "0.05"],
        &["compare", "a.json", "b.json", "--fail-above", "-1%"],
        &["verify", model, "--threads", "1,x"],
        &["verify", model, "--isa", "all,avx9"],
    ];
    for arguments in cases {
        let message = ottava(*arguments).misused();
        assert!(message.contains("Usage") || message.contains("--help"), "{arguments:?} {message}");
    }
}

#[test]
fn pictures_and_labels_that_are_none() {
    let tiny = Tiny::new();
    let model = tiny.model();
    let text = tiny.file("picture.jpg", b"no picture");
    let line = ottava(["classify", &model, &text]).failed();
    assert!(line.starts_with(&text), "{line}");
    assert!(ottava(["classify", &model, &tiny.path("missing.png")]).failed().contains("cannot open"));
    let labels = tiny.file("labels.txt", b"cat\ndog\n");
    let line = ottava(["classify", &model, &text, "--labels", &labels]).failed();
    assert!(line.starts_with(&labels) && line.contains("2 classes, but the model has 10"), "{line}");
    let quantized = ["classify", "mobilenet-v1", &text, "--mean", "0"];
    assert!(ottava(quantized).failed().contains("float32"));
}

/// Pictures of every format that are nothing but the first bytes, which say how large they are.
#[test]
fn pictures_that_are_too_large() {
    let tiny = Tiny::new();
    let (size, long) = (30_000u32, 40_000u32);
    let png = |width: u32, height: u32| {
        let header = [&b"IHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
        let check = crc32(&header).to_be_bytes();
        let data = b"\0\0\0\0IDAT\x35\xaf\x06\x1e";
        [b"\x89PNG\r\n\x1a\n", &13u32.to_be_bytes()[..], &header, &check, data].concat()
    };
    let little = size.to_le_bytes();
    let bmp = [&b"BM"[..], &[0; 8], &[54, 0, 0, 0, 40, 0, 0, 0], &little, &little, &[1, 0, 24, 0], &[0; 24]].concat();
    let gif = [b"GIF89a", &little[..2], &little[..2], &[0, 0, 0], &[0x2c, 0, 0, 0, 0], &little[..2], &little[..2]];
    let cases = [
        ("square.png", png(size, size), "30000x30000 pixels, which take 2.70 GB"),
        ("long.png", png(long, 1), "40000x1 pixels, which take 120.0 kB"),
        ("high.png", png(1, long), "1x40000 pixels, which take 120.0 kB"),
        ("square.bmp", bmp, "30000x30000 pixels, which take 2.70 GB"),
        ("square.gif", [&gif.concat()[..], &[0, 8]].concat(), "30000x30000 pixels, which take 3.60 GB"),
        ("square.pgm", b"P5 30000 30000 255\n".to_vec(), "30000x30000 pixels, which take 2.70 GB"),
    ];
    for (name, bytes, what) in cases {
        let path = tiny.file(name, &bytes);
        for crop in ["center", "none"] {
            let line = ottava(["classify", &tiny.model(), &path, "--crop", crop]).failed();
            let limits = "the limits are 32768 pixels a side and 536.9 MB: scale it down first";
            assert_eq!(line, format!("{path}: the picture has {what}; {limits}"));
        }
    }
    let path = tiny.path("long.bmp");
    fs::File::create(&path).unwrap().set_len(1 << 33).unwrap();
    let line = ottava(["classify", &tiny.model(), &path]).failed();
    assert_eq!(line, format!("{path}: the file has 8.59 GB; pictures of up to 536.9 MB are read"));
}

/// The check value of a PNG chunk.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0u32, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| bit(crc)))
}

#[test]
fn a_batch_that_cannot_be_is_refused() {
    let line = ottava(["bench", "mobilenet-v1", "--batch", "60000"]).failed();
    assert!(line.contains("too large"), "{line}");
}
