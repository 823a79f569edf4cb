//! The cache of packed weights: found again, rebuilt where damaged, shared by processes, and never in the way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use ottava::{Cache, Isa, Model, Plan, PlanOptions, Session};

/// Names the folder to the processes that a test starts.
const FOLDER: &str = "OTTAVA_TEST_CACHE";

fn model(seed: u64) -> Model {
    Model::from_bytes(ottava_models::random_network(seed), "network").unwrap()
}

/// Output bytes of a plan with a cache in a folder, for an input of ones.
fn run(model: &Model, cache: Option<Cache>) -> Vec<Vec<u8>> {
    let plan = Plan::new(model, &PlanOptions { cache, threads: Some(2), ..PlanOptions::default() }).unwrap();
    let mut session = Session::new(&plan).unwrap();
    for index in 0..session.inputs().len() {
        session.input_mut(index).unwrap().fill(1);
    }
    session.run().unwrap();
    (0..session.outputs().len()).map(|index| session.output(index).unwrap().to_vec()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Sets the time that an entry was used last.
fn used(path: &Path, ago: Duration) {
    fs::File::open(path).unwrap().set_modified(SystemTime::now() - ago).unwrap();
}

#[test]
fn an_entry_is_written_once_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().join("below"));
    let model = model(1);
    let expected = run(&model, None);
    assert_eq!(run(&model, Some(cache.clone())), expected);
    let [entry] = &entries(&cache.folder)[..] else { panic!("one entry") };
    let written = fs::read(entry).unwrap();
    // An entry that says something else shows that it is read: the last byte is a bias of the last layer, or a weight.
    used(entry, Duration::from_secs(1000));
    assert_eq!(run(&model, Some(cache.clone())), expected);
    assert!(fs::metadata(entry).unwrap().modified().unwrap().elapsed().unwrap() < Duration::from_secs(900), "used");
    assert_eq!(fs::read(entry).unwrap(), written);
    // An entry is no model: it has no source.
    assert!(Model::open(entry).unwrap_err().to_string().contains("without a source"));
    // Other instruction sets have entries of their own.
    for isa in Isa::available() {
        Plan::new(&model, &PlanOptions { cache: Some(cache.clone()), isa: Some(isa), ..PlanOptions::default() })
            .unwrap();
    }
    assert_eq!(entries(&cache.folder).len(), Isa::available().len());
}

#[test]
fn damaged_entries_are_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path());
    let (model, other) = (model(1), model(3));
    let expected = run(&model, Some(cache.clone()));
    let [entry] = &entries(folder.path())[..] else { panic!("one entry") };
    let sound = fs::read(entry).unwrap();
    let entry_of_other = {
        let elsewhere = tempfile::tempdir().unwrap();
        run(&other, Some(Cache::new(elsewhere.path())));
        fs::read(&entries(elsewhere.path())[0]).unwrap()
    };
    let mut damaged = vec![Vec::new(), b"something else".to_vec(), sound[..sound.len() - 1].to_vec(), entry_of_other];
    for at in (0..sound.len()).step_by(sound.len() / 50) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        damaged.push(bytes);
    }
    for bytes in damaged {
        fs::write(entry, &bytes).unwrap();
        assert_eq!(run(&model, Some(cache.clone())), expected);
        // What lies in the gaps between sections is never read.
        let again = fs::read(entry).unwrap();
        assert!(again == sound || again == bytes, "neither as it was nor rebuilt");
        let gap = |at: usize| (192..1 << 16).contains(&at);
        let differs = sound.iter().zip(&bytes).position(|(a, b)| a != b);
        assert!(again == sound || differs.is_some_and(gap), "an entry that differs at {differs:?} was not rebuilt");
    }
    fs::remove_file(entry).unwrap();
    fs::create_dir(entry).unwrap();
    assert_eq!(run(&model, Some(cache)), expected);
}

#[test]
fn eight_processes_that_start_at_once_leave_one_entry() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        run(&model(1), Some(Cache::new(folder)));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let start = |_| {
        Command::new(std::env::current_exe().unwrap())
            .args(["eight_processes_that_start_at_once_leave_one_entry", "--exact"])
            .env(FOLDER, folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    for (index, mut process) in (0..8).map(start).collect::<Vec<_>>().into_iter().enumerate() {
        assert!(process.wait().unwrap().success(), "process {index}");
    }
    let left = entries(folder.path());
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(run(&model(1), Some(Cache::new(folder.path()))), run(&model(1), None));
}

#[test]
fn a_folder_that_cannot_be_used_costs_the_cache_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "precious").unwrap();
    let model = model(1);
    let expected = run(&model, None);
    let mut unusable = vec![file.join("below a file"), file.clone(), PathBuf::new()];
    if cfg!(target_os = "linux") {
        // Nobody may make files there.
        unusable.extend(["/proc/self", "/proc/ottava/below"].map(PathBuf::from));
    }
    for unusable in unusable {
        assert_eq!(run(&model, Some(Cache::new(&unusable))), expected, "{}", unusable.display());
    }
    let here = fs::read_dir(".").unwrap().map(|file| file.unwrap().file_name());
    assert!(
        here.into_iter().all(|name| !name.to_string_lossy().starts_with("cache-")),
        "an entry where the process is"
    );
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    let none = Cache { limit_bytes: 0, ..Cache::new(folder.path().join("none")) };
    assert_eq!(run(&model, Some(none.clone())), expected);
    assert!(!none.folder.exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_costs_the_cache_alone() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        assert_eq!(run(&model(1), Some(Cache::new(folder))), run(&model(1), None));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // No file may get larger than a block.
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" a_full_disk_costs_the_cache_alone --exact"])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert!(entries(folder.path()).is_empty(), "{:?}", entries(folder.path()));
}

#[test]
fn entries_that_were_not_used_for_longest_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("net.ottava");
    fs::write(&other, "not the cache's").unwrap();
    let abandoned = folder.path().join(".ottava-abc.tmp");
    fs::write(&abandoned, "half").unwrap();
    used(&abandoned, Duration::from_secs(7200));
    let models = [1, 3, 5].map(model);
    let mut paths = Vec::new();
    for (index, model) in models.iter().enumerate() {
        let before = entries(folder.path());
        run(model, Some(Cache::new(folder.path())));
        let path = entries(folder.path()).into_iter().find(|path| !before.contains(path)).unwrap();
        used(&path, Duration::from_secs(1000 - 100 * index as u64));
        paths.push(path);
    }
    assert!(!abandoned.exists());
    // The first is used again, so that the second is the oldest.
    run(&models[0], Some(Cache::new(folder.path())));
    let size = |path: &PathBuf| fs::metadata(path).unwrap().len();
    let fourth = model(7);
    let needed = {
        let elsewhere = tempfile::tempdir().unwrap();
        run(&fourth, Some(Cache::new(elsewhere.path())));
        size(&entries(elsewhere.path())[0])
    };
    let limit_bytes = needed + size(&paths[0]) + size(&paths[2]);
    run(&fourth, Some(Cache { limit_bytes, ..Cache::new(folder.path()) }));
    assert_eq!(paths.iter().map(|path| path.exists()).collect::<Vec<_>>(), [true, false, true]);
    assert!(other.exists());
}
