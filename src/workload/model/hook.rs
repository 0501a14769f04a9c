//! What is run besides the container of a service.

use std::collections::BTreeMap;

use crate::secret::Secret;

/// What is run before and after the start of a service's containers, and before their stop.
/// <https://github.com/compose-spec/compose-spec/blob/main/05-services.md#pre_start>
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hooks {
    /// Containers that run to their end, one after the other, before the service starts.
    pub pre_start: Vec<PreStart>,
    /// Programs in the container, once it has started.
    pub post_start: Vec<Hook>,
    /// Programs in the container, before it is stopped.
    pub pre_stop: Vec<Hook>,
}

/// A program beside the one of the service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hook {
    pub command: Vec<String>,
    /// `None` is the container's own.
    pub user: Option<String>,
    pub privileged: bool,
    pub working_dir: Option<String>,
    /// Added to that of the container; `None` removes a variable.
    pub environment: BTreeMap<String, Option<Secret>>,
}

/// A program in a container of its own, with the networks and volumes of the service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreStart {
    /// `None` is that of the service.
    pub image: Option<String>,
    pub hook: Hook,
    /// Whether it runs before each container of the service, not before the first one alone.
    pub per_replica: bool,
}
