//! What happens during a run, for whoever shows it.

use std::time::Duration;

use super::plan::Step;
use super::session::Session;
use crate::postgres::ServerMessage;

/// One thing that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another run is at work; told once.
    Waiting(Option<&'a Session>),
    /// The ledger of the original poststack was taken over, with so many migrations.
    TookOver(usize),
    /// What is going to be run now, in this order.
    Planned(&'a [Step<'a>]),
    /// Several small files go to the server in one message; each is told of when all are done.
    Sent(&'a [Step<'a>]),
    Started(&'a Step<'a>),
    /// A file without a transaction goes on after so many statements.
    Resumed(&'a Step<'a>, usize),
    /// Of a file without a transaction: so many statements are done.
    Progress(&'a Step<'a>, usize),
    /// An invalid index, left behind by a build that failed, was dropped to be built again.
    Rebuilding(&'a Step<'a>, &'a str),
    Retrying(Retry<'a>),
    /// What the server says besides, for instance `RAISE NOTICE` of a `DO` block.
    Notice(&'a Step<'a>, &'a ServerMessage),
    Finished(&'a Step<'a>, Duration),
}

/// A file met a lock timeout or a deadlock and will be tried again.
#[derive(Debug)]
pub struct Retry<'a> {
    pub step: &'a Step<'a>,
    /// The tries so far.
    pub attempt: u32,
    /// The tries there are.
    pub attempts: u32,
    /// Until the next try.
    pub pause: Duration,
    /// What the server said, for instance `canceling statement due to lock timeout`.
    pub reason: &'a str,
    /// Sessions that hold locks on the tables of the statement; none when nobody can be named.
    pub blockers: &'a [Session],
}
