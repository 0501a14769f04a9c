//! What a start does, and why.

use super::*;

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
            compose: Some("other".to_owned()),
        }]
    );
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

#[test]
fn every_shared_namespace_is_followed_whatever_its_owner_is_replaced_for() {
    let mut side = service("side");
    side.namespaces.pid = Some(Namespace::Service("web".to_owned()));
    let mut other = service("other");
    other.namespaces.ipc = Some(Namespace::Service("web".to_owned()));
    let side = needs(side, "web", Condition::Started);
    let other = needs(other, "web", Condition::Started);
    let mut web = service("web");
    web.image = Some("shop".to_owned());
    let desired = shop(vec![web, side, other]);
    let mut observed = running(&desired);
    observed
        .images
        .insert("shop".to_owned(), "sha256:new".to_owned());
    insta::assert_snapshot!(change_text(&planned(&desired, &observed), &desired), @r"
    recreate container shop-dev-web-1: changed: image was built or pulled anew
    recreate container shop-dev-side-1: shares the processes of shop-dev-web-1
    recreate container shop-dev-other-1: shares the ipc of shop-dev-web-1
    ");
}

#[test]
fn anonymous_volumes_are_handed_on_unless_new_ones_are_asked_for() {
    let observed = running(&shop(vec![with_variable(service("web"), "info")]));
    let desired = shop(vec![with_variable(service("web"), "debug")]);
    let of = |renew_volumes: bool| {
        let options = StartOptions {
            renew_volumes,
            ..StartOptions::default()
        };
        let plan = start(&desired, &observed, &options).unwrap().plan;
        let mut actions = plan.steps.into_iter().map(|step| step.action);
        let heir = actions.by_ref().find_map(|action| match action {
            Action::CreateContainer { predecessor, .. } => Some(predecessor),
            _ => None,
        });
        let gone = actions.find_map(|action| match action {
            Action::RemoveContainer { volumes, .. } => Some(volumes),
            _ => None,
        });
        (heir.unwrap(), gone.unwrap())
    };
    assert_eq!(of(false), (Some("shop-dev-web-1".to_owned()), false));
    assert_eq!(of(true), (None, true));
}
