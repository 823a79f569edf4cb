//! `ottava precisions`: forms of a network side by side.

mod common;

use std::fs;

use common::{Tiny, ottava};
use serde_json::Value;

/// As short as a measurement can be.
const QUICK: [&str; 4] = ["--rounds", "1", "--min-time", "0"];

/// The JSON of a comparison.
fn compared(models: &[&str], more: &[&str]) -> Value {
    let arguments = [&["precisions"], models, &QUICK, more, &["--json", "-"]].concat();
    serde_json::from_str(&ottava(arguments).ok().stdout).expect("JSON")
}

/// Two networks of one shape with different weights, and pictures in folders of classes.
fn networks(tiny: &Tiny) -> [String; 3] {
    for (folder, shade) in [("pictures/3", 90), ("pictures/7", 200)] {
        fs::create_dir_all(tiny.path(folder)).unwrap();
        for name in ["a.png", "b.png"] {
            let pixel = |x, y| image::Rgb([shade, x as u8 * 5, y as u8 * 9]);
            image::RgbImage::from_fn(30, 20, pixel).save(tiny.path(&format!("{folder}/{name}"))).unwrap();
        }
    }
    let copy = tiny.file("copy.tflite", &ottava_models::tiny(1));
    [tiny.model(), copy, tiny.file("other.tflite", &ottava_models::tiny(2))]
}

#[test]
fn a_copy_is_equal_and_another_network_is_not() {
    let tiny = Tiny::new();
    let [model, copy, other] = networks(&tiny);
    for more in [&[][..], &["--images", &tiny.path("pictures")]] {
        let document = compared(&[&model, &copy, &other], more);
        let [first, equal, different] = document["models"].as_array().unwrap().as_slice() else { panic!("{document}") };
        assert!(first["latency_ms"].as_f64().unwrap() > 0.0 && first["output_decibels"].is_null());
        assert_eq!(first["file_bytes"], fs::metadata(&model).unwrap().len());
        assert!(first["layers"].as_array().unwrap().is_empty());
        let layers = |entry: &Value| entry["layers"].as_array().unwrap().clone();
        assert!(!layers(equal).is_empty() && layers(equal).len() == layers(different).len());
        assert!(equal["output_decibels"].is_null() && layers(equal).iter().all(|layer| layer["decibels"].is_null()));
        assert!(different["output_decibels"].as_f64().unwrap() < 30.0, "{different}");
        assert!(layers(different).iter().any(|layer| layer["decibels"].as_f64().is_some_and(|ratio| ratio < 30.0)));
        if !more.is_empty() {
            assert_eq!(equal["pictures"], serde_json::json!({ "pictures": 4, "top1": 4, "top5": 4, "right": null }));
        }
    }
}

#[test]
fn the_table_has_a_row_for_each_file_and_one_for_each_layer() {
    let tiny = Tiny::new();
    let [model, copy, other] = networks(&tiny);
    let pictures = tiny.path("pictures");
    let labels = tiny.file("labels.txt", &(0..10).map(|i| format!("label {i}\n")).collect::<String>().into_bytes());
    let arguments = ["precisions", &model, &copy, &other, "--images", &pictures, "--truth", "folders", "--layers"];
    let text = ottava([&arguments[..], &["--labels", &labels], &QUICK].concat()).ok().stdout;
    assert!(text.lines().next().unwrap().contains("; 4 pictures; "), "{text}");
    let row = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
    assert!(row("copy.tflite").contains("equal") && row("copy.tflite").contains("100.0 %"), "{text}");
    assert!(row("other.tflite").contains("int8"), "{text}");
    assert!(
        text.contains("CONV_2D") && text.contains("Signal to quantization noise in dB, against tiny.tflite"),
        "{text}"
    );
}

#[test]
fn what_is_right_is_read_from_folders_and_from_files() {
    let tiny = Tiny::new();
    let [model, copy, _] = networks(&tiny);
    let pictures = tiny.path("pictures");
    let right = |truth: &str| {
        let document = compared(&[&model, &copy], &["--images", &pictures, "--truth", truth]);
        document["models"][0]["pictures"]["right"].as_u64().unwrap()
    };
    // All classes but the one that is seen are wrong, so that over all classes each picture is right once.
    let all: u64 = (0..10)
        .map(|class| {
            let names = ["3/a.png", "3/b.png", "7/a.png", "7/b.png"];
            let lines: String = names.map(|name| format!("{pictures}/{name} {class}\n")).concat();
            right(&tiny.file("truth.txt", lines.as_bytes()))
        })
        .sum();
    assert_eq!(all, 4);
    assert!(right("folders") <= 4);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let tiny = Tiny::new();
    let [model, copy, _] = networks(&tiny);
    let pictures = tiny.path("pictures");
    let refused = |arguments: &[&str]| ottava([&["precisions"], arguments, &QUICK].concat()).failed();
    let line = refused(&[&model, "mobilenet-v1"]);
    assert!(line.contains("is no form of the network in") && line.contains("other shapes"), "{line}");
    assert!(refused(&[&model, &tiny.path("none.tflite")]).contains("no such file"));
    assert!(refused(&[&model, &copy, "--images", &tiny.path("none")]).contains("cannot read"));
    fs::create_dir(tiny.path("empty")).unwrap();
    assert!(refused(&[&model, &copy, "--images", &tiny.path("empty")]).contains("has no pictures"));
    let truth = tiny.file("truth.txt", format!("{pictures}/3/a.png 3\n").as_bytes());
    let line = refused(&[&model, &copy, "--images", &pictures, "--truth", &truth]);
    assert!(line.contains("does not name the class of") && line.contains("b.png"), "{line}");
    let truth = tiny.file("truth.txt", format!("{pictures}/3/a.png 10\n").as_bytes());
    let line = refused(&[&model, &copy, "--images", &format!("{pictures}/3/a.png"), "--truth", &truth]);
    assert!(line.contains("'10' is none of the 10 classes"), "{line}");
    assert!(ottava(["precisions", &model]).misused().contains("2 values required"));
}

#[test]
fn precisions_are_told_apart() {
    let Some(models) = common::models() else { return };
    let path = |name: &str| models.join(name).display().to_string();
    let [exact, half, whole] =
        ["f32", "f16", "int8"].map(|precision| path(&format!("mobilenet_v2_keras_{precision}.tflite")));
    let photos = ["cat.bmp", "bird.bmp"].map(path);
    let document = compared(&[&exact, &half, &whole], &["--inputs", "1", "--images", &photos[0], &photos[1]]);
    let entries = document["models"].as_array().unwrap();
    let precisions: Vec<_> = entries.iter().map(|entry| entry["precision"].as_str().unwrap()).collect();
    assert_eq!(precisions, ["float32", "float16 weights", "int8"]);
    let first = |entry: &Value| entry["layers"][0]["decibels"].as_f64().unwrap();
    // Eleven bits of a weight's mantissa, and eight bits of a byte: 6 dB each.
    assert!(first(&entries[1]) > 60.0 && (25.0..50.0).contains(&first(&entries[2])), "{document}");
    assert_eq!(entries[1]["pictures"]["top1"], 2);
}
