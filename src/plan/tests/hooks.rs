//! What runs before and after the start of a container, and before its stop.

use super::*;

fn hook(command: &str) -> Hook {
    Hook {
        command: vec![command.to_owned()],
        ..Hook::default()
    }
}

fn hooked(name: &str) -> Service {
    let step = |command: &str, per_replica: bool| PreStart {
        image: None,
        hook: hook(command),
        per_replica,
    };
    let mut made = service(name);
    made.hooks.pre_start = vec![step("migrate", false), step("prepare", true)];
    made.hooks.post_start = vec![hook("warm")];
    made.hooks.pre_stop = vec![hook("flush")];
    made
}

#[test]
fn hooks_run_one_after_the_other_around_the_start() {
    let desired = shop(vec![hooked("web")]);
    let observed = running(&shop(vec![]));
    insta::assert_snapshot!(plan_text(&desired, &observed), @r"
     1  wait for a login to the database
     2  create container shop-dev-web-1
     3  create container shop-dev-web-1.pre-start-1 [after 2]
     4  start container shop-dev-web-1.pre-start-1 [after 1, 2, 3]
     5  wait for exit 0 of shop-dev-web-1.pre-start-1 [after 4]
     6  remove container shop-dev-web-1.pre-start-1 (it has done its work) [after 5]
     7  create container shop-dev-web-1.pre-start-2 [after 2]
     8  start container shop-dev-web-1.pre-start-2 [after 6, 7]
     9  wait for exit 0 of shop-dev-web-1.pre-start-2 [after 8]
    10  remove container shop-dev-web-1.pre-start-2 (it has done its work) [after 9]
    11  start container shop-dev-web-1 [after 10]
    12  run post_start in container shop-dev-web-1 [after 11]
    13  wait until ready: shop-dev-web-1 [after 12]
    ");
}

#[test]
fn a_step_for_all_runs_once_before_any_container_starts() {
    let desired = shop(vec![scaled(hooked("web"), 2)]);
    let hooks: Vec<&str> = desired.hook_names().collect();
    insta::assert_snapshot!(hooks.join("\n"), @r"
    shop-dev-web-1.pre-start-1
    shop-dev-web-1.pre-start-2
    shop-dev-web-2.pre-start-2
    ");
    let plan = planned(&desired, &running(&shop(vec![])));
    let find = |wanted: &str| {
        plan.steps
            .iter()
            .position(|step| step.action.to_string() == wanted)
            .unwrap()
    };
    let all = find("wait for exit 0 of shop-dev-web-1.pre-start-2");
    let second = &plan.steps[find("start container shop-dev-web-2.pre-start-2")];
    assert!(second.after.contains(&all), "{plan}");
}

#[test]
fn a_container_that_stays_runs_no_hook_again() {
    let desired = shop(vec![hooked("web")]);
    let mut observed = running(&desired);
    assert!(planned(&desired, &observed).changes_nothing());
    set(&mut observed, "shop-dev-web-1", State::Exited(Some(1)));
    insta::assert_snapshot!(plan_text(&desired, &observed), @r"
    1  wait for a login to the database
    2  start container shop-dev-web-1 (it had ended with code 1) [after 1]
    3  run post_start in container shop-dev-web-1 [after 2]
    4  wait until ready: shop-dev-web-1 [after 3]
    ");
}

#[test]
fn a_replaced_container_is_told_before_it_stops_and_after_its_successor_is_prepared() {
    let desired = shop(vec![hooked("web")]);
    let mut changed = hooked("web");
    changed.hooks.post_start = vec![hook("other")];
    let changed = shop(vec![changed]);
    insta::assert_snapshot!(plan_text(&changed, &running(&desired)), @r"
     1  wait for a login to the database
     2  create container shop-dev-web-1.next
     3  create container shop-dev-web-1.pre-start-1 [after 2]
     4  start container shop-dev-web-1.pre-start-1 [after 1, 2, 3]
     5  wait for exit 0 of shop-dev-web-1.pre-start-1 [after 4]
     6  remove container shop-dev-web-1.pre-start-1 (it has done its work) [after 5]
     7  create container shop-dev-web-1.pre-start-2 [after 2]
     8  start container shop-dev-web-1.pre-start-2 [after 6, 7]
     9  wait for exit 0 of shop-dev-web-1.pre-start-2 [after 8]
    10  remove container shop-dev-web-1.pre-start-2 (it has done its work) [after 9]
    11  rename container shop-dev-web-1 to shop-dev-web-1.previous [after 10]
    12  run pre_stop in container shop-dev-web-1.previous [after 11]
    13  stop container shop-dev-web-1.previous (changed: post_start) [after 12]
    14  rename container shop-dev-web-1.next to shop-dev-web-1 [after 13]
    15  start container shop-dev-web-1 (changed: post_start) [after 14]
    16  run post_start in container shop-dev-web-1 [after 15]
    17  wait until ready: shop-dev-web-1 [after 16]
    18  remove container shop-dev-web-1.previous (its successor is ready) [after 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]
    ");
}

#[test]
fn a_stop_runs_what_the_label_says_without_the_file() {
    let observed = running(&shop(vec![hooked("web")]));
    let plan = stop(&shop(vec![]), &observed, StopOptions::default());
    insta::assert_snapshot!(plan.to_string(), @r"
    1  run pre_stop in container shop-dev-web-1
    2  stop container shop-dev-web-1 [after 1]
    3  stop container shop-dev-postgres [after 2]
    ");
}

#[test]
fn a_command_with_a_secret_is_on_no_label_and_runs_as_its_file_says() {
    let mut web = service("web");
    web.hooks.pre_stop = vec![hook("flush"), hook("curl hush")];
    let desired = shop(vec![web]);
    let described = desired.container("shop-dev-web-1").unwrap();
    let labels = &described.spec.labels;
    assert!(!format!("{labels:?}").contains("hush"), "{labels:?}");
    let commands = |described: Option<&DesiredContainer>| -> Vec<(String, bool)> {
        let all = crate::plan::hooks::before_stop(labels, described);
        let all = all.into_iter();
        all.map(|one| (one.hook.command.join(" "), one.lost))
            .collect()
    };
    let flush = ("flush".to_owned(), false);
    let curl = |text: &str, lost: bool| (text.to_owned(), lost);
    assert_eq!(
        commands(Some(described)),
        [flush.clone(), curl("curl hush", false)]
    );
    assert_eq!(commands(None), [flush.clone(), curl("curl ***", true)]);
    let other = shop(vec![hooked("web")]);
    let other = other.container("shop-dev-web-1");
    assert_eq!(commands(other), [flush, curl("curl ***", true)]);
}

#[test]
fn a_failed_hook_is_kept_and_goes_when_it_runs_again() {
    let desired = shop(vec![hooked("web")]);
    let before = running(&shop(vec![]));
    let plan = planned(&desired, &before);
    let waits = plan.steps.iter().position(|step| matches!(&step.action, Action::AwaitExit { name } if name == "shop-dev-web-1.pre-start-1"));
    let steps = plan.steps[..waits.unwrap()].to_vec();
    let mut now = before.clone();
    apply(&Plan { steps }, &mut now);
    set(
        &mut now,
        "shop-dev-web-1.pre-start-1",
        State::Exited(Some(3)),
    );
    let back = undo(&desired, &before, &now);
    apply(&back, &mut now);
    assert!(now.containers.contains_key("shop-dev-web-1.pre-start-1"));
    assert!(!now.containers.contains_key("shop-dev-web-1"));
    let again = planned(&desired, &now);
    apply(&again, &mut now);
    assert!(planned(&desired, &now).changes_nothing());
    assert!(!now.containers.contains_key("shop-dev-web-1.pre-start-1"));
}
