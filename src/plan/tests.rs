use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;

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
use crate::diagnostic::Place;
use crate::names::{EnvironmentName, ProjectName};
use crate::secret::Secret;
use crate::text::{SourceFile, Span};
use crate::workload::Workload;
use crate::workload::model::{
    Attachment, Condition, Dependency, HealthTest, Healthcheck, Hooks, Namespaces, PodMember,
    Process, PullPolicy, Service, ServiceNetwork,
};

fn place() -> Place {
    Place::new(&SourceFile::new("app.yml", ""), Span::at(0))
}

fn identity() -> Identity {
    Identity {
        project: ProjectName::new("shop").unwrap(),
        environment: EnvironmentName::new("dev").unwrap(),
        directory: PathBuf::from("/srv/shop"),
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

fn workload(services: Vec<Service>) -> Workload {
    Workload {
        services,
        ..Workload::default()
    }
}

/// An environment with one init container `migrate` and the given services.
fn shop(services: Vec<Service>) -> Desired {
    let environment = Environment {
        name: EnvironmentName::new("dev").unwrap(),
        place: place(),
        postgres: Postgres {
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
        env_files: Vec::new(),
        env_file_places: BTreeMap::new(),
        variables: BTreeMap::new(),
        bind: "127.0.0.1".parse().unwrap(),
        migrations_folder: None,
        migrations: Migrations::default(),
        protected: false,
    };
    let (desired, faults) = desired(&Inputs {
        identity: &identity(),
        environment: &environment,
        password: &Secret::from("secret"),
        init: &[Some(workload(vec![service("migrate")]))],
        deployment: Some(&workload(services)),
        mounted: &BTreeMap::new(),
    });
    assert_eq!(faults, []);
    desired
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
                let made = ObservedNetwork {
                    id: String::new(),
                    name: network.name.clone(),
                    labels: network.labels.clone(),
                };
                observed.networks.insert(network.name.clone(), made);
            }
            Action::CreateVolume(volume) => {
                let made = ObservedVolume {
                    name: volume.name.clone(),
                    labels: volume.labels.clone(),
                };
                observed.volumes.insert(volume.name.clone(), made);
            }
            Action::RemoveNetwork(name) => drop(observed.networks.remove(name)),
            Action::RemoveVolume(name) => drop(observed.volumes.remove(name)),
            Action::PrepareImage(name) => {
                observed
                    .images
                    .insert(name.clone(), format!("sha256:{name}"));
            }
            Action::CreateContainer { spec, .. } => {
                let mut made = container(&spec.name, &spec.image, spec.labels.clone());
                if let crate::plan::spec::NetworkAttachment::Networks(endpoints) = &spec.network {
                    made.networks = endpoints.iter().map(|one| one.network.clone()).collect();
                }
                let taken = observed.containers.insert(spec.name.clone(), made);
                assert!(taken.is_none(), "{} is taken", spec.name);
            }
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
            Action::PostStart { .. }
            | Action::PreStop { .. }
            | Action::AwaitLogin
            | Action::Migrate(_) => {}
        }
    }
}

fn set(observed: &mut Observed, name: &str, state: State) {
    observed.containers.get_mut(name).unwrap().state = state;
}

fn container(name: &str, image: &str, labels: Labels) -> ObservedContainer {
    ObservedContainer {
        id: name.to_owned(),
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

fn plan_text(desired: &Desired, observed: &Observed) -> String {
    let planned = start(desired, observed, &StartOptions::default()).unwrap();
    planned.plan.to_string()
}

#[test]
fn a_first_start_creates_everything_while_the_database_starts() {
    let web = needs(tested(service("web")), "cache", Condition::Healthy);
    let desired = shop(vec![tested(service("cache")), web]);
    insta::assert_snapshot!(plan_text(&desired, &Observed::default()), @r"
     1  prepare image poststack/postgres:15
     2  prepare image debian
     3  create network shop-dev_default [after 1, 2]
     4  create volume shop-dev_pgdata [after 1, 2]
     5  create container shop-dev-postgres [after 1, 3, 4]
     6  start container shop-dev-postgres [after 5]
     7  wait for a login to the database [after 6]
     8  create container shop-dev-migrate-1 [after 2, 3, 5]
     9  start container shop-dev-migrate-1 [after 7, 8]
    10  wait for exit 0 of shop-dev-migrate-1 [after 9]
    11  create container shop-dev-cache-1 [after 2, 3, 5]
    12  start container shop-dev-cache-1 [after 10, 11]
    13  wait until ready: shop-dev-cache-1 [after 12]
    14  create container shop-dev-web-1 [after 2, 3, 5]
    15  start container shop-dev-web-1 [after 10, 13, 14]
    16  wait until ready: shop-dev-web-1 [after 15]
    ");
}

#[test]
fn a_start_of_what_runs_only_looks_whether_the_database_answers() {
    let desired = shop(vec![tested(service("web"))]);
    insta::assert_snapshot!(plan_text(&desired, &running(&desired)), @r"
      1  wait for a login to the database
    ");
}

#[test]
fn a_changed_service_is_replaced_and_its_field_is_named() {
    let observed = running(&shop(vec![
        with_variable(service("web"), "info"),
        service("job"),
    ]));
    let desired = shop(vec![with_variable(service("web"), "debug"), service("job")]);
    insta::assert_snapshot!(plan_text(&desired, &observed), @r"
    1  wait for a login to the database
    2  create container shop-dev-web-1.next
    3  rename container shop-dev-web-1 to shop-dev-web-1.previous [after 1, 2]
    4  stop container shop-dev-web-1.previous (changed: environment.LEVEL) [after 3]
    5  rename container shop-dev-web-1.next to shop-dev-web-1 [after 4]
    6  start container shop-dev-web-1 (changed: environment.LEVEL) [after 5]
    7  wait until ready: shop-dev-web-1 [after 6]
    8  remove container shop-dev-web-1.previous (its successor is ready) [after 1, 2, 3, 4, 5, 6, 7]
    ");
}

#[test]
fn what_an_interrupted_replacement_left_is_put_right() {
    let desired = shop(vec![service("web")]);
    let mut observed = running(&desired);
    let mut web = observed.containers.remove("shop-dev-web-1").unwrap();
    web.name = "shop-dev-web-1.previous".to_owned();
    web.state = State::Exited(Some(0));
    let next = container("shop-dev-web-1.next", "debian", web.labels.clone());
    observed.containers.insert(web.name.clone(), web);
    observed.containers.insert(next.name.clone(), next);
    insta::assert_snapshot!(plan_text(&desired, &observed), @r"
    1  remove container shop-dev-web-1.next (left by an interrupted start)
    2  rename container shop-dev-web-1.previous to shop-dev-web-1 (left by an interrupted start)
    3  wait for a login to the database
    4  start container shop-dev-web-1 [after 2, 3]
    5  wait until ready: shop-dev-web-1 [after 4]
    ");
}

#[test]
fn a_service_in_the_network_of_a_replaced_one_follows_it() {
    let mut sidecar = service("sidecar");
    sidecar.network = ServiceNetwork::Service("web".to_owned());
    let sidecar = needs(sidecar, "web", Condition::Started);
    let before = vec![with_variable(service("web"), "info"), sidecar.clone()];
    let observed = running(&shop(before));
    let desired = shop(vec![with_variable(service("web"), "debug"), sidecar]);
    let text = plan_text(&desired, &observed);
    assert!(
        text.contains("shares the network of shop-dev-web-1"),
        "{text}"
    );
}

#[test]
fn a_failed_replacement_is_undone() {
    let observed = running(&shop(vec![with_variable(service("web"), "info")]));
    let desired = shop(vec![with_variable(service("web"), "debug")]);
    let planned = start(&desired, &observed, &StartOptions::default()).unwrap();
    let waits = planned.plan.steps.iter().position(
        |step| matches!(&step.action, Action::AwaitReady { name, .. } if name == "shop-dev-web-1"),
    );
    let steps = planned.plan.steps[..waits.unwrap()].to_vec();
    let done: Vec<Action> = steps.iter().map(|step| step.action.clone()).collect();
    let back = undo(&done, &observed);
    insta::assert_snapshot!(back.to_string(), @r"
    1  remove container shop-dev-web-1 (the deploy failed)
    2  rename container shop-dev-web-1.previous to shop-dev-web-1 (the deploy failed) [after 1]
    3  start container shop-dev-web-1 (the deploy failed) [after 2]
    4  wait until ready: shop-dev-web-1 [after 3]
    ");
    let mut engine = observed.clone();
    apply(&Plan { steps }, &mut engine);
    apply(&back, &mut engine);
    assert_eq!(engine, observed);
}

#[test]
fn an_object_of_somebody_else_is_never_touched() {
    let desired = shop(vec![service("web")]);
    let mut observed = Observed::default();
    let labels = Labels::from([("com.docker.compose.project".to_owned(), "other".to_owned())]);
    let foreign = container("shop-dev-web-1", "nginx", labels);
    observed.containers.insert(foreign.name.clone(), foreign);
    let conflicts = start(&desired, &observed, &StartOptions::default()).unwrap_err();
    assert_eq!(
        conflicts,
        [Conflict::Foreign {
            kind: "container",
            name: "shop-dev-web-1".to_owned(),
            owner: "Docker Compose project `other`".to_owned(),
        }]
    );
}

#[test]
fn a_stop_ends_dependents_first_and_the_database_last() {
    let web = needs(service("web"), "cache", Condition::Started);
    let desired = shop(vec![service("cache"), web]);
    let options = StopOptions {
        remove: true,
        keep_postgres: false,
    };
    let plan = stop(&desired, &running(&desired), options);
    insta::assert_snapshot!(plan.to_string(), @r"
    1  remove container shop-dev-migrate-1
    2  stop container shop-dev-web-1
    3  remove container shop-dev-web-1 [after 2]
    4  stop container shop-dev-cache-1 [after 3]
    5  remove container shop-dev-cache-1 [after 4]
    6  stop container shop-dev-postgres [after 1, 3, 5]
    7  remove container shop-dev-postgres [after 6]
    8  remove network shop-dev_default [after 1, 2, 3, 4, 5, 6, 7]
    ");
}

/// The names of containers that an action makes, takes or uses.
fn names(action: &Action) -> Vec<String> {
    match action {
        Action::CreateContainer { spec, .. } => vec![spec.name.clone()],
        Action::RenameContainer { from, to } => vec![from.clone(), to.clone()],
        Action::StartContainer(name)
        | Action::StopContainer { name, .. }
        | Action::RemoveContainer { name, .. }
        | Action::AwaitExit { name }
        | Action::AwaitReady { name, .. } => vec![name.clone()],
        _ => Vec::new(),
    }
}

#[test]
fn an_init_container_that_never_ran_is_removed_before_it_is_made_anew() {
    let desired = shop(vec![service("web")]);
    let mut observed = running(&desired);
    set(&mut observed, "shop-dev-migrate-1", State::Created);
    insta::assert_snapshot!(plan_text(&desired, &observed), @r"
    1  remove container shop-dev-migrate-1 (left by an interrupted start)
    2  wait for a login to the database
    3  create container shop-dev-migrate-1 [after 1]
    4  start container shop-dev-migrate-1 [after 2, 3]
    5  wait for exit 0 of shop-dev-migrate-1 [after 4]
    ");
}

#[test]
fn a_network_with_another_definition_is_not_passed_over() {
    let observed = running(&shop(vec![service("web")]));
    let mut desired = shop(vec![service("web")]);
    let network = &mut desired.networks[0];
    network.internal = true;
    let fields = definition::network_fields(network);
    network
        .labels
        .insert(identity::DEFINITION.to_owned(), definition::encode(&fields));
    let conflicts = start(&desired, &observed, &StartOptions::default()).unwrap_err();
    let shown: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["network `shop-dev_default` was made with another definition (changed: internal)"]
    );
}

/// Up to six services; each may need earlier ones, be tested, and hold a value.
fn any_services() -> impl Strategy<Value = Vec<Service>> {
    let one = (
        any::<bool>(),
        0..3u8,
        prop::collection::vec((0..6usize, 0..3u8), 0..3),
    );
    prop::collection::vec(one, 1..6).prop_map(|drafts| {
        let mut services: Vec<Service> = Vec::new();
        for (index, (is_tested, value, dependencies)) in drafts.into_iter().enumerate() {
            let mut made = with_variable(service(&format!("s{index}")), &value.to_string());
            for (other, condition) in dependencies {
                let condition = match condition {
                    0 => Condition::Started,
                    1 => Condition::Healthy,
                    _ => Condition::CompletedSuccessfully,
                };
                let name = format!("s{other}");
                let known = made.depends_on.iter().any(|one| one.service == name);
                if other < index && !known {
                    made = needs(made, &name, condition);
                }
            }
            services.push(if is_tested { tested(made) } else { made });
        }
        services
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn planning_twice_plans_nothing(before in any_services(), after in any_services()) {
        let mut observed = running(&shop(before));
        let desired = shop(after);
        let options = StartOptions { remove_orphans: true, ..StartOptions::default() };
        observed.images.extend(images(&desired).images);
        let first = start(&desired, &observed, &options).unwrap();
        apply(&first.plan, &mut observed);
        let second = start(&desired, &observed, &options).unwrap();
        prop_assert!(second.plan.changes_nothing(), "{}", second.plan);
        prop_assert_eq!(second.orphans, Vec::<String>::new());
    }

    #[test]
    fn every_step_waits_only_for_earlier_ones(before in any_services(), after in any_services()) {
        let observed = running(&shop(before));
        let planned = start(&shop(after), &observed, &StartOptions::default()).unwrap();
        for (id, step) in planned.plan.steps.iter().enumerate() {
            prop_assert!(step.after.iter().all(|&before| before < id), "{}", planned.plan);
        }
    }

    #[test]
    fn steps_on_one_container_never_run_at_once(
        before in any_services(),
        after in any_services(),
        states in prop::collection::vec(0..4u8, 12),
    ) {
        let mut observed = running(&shop(before));
        for (container, state) in observed.containers.values_mut().zip(states) {
            container.state = match state {
                0 => State::Created,
                1 => State::Exited(Some(1)),
                2 => State::Running,
                _ => container.state,
            };
        }
        let planned = start(&shop(after), &observed, &StartOptions::default()).unwrap();
        let steps = &planned.plan.steps;
        let mut ancestors: Vec<std::collections::BTreeSet<usize>> = Vec::new();
        for step in steps {
            let all = step.after.iter().flat_map(|id| ancestors[*id].iter().chain([id]));
            let all = all.copied().collect();
            ancestors.push(all);
        }
        for (late, step) in steps.iter().enumerate() {
            for (early, other) in steps.iter().enumerate().take(late) {
                let shared = names(&step.action).iter().any(|name| names(&other.action).contains(name));
                let ordered = ancestors[late].contains(&early);
                prop_assert!(!shared || ordered, "{} and {}:\n{}", early + 1, late + 1, planned.plan);
            }
        }
    }

    #[test]
    fn a_plan_never_touches_what_it_does_not_own(services in any_services(), taken in 0..6usize) {
        let desired = shop(services);
        let mut observed = images(&desired);
        let name = format!("shop-dev-s{taken}-1");
        let stranger = container(&name, "debian", Labels::new());
        observed.containers.insert(name.clone(), stranger);
        match start(&desired, &observed, &StartOptions::default()) {
            Err(conflicts) => {
                let is_it = |one: &Conflict| {
                    matches!(one, Conflict::Foreign { name: taken, .. } if *taken == name)
                };
                prop_assert!(conflicts.iter().all(is_it));
            }
            Ok(planned) => {
                let text = planned.plan.to_string();
                prop_assert!(!text.contains(&name), "{text}");
            }
        }
        let stopped = stop(&desired, &observed, StopOptions { remove: true, keep_postgres: false });
        prop_assert!(!stopped.to_string().contains(&name));
    }
}
