//! A folder of `containers/` as a service: what settings and the command line say of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::project::Containers;
use crate::diagnostic::{Place, brief};
use crate::environment::own_images::OwnImage;
use crate::environment::reach::Reach;
use crate::environment::{Failure, Kind};
use crate::postgres::Address;
use crate::secret::Secret;
use crate::settings::{Origin, Settings, Value};
use crate::text::{SourceFile, Span};
use crate::variables::value::is_secret_name;
use crate::variables::{BuiltIn, DatabaseAddress, Reader, built_ins};
use crate::workload::model::{
    Attachment, Mount, MountSource, Network, Port, Process, PullPolicy, Service, ServiceNetwork,
    Volume, Workload,
};

/// A folder with a Dockerfile, and what settings say of its container.
#[derive(Debug, Clone)]
pub struct Folder {
    pub name: String,
    pub dockerfile: PathBuf,
    /// `{project}/{name}`
    pub image: String,
    /// The name of its container.
    pub container: Value<String>,
    /// What `POSTSTACK_<NAME>_PORT` says.
    pub publish: Option<Value<Publish>>,
    /// `POSTSTACK_<NAME>_ENV_*`
    pub environment: Vec<(String, Secret)>,
    /// Its Dockerfile, for messages.
    pub place: Place,
}

/// Where a container is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publish {
    /// Its first port, on this one of the host.
    On(u16),
    Nowhere,
}

/// What the command line says of services, and what their images say of their ports.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Service → its published ports.
    pub ports: BTreeMap<String, Vec<Port>>,
    /// `--env-file`
    pub environment: Vec<(String, Secret)>,
    /// `--volume`
    pub mounts: Vec<Mount>,
}

/// Networks that are no networks of their own: the ways of Docker's `--network`.
const BRIDGE: &str = "bridge";
const HOST: &str = "host";
const NONE: &str = "none";

/// Whether containers in the network `name` can be published.
#[must_use]
pub fn publishes(name: &str) -> bool {
    !matches!(name, HOST | NONE)
}

/// What every container is told of the database.
const TOLD: [&str; 7] = [
    "DB_HOST",
    "DB_PORT",
    "DB_NAME",
    "DB_USER",
    "DB_PASSWORD",
    "DB_PASS",
    "POSTSTACK_DATABASE_URL",
];

impl Folder {
    /// What `settings` say of the folder of `image`.
    ///
    /// # Errors
    /// `POSTSTACK_<NAME>_CONTAINER_NAME` or `_PORT` is none.
    pub fn new(settings: &Settings, image: OwnImage) -> Result<Self, Failure> {
        let (name, dockerfile) = (image.name, image.build.dockerfile);
        let variables = &settings.variables;
        let container = match variables.of(&name, "CONTAINER_NAME") {
            Some(given) => container_name(&name, given)?,
            None => {
                let prefix = &settings.project_container_prefix;
                Value::new(format!("{}-{name}", prefix.value), Origin::Default)
            }
        };
        let publish = variables.of(&name, "PORT");
        let environment = variables.environment(&name);
        let environment = environment.map(|(key, value)| (key.to_owned(), value.value.clone()));
        let shown = dockerfile.strip_prefix(&settings.root);
        let shown = shown.unwrap_or(&dockerfile).to_path_buf();
        Ok(Self {
            container,
            publish: publish.map(|given| port(&name, given)).transpose()?,
            environment: environment.collect(),
            place: Place::new(&SourceFile::new(shown, ""), Span::at(0)),
            name,
            dockerfile,
            image: image.reference,
        })
    }
}

fn container_name(name: &str, given: &Value<Secret>) -> Result<Value<String>, Failure> {
    let text = given.value.expose();
    let checked = crate::config::settings::object_name(text);
    let named = checked.map(|text| Value::new(text, given.origin.clone()));
    named.map_err(|refusal| {
        let message = format!("The name of container `{name}` {}", refusal.why);
        let failure = Failure::new(Kind::Configuration, format!("{message} ({})", given.origin));
        failure.hint(refusal.help)
    })
}

fn port(name: &str, given: &Value<Secret>) -> Result<Value<Publish>, Failure> {
    let text = given.value.expose();
    let publish = |publish| Ok(Value::new(publish, given.origin.clone()));
    match text.parse::<u16>() {
        _ if text == NONE => publish(Publish::Nowhere),
        Ok(port) if port > 0 => publish(Publish::On(port)),
        _ => {
            let (text, origin) = (brief(text), &given.origin);
            let message = format!("The port of container `{name}` is `{text}` ({origin})");
            let failure = Failure::new(Kind::Configuration, message);
            Err(failure.hint("write a port of the host, or `none` to publish nothing"))
        }
    }
}

/// Every folder of `containers` as a service.
pub fn workload(containers: &Containers, reach: &Reach, given: &Given) -> Workload {
    let settings = &containers.project.settings;
    let mut workload = Workload::default();
    let network = network(&settings.project_container_network.value, &mut workload);
    let reader = match network {
        ServiceNetwork::Host => Reader::Host,
        _ => Reader::Network,
    };
    for mount in &given.mounts {
        if let MountSource::Volume { key, .. } = &mount.source {
            workload.volumes.insert(key.clone(), Volume::default());
        }
    }
    let told = elsewhere(settings, reader).unwrap_or_else(|| own(reach, reader));
    let hidden = told.iter().filter(|(name, _)| is_secret_name(name));
    workload.secrets = hidden.map(|(_, value)| value.clone()).collect();
    for folder in &containers.folders {
        let own = given.environment.iter().chain(&folder.environment);
        let secrets = own.clone().filter(|(name, _)| is_secret_name(name));
        workload
            .secrets
            .extend(secrets.map(|(_, value)| value.clone()));
        let all = told.iter().chain(own);
        let environment = all.map(|(name, value)| (name.clone(), Some(value.clone())));
        workload.services.push(Service {
            image: Some(folder.image.clone()),
            // Whoever starts it has built it.
            pull_policy: PullPolicy::Never,
            container_name: Some(folder.container.value.clone()),
            network: network.clone(),
            mounts: given.mounts.clone(),
            process: Process {
                environment: environment.collect(),
                ports: given.ports.get(&folder.name).cloned().unwrap_or_default(),
                restart: settings.project_container_restart_policy.value,
                ..Process::default()
            },
            ..Service::new(folder.name.clone(), folder.place.clone())
        });
    }
    workload
}

/// The project's own database.
fn own(reach: &Reach, reader: Reader) -> Vec<(String, Secret)> {
    let value = |name: &&str| {
        let variable = reach.variables.get(name)?;
        Some(((*name).to_owned(), Secret::from(variable.value(reader))))
    };
    TOLD.iter().filter_map(value).collect()
}

/// The database that the setting `database_url` names; `None` without one, and where it names this
/// machine, which a container does not reach by that name.
fn elsewhere(settings: &Settings, reader: Reader) -> Option<Vec<(String, Secret)>> {
    let url = settings.database_url.value.as_ref()?;
    let address = Address::parse(url.expose()).ok()?;
    let is_here = matches!(address.host.as_str(), "localhost" | "127.0.0.1" | "::1");
    if address.is_socket() || (is_here && reader == Reader::Network) {
        return None;
    }
    let database = DatabaseAddress {
        network_host: address.host.clone(),
        network_port: address.port,
        host_host: address.host,
        host_port: address.port,
        database: address.database,
        user: address.user,
        password: address.password,
    };
    let all = built_ins("", "", &database).into_iter();
    let told = all.filter(|one| TOLD.contains(&one.name));
    // Its parameters, such as `sslmode`, are in the URL alone.
    let value = |one: BuiltIn| match one.name {
        "POSTSTACK_DATABASE_URL" => (one.name.to_owned(), url.clone()),
        name => (name.to_owned(), one.network),
    };
    Some(told.map(value).collect())
}

/// `bridge` is the project's own network, in which containers find each other by name; another name
/// is that of a network made elsewhere, which is joined besides.
fn network(name: &str, workload: &mut Workload) -> ServiceNetwork {
    match name {
        HOST => ServiceNetwork::Host,
        NONE => ServiceNetwork::None,
        BRIDGE => ServiceNetwork::Networks(Vec::new()),
        other => {
            let network = Network {
                external: true,
                ..Network::default()
            };
            workload.networks.insert(other.to_owned(), network);
            ServiceNetwork::Networks(vec![Attachment {
                network: other.to_owned(),
                ..Attachment::default()
            }])
        }
    }
}
