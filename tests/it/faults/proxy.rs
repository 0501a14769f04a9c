//! An engine's socket with somebody between: one call fails, or its answer is lost.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::project::On;

/// What happens to the call that is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The engine never hears of it; the answer is an error.
    Refused,
    /// The engine does it, and nobody hears of that.
    AnswerLost,
    /// As of this call nobody answers any more.
    Gone,
    /// Who asks Podman for the next exit is told of an old one, with this code.
    OldExit(i32),
}

/// Passes everything on to the engine, but the call of number `at` among those that change something.
pub struct Proxy {
    pub address: String,
    seen: Arc<AtomicUsize>,
}

impl Proxy {
    pub fn new(on: On, folder: &Path, fault: Fault, at: usize) -> Self {
        let name = match fault {
            Fault::OldExit(code) => format!("proxy-exit-{code}.sock"),
            fault => format!("proxy-{fault:?}-{at}.sock"),
        };
        let path = folder.join(name);
        let listener = UnixListener::bind(&path).unwrap();
        let engine = PathBuf::from(on.host().strip_prefix("unix://").unwrap());
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { break };
                let (engine, counter) = (engine.clone(), Arc::clone(&counter));
                thread::spawn(move || serve(client, &engine, &counter, (fault, at)));
            }
        });
        Self {
            address: format!("unix://{}", path.display()),
            seen,
        }
    }

    /// How many calls that change something have come.
    pub fn calls(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

fn serve(mut client: UnixStream, engine: &Path, seen: &AtomicUsize, (fault, at): (Fault, usize)) {
    let Some(head) = head(&mut client) else {
        return;
    };
    let number = match changes(&head) {
        true => seen.fetch_add(1, Ordering::SeqCst) + 1,
        false => seen.load(Ordering::SeqCst),
    };
    if fault == Fault::Gone && number >= at {
        return;
    }
    let chosen = number == at && changes(&head);
    if chosen && fault == Fault::Refused {
        let body = r#"{"message":"injected fault","cause":"injected fault"}"#;
        answer(client, "500 Internal Server Error", body);
        return;
    }
    if let Fault::OldExit(code) = fault
        && String::from_utf8_lossy(&head).contains("condition=next")
    {
        answer(client, "200 OK", &format!(r#"{{"StatusCode":{code}}}"#));
        return;
    }
    let Ok(mut upstream) = UnixStream::connect(engine) else {
        return;
    };
    if upstream.write_all(&head).is_err() {
        return;
    }
    let (mut from_client, mut to_engine) =
        (client.try_clone().unwrap(), upstream.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_engine);
        let _ = to_engine.shutdown(std::net::Shutdown::Write);
    });
    if chosen && fault == Fault::AnswerLost {
        let _ = upstream.read(&mut [0; 4096]);
        let _ = client.shutdown(std::net::Shutdown::Both);
        return;
    }
    let _ = std::io::copy(&mut upstream, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Both);
}

/// Answers in place of the engine.
fn answer(mut client: UnixStream, status: &str, body: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = client.write_all(answer.as_bytes());
    // What is left of the request is read, so that the answer is not cut short.
    let _ = client.shutdown(std::net::Shutdown::Write);
    let _ = std::io::copy(&mut client, &mut std::io::sink());
}

/// The bytes until the empty line, and what came with them.
fn head(client: &mut UnixStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        match client.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    Some(bytes)
}

/// Whether a request changes something: no look, no wait.
fn changes(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let line = text.lines().next().unwrap_or_default();
    let path = line.split(' ').nth(1).unwrap_or_default();
    !line.starts_with("GET ") && !line.starts_with("HEAD ") && !path.contains("/wait")
}
