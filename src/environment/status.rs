//! The state of an environment: its database and its services.

pub mod watch;

use std::collections::BTreeMap;

use serde::Serialize;

use super::failure::Failure;
use super::observe;
use super::prepare::Prepared;
use crate::engine::Engine;
use crate::plan::DesiredContainer;
use crate::plan::identity::{self, Role};
use crate::plan::observed::{Health, ObservedContainer, State};
use crate::postgres::{self, Address, Summary, Tls, query_summary};

/// How much of an environment runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Overall {
    Running,
    /// Something runs, but not everything that shall.
    Partial,
    Stopped,
    /// Nothing was ever started, or everything was removed.
    Absent,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub project: String,
    pub environment: String,
    pub state: Overall,
    /// Kind, version and address.
    pub engine: String,
    pub database: Database,
    pub services: Vec<Service>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    pub container: Option<Service>,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    /// With the password masked.
    pub url: String,
    /// Whether a login with the password of the environment works.
    pub accepts_logins: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_version: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    pub service: String,
    pub container: String,
    /// Which of the service's containers it is, from 1.
    pub number: u32,
    pub role: &'static str,
    pub image: String,
    pub state: String,
    #[serde(skip)]
    pub engine_state: State,
    /// Full id; empty when there is no container.
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<&'static str>,
    /// `127.0.0.1:8080->8080/tcp`
    pub ports: Vec<String>,
    /// Unix seconds.
    pub created: i64,
    /// As the engine words it.
    pub status: String,
}

impl Status {
    /// After a wait for every service: what the engine still calls starting has shown its health
    /// to our own probe.
    pub(super) fn was_awaited(&mut self) {
        for service in &mut self.services {
            if service.health == Some("starting") {
                service.health = Some("healthy");
            }
        }
    }
}

/// Looks at everything of the environment.
///
/// # Errors
/// The engine fails. A database that does not answer is part of the status.
pub async fn status(prepared: &Prepared, engine: &Engine) -> Result<Status, Failure> {
    let (containers, summary) = futures_util::join!(
        observe::containers(engine, &prepared.identity),
        query_summary(&prepared.address),
    );
    Ok(of(prepared, engine, &containers?, summary.ok()))
}

type Containers = BTreeMap<String, ObservedContainer>;

/// The state of containers and of a database that were looked at already.
pub(super) fn of(
    prepared: &Prepared,
    engine: &Engine,
    containers: &Containers,
    summary: Option<Summary>,
) -> Status {
    let external = prepared.desired.database.is_none();
    let find = |name: &str| containers.get(name);
    let database = prepared.desired.database.as_ref();
    let found = database.and_then(|database| find(&database.spec.name));
    let runs = external || found.is_some_and(|found| found.state == State::Running);
    // What answers in place of a database that does not run is another one.
    let summary = summary.filter(|_| runs);
    let address = &prepared.address;
    let mut services: Vec<Service> = prepared
        .desired
        .containers()
        .filter(|one| one.role != Role::Database)
        .map(|one| match find(&one.spec.name) {
            Some(found) => of_container(found),
            None => absent(one),
        })
        .collect();
    services.extend(orphans(prepared, containers));
    let mut container = database.map(|database| match find(&database.spec.name) {
        Some(found) => of_container(found),
        None => absent(database),
    });
    // A login says more than the engine's test, which Podman without systemd never runs.
    if let Some(container) = container.as_mut().filter(|_| summary.is_some()) {
        container.health = container.health.map(|_| "healthy");
    }
    // Whether TLS is used is for the reader to settle with the server.
    let shown = Address {
        tls: Tls::default(),
        ..address.clone()
    };
    let database = Database {
        container,
        host: address.host.clone(),
        port: address.port,
        database: address.database.clone(),
        user: address.user.clone(),
        url: prepared.mask(postgres::url(&shown).expose()),
        accepts_logins: summary.is_some(),
        server_version: summary
            .as_ref()
            .map(|summary| summary.server_version.clone()),
        size: summary.as_ref().map(|summary| summary.size_bytes),
        connections: summary.as_ref().map(|summary| summary.connections),
    };
    Status {
        project: prepared.identity.project.to_string(),
        environment: prepared.identity.environment.to_string(),
        state: overall(prepared, &database, &services, containers),
        engine: engine.to_string(),
        database,
        services,
    }
}

fn orphans<'a>(
    prepared: &'a Prepared,
    containers: &'a Containers,
) -> impl Iterator<Item = Service> + 'a {
    let known: std::collections::BTreeSet<&str> = prepared.desired.container_names().collect();
    containers
        .values()
        .filter(move |found| !known.contains(found.name.as_str()))
        .filter(|found| prepared.identity.owns(&found.labels))
        .map(|found| {
            let service = of_container(found);
            // A start may have been asked for more containers than the file says, or other profiles.
            let known = prepared.desired.replicas.contains_key(&service.service)
                || prepared.desired.inactive.contains(&service.service);
            let role = if known { service.role } else { "orphan" };
            Service { role, ..service }
        })
}

fn overall(
    prepared: &Prepared,
    database: &Database,
    services: &[Service],
    containers: &Containers,
) -> Overall {
    let may_end = |service: &Service| {
        let mut containers = prepared.desired.containers();
        containers.any(|one| one.may_end && one.spec.name == service.container)
    };
    let good = |service: &Service| match service.engine_state {
        State::Running => service.health != Some("unhealthy"),
        State::Exited(Some(0)) => may_end(service),
        _ => false,
    };
    let inactive = &prepared.desired.inactive;
    let relevant = services
        .iter()
        .filter(|one| one.role == Role::Service.as_str())
        .filter(|one| one.engine_state == State::Running || !inactive.contains(&one.service));
    let all = relevant.clone().all(good) && database.accepts_logins;
    let any = relevant
        .chain(&database.container)
        .any(|one| one.engine_state == State::Running);
    if all {
        Overall::Running
    } else if any {
        Overall::Partial
    } else if containers.is_empty() {
        Overall::Absent
    } else {
        Overall::Stopped
    }
}

fn of_container(found: &ObservedContainer) -> Service {
    let label = |key: &str| found.labels.get(key).cloned().unwrap_or_default();
    let role = Role::parse(&label(identity::ROLE)).unwrap_or(Role::Service);
    let mut ports: Vec<String> = found
        .ports
        .iter()
        .filter(|(_, host, _, _)| *host != 0)
        .map(|(ip, host, target, protocol)| format!("{ip}:{host}->{target}/{protocol}"))
        .collect();
    ports.sort();
    ports.dedup();
    Service {
        service: label(identity::SERVICE),
        container: found.name.clone(),
        number: found.number(),
        role: role.as_str(),
        image: found.image.clone(),
        state: word(found.state).to_owned(),
        engine_state: found.state,
        id: found.id.clone(),
        exit_code: match found.state {
            State::Exited(code) => code,
            _ => None,
        },
        health: match found.health {
            // What has ended is neither healthy nor starting.
            _ if found.state != State::Running => None,
            Health::None => None,
            Health::Starting => Some("starting"),
            Health::Healthy => Some("healthy"),
            Health::Unhealthy => Some("unhealthy"),
        },
        ports,
        created: found.created,
        status: found.status.clone(),
    }
}

fn absent(container: &DesiredContainer) -> Service {
    Service {
        service: container.service.clone(),
        container: container.spec.name.clone(),
        number: container.number,
        role: container.role.as_str(),
        image: container.spec.image.clone(),
        state: "absent".to_owned(),
        engine_state: State::Dead,
        id: String::new(),
        exit_code: None,
        health: None,
        ports: Vec::new(),
        created: 0,
        status: String::new(),
    }
}

pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Created => "created",
        State::Running => "running",
        State::Paused => "paused",
        State::Restarting => "restarting",
        State::Exited(_) => "exited",
        State::Removing => "removing",
        State::Dead => "dead",
    }
}
