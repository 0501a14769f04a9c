//! The environment of the container commands, which no file describes: settings name its database,
//! and each folder of `containers/` with a Dockerfile is a service.

use std::collections::BTreeMap;
use std::time::Duration;

use super::service::{self, Folder, Given};
use crate::config::SHIPPED_VERSION;
use crate::config::model::{Environment, Migrations, Password, Postgres, PostgresImage, Storage};
use crate::config::settings::Setting;
use crate::diagnostic::{Place, nearest};
use crate::engine::Engine;
use crate::environment::own_images::own_images;
use crate::environment::prepare::{Deciders, PrepareOptions, prepare_made};
use crate::environment::{Failure, Kind, Prepared, Project, observe};
use crate::names::EnvironmentName;
use crate::plan::database::PORT;
use crate::plan::identity::{CONTAINERS, POSTGRES_SERVICE, Role};
use crate::plan::observed::ObservedContainer;
use crate::settings::{Decider, Origin, Settings, Value, variable};
use crate::text::{SourceFile, Span};

/// The name of the database and of its user.
const DATABASE: &str = "poststack";

/// How long the first login may take.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// The address that ports are published on: this machine only.
const BIND: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A project with what stands in its `containers/`.
pub struct Containers {
    pub project: Project,
    pub environment: Environment,
    /// By name.
    pub folders: Vec<Folder>,
}

/// Container name → what is there.
pub type There = BTreeMap<String, ObservedContainer>;

impl Containers {
    /// Describes the containers of `project`.
    ///
    /// # Errors
    /// Its file has an environment of our name; a variable of a container is faulty.
    pub fn of(project: Project) -> Result<Self, Failure> {
        let name = EnvironmentName::nearest(CONTAINERS);
        if project.config.environment(&name).is_some() {
            let message = format!(
                "The container commands call what is theirs `{CONTAINERS}`, and so does an \
                 environment of .poststack.yml"
            );
            let failure = Failure::new(Kind::Configuration, message);
            return Err(failure.hint("give that environment another name"));
        }
        let environment = environment(name, &project.settings);
        let folders = folders(&project.settings)?;
        Ok(Self {
            project,
            environment,
            folders,
        })
    }

    /// The folders of these names; of none all.
    ///
    /// # Errors
    /// There is no such folder, or none at all.
    pub fn chosen(&self, name: Option<&str>) -> Result<Vec<&Folder>, Failure> {
        let path = &self.project.settings.project_containers_path.value;
        let path = self.project.shown(path);
        let path = path.display();
        let none = "each folder with a Dockerfile there is a container";
        let Some(name) = name else {
            if self.folders.is_empty() {
                let message = format!("There is no {path}/*/Dockerfile");
                return Err(Failure::new(Kind::Failed, message).hint(none));
            }
            return Ok(self.folders.iter().collect());
        };
        let found = self.folders.iter().find(|one| one.name == name);
        found.map(|one| vec![one]).ok_or_else(|| {
            let known: Vec<&str> = self.folders.iter().map(|one| one.name.as_str()).collect();
            let message = format!("There is no {path}/{name}/Dockerfile");
            let failure = Failure::new(Kind::Usage, message);
            match nearest(name, known.iter().copied()) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None if known.is_empty() => failure.hint(none),
                None => failure.hint(format!("there are: {}", known.join(", "))),
            }
        })
    }

    /// Everything described, as far as it can be without an engine: enough to look and to stop.
    ///
    /// # Errors
    /// What is described contradicts itself.
    pub fn glance(&self) -> Result<Prepared, Failure> {
        self.described(&Given::default(), false)
    }

    /// Everything described, with what the command line adds. What is missing in `.poststack/` is
    /// made.
    ///
    /// # Errors
    /// What is described contradicts itself.
    pub fn prepare(&self, given: &Given) -> Result<Prepared, Failure> {
        self.described(given, true)
    }

    fn described(&self, given: &Given, generate: bool) -> Result<Prepared, Failure> {
        distinct(&self.folders, &self.project.settings)?;
        let options = PrepareOptions {
            generate,
            ..PrepareOptions::default()
        };
        let make = |reach: &_| service::workload(self, reach, given);
        let mut prepared = prepare_made(&self.project, &self.environment, &options, make)?;
        prepared.deciders = self.deciders();
        Ok(prepared)
    }

    /// What gives the database another port, and containers another network.
    fn deciders(&self) -> Deciders {
        let settings = &self.project.settings;
        let decider = |setting: Setting, origin: &Origin| Decider {
            variable: setting.variable(),
            origin: origin.clone(),
        };
        let port = decider(
            Setting::PostgresHostPort,
            &settings.postgres_host_port.origin,
        );
        let network = &settings.project_container_network;
        let joined = decider(Setting::ProjectContainerNetwork, &network.origin);
        Deciders {
            ports: BTreeMap::from([(POSTGRES_SERVICE.to_owned(), port)]),
            networks: BTreeMap::from([(network.value.clone(), joined)]),
        }
    }

    /// What is there of ours.
    ///
    /// # Errors
    /// The engine fails.
    pub async fn there(&self, engine: &Engine) -> Result<There, Failure> {
        let identity = self.project.identity(&self.environment);
        let mut found = observe::containers(engine, &identity).await?;
        found.retain(|_, one| one.role() != Some(Role::Hook));
        Ok(found)
    }

    /// Publishes the database on `port`, as `flag` of the command line says.
    pub fn publish_database(&mut self, port: u16, flag: &'static str) {
        let settings = &mut self.project.settings;
        settings.postgres_host_port = Value::new(port, Origin::Flag(flag));
        self.environment = environment(self.environment.name.clone(), settings);
    }

    /// Takes the port on which the database is published, whatever settings say by now.
    pub fn follow(&mut self, there: &There) {
        let ports = there.values().filter(|one| is_database(one));
        let mut ports = ports.flat_map(|one| &one.ports);
        if let Some((_, port, ..)) = ports.find(|(_, _, target, _)| *target == PORT) {
            self.environment.postgres.port = *port;
        }
    }
}

/// Whether a container is the database of the project's own containers.
#[must_use]
pub fn is_database(container: &ObservedContainer) -> bool {
    container.role() == Some(Role::Database)
}

/// Leaves only the services that `keep` holds; the others are not touched.
pub fn narrow(prepared: &mut Prepared, keep: impl Fn(&str) -> bool) {
    let desired = &mut prepared.desired;
    let all = desired.containers().map(|one| one.service.clone());
    let left: Vec<String> = all.filter(|service| !keep(service)).collect();
    desired.inactive.extend(left);
    desired.deployment.retain(|one| keep(&one.service));
    desired.replicas.retain(|service, _| keep(service));
    if !keep(POSTGRES_SERVICE) {
        let own = desired.identity.database_volume();
        desired.volumes.retain(|volume| volume.name != own);
        desired.database = None;
    }
    let images = desired.containers().map(|one| one.spec.image.clone());
    let images: Vec<String> = images.collect();
    desired.images.retain(|image, _| images.contains(image));
}

/// Every image of the project but those that are only made to build others from.
fn folders(settings: &Settings) -> Result<Vec<Folder>, Failure> {
    let images = own_images(settings)?.into_iter();
    let runs = images.filter(|image| !is_base(&image.name));
    runs.map(|image| Folder::new(settings, image)).collect()
}

/// Refuses two containers of one name.
fn distinct(folders: &[Folder], settings: &Settings) -> Result<(), Failure> {
    let database = &settings.postgres_container_name;
    let decider = Decider {
        variable: Setting::PostgresContainerName.variable(),
        origin: database.origin.clone(),
    };
    let mut seen = BTreeMap::from([(&database.value, (POSTGRES_SERVICE, decider))]);
    for Folder {
        name, container, ..
    } in folders
    {
        let decider = Decider {
            variable: variable(name, "CONTAINER_NAME"),
            origin: container.origin.clone(),
        };
        let called = &container.value;
        let Some((other, theirs)) = seen.insert(called, (name, decider.clone())) else {
            continue;
        };
        let message = format!("`{other}` and `{name}` would both be called `{called}`");
        let given = match decider.origin {
            Origin::Default => theirs,
            _ => decider,
        };
        return Err(Failure::new(Kind::Configuration, message).hint(given.another()));
    }
    Ok(())
}

fn is_base(name: &str) -> bool {
    name == "base" || name.starts_with("base-")
}

fn environment(name: EnvironmentName, settings: &Settings) -> Environment {
    let port = &settings.postgres_host_port;
    let written = format!("postgres_host_port, {}", port.origin);
    let place = match port.origin.place() {
        Some(place) => place.clone(),
        None => Place::new(&SourceFile::new(written, ""), Span::at(0)),
    };
    Environment {
        name,
        place: place.clone(),
        postgres: Postgres {
            container_name: Some(settings.postgres_container_name.value.clone()),
            image: PostgresImage::Version(SHIPPED_VERSION),
            database: DATABASE.to_owned(),
            port: port.value,
            port_place: Some(place.clone()),
            user: DATABASE.to_owned(),
            password: Password::Generated,
            host: None,
            extensions: Vec::new(),
            settings: BTreeMap::new(),
            storage: Storage::Volume,
            volume: None,
            initdb_args: None,
            start_timeout: START_TIMEOUT,
            ssl_mode: None,
            ssl_root_certificate: None,
            ssl_root_certificate_place: None,
            place,
        },
        init: Vec::new(),
        deployment: None,
        env_files: Vec::new(),
        env_file_places: BTreeMap::new(),
        variables: BTreeMap::new(),
        volumes: BTreeMap::new(),
        bind: BIND,
        migrations_folder: Some(settings.migrations_path.value.clone()),
        migrations: Migrations::default(),
        protected: false,
    }
}
