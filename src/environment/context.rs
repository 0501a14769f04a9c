//! What the steps of a plan share while they run.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::images::Images;
use super::prepare::Prepared;
use crate::engine::{Caution, Engine};
use crate::event::Listener;
use crate::plan::seen::Fingerprint;
use crate::plan::step::base_name;
use crate::postgres::Summary;

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
    /// What the database said at the last login.
    pub summary: RefCell<Option<Summary>>,
    /// What was made, as the engine describes it.
    pub made: RefCell<BTreeMap<String, Fingerprint>>,
    /// Whether migrations were applied.
    pub migrated: Cell<bool>,
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
