use std::time::Duration;

use super::super::tests::{service, service_faults};
use super::*;

fn check(text: &str) -> Healthcheck {
    service(&format!("healthcheck: {text}"))
        .process
        .healthcheck
        .unwrap()
}

#[test]
fn a_test_is_a_string_for_the_shell_or_a_list_that_says_what_it_is() {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    for (text, test) in [
        (
            "{test: 'curl -f x || exit 1'}",
            HealthTest::Shell("curl -f x || exit 1".to_owned()),
        ),
        (
            "{test: [CMD-SHELL, 'a || b']}",
            HealthTest::Shell("a || b".to_owned()),
        ),
        (
            "{test: [CMD, curl, '-f']}",
            HealthTest::Command(words(&["curl", "-f"])),
        ),
        ("{test: [NONE]}", HealthTest::None),
        ("{disable: true}", HealthTest::None),
        ("{disable: 'TRUE', test: x}", HealthTest::None),
        (
            "{disable: false, test: x}",
            HealthTest::Shell("x".to_owned()),
        ),
        ("{test: []}", HealthTest::Inherit),
        ("{interval: 5s}", HealthTest::Inherit),
    ] {
        assert_eq!(check(text).test, test, "{text}");
    }
}

#[test]
fn timings_are_durations_and_retries_a_number() {
    let check = check(
        "{test: x, interval: 1m30s, timeout: 500ms, start_period: 10s, start_interval: 1s, retries: '3'}",
    );
    assert_eq!(check.interval, Some(Duration::from_secs(90)));
    assert_eq!(check.timeout, Some(Duration::from_millis(500)));
    assert_eq!(check.start_period, Some(Duration::from_secs(10)));
    assert_eq!(check.start_interval, Some(Duration::from_secs(1)));
    assert_eq!(check.retries, Some(3));
}

#[test]
fn faults_of_a_healthcheck() {
    insta::assert_snapshot!(service_faults("healthcheck: {test: [curl, x], interval: 10, timeout: 1d, retries: many, startperiod: 1s}"), @r##"
    error 4:25: `services.a.healthcheck.test` must start with CMD, CMD-SHELL or NONE
      help: write [CMD, program, argument, …] or one string
    error 4:46: `services.a.healthcheck.interval`: `10` is not a duration: it has no unit; write `10s`
    error 4:59: `services.a.healthcheck.timeout`: `1d` is not a duration: unknown unit `d`; units: ns, us, ms, s, m, h
    error 4:72: `services.a.healthcheck.retries` must be a whole number, this is a string
    error 4:78: Unknown key `startperiod` in `services.a.healthcheck`
      help: did you mean `start_period`?
    "##);
    insta::assert_snapshot!(service_faults("healthcheck: {test: [CMD-SHELL, a, b], start_interval: 1s, disable: 1}"), @r"
    warning 4:25: `services.a.healthcheck.test` has several words after CMD-SHELL; they are joined
      help: write one string; Compose would run `a` without its arguments
    error 4:73: `services.a.healthcheck.disable` must be `true` or `false`, this is a number
    ");
    insta::assert_snapshot!(service_faults("healthcheck: {test: ''}"), @r##"
    error 4:25: `services.a.healthcheck.test` is empty
      help: write a command, or `disable: true`
    "##);
    insta::assert_snapshot!(service_faults("healthcheck: {test: [CMD]}"), @r##"
    error 4:25: `services.a.healthcheck.test` has no command
      help: write [CMD, program, argument, …]
    "##);
    insta::assert_snapshot!(service_faults("healthcheck: {test: [CMD, sleep, 1]}"), @r##"
    error 4:38: `services.a.healthcheck.test` must be a string, this is a number
      help: put it in quotes: "1"
    "##);
    insta::assert_snapshot!(service_faults("healthcheck: curl"), @r##"
    error 4:18: `services.a.healthcheck` must be a mapping, this is a string
    "##);
}

#[test]
fn several_words_of_a_shell_command_are_one_command_line() {
    let service = service("healthcheck: {test: [CMD-SHELL, pg_isready, -U, me]}");
    let test = service.process.healthcheck.unwrap().test;
    assert_eq!(test, HealthTest::Shell("pg_isready -U me".to_owned()));
}
