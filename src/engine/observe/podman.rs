//! Podman's own container list, in the words of the common model.

use serde::Deserialize;

use super::{health, is_untidy, state};
use crate::plan::observed::{Health, ObservedContainer, State};
use crate::plan::spec::Labels;

/// One entry of libpod's list.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub struct Container {
    id: String,
    names: Vec<String>,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    /// RFC 3339.
    created: String,
    /// Unix seconds.
    started_at: i64,
    exited_at: i64,
    exit_code: i64,
    labels: Option<Labels>,
    networks: Option<Vec<String>>,
    ports: Option<Vec<Port>>,
    state: String,
    /// The health, empty without a test.
    status: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Port {
    host_ip: String,
    container_port: u16,
    host_port: u16,
    /// How many consecutive ports this entry stands for.
    range: u16,
    /// `tcp`, or several with commas.
    protocol: String,
}

impl Container {
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether Podman has yet to look after its end.
    pub fn is_untidy(&self) -> bool {
        is_untidy(&self.state)
    }

    /// Says that Podman starts it again in a moment, in Docker's word.
    pub fn restarts(&mut self) {
        "restarting".clone_into(&mut self.state);
    }

    /// `now` in Unix seconds, for the age in the status text.
    pub fn observed(self, now: i64) -> ObservedContainer {
        let state = state(&self.state, Some(self.exit_code));
        let health = health(&self.status);
        ObservedContainer {
            status: status(state, health, self.started_at, self.exited_at, now),
            state,
            health,
            ports: self.ports.iter().flatten().flat_map(Port::all).collect(),
            created: self
                .created
                .parse::<jiff::Timestamp>()
                .map_or(0, jiff::Timestamp::as_second),
            name: self.names.into_iter().next().unwrap_or_default(),
            id: self.id,
            image: self.image,
            image_id: match self.image_id.starts_with("sha256:") {
                true => self.image_id,
                false => format!("sha256:{}", self.image_id),
            },
            labels: self.labels.unwrap_or_default(),
            networks: self.networks.unwrap_or_default(),
            network_ids: Vec::new(),
            edited: Vec::new(),
        }
    }
}

impl Port {
    fn all(&self) -> Vec<(String, u16, u16, String)> {
        let ip = match self.host_ip.as_str() {
            "" => "0.0.0.0",
            ip => ip,
        };
        let ports = (0..self.range.max(1)).flat_map(|step| {
            self.protocol.split(',').map(move |protocol| {
                let (host, inner) = (self.host_port, self.container_port);
                let (host, inner) = (host.saturating_add(step), inner.saturating_add(step));
                (ip.to_owned(), host, inner, protocol.to_owned())
            })
        });
        ports.filter(|(_, host, ..)| *host != 0).collect()
    }
}

/// The status as Docker words it.
fn status(state: State, health: Health, started: i64, exited: i64, now: i64) -> String {
    let text = match state {
        State::Created => return "Created".to_owned(),
        State::Removing => return "Removal In Progress".to_owned(),
        State::Dead => return "Dead".to_owned(),
        State::Exited(code) => {
            return format!(
                "Exited ({}) {} ago",
                code.unwrap_or_default(),
                age(now - exited)
            );
        }
        State::Paused => format!("Up {} (Paused)", age(now - started)),
        State::Restarting => format!("Restarting {} ago", age(now - exited)),
        State::Running => format!("Up {}", age(now - started)),
    };
    match health {
        Health::None => text,
        Health::Starting => format!("{text} (health: starting)"),
        Health::Healthy => format!("{text} (healthy)"),
        Health::Unhealthy => format!("{text} (unhealthy)"),
    }
}

/// A duration in Docker's words.
fn age(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..1 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".to_owned(),
        120..3600 => format!("{minutes} minutes"),
        3600..7200 => "About an hour".to_owned(),
        7200..172_800 => format!("{hours} hours"),
        _ => format!("{days} days"),
    }
}
