//! Services with several containers.

use super::*;

#[test]
fn a_service_has_as_many_containers_as_it_is_told() {
    let web = needs(service("web"), "cache", Condition::Healthy);
    let desired = shop(vec![
        scaled(tested(service("cache")), 2),
        web,
        scaled(service("off"), 0),
    ]);
    let names: Vec<&str> = desired
        .deployment
        .iter()
        .map(|one| one.spec.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["shop-dev-cache-1", "shop-dev-cache-2", "shop-dev-web-1"]
    );
    let labels = &desired.deployment[1].spec.labels;
    assert_eq!(labels["com.docker.compose.container-number"], "2");
    let hash = |at: usize| &desired.deployment[at].hash;
    assert_ne!(hash(0), hash(1), "each is known by its own name");
    let plan = planned(&desired, &running(&shop(vec![])));
    let steps = &plan.steps;
    let find = |wanted: &str| {
        steps
            .iter()
            .position(|step| step.action.to_string() == wanted)
            .unwrap()
    };
    let start = &steps[find("start container shop-dev-web-1")];
    for ready in [
        "wait until ready: shop-dev-cache-1",
        "wait until ready: shop-dev-cache-2",
    ] {
        assert!(start.after.contains(&find(ready)), "{plan}");
    }
}

#[test]
fn the_highest_numbers_go_when_a_service_shrinks() {
    let observed = running(&shop(vec![scaled(service("web"), 3)]));
    let desired = shop(vec![service("web")]);
    let started = start(&desired, &observed, &StartOptions::default()).unwrap();
    assert_eq!(started.orphans, Vec::<String>::new());
    insta::assert_snapshot!(change_text(&started.plan, &desired), @r"
    remove container shop-dev-web-2: `web` shall have 1
    remove container shop-dev-web-3: `web` shall have 1
    ");
    let mut after = observed;
    apply(&started.plan, &mut after);
    assert!(!after.containers.contains_key("shop-dev-web-2"));
    assert!(planned(&desired, &after).changes_nothing());
}

#[test]
fn a_service_of_none_leaves_nothing() {
    let observed = running(&shop(vec![service("web"), service("job")]));
    let desired = shop(vec![scaled(service("web"), 0), service("job")]);
    insta::assert_snapshot!(change_text(&planned(&desired, &observed), &desired), @"remove container shop-dev-web-1: `web` shall have 0");
}

#[test]
fn the_namespace_of_a_service_is_that_of_its_first_container() {
    let desired = shop(vec![
        scaled(service("web"), 2),
        in_network_of(service("side"), "web"),
    ]);
    let side = desired.container("shop-dev-side-1").unwrap();
    let owners: Vec<(&str, &str)> = side.spec.lives_in().collect();
    assert_eq!(owners, [("network", "shop-dev-web-1")]);
}

#[test]
fn what_only_one_container_can_have_is_a_fault_of_several() {
    let mut web = scaled(service("web"), 3);
    web.container_name = Some("only".to_owned());
    let mut api = scaled(service("api"), 2);
    let port = |first: u16, last: u16| crate::workload::model::Port {
        host_ip: None,
        published: Some(crate::workload::model::PublishedPort { first, last }),
        target: 80,
        protocol: crate::workload::model::Protocol::Tcp,
    };
    api.process.ports = vec![port(8080, 8080), port(9000, 9001)];
    let (_, faults) = shop_with_faults(vec![web, api]);
    let texts: Vec<String> = faults
        .iter()
        .map(|one| format!("{} / {}", one.message, one.help.clone().unwrap_or_default()))
        .collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    `web` cannot have 3 containers: they would all be called `only` / remove `container_name`: each gets a name with its number
    `api` cannot have 2 containers on 1 host port / publish a range that is long enough, `8080-8081:80`, or leave the host port out: `80`
    ");
}

#[test]
fn new_volumes_for_the_rest_take_none_from_orphans_and_surplus() {
    let before = vec![scaled(service("web"), 2), service("old")];
    let observed = running(&shop(before));
    let desired = shop(vec![with_variable(service("web"), "new")]);
    let options = StartOptions {
        remove_orphans: true,
        renew_volumes: true,
        ..StartOptions::default()
    };
    let plan = start(&desired, &observed, &options).unwrap().plan;
    let text = plan.to_string();
    for gone in ["shop-dev-old-1", "shop-dev-web-2"] {
        assert!(text.contains(&format!("remove container {gone}")), "{text}");
    }
    assert_eq!(removed_with_volumes(&plan), ["shop-dev-web-1.previous"]);
}

#[test]
fn a_service_of_an_inactive_profile_is_no_orphan() {
    let observed = running(&shop(vec![service("web"), service("debug")]));
    let mut desired = shop(vec![service("web")]);
    desired.inactive.insert("debug".to_owned());
    let options = StartOptions {
        remove_orphans: true,
        ..StartOptions::default()
    };
    let started = start(&desired, &observed, &options).unwrap();
    assert!(started.plan.changes_nothing(), "{}", started.plan);
    let started = start(&desired, &observed, &StartOptions::default()).unwrap();
    assert_eq!(started.orphans, Vec::<String>::new());
}
