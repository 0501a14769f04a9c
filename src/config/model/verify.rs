//! What the containers of services promise, as `verify:` of the file says it.

use crate::diagnostic::Place;

/// One thing that `container verify` looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    pub place: Place,
    pub kind: PromiseKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromiseKind {
    /// Something listens on this port in the container.
    Port(ListeningPort),
    File(PromisedFile),
    /// A program of this name runs, or one whose command line holds the text.
    Process(String),
    Http(PromisedAnswer),
    /// A program of the container reaches this address.
    Tcp {
        host: String,
        port: u16,
    },
    Sql(PromisedRow),
}

/// `8080` or `53/udp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListeningPort {
    pub number: u16,
    pub udp: bool,
}

impl std::fmt::Display for ListeningPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let protocol = if self.udp { "udp" } else { "tcp" };
        write!(f, "{}/{protocol}", self.number)
    }
}

/// A file or folder in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromisedFile {
    /// Absolute.
    pub path: String,
    /// A text in the file.
    pub contains: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromisedAnswer {
    pub target: HttpTarget,
    /// `None`: any from 200 to 399.
    pub status: Option<u16>,
    /// A text in the body.
    pub contains: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpTarget {
    /// The service itself: where it is published, else in its own network. `port` is the one in the
    /// container; `None` is its first.
    Path { path: String, port: Option<u16> },
    /// Asked as a program of the container would.
    Url(String),
}

/// A query on the database of the environment; it reads only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromisedRow {
    pub query: String,
    /// The first value of the first row, as `psql` shows it; `None`: the query succeeds.
    pub expect: Option<String>,
}
