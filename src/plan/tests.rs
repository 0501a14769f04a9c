//! Plans of a small shop: an init container `migrate`, and the services of each test.

mod changing;
mod hooks;
mod properties;
mod repairing;
mod scaling;
mod starting;
mod stopping;
mod undoing;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::desired::{Inputs, desired};
use super::identity::Identity;
use super::observed::{
    Health, Observed, ObservedContainer, ObservedNetwork, ObservedVolume, State,
};
use super::spec::Labels;
use super::*;
use crate::config::model::{
    Environment, InitEntry, InitKind, Migrations, NamedFile, Password, Postgres, PostgresImage,
    Storage,
};
use crate::diagnostic::{Diagnostic, Place};
use crate::names::{EnvironmentName, ProjectName};
use crate::secret::Secret;
use crate::text::{SourceFile, Span};
use crate::workload::Workload;
use crate::workload::model::{
    Attachment, Condition, Dependency, HealthTest, Healthcheck, Hook, Hooks, Namespace, Namespaces,
    PodMember, PreStart, Process, PullPolicy, Replicas, Service, ServiceNetwork,
};

fn place() -> Place {
    Place::new(&SourceFile::new("app.yml", ""), Span::at(0))
}

fn identity() -> Identity {
    Identity {
        project: ProjectName::new("shop").unwrap(),
        environment: EnvironmentName::new("dev").unwrap(),
        directory: PathBuf::from("/srv/shop"),
        database: None,
    }
}

fn service(name: &str) -> Service {
    Service {
        name: name.to_owned(),
        place: place(),
        image: Some("debian".to_owned()),
        build: None,
        pull_policy: PullPolicy::Missing,
        platform: None,
        container_name: None,
        depends_on: Vec::new(),
        network: ServiceNetwork::Networks(vec![Attachment {
            network: "default".to_owned(),
            ..Attachment::default()
        }]),
        namespaces: Namespaces::default(),
        mounts: Vec::new(),
        volumes_from: Vec::new(),
        files: Vec::new(),
        labels: BTreeMap::new(),
        replicas: None,
        hooks: Hooks::default(),
        watch: Vec::new(),
        pod: PodMember::default(),
        process: Process::default(),
        port_places: Vec::new(),
    }
}

fn needs(mut service: Service, other: &str, condition: Condition) -> Service {
    service.depends_on.push(Dependency {
        service: other.to_owned(),
        condition,
        required: true,
        restart: false,
    });
    service
}

fn tested(mut service: Service) -> Service {
    service.process.healthcheck = Some(Healthcheck {
        test: HealthTest::Shell("true".to_owned()),
        ..Healthcheck::default()
    });
    service
}

fn with_variable(mut service: Service, value: &str) -> Service {
    let value = Some(Secret::from(value));
    service
        .process
        .environment
        .insert("LEVEL".to_owned(), value);
    service
}

fn scaled(mut service: Service, count: u32) -> Service {
    let place = place();
    service.replicas = Some(Replicas { count, place });
    service
}

fn in_network_of(mut service: Service, owner: &str) -> Service {
    service.network = ServiceNetwork::Service(owner.to_owned());
    needs(service, owner, Condition::Started)
}

fn workload(services: Vec<Service>) -> Workload {
    Workload {
        services,
        ..Workload::default()
    }
}

/// An environment with one init container `migrate` and the given services.
fn shop(services: Vec<Service>) -> Desired {
    let (desired, faults) = shop_with_faults(services);
    assert_eq!(faults, []);
    desired
}

fn shop_with_faults(services: Vec<Service>) -> (Desired, Vec<Diagnostic>) {
    let environment = Environment {
        name: EnvironmentName::new("dev").unwrap(),
        place: place(),
        postgres: Postgres {
            container_name: None,
            place: place(),
            image: PostgresImage::Version(15),
            database: "shop".to_owned(),
            port: 5433,
            port_place: None,
            user: "shop".to_owned(),
            password: Password::Generated,
            host: None,
            extensions: Vec::new(),
            settings: BTreeMap::new(),
            storage: Storage::Volume,
            volume: None,
            initdb_args: None,
            start_timeout: std::time::Duration::from_secs(60),
            ssl_mode: None,
            ssl_root_certificate: None,
            ssl_root_certificate_place: None,
        },
        init: vec![InitEntry {
            place: place(),
            written: "init.yml".to_owned(),
            kind: InitKind::Compose(vec![NamedFile {
                path: PathBuf::from("/srv/shop/init.yml"),
                place: place(),
            }]),
        }],
        deployment: None,
        volumes: BTreeMap::new(),
        env_files: Vec::new(),
        env_file_places: BTreeMap::new(),

        variables: BTreeMap::new(),
        bind: "127.0.0.1".parse().unwrap(),
        migrations_folder: None,
        migrations: Migrations::default(),
        protected: false,
    };
    desired(&Inputs {
        database_image: None,
        identity: &identity(),
        environment: &environment,
        password: &Secret::from("secret"),
        init: &[Some(workload(vec![service("migrate")]))],
        deployment: Some(&workload(services)),
        mounted: &BTreeMap::new(),
        mask: &|text| text.replace("hush", "***"),
    })
}

/// Everything there as `desired` says, running, healthy, images present.
fn running(desired: &Desired) -> Observed {
    let mut observed = images(desired);
    let planned = start(desired, &observed, &StartOptions::default()).unwrap();
    apply(&planned.plan, &mut observed);
    observed
}

fn images(desired: &Desired) -> Observed {
    let id = |reference: &String| (reference.clone(), format!("sha256:{reference}"));
    Observed {
        images: desired.images.keys().map(id).collect(),
        ..Observed::default()
    }
}

/// What an engine would do with a plan.
fn apply(plan: &Plan, observed: &mut Observed) {
    for step in &plan.steps {
        match &step.action {
            Action::CreateNetwork(network) => {
                let (name, labels) = (network.name.clone(), network.labels.clone());
                let id = String::new();
                let made = ObservedNetwork { id, name, labels };
                observed.networks.insert(network.name.clone(), made);
            }
            Action::CreateVolume(volume) => {
                let (name, labels) = (volume.name.clone(), volume.labels.clone());
                let made = ObservedVolume { name, labels };
                observed.volumes.insert(volume.name.clone(), made);
            }
            Action::RemoveNetwork(name) => drop(observed.networks.remove(name)),
            Action::RemoveVolume(name) => drop(observed.volumes.remove(name)),
            Action::PrepareImage(name) => {
                observed
                    .images
                    .insert(name.clone(), format!("sha256:{name}"));
            }
            Action::CreateContainer { spec, .. } => make(spec, observed),
            Action::RenameContainer { from, to } => {
                let mut moved = observed.containers.remove(from).unwrap();
                moved.name.clone_from(to);
                assert!(
                    observed.containers.insert(to.clone(), moved).is_none(),
                    "{to} is taken"
                );
            }
            Action::StartContainer(name) => set(observed, name, State::Running),
            Action::StopContainer { name, .. } => set(observed, name, State::Exited(Some(0))),
            Action::RemoveContainer { name, .. } => {
                assert!(
                    observed.containers.remove(name).is_some(),
                    "{name} is there"
                );
            }
            Action::AwaitExit { name } => set(observed, name, State::Exited(Some(0))),
            Action::AwaitReady { name, tested, .. } => {
                let health = if *tested {
                    Health::Healthy
                } else {
                    Health::None
                };
                observed.containers.get_mut(name).unwrap().health = health;
            }
            Action::PostStart { name, .. } | Action::PreStop { name, .. } => {
                let container = observed.containers.get(name).unwrap();
                assert_eq!(container.state, State::Running, "{name} runs");
            }
            Action::AwaitLogin | Action::Migrate(_) => {}
        }
    }
}

fn make(spec: &spec::ContainerSpec, observed: &mut Observed) {
    let mut made = container(&spec.name, &spec.image, spec.labels.clone());
    if let crate::plan::spec::NetworkAttachment::Networks(endpoints) = &spec.network {
        made.networks = endpoints.iter().map(|one| one.network.clone()).collect();
    }
    let taken = observed.containers.insert(spec.name.clone(), made);
    assert!(taken.is_none(), "{} is taken", spec.name);
}

fn set(observed: &mut Observed, name: &str, state: State) {
    observed.containers.get_mut(name).unwrap().state = state;
}

fn container(name: &str, image: &str, labels: Labels) -> ObservedContainer {
    /// No two containers have the same id, though they may have the same name.
    static MADE: AtomicUsize = AtomicUsize::new(0);
    ObservedContainer {
        id: format!("{name} {}", MADE.fetch_add(1, Ordering::Relaxed)),
        name: name.to_owned(),
        image: image.to_owned(),
        image_id: format!("sha256:{image}"),
        labels,
        state: State::Created,
        status: String::new(),
        health: Health::None,
        created: 0,
        ports: Vec::new(),
        networks: Vec::new(),
        network_ids: Vec::new(),
        edited: Vec::new(),
    }
}

fn planned(desired: &Desired, observed: &Observed) -> Plan {
    let options = StartOptions::default();
    start(desired, observed, &options).unwrap().plan
}

fn plan_text(desired: &Desired, observed: &Observed) -> String {
    planned(desired, observed).to_string()
}

/// The containers that go with their anonymous volumes.
fn removed_with_volumes(plan: &Plan) -> Vec<&str> {
    let names = plan.steps.iter().filter_map(|step| match &step.action {
        Action::RemoveContainer {
            name,
            volumes: true,
        } => Some(name.as_str()),
        _ => None,
    });
    names.collect()
}

/// One line per change: action, kind, name, cause.
fn change_text(plan: &Plan, desired: &Desired) -> String {
    let changes = changes::changes(plan, desired);
    let line = |one: changes::Change| {
        let line = format!(
            "{} {} {}: {}",
            one.action.as_str(),
            one.kind,
            one.name,
            one.cause
        );
        line.trim_end_matches(": ").to_owned() + "\n"
    };
    changes.into_iter().map(line).collect()
}
