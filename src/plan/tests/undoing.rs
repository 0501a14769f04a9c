//! A failed start is undone, wherever it failed.

use super::properties::any_services;
use super::*;
use proptest::prelude::*;

/// What is there after the first `count` steps of the plan and their undoing.
fn undone(desired: &Desired, before: &Observed, plan: &Plan, count: usize) -> (Plan, Observed) {
    let steps = plan.steps.iter().take(count).cloned().collect();
    let mut now = before.clone();
    apply(&Plan { steps }, &mut now);
    let back = undo(desired, before, &now);
    apply(&back, &mut now);
    (back, now)
}

#[test]
fn a_failed_replacement_is_undone() {
    let observed = running(&shop(vec![with_variable(service("web"), "info")]));
    let desired = shop(vec![with_variable(service("web"), "debug")]);
    let plan = planned(&desired, &observed);
    let waits = plan.steps.iter().position(
        |step| matches!(&step.action, Action::AwaitReady { name, .. } if name == "shop-dev-web-1"),
    );
    let (back, now) = undone(&desired, &observed, &plan, waits.unwrap());
    insta::assert_snapshot!(back.to_string(), @r"
    1  remove container shop-dev-web-1 (the deploy failed)
    2  rename container shop-dev-web-1.previous to shop-dev-web-1 (the deploy failed) [after 1]
    3  start container shop-dev-web-1 (the deploy failed) [after 1, 2]
    4  wait until ready: shop-dev-web-1 [after 3]
    ");
    assert_eq!(now, observed);
}

#[test]
fn what_failed_at_its_first_start_is_kept_for_its_log_and_what_never_ran_goes() {
    let desired = shop(vec![
        service("web"),
        needs(service("late"), "web", Condition::Started),
    ]);
    let before = images(&desired);
    let plan = planned(&desired, &before);
    let starts = plan.steps.iter().position(
        |step| matches!(&step.action, Action::StartContainer(name) if name == "shop-dev-web-1"),
    );
    let (_, now) = undone(&desired, &before, &plan, starts.unwrap() + 1);
    let names: Vec<&str> = now.containers.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["shop-dev-migrate-1", "shop-dev-postgres", "shop-dev-web-1"]
    );
}

#[test]
fn who_lives_in_a_container_that_is_started_again_starts_after_it() {
    let side = || in_network_of(service("side"), "web");
    let before = running(&shop(vec![with_variable(service("web"), "info"), side()]));
    let desired = shop(vec![with_variable(service("web"), "debug"), side()]);
    let plan = planned(&desired, &before);
    let stops = plan.steps.iter().position(|step| matches!(&step.action, Action::StopContainer { name, .. } if name == "shop-dev-web-1.previous"));
    let (back, now) = undone(&desired, &before, &plan, stops.unwrap() + 1);
    let text = back.to_string();
    let started = text.find("start container shop-dev-web-1 ").unwrap();
    let followed = text.find("start container shop-dev-side-1 ").unwrap();
    assert!(started < followed, "{text}");
    assert_eq!(now, before);
}

#[test]
fn orphans_that_made_way_run_again() {
    let mut before = running(&shop(vec![service("web"), service("old")]));
    let desired = shop(vec![with_variable(service("web"), "new")]);
    before.images.extend(images(&desired).images);
    let options = StartOptions {
        remove_orphans: true,
        ..StartOptions::default()
    };
    let plan = start(&desired, &before, &options).unwrap().plan;
    let (work, _) = plan.before_finish();
    let (_, now) = undone(&desired, &before, &plan, work.steps.len());
    assert_eq!(now, before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn wherever_a_deploy_fails_what_ran_before_runs_again(before in any_services(), after in any_services()) {
        let mut observed = running(&shop(before));
        let desired = shop(after);
        observed.images.extend(images(&desired).images);
        let plan = planned(&desired, &observed);
        let (work, _) = plan.before_finish();
        for count in 0..=work.steps.len() {
            let (back, now) = undone(&desired, &observed, &plan, count);
            for (name, former) in observed.containers.iter().filter(|(_, one)| one.runs()) {
                let found = now.containers.get(name);
                prop_assert_eq!(found, Some(former), "{} of\n{}\n{}", count, plan, back);
            }
            let aside = now.containers.keys().find(|name| name.ends_with(NEXT) || name.ends_with(step::PREVIOUS));
            prop_assert_eq!(aside, None, "{} of\n{}\n{}", count, plan, back);
            let idle = now.containers.values().find(|one| one.state == State::Created);
            prop_assert_eq!(idle, None, "{} of\n{}\n{}", count, plan, back);
        }
    }
}
