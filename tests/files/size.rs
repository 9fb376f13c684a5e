//! What a large file costs in memory: the server is a process of its own, whose highest use is measured.

use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::process::Process;

/// The file, and what the server may use for it on top of what it uses anyway.
const FILE: usize = 200 << 20;
const BOUND_KIB: u64 = 48 << 10;

/// The highest use of memory of a process so far, in KiB.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a measure");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

async fn connect(server: &Process) -> TcpStream {
    TcpStream::connect(server.said.trim_start_matches("http://")).await.expect("it listens")
}

/// Uploads zeros, and gives the answer.
async fn uploaded(server: &Process, content_type: &str, before: &[u8], behind: &[u8]) -> String {
    let mut connection = connect(server).await;
    let length = before.len() + FILE + behind.len();
    let head = format!(
        "POST /blobs/upload HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    connection.write_all(before).await.expect("sent");
    let piece = vec![0; 1 << 20];
    for _ in 0..FILE / piece.len() {
        connection.write_all(&piece).await.expect("sent");
    }
    connection.write_all(behind).await.expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("it answers");
    answer
}

/// Reads a file and gives how many bytes came, head included.
async fn downloaded(server: &Process, file_id: &str) -> usize {
    let mut connection = connect(server).await;
    let head = format!("GET /blobs/{file_id} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).await.expect("sent");
    let (mut piece, mut total) = (vec![0; 1 << 20], 0);
    loop {
        match connection.read(&mut piece).await.expect("it sends") {
            0 => return total,
            length => total += length,
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_file_is_never_held_in_memory() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let server = Process::start("server", &Path::new(folder.path()).join("app.db"));
    let started = peak(server.id());
    let head = b"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    let answer = uploaded(&server, crate::form::FORM, head, b"\r\n--B--\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let uploaded_at = peak(server.id());
    let at = answer.find("b3-").expect("an id");
    let total = downloaded(&server, &answer[at..at + 67]).await;
    assert!(total > FILE, "{total} bytes came");
    let downloaded_at = peak(server.id());
    println!("KiB: {started} at start, {uploaded_at} after the upload, {downloaded_at} after the download");
    assert!(downloaded_at < started + BOUND_KIB, "{started} KiB at start, {downloaded_at} KiB at the end");
    server.finish();
}
