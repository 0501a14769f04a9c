use super::super::tests::{service, service_faults};

#[test]
fn a_command_is_a_list_or_a_string_of_words() {
    let words = |text: &str| service(&format!("command: {text}")).process.command;
    let given = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    assert_eq!(words("[sleep, '10']"), given(&["sleep", "10"]));
    assert_eq!(words("sh -c 'sleep 10'"), given(&["sh", "-c", "sleep 10"]));
    assert_eq!(words("[echo, $A, '$$A']"), given(&["echo", "a", "$A"]));
    assert_eq!(words("[]"), given(&[]));
    assert_eq!(words("''"), given(&[]));
    assert_eq!(words(""), None);
    assert_eq!(words("~"), None);
}

#[test]
fn faults_of_commands() {
    insta::assert_snapshot!(service_faults("command: [sleep, 10]\nentrypoint: 5"), @r##"
    error 4:22: `services.a.command` must be a string, this is a number
      help: put it in quotes: "10"
    error 5:17: `services.a.entrypoint` must be a string, this is a number
      help: put it in quotes: "5"
    "##);
    insta::assert_snapshot!(service_faults("command: echo 'a"), @r##"
    error 4:14: `services.a.command` does not split into words: a `'` is never closed
      help: write a list of words: [program, argument, …]
    "##);
    insta::assert_snapshot!(service_faults("command: a && b"), @r##"
    warning 4:14: `&` in `services.a.command` is an ordinary word: no shell reads it
      help: write [sh, -c, "…"] for a shell; quote the character to keep it as it is
    "##);
    insta::assert_snapshot!(service_faults("command: {a: b}"), @r##"
    error 4:14: `services.a.command` must be a string or a list of strings, this is a mapping
    "##);
}
