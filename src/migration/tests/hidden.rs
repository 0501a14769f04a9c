//! Values that are kept out of messages.

use super::super::hidden::Hidden;

fn masked(values: &[&str], text: &str) -> String {
    Hidden::new(values.iter().copied()).mask(text)
}

#[test]
fn a_value_is_hidden_wherever_it_stands_and_however_its_letters_are_written() {
    assert_eq!(
        masked(&["Hunter2"], "role \"hunter2\" and xHUNTER2y"),
        "role \"***\" and x***y"
    );
    assert_eq!(masked(&["it''s secret"], "Key (it's secret)"), "Key (***)");
    assert_eq!(masked(&["ünter-würde"], "at \"WÜRDE\""), "at \"***\"");
}

#[test]
fn the_longest_value_is_hidden_first_and_part_of_a_long_one_too() {
    assert_eq!(masked(&["abcd", "abcdef"], "abcdef abcd"), "*** ***");
    let long = "0123456789abcdef0123456789";
    assert_eq!(
        masked(&[long], "row contains (0123456789abcde...)"),
        "row contains (***...)"
    );
}

#[test]
fn a_short_value_is_hidden_where_it_stands_by_itself() {
    assert_eq!(
        masked(&["1", ""], "column \"1\" of 21"),
        "column \"***\" of 21"
    );
}
