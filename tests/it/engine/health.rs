//! Waiting for health, eagerly.

use std::time::{Duration, Instant};

use poststack::engine::HealthOutcome;
use poststack::workload::model::{HealthTest, Healthcheck, Restart};

use super::on_each_engine;

fn check(line: &str, interval: u64, retries: u32) -> Option<Healthcheck> {
    Some(Healthcheck {
        test: HealthTest::Shell(line.to_owned()),
        interval: Some(Duration::from_millis(interval)),
        timeout: Some(Duration::from_secs(5)),
        retries: Some(retries),
        ..Healthcheck::default()
    })
}

#[test]
fn health_is_seen_long_before_the_engines_timer() {
    on_each_engine("healthy", async |scratch| {
        let mut spec = scratch.container("a", "sleep 0.5; touch /ready; sleep 60");
        spec.process.healthcheck = check("test -e /ready", 30_000, 3);
        let id = scratch.run(&spec).await;
        let start = Instant::now();
        let outcome = scratch.wait_healthy(&id, None).await;
        assert_eq!(outcome, HealthOutcome::Healthy);
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
    });
}

#[test]
fn a_failing_test_is_unhealthy_after_its_retries_and_shows_its_output() {
    on_each_engine("unhealthy", async |scratch| {
        let mut spec = scratch.container("a", "sleep 60");
        spec.process.healthcheck = check("echo no database; false", 300, 3);
        let id = scratch.run(&spec).await;
        let start = Instant::now();
        let outcome = scratch.wait_healthy(&id, None).await;
        let HealthOutcome::Unhealthy { last_output } = outcome else {
            panic!("{outcome:?}");
        };
        assert!(last_output.contains("no database"), "{last_output}");
        assert!(
            start.elapsed() >= Duration::from_millis(600),
            "{:?}",
            start.elapsed()
        );
    });
}

#[test]
fn failures_in_the_start_period_do_not_count() {
    on_each_engine("period", async |scratch| {
        let mut spec = scratch.container("a", "sleep 2; touch /ready; sleep 60");
        let mut check = check("test -e /ready", 100, 1);
        check.as_mut().unwrap().start_period = Some(Duration::from_secs(30));
        spec.process.healthcheck = check;
        let id = scratch.run(&spec).await;
        let outcome = scratch.wait_healthy(&id, None).await;
        assert_eq!(outcome, HealthOutcome::Healthy);
    });
}

#[test]
fn a_container_that_ends_is_told_with_its_exit_code_at_once() {
    on_each_engine("exiting", async |scratch| {
        let mut spec = scratch.container("a", "sleep 0.5; exit 9");
        spec.process.healthcheck = check("false", 30_000, 3);
        let id = scratch.run(&spec).await;
        let start = Instant::now();
        let outcome = scratch.wait_healthy(&id, None).await;
        assert_eq!(outcome, HealthOutcome::Exited(9));
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
    });
}

#[test]
fn a_restarting_container_may_still_become_healthy() {
    on_each_engine("restarting", async |scratch| {
        let script =
            "if [ -e /again ]; then touch /ready; sleep 60; fi; touch /again; sleep 0.5; exit 1";
        let mut spec = scratch.container("a", script);
        spec.process.restart = Restart::OnFailure {
            max_retries: Some(3),
        };
        spec.process.healthcheck = check("test -e /ready", 10_000, 3);
        let id = scratch.run(&spec).await;
        let outcome = scratch.wait_healthy(&id, None).await;
        assert_eq!(outcome, HealthOutcome::Healthy);
    });
}

#[test]
fn the_limit_ends_the_wait_and_keeps_the_output() {
    on_each_engine("limit", async |scratch| {
        let mut spec = scratch.container("a", "sleep 60");
        spec.process.healthcheck = check("echo still not; false", 30_000, 3);
        let id = scratch.run(&spec).await;
        let limit = Some(Duration::from_millis(1500));
        let outcome = scratch.wait_healthy(&id, limit).await;
        let HealthOutcome::TimedOut { last_output } = outcome else {
            panic!("{outcome:?}");
        };
        assert!(last_output.contains("still not"), "{last_output}");
    });
}

#[test]
fn no_test_and_a_switched_off_test_are_told() {
    on_each_engine("notest", async |scratch| {
        let id = scratch.run(&scratch.container("a", "sleep 60")).await;
        assert_eq!(scratch.wait_healthy(&id, None).await, HealthOutcome::NoTest);
        let mut spec = scratch.container("b", "sleep 60");
        spec.process.healthcheck = Some(Healthcheck {
            test: HealthTest::None,
            ..Healthcheck::default()
        });
        let id = scratch.run(&spec).await;
        assert_eq!(scratch.wait_healthy(&id, None).await, HealthOutcome::NoTest);
    });
}
