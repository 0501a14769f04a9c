//! What a stop and a restart do.

use super::*;

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
    1  stop container shop-dev-web-1
    2  remove container shop-dev-web-1 [after 1]
    3  stop container shop-dev-cache-1 [after 2]
    4  remove container shop-dev-cache-1 [after 3]
    5  remove container shop-dev-migrate-1
    6  stop container shop-dev-postgres [after 2, 4, 5]
    7  remove container shop-dev-postgres [after 6]
    8  remove network shop-dev_default [after 1, 2, 3, 4, 5, 6, 7]
    ");
}

#[test]
fn a_restart_takes_all_containers_of_a_service_and_those_that_live_in_them() {
    let desired = shop(vec![
        scaled(service("web"), 2),
        in_network_of(service("side"), "web"),
        service("job"),
    ]);
    let web: Vec<&DesiredContainer> = desired
        .deployment
        .iter()
        .filter(|one| one.service == "web")
        .collect();
    let plan = restart(&desired, &web, &running(&desired));
    insta::assert_snapshot!(plan.to_string(), @r"
    1  stop container shop-dev-web-1
    2  start container shop-dev-web-1 [after 1]
    3  wait until ready: shop-dev-web-1 [after 2]
    4  stop container shop-dev-web-2
    5  start container shop-dev-web-2 [after 4]
    6  wait until ready: shop-dev-web-2 [after 5]
    7  stop container shop-dev-side-1 [after 3, 6]
    8  start container shop-dev-side-1 [after 7]
    9  wait until ready: shop-dev-side-1 [after 8]
    ");
}

#[test]
fn who_shares_a_namespace_stops_first_though_its_label_says_nothing() {
    let desired = shop(vec![
        service("vpn"),
        Service {
            depends_on: Vec::new(),
            ..in_network_of(service("alone"), "vpn")
        },
    ]);
    let options = StopOptions {
        remove: true,
        keep_postgres: true,
    };
    let plan = stop(&desired, &running(&desired), options);
    let at = |wanted: &str| {
        let mut steps = plan.steps.iter();
        let found = steps.position(|step| step.action.to_string() == wanted);
        found.unwrap()
    };
    let owner = plan.steps.get(at("stop container shop-dev-vpn-1")).unwrap();
    let follower = at("remove container shop-dev-alone-1");
    assert!(owner.after.contains(&follower), "{plan}");
}

#[test]
fn the_volumes_of_a_service_outlive_what_its_hook_left() {
    let desired = shop(vec![service("web")]);
    let mut observed = running(&desired);
    let web = observed.containers.get("shop-dev-web-1").unwrap();
    let mut labels = web.labels.clone();
    labels.insert(identity::ROLE.to_owned(), "hook".to_owned());
    let hook = container("shop-dev-web-1-pre-start-1", "debian", labels);
    observed.containers.insert(hook.name.clone(), hook);
    let options = StopOptions {
        remove: true,
        keep_postgres: false,
    };
    let plan = stop(&desired, &observed, options);
    assert_eq!(removed_with_volumes(&plan), ["shop-dev-migrate-1"]);
}
