//! What is there at the engine, as far as a plan needs it. Plain data, filled by `engine`.

use std::collections::BTreeMap;

use super::identity::{self, Role};
use super::spec::Labels;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// By name.
    pub containers: BTreeMap<String, ObservedContainer>,
    pub networks: BTreeMap<String, ObservedNetwork>,
    pub volumes: BTreeMap<String, ObservedVolume>,
    /// Reference → id of the images asked for that are there.
    pub images: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedContainer {
    /// Full id.
    pub id: String,
    pub name: String,
    pub image: String,
    pub image_id: String,
    pub labels: Labels,
    pub state: State,
    /// As the engine words it, for instance `Up 3 minutes (healthy)`.
    pub status: String,
    pub health: Health,
    /// Unix seconds.
    pub created: i64,
    /// (host address, host port, container port, protocol)
    pub ports: Vec<(String, u16, u16, String)>,
    /// Names of the networks it is attached to.
    pub networks: Vec<String>,
    /// Their ids, where the engine tells them and the container has been started.
    pub network_ids: Vec<String>,
    /// What was changed about it since poststack made it, by whoever else; see [`super::seen`].
    pub edited: Vec<String>,
}

impl ObservedContainer {
    /// Whether a program runs in it, or will in a moment.
    #[must_use]
    pub fn runs(&self) -> bool {
        matches!(
            self.state,
            State::Running | State::Restarting | State::Paused
        )
    }

    /// What it is for, as its label says.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        Role::parse(self.labels.get(identity::ROLE)?)
    }

    /// Whether its anonymous volumes go with it when nothing takes its place: what an init container
    /// wrote for itself ends with it, and a hook has the volumes of its service.
    #[must_use]
    pub fn takes_volumes_along(&self) -> bool {
        self.role() == Some(Role::Init)
    }

    /// The service it runs, as its label says.
    #[must_use]
    pub fn service(&self) -> &str {
        let service = self.labels.get(identity::SERVICE);
        service.map(String::as_str).unwrap_or_default()
    }

    /// Which of the service's containers it is, as its label says.
    #[must_use]
    pub fn number(&self) -> u32 {
        let number = self.labels.get(identity::COMPOSE_NUMBER);
        number.and_then(|number| number.parse().ok()).unwrap_or(1)
    }
}

/// A container's state; words of Podman and of future engines map onto the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Created,
    Running,
    Paused,
    Restarting,
    /// The exit code where the engine tells it.
    Exited(Option<i64>),
    Removing,
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// No health test.
    #[default]
    None,
    Starting,
    Healthy,
    Unhealthy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedNetwork {
    pub id: String,
    pub name: String,
    pub labels: Labels,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedVolume {
    pub name: String,
    pub labels: Labels,
}
