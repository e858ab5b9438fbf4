//! Both programs, built with their named points.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where the programs are.
#[derive(Debug)]
pub struct Tools {
    /// `veldboek`
    pub cli: PathBuf,
    /// `veldboek-server`
    pub server: PathBuf,
}

/// Both programs, built at the first call of a test run. They share the dependencies that the tests themselves were built
/// with, and are copied to `target/faults`, so that a developer's own binaries are not what a test runs.
pub fn tools() -> &'static Tools {
    static TOOLS: OnceLock<Tools> = OnceLock::new();
    TOOLS.get_or_init(build)
}

fn build() -> Tools {
    // target/<profile>/deps/<test>
    let test = std::env::current_exe().expect("a test knows where it is");
    let profile = test.parent().and_then(Path::parent).expect("a test lies in a profile's folder");
    let target = profile.parent().expect("a profile lies in the target folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the workspace");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["build", "--quiet", "--package", "veldboek", "--package", "veldboek-server"]);
    command.args(["--features", "veldboek/faults,veldboek-server/faults", "--target-dir"]).arg(target);
    command.args(["--message-format", "json-render-diagnostics"]);
    // What cargo tells a test about its package would make build scripts that look at it run again, here and then there.
    for (name, _) in std::env::vars_os() {
        let own =
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_", "CARGO_TARGET_TMPDIR", "OUT_DIR"];
        if name.to_str().is_some_and(|name| own.iter().any(|start| name.starts_with(start))) {
            command.env_remove(name);
        }
    }
    if profile.ends_with("release") {
        command.arg("--release");
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(output.status.success(), "the programs could not be built");
    let built: Vec<PathBuf> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .collect();
    let keep = target.join("faults");
    fs::create_dir_all(&keep).expect("a folder in target");
    let copy = |name: &str| {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let from = built.iter().find(|path| path.file_name().is_some_and(|own| own == file.as_str())).expect("cargo names it");
        // A copy under a name of its own, put in place at once: another test may be running the one before.
        let (copy, to) = (keep.join(format!("{file}.{}", std::process::id())), keep.join(file));
        fs::copy(from, &copy).and_then(|_| fs::rename(&copy, &to)).expect("room for a program");
        to
    };
    Tools { cli: copy("veldboek"), server: copy("veldboek-server") }
}
