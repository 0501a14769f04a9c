use super::*;
use proptest::prelude::*;

#[test]
fn durations_are_those_of_go() {
    let cases = [
        ("0", 0),
        ("60s", 60_000_000_000),
        ("1m30s", 90_000_000_000),
        ("1.5h", 5_400_000_000_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("+2ms", 2_000_000),
        ("3us4ns", 3_004),
        ("3µs", 3_000),
        ("1h1h", 7_200_000_000_000),
    ];
    for (text, nanoseconds) in cases {
        assert_eq!(
            duration(text),
            Ok(Duration::from_nanos(nanoseconds)),
            "{text}"
        );
    }
}

#[test]
fn a_wrong_duration_says_what_to_write() {
    let fault = |text| duration(text).unwrap_err();
    assert_eq!(
        fault("10"),
        "`10` is not a duration: it has no unit; write `10s`"
    );
    assert_eq!(
        fault("1d"),
        "`1d` is not a duration: unknown unit `d`; units: ns, us, ms, s, m, h"
    );
    assert_eq!(fault("-1s"), "`-1s` is not a duration: it is negative");
    assert_eq!(
        fault(""),
        "`` is not a duration: it is empty; write for instance `60s`"
    );
    for text in [
        "s", ".s", "1..2s", "1 s", "1s ", "soon", "1e3s", "+", "1m30",
    ] {
        assert!(duration(text).is_err(), "{text}");
    }
    assert_eq!(
        fault("99999999999999999999h"),
        "`99999999999999999999h` is not a duration: it is longer than 292 years"
    );
}

#[test]
fn sizes_are_powers_of_1024() {
    let cases = [
        ("0", 0),
        ("512", 512),
        ("512b", 512),
        ("1k", 1024),
        ("1kb", 1024),
        ("1KiB", 1024),
        ("64m", 67_108_864),
        ("256MB", 268_435_456),
        ("1.5g", 1_610_612_736),
        ("0.1g", 107_374_182),
        ("1 GB", 1_073_741_824),
        ("2t", 2_199_023_255_552),
        ("1p", 1_125_899_906_842_624),
        ("3.7", 3),
    ];
    for (text, size) in cases {
        assert_eq!(bytes(text), Ok(size), "{text}");
    }
}

#[test]
fn a_wrong_size_says_what_to_write() {
    let fault = |text| bytes(text).unwrap_err();
    assert_eq!(
        fault("64x"),
        "`64x` is not a size in bytes: unknown unit `x`; units: b, k, m, g, t, p"
    );
    assert_eq!(
        fault("9999p"),
        "`9999p` is not a size in bytes: it is too large"
    );
    for text in [
        "", "m", "-1", "1  m", "1kx", "1bb", "1.2.3", "1e3", "0x10", " 1",
    ] {
        assert!(bytes(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_duration_and_a_size_or_an_error(text in ".*") {
        let _ = (duration(&text), bytes(&text));
    }

    #[test]
    fn whole_seconds_and_megabytes_come_back(number in 0_u32..1_000_000) {
        prop_assert_eq!(
            duration(&format!("{number}s")),
            Ok(Duration::from_secs(number.into()))
        );
        prop_assert_eq!(bytes(&format!("{number}m")), Ok(i64::from(number) << 20));
    }
}

#[test]
fn bytes_are_told_in_the_largest_unit_that_leaves_a_whole_one() {
    for (count, text) in [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024 * 1024 - 1, "1023.9 KiB"),
        (1024 * 1024 * 1024, "1.0 GiB"),
        (5 * 1024 * 1024 * 1024 * 1024, "5.0 TiB"),
        (u64::MAX, "16383.9 PiB"),
    ] {
        assert_eq!(bytes_text(count), text);
    }
}
