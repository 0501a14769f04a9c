//! Answers that are a stream of JSON objects, one per line: pull and build.

use bytes::{Buf, BytesMut};
use serde::de::DeserializeOwned;

use super::super::error::EngineError;
use super::Answer;

pub struct JsonLines {
    answer: Answer,
    buffer: BytesMut,
}

impl JsonLines {
    pub fn new(answer: Answer) -> Self {
        Self {
            answer,
            buffer: BytesMut::new(),
        }
    }

    /// The next object; lines that are none are passed over.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Option<Result<T, EngineError>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let line = self.buffer.split_to(end);
                self.buffer.advance(1);
                match serde_json::from_slice(&line) {
                    Ok(object) => return Some(Ok(object)),
                    Err(_) => continue,
                }
            }
            match self.answer.chunk().await {
                Some(Ok(chunk)) => self.buffer.extend_from_slice(&chunk),
                Some(Err(error)) => return Some(Err(error)),
                None => {
                    let rest = self.buffer.split();
                    return serde_json::from_slice(&rest).ok().map(Ok);
                }
            }
        }
    }
}
