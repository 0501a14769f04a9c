//! A container's log as lines.

use std::collections::VecDeque;

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::stream::LocalBoxStream;
use futures_util::{Stream, StreamExt, TryFutureExt, TryStreamExt};
use jiff::Timestamp;

use super::{Engine, EngineError};

/// Which part of a log to read. The default: all of it, both streams, without following.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogOptions {
    /// Goes on until the container ends.
    pub follow: bool,
    /// Only the last lines.
    pub tail: Option<usize>,
    pub since: Option<Timestamp>,
    /// Puts the engine's time stamp before each line.
    pub timestamps: bool,
    /// Only one of the streams.
    pub only: Option<LogStream>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogStream {
    Stdout,
    Stderr,
}

/// One line without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// A container with a terminal has standard output only.
    pub stream: LogStream,
    pub text: String,
}

impl Engine {
    /// The container's log, line by line in the order of the engine.
    pub fn logs<'a>(
        &'a self,
        container: &'a str,
        options: &LogOptions,
    ) -> LocalBoxStream<'a, Result<LogLine, EngineError>> {
        match options.tail {
            // Podman before 4.7 joins the wrong lines when it reads a log from its end. While
            // following there is no telling where its past ends, so there it has to do.
            Some(count) if self.is_podman_before(4, 7) && !options.follow => {
                let all = LogOptions {
                    tail: None,
                    ..options.clone()
                };
                keep_last(self.engine_lines(container, &all), count).boxed_local()
            }
            _ => self.engine_lines(container, options).boxed_local(),
        }
    }

    fn engine_lines<'a>(
        &'a self,
        container: &'a str,
        options: &LogOptions,
    ) -> impl Stream<Item = Result<LogLine, EngineError>> + use<'a> {
        let mut query = LogsOptionsBuilder::default()
            .follow(options.follow)
            .stdout(options.only != Some(LogStream::Stderr))
            .stderr(options.only != Some(LogStream::Stdout))
            .timestamps(options.timestamps);
        if let Some(lines) = options.tail {
            query = query.tail(&lines.to_string());
        }
        if let Some(since) = options.since {
            query = query.since(i32::try_from(since.as_second()).unwrap_or(i32::MAX));
        }
        let frames = self.docker.logs(container, Some(query.build()));
        let action = format!("read the log of container `{container}`");
        let pieces = frames.map(move |frame| match frame {
            Ok(output) => Ok(piece(output)),
            Err(error) => Err(self.bollard_error(&action, error)),
        });
        assemble(pieces)
    }

    /// The last `count` lines of both streams, for messages.
    ///
    /// # Errors
    /// When there is no such container.
    pub async fn last_lines(
        &self,
        container: &str,
        count: usize,
    ) -> Result<Vec<String>, EngineError> {
        let options = LogOptions {
            tail: Some(count),
            ..LogOptions::default()
        };
        self.logs(container, &options)
            .map_ok(|line| line.text)
            .try_collect()
            .await
    }
}

/// The last `count` lines, once all have been read.
fn keep_last(
    lines: impl Stream<Item = Result<LogLine, EngineError>>,
    count: usize,
) -> impl Stream<Item = Result<LogLine, EngineError>> {
    let last = lines.try_fold(VecDeque::new(), move |mut last, line| {
        last.push_back(line);
        if last.len() > count {
            last.pop_front();
        }
        std::future::ready(Ok(last))
    });
    last.map_ok(|last| futures_util::stream::iter(last.into_iter().map(Ok)))
        .try_flatten_stream()
}

fn piece(output: LogOutput) -> (LogStream, Vec<u8>) {
    let stream = match output {
        LogOutput::StdErr { .. } => LogStream::Stderr,
        _ => LogStream::Stdout,
    };
    (stream, output.into_bytes().to_vec())
}

/// Joins pieces to lines, each stream for itself; unfinished lines come at the end.
fn assemble(
    pieces: impl Stream<Item = Result<(LogStream, Vec<u8>), EngineError>>,
) -> impl Stream<Item = Result<LogLine, EngineError>> {
    let ends = futures_util::stream::iter([None]);
    let mut lines = Lines::default();
    pieces
        .map(Some)
        .chain(ends)
        .map(move |piece| match piece {
            Some(Ok((stream, bytes))) => lines.add(stream, &bytes).into_iter().map(Ok).collect(),
            Some(Err(error)) => vec![Err(error)],
            None => lines.rest().into_iter().map(Ok).collect(),
        })
        .flat_map(futures_util::stream::iter)
}

/// The unfinished line of each stream.
#[derive(Default)]
struct Lines {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Lines {
    fn add(&mut self, stream: LogStream, bytes: &[u8]) -> Vec<LogLine> {
        let pending = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            pending.extend_from_slice(part);
            if part.ends_with(b"\n") {
                lines.push(line(stream, pending));
                pending.clear();
            }
        }
        lines
    }

    fn rest(&mut self) -> Vec<LogLine> {
        [
            (LogStream::Stdout, &self.stdout),
            (LogStream::Stderr, &self.stderr),
        ]
        .into_iter()
        .filter(|(_, bytes)| !bytes.is_empty())
        .map(|(stream, bytes)| line(stream, bytes))
        .collect()
    }
}

fn line(stream: LogStream, bytes: &[u8]) -> LogLine {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    LogLine {
        stream,
        text: String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_lines_of_their_own_stream() {
        let mut lines = Lines::default();
        assert_eq!(lines.add(LogStream::Stdout, b"one\r\ntw"), [out("one")]);
        let err = LogLine {
            stream: LogStream::Stderr,
            text: "oops".to_owned(),
        };
        assert_eq!(lines.add(LogStream::Stderr, b"oops\n"), [err]);
        assert_eq!(
            lines.add(LogStream::Stdout, b"o\n\nlast"),
            [out("two"), out("")]
        );
        assert_eq!(lines.rest(), [out("last")]);
    }

    #[test]
    fn a_character_split_between_pieces_stays_whole() {
        let mut lines = Lines::default();
        assert_eq!(lines.add(LogStream::Stdout, b"\xc3"), []);
        assert_eq!(lines.add(LogStream::Stdout, b"\xa9\n"), [out("é")]);
    }

    fn out(text: &str) -> LogLine {
        LogLine {
            stream: LogStream::Stdout,
            text: text.to_owned(),
        }
    }
}
