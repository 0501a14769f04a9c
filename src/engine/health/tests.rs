use super::*;

fn stored(test: &[&str]) -> InspectedHealthTest {
    InspectedHealthTest {
        test: test.iter().map(|word| (*word).to_owned()).collect(),
        ..InspectedHealthTest::default()
    }
}

#[test]
fn a_stored_test_gets_the_engines_defaults() {
    let test = Test::read(&stored(&["CMD-SHELL", "curl -f x"])).unwrap();
    assert_eq!(test.command, ["/bin/sh", "-c", "curl -f x"]);
    assert_eq!(test.interval, Duration::from_secs(30));
    assert_eq!((test.retries, test.start_period), (3, Duration::ZERO));
    assert_eq!(Test::read(&stored(&["NONE"])), None);
    assert_eq!(Test::read(&stored(&[])), None);
}

#[test]
fn failures_count_once_per_interval_and_not_in_the_start_period() {
    let test = Test {
        interval: Duration::from_secs(1),
        start_period: Duration::from_secs(5),
        retries: 2,
        ..Test::read(&stored(&["CMD", "true"])).unwrap()
    };
    let start = Instant::now();
    let mut patience = Patience::new(&test, Duration::ZERO);
    let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
    assert!(!patience.is_lost_at(at(1.0)));
    assert!(!patience.is_lost_at(at(4.0)));
    assert!(!patience.is_lost_at(at(5.1)), "the first of two retries");
    assert!(!patience.is_lost_at(at(5.2)), "too soon after it to count");
    assert!(patience.is_lost_at(at(6.2)));
}

#[test]
fn in_the_start_period_probes_come_at_least_in_the_start_interval() {
    let test = Test {
        interval: Duration::from_secs(30),
        start_period: Duration::from_secs(60),
        start_interval: Some(Duration::from_secs(1)),
        ..Test::read(&stored(&["CMD", "true"])).unwrap()
    };
    let pause = |seconds| test.longest_pause(Duration::from_secs(seconds)).as_secs();
    assert_eq!((pause(0), pause(59), pause(60)), (1, 1, 30));
}

#[test]
fn a_container_that_runs_for_long_has_no_start_period_left() {
    let test = Test {
        retries: 1,
        ..Test::read(&stored(&["CMD", "true"])).unwrap()
    };
    let mut patience = Patience::new(&test, Duration::from_secs(3600));
    assert!(patience.is_lost_at(Instant::now()));
}
