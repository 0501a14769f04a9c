//! What the steps of a plan share while they run.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::images::Images;
use super::prepare::Prepared;
use crate::engine::{Caution, Engine, Inspected};
use crate::event::Listener;
use crate::plan::seen::Fingerprint;
use crate::plan::step::base_name;
use crate::postgres::{Connection, Summary};

/// Lines of a container's log that a failure shows.
pub(super) const LOG_TAIL: usize = 15;

/// What a step needs besides itself.
pub(super) struct Context<'a> {
    pub engine: &'a Engine,
    pub prepared: &'a Prepared,
    pub images: &'a Images<'a>,
    pub listener: Listener<'a>,
    /// How a container without a health test is watched after its start.
    pub caution: Caution,
    /// Whether a container is changed or awaited, so that everything is another one afterwards.
    pub works: bool,
    /// A login that was begun early, for the step that waits for one.
    pub login: RefCell<Option<Connection>>,
    /// What the database said at the login.
    pub summary: RefCell<Option<Summary>>,
    /// What was made and awaited, as the engine describes it.
    pub made: RefCell<BTreeMap<String, Fingerprint>>,
    /// Where the containers that were awaited are in their networks.
    pub addresses: RefCell<BTreeSet<Ipv4Addr>>,
    /// Whether migrations were applied.
    pub migrated: Cell<bool>,
}

impl<'a> Context<'a> {
    pub fn new(
        engine: &'a Engine,
        prepared: &'a Prepared,
        images: &'a Images<'a>,
        listener: Listener<'a>,
    ) -> Self {
        Self {
            engine,
            prepared,
            images,
            listener,
            caution: Caution::Settle,
            works: true,
            login: RefCell::default(),
            summary: RefCell::default(),
            made: RefCell::default(),
            addresses: RefCell::default(),
            migrated: Cell::new(false),
        }
    }

    /// Keeps what the engine says of a container that was started, and tells its bridge's new address
    /// to those before it.
    pub fn note(&self, container: &str, inspected: &Inspected, fingerprint: Fingerprint) {
        let mut made = self.made.borrow_mut();
        made.insert(container.to_owned(), fingerprint);
        let mut addresses = self.addresses.borrow_mut();
        let own = inspected.addresses.values();
        addresses.extend(own.filter_map(|address| address.parse::<Ipv4Addr>().ok()));
        self.engine.renew_neighbours(addresses.iter().copied());
    }
}

/// The service a container runs, for messages.
pub(super) fn service_of<'n>(name: &'n str, context: &'n Context<'_>) -> &'n str {
    let own = base_name(name);
    let mut containers = context.prepared.desired.containers();
    let found = containers.find(|container| {
        let mut hooks = container.hooks.pre_start.iter();
        container.spec.name == own || hooks.any(|hook| hook.name == own)
    });
    found.map_or(own, |container| container.service.as_str())
}
