//! The program of the attacks, as somebody uses it who has just read about it: what cannot be attacked is said in words and
//! ends with its own status, and it never waits without end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::tempdir;
use veldboek_tests::process::{Person, Server};

/// Runs it; its status, and what it said on both streams.
fn attack(server: &str, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attack"));
    let output = command.args(["--server", server]).args(words).stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[track_caller]
fn cannot(server: &str, words: &[&str], why: &str) {
    let (status, said) = attack(server, words);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains(why) && !said.contains("panicked"), "{said}");
}

#[test]
fn without_a_server_to_attack_it_says_so() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    cannot(&nobody, &["--code", "AAAAA-BBBBB-CCCCC"], "nothing answers at 127.0.0.1");
    cannot("no.such.host.invalid:1", &["--code", "AAAAA-BBBBB-CCCCC"], "is no address");
    cannot(&nobody, &[], "--code");

    // Something else listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    });
    cannot(&address, &["--code", "AAAAA-BBBBB-CCCCC"], "is no Veldboek server");
    other.join().unwrap();
}

#[test]
fn without_a_coordinator_it_says_what_is_the_matter() {
    let folder = tempdir().unwrap();
    let server = Server::start(&folder.path().join("server"));
    let address = server.address().to_string();
    cannot(&address, &["--code", "AAAAA-BBBBB-CCCCC"], "does not take the code (HTTP 403 WRONG_CODE)");

    let store = |path: &Path| path.to_str().unwrap().to_owned();
    let nothing = store(&folder.path().join("nothing"));
    cannot(&address, &["--store", &nothing], "error: ");
    let alone = Person::at(folder.path().join("alone"));
    alone.does(&["init", "--region", "gooi"]);
    cannot(&address, &["--store", &store(&alone.store)], "is not enrolled");

    let enrolled = |name: &str, role: &str| {
        let person = Person::at(folder.path().join(name));
        let code = server.invite(name, name, role);
        person.does(&["enrol", &code, "--server", &format!("http://{address}")]);
        person
    };
    let anna = enrolled("anna", "coach");
    cannot(&address, &["--store", &store(&anna.store)], "it must be a coordinator's");
    let carla = enrolled("carla", "coordinator");
    let elsewhere = Server::start(&folder.path().join("elsewhere"));
    cannot(&elsewhere.address().to_string(), &["--store", &store(&carla.store)], "is enrolled at another server");
}

#[test]
fn a_server_that_ends_in_the_middle_ends_it_too() {
    let folder = tempdir().unwrap();
    let server = Server::start(&folder.path().join("server"));
    let code = server.invite("carla", "Carla de Groot", "coordinator");
    let mut command = Command::new(env!("CARGO_BIN_EXE_attack"));
    command.args(["--server", &server.address().to_string(), "--code", &code]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Three more devices are enrolled when it begins.
    let store = folder.path().join("server");
    while devices(&store) < 4 {
        std::thread::yield_now();
    }
    server.kill();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}

fn devices(store: &Path) -> usize {
    let output = Server::command(store, &["device", "list", "--format", "json"]);
    serde_json::from_slice::<serde_json::Value>(&output.stdout).ok().and_then(|list| Some(list.as_array()?.len())).unwrap_or(0)
}
