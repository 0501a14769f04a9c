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
