//! Source text and positions in it. Reads a user's file safely; knows nothing of what the text means.

use std::fmt::{self, Write as _};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// Largest file of a user that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// A half-open range of byte offsets in a [`SourceFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty span at `offset`.
    #[must_use]
    pub fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// The same range, `by` bytes further on.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }
}

/// A line and a column, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One file's text with the path to show for it.
#[derive(Default, PartialEq, Eq)]
pub struct SourceFile {
    pub path: PathBuf,
    pub text: String,
    line_starts: Vec<usize>,
}

/// A shared source file; every span belongs to one.
pub type Source = Arc<SourceFile>;

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceFile({})", self.path.display())
    }
}

impl SourceFile {
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Source {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Arc::new(Self {
            path: path.into(),
            text,
            line_starts,
        })
    }

    /// The text of `span`, or an empty string when the span does not lie in this file.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    #[must_use]
    pub fn location(&self, offset: usize) -> Location {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|index| self.line_starts.get(index))
            .copied()
            .unwrap_or_default();
        let column = self
            .slice(Span::new(start, offset.min(self.text.len())))
            .chars()
            .count();
        Location {
            line,
            column: column + 1,
        }
    }
}

/// Several files that are read as one, each at a range of its own in one space of positions: a span
/// in that space knows its file. Spans of the first file are the same in both spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// By rising start.
    parts: Vec<Part>,
    /// Stands for the file of any span while there is none.
    nothing: Source,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    start: usize,
    source: Source,
}

impl Sources {
    /// The one file `source`.
    #[must_use]
    pub fn one(source: Source) -> Self {
        let mut sources = Self::default();
        sources.add(source);
        sources
    }

    /// Adds a file; the result is what its own spans are to be shifted by.
    pub fn add(&mut self, source: Source) -> usize {
        // The end of a text is a position of it as well.
        let after = |last: &Part| last.start + last.source.text.len() + 1;
        let start = self.parts.last().map_or(0, after);
        self.parts.push(Part { start, source });
        start
    }

    /// The file that `span` lies in, and the span in its text.
    #[must_use]
    pub fn locate(&self, span: Span) -> (&Source, Span) {
        match self.parts.get(self.index(span)) {
            Some(part) => {
                let local = |at: usize| at.saturating_sub(part.start);
                (&part.source, Span::new(local(span.start), local(span.end)))
            }
            None => (&self.nothing, span),
        }
    }

    /// The number of the file that `span` lies in, counted from 0 in the order of their adding.
    #[must_use]
    pub fn index(&self, span: Span) -> usize {
        let after = self.parts.partition_point(|part| part.start <= span.start);
        after.saturating_sub(1)
    }

    /// The files in the order of their adding.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.parts.iter().map(|part| &part.source)
    }

    #[must_use]
    pub fn source(&self, span: Span) -> &Source {
        self.locate(span).0
    }

    /// As [`SourceFile::slice`].
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        let (source, span) = self.locate(span);
        source.slice(span)
    }
}

/// Why a file of the user could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("no such file: `{}`", .0.display())]
    Missing(PathBuf),
    #[error("`{}` is a directory, not a file", .0.display())]
    Directory(PathBuf),
    #[error("`{}` is not a regular file", .0.display())]
    NotRegular(PathBuf),
    #[error("`{}` has {bytes} bytes; at most {most} are read", .path.display())]
    TooLarge {
        path: PathBuf,
        bytes: u64,
        most: u64,
    },
    #[error("`{}` is not UTF-8: invalid byte at line {line}", .path.display())]
    NotUtf8 { path: PathBuf, line: usize },
    #[error("`{}` holds a NUL byte at line {line}; it is not a text file", .path.display())]
    Nul { path: PathBuf, line: usize },
    #[error("failed to read `{}`", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// Reads a regular UTF-8 file of at most [`MAX_FILE_BYTES`]; `shown` is the path messages use.
///
/// Never blocks on a FIFO and never reads more than the limit. A byte order mark is dropped.
///
/// # Errors
/// A [`ReadError`] that says what the path is instead.
pub fn read(path: &Path, shown: &Path) -> Result<Source, ReadError> {
    read_up_to(path, shown, MAX_FILE_BYTES)
}

/// As [`read`], with a limit of its own, in bytes.
///
/// # Errors
/// As [`read`].
pub fn read_up_to(path: &Path, shown: &Path, most: u64) -> Result<Source, ReadError> {
    let shown = shown.to_path_buf();
    let io = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            ReadError::Missing(shown.clone())
        }
        _ => ReadError::Io {
            path: shown.clone(),
            source,
        },
    };
    let metadata = std::fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        return Err(ReadError::Directory(shown));
    }
    if !metadata.is_file() {
        return Err(ReadError::NotRegular(shown));
    }
    if metadata.len() > most {
        let (path, bytes) = (shown, metadata.len());
        return Err(ReadError::TooLarge { path, bytes, most });
    }
    // One more than there is: the end is found without another allocation.
    let length = usize::try_from(metadata.len()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(length + 1);
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(io)?;
    decode(bytes, shown)
}

fn decode(bytes: Vec<u8>, path: PathBuf) -> Result<Source, ReadError> {
    let line_of = |offset: usize| bytes.iter().take(offset).filter(|&&b| b == b'\n').count() + 1;
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        let line = line_of(at);
        return Err(ReadError::Nul { path, line });
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.to_owned(),
                None => text,
            };
            Ok(SourceFile::new(path, text))
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error
                .as_bytes()
                .iter()
                .take(at)
                .filter(|&&b| b == b'\n')
                .count()
                + 1;
            Err(ReadError::NotUtf8 { path, line })
        }
    }
}

/// Lower-case hexadecimal SHA-256 of `text`.
#[must_use]
pub fn sha256(text: &str) -> String {
    sha256_of(text.as_bytes())
}

/// Lower-case hexadecimal SHA-256 of `bytes`.
#[must_use]
pub fn sha256_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_several_sources_knows_its_file() {
        let mut sources = Sources::one(SourceFile::new("a.yml", "one"));
        let second = sources.add(SourceFile::new("b.yml", ""));
        let third = sources.add(SourceFile::new("c.yml", "x\ntwo"));
        let found = |span: Span| {
            let (source, local) = sources.locate(span);
            (source.path.to_str().unwrap(), local, sources.slice(span))
        };
        assert_eq!(found(Span::new(0, 3)), ("a.yml", Span::new(0, 3), "one"));
        assert_eq!(found(Span::at(3)), ("a.yml", Span::at(3), ""));
        assert_eq!(found(Span::at(second)), ("b.yml", Span::at(0), ""));
        let two = Span::new(2, 5).shifted(third);
        assert_eq!(found(two), ("c.yml", Span::new(2, 5), "two"));
        assert_eq!(sources.index(two), 2);
    }
}
