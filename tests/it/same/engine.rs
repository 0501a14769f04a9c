//! What an engine answers, as it says it: its own words are compared, without a library between.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::project::On;

/// The JSON document at `path` of the engine's API.
pub fn get(on: On, path: &str) -> Value {
    // Podman's lists fail while another test removes what is in them.
    let mut tries = 0..20;
    loop {
        match try_get(on, path) {
            Ok(answer) => return answer,
            Err(answer) => assert!(tries.next().is_some(), "GET {path}: {answer}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

fn try_get(on: On, path: &str) -> Result<Value, String> {
    let host = on.host();
    let socket = host.strip_prefix("unix://").unwrap();
    let mut stream = UnixStream::connect(socket).unwrap();
    // HTTP 1.0: the answer comes in one piece and ends with the connection.
    let request = format!("GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    if !head.contains(" 200 ") {
        return Err(answer);
    }
    serde_json::from_str(body).map_err(|error| format!("{error}: {answer}"))
}

/// As [`get`], of the objects that have a label of this value.
pub fn list(on: On, path: &str, label: &str) -> Vec<Value> {
    let filters = serde_json::json!({ "label": [label] }).to_string();
    let filters = utf8_percent_encode(&filters, NON_ALPHANUMERIC);
    let join = if path.contains('?') { '&' } else { '?' };
    match get(on, &format!("{path}{join}filters={filters}")) {
        Value::Array(found) => found,
        // Volumes.
        Value::Object(mut answer) => match answer.remove("Volumes") {
            Some(Value::Array(found)) => found,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
