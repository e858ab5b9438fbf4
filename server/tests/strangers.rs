//! Strangers open connections, begin a request that needs no signature, and then say nothing. Devices go on syncing, and a new
//! coach enrols.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says by failing that it could not go on")]

mod town;

use std::path::Path;
use std::time::Duration;

use tempfile::tempdir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use town::{Reply, Town, read_reply};
use veldboek_core::wire::ErrorCode;
use veldboek_server::args::RoleName;
use veldboek_server::config::{Limits, Settings};

async fn begin(folder: &Path, limits: Limits) -> Town {
    Town::begin_with(Settings { region: Some("gooi".into()), limits, ..Settings::for_store(folder) }).await
}

/// Somebody whose body the server is waiting for.
struct Stalled(TcpStream);

impl Stalled {
    async fn at(town: &Town, path: &str) -> Self {
        let mut stream = TcpStream::connect(&town.address).await.unwrap();
        // The server says "continue" when it begins to read the body, and so tells that this request is in hand.
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 300\r\n\r\n",
            town.address
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut told = [0; 25];
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self(stream)
    }

    async fn answered(self) -> Reply {
        read_reply(self.0).await
    }
}

#[tokio::test]
async fn silent_strangers_hold_up_no_device_and_no_enrolment() {
    let folder = tempdir().unwrap();
    let limits = Limits { requests: 2, patience: Duration::from_secs(2), ..Limits::default() };
    let town = begin(folder.path(), limits).await;
    let mut anna = town.enrol("anna", RoleName::Coach).await;
    let mut silent = Vec::new();
    for path in ["/v1/enrol", "/v1/wiped", "/v1/enrol"] {
        silent.push(Stalled::at(&town, path).await);
        anna.sync(&town).await;
    }
    let mut bram = town.enrol("bram", RoleName::Coach).await;
    bram.sync(&town).await;
}

#[tokio::test]
async fn among_strangers_the_oldest_is_given_up_for_the_next() {
    let folder = tempdir().unwrap();
    let limits = Limits { unsigned_requests: 2, ..Limits::default() };
    let town = begin(folder.path(), limits).await;
    let first = Stalled::at(&town, "/v1/enrol").await;
    let _second = Stalled::at(&town, "/v1/wiped").await;
    let third = Stalled::at(&town, "/v1/enrol").await;
    let reply = first.answered().await;
    assert_eq!((reply.status, reply.error()), (503, Some(ErrorCode::Busy)));
    assert!(reply.header("retry-after").is_some());
    // As many as there are places, and somebody with a code all the same.
    let mut bram = town.enrol("bram", RoleName::Coach).await;
    bram.sync(&town).await;
    // Whoever still has a place may use it.
    let Stalled(mut stream) = third;
    stream.write_all(&[0; 300]).await.unwrap();
    assert_eq!(read_reply(stream).await.status, 400);
}

#[tokio::test]
async fn a_stranger_is_not_waited_for_as_long_as_a_device() {
    let folder = tempdir().unwrap();
    // Never silent for as long as that, and yet given up: the answer comes, or this test never ends.
    let limits = Limits {
        unsigned: Duration::from_millis(50),
        idle: Duration::from_secs(3600),
        body: Duration::from_secs(3600),
        ..Limits::default()
    };
    let town = begin(folder.path(), limits).await;
    for path in ["/v1/enrol", "/v1/wiped"] {
        let reply = Stalled::at(&town, path).await.answered().await;
        assert_eq!((reply.status, reply.error()), (408, Some(ErrorCode::Busy)), "{path}");
    }
}
