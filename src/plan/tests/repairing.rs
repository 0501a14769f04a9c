//! What others, and interrupted runs, have left is put right.

use super::*;

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
    4  start container shop-dev-web-1 (it did not run) [after 2, 3]
    5  wait until ready: shop-dev-web-1 [after 4]
    ");
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
fn a_container_that_somebody_renamed_gets_its_name_back() {
    let desired = shop(vec![service("web")]);
    let mut observed = running(&desired);
    let mut web = observed.containers.remove("shop-dev-web-1").unwrap();
    web.name = "mine".to_owned();
    observed.containers.insert(web.name.clone(), web);
    insta::assert_snapshot!(plan_text(&desired, &observed), @r"
    1  rename container mine to shop-dev-web-1 (it was renamed outside poststack)
    2  wait for a login to the database
    ");
}

#[test]
fn a_container_that_somebody_edited_is_made_anew() {
    let desired = shop(vec![service("web")]);
    let mut observed = running(&desired);
    observed
        .containers
        .get_mut("shop-dev-web-1")
        .unwrap()
        .edited = vec!["restart".to_owned()];
    insta::assert_snapshot!(change_text(&planned(&desired, &observed), &desired), @"recreate container shop-dev-web-1: changed outside poststack: restart");
}

#[test]
fn a_database_that_somebody_edited_is_made_anew_only_where_its_data_stays() {
    let desired = shop(vec![]);
    let mut observed = running(&desired);
    let database = observed.containers.get_mut("shop-dev-postgres").unwrap();
    database.edited = vec!["restart".to_owned()];
    let plan = |storage: Storage| {
        let options = StartOptions {
            storage,
            ..StartOptions::default()
        };
        start(&desired, &observed, &options).unwrap().plan
    };
    assert!(plan(Storage::Tmpfs).changes_nothing());
    assert!(!plan(Storage::Volume).changes_nothing());
}

#[test]
fn a_container_outside_its_network_is_made_anew() {
    let desired = shop(vec![service("web")]);
    let mut observed = running(&desired);
    observed
        .containers
        .get_mut("shop-dev-web-1")
        .unwrap()
        .networks
        .clear();
    insta::assert_snapshot!(change_text(&planned(&desired, &observed), &desired), @"recreate container shop-dev-web-1: it is not in network shop-dev_default");
}

#[test]
fn who_lives_in_a_container_that_was_removed_or_stopped_follows_it() {
    let desired = shop(vec![service("web"), in_network_of(service("side"), "web")]);
    let mut removed = running(&desired);
    removed.containers.remove("shop-dev-web-1");
    insta::assert_snapshot!(change_text(&planned(&desired, &removed), &desired), @r"
    create container shop-dev-web-1
    recreate container shop-dev-side-1: shares the network of shop-dev-web-1
    ");
    let mut stopped = running(&desired);
    set(&mut stopped, "shop-dev-web-1", State::Exited(Some(0)));
    insta::assert_snapshot!(change_text(&planned(&desired, &stopped), &desired), @r"
    start container shop-dev-web-1: it did not run
    restart container shop-dev-side-1: shares the network of shop-dev-web-1, which starts anew
    ");
}

/// What a start killed after `done` steps leaves; what it made is younger than what was there.
fn killed(plan: &Plan, before: &Observed, done: usize) -> Observed {
    let steps = plan.steps.iter().take(done).cloned().collect();
    let mut left = before.clone();
    apply(&Plan { steps }, &mut left);
    let old = |one: &ObservedContainer| before.containers.values().any(|was| was.id == one.id);
    for one in left.containers.values_mut() {
        one.created = if old(one) { 0 } else { 1 };
    }
    left
}

#[test]
fn wherever_a_start_is_killed_the_next_one_hands_all_volumes_over() {
    let side = || in_network_of(service("side"), "web");
    let last = || in_network_of(service("last"), "side");
    let web = |value: &str| with_variable(service("web"), value);
    let before = running(&shop(vec![web("info"), side(), last()]));
    let desired = shop(vec![web("debug"), side(), last()]);
    let plan = planned(&desired, &before);
    for done in 0..=plan.steps.len() {
        let mut observed = killed(&plan, &before, done);
        let next = planned(&desired, &observed);
        for step in &next.steps {
            if let Action::CreateContainer { spec, predecessor } = &step.action {
                assert!(predecessor.is_some(), "{done}, {}:\n{next}", spec.name);
            }
        }
        apply(&next, &mut observed);
        let names: Vec<&String> = observed.containers.keys().collect();
        let wanted: Vec<&String> = before.containers.keys().collect();
        assert_eq!(names, wanted, "{done}:\n{next}");
        assert!(planned(&desired, &observed).changes_nothing(), "{done}");
    }
}
