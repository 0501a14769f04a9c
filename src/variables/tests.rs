use super::*;
use crate::text::{SourceFile, Span};

fn address() -> DatabaseAddress {
    DatabaseAddress {
        network_host: "postgres".to_owned(),
        network_port: 5432,
        host_host: "127.0.0.1".to_owned(),
        host_port: 5433,
        database: "my db".to_owned(),
        user: "us/er".to_owned(),
        password: Secret::from("p@ss:w0rd"),
    }
}

fn layers() -> Layers {
    Layers {
        built_in: built_ins("shop", "dev", &address()),
        ..Layers::default()
    }
}

/// Layers whose `variables:` are the lines `NAME: text` of a file.
fn with_variables(lines: &[&str]) -> Layers {
    let source = SourceFile::new(".poststack.yml", lines.join("\n"));
    let mut layers = layers();
    let mut at = 0;
    for line in lines {
        let (name, text) = line.split_once(": ").unwrap();
        let end = at + line.len();
        let place = Place::new(&source, Span::new(end - text.len(), end));
        let text = text.to_owned();
        let variable = ConfigVariable { text, place };
        layers.variables.insert(name.to_owned(), variable);
        at = end + 1;
    }
    layers
}

fn env_file(path: &str, text: &str) -> Source {
    SourceFile::new(path, text)
}

fn resolved(layers: &Layers) -> Variables {
    let (variables, faults) = Variables::resolve(layers);
    assert_eq!(messages(&faults), [""; 0]);
    variables
}

fn messages(faults: &[Diagnostic]) -> Vec<String> {
    let message = |fault: &Diagnostic| match &fault.place {
        Some(place) => format!("{place}: {}", fault.message),
        None => fault.message.clone(),
    };
    faults.iter().map(message).collect()
}

fn faults(layers: &Layers) -> Vec<String> {
    messages(&Variables::resolve(layers).1)
}

fn text<'a>(variables: &'a Variables, name: &str) -> &'a str {
    variables.get(name).unwrap().value(Reader::Network)
}

#[test]
fn the_higher_layer_wins() {
    let mut layers = with_variables(&["A: variables", "B: variables"]);
    layers.set = vec![("A".into(), "old".into()), ("A".into(), "set".into())];
    layers.env_files = vec![
        env_file("1.env", "A=1\nB=1\nC=1\nD=1"),
        env_file("2.env", "C=2"),
    ];
    for name in ["A", "B", "C", "D", "E", "DB_HOST"] {
        layers.process.insert(name.into(), "process".into());
    }
    let variables = resolved(&layers);
    let found = ["A", "B", "C", "D", "E", "DB_HOST"].map(|name| {
        let variable = variables.get(name).unwrap();
        (variable.value(Reader::Network), variable.layer)
    });
    assert_eq!(
        found,
        [
            ("set", Layer::Set),
            ("variables", Layer::Variables),
            ("2", Layer::EnvFile),
            ("1", Layer::EnvFile),
            ("process", Layer::Process),
            ("postgres", Layer::BuiltIn),
        ]
    );
    let place = variables.get("C").unwrap().place.clone().unwrap();
    assert_eq!(place.to_string(), "2.env:1:1");
}

#[test]
fn the_process_environment_is_found_by_name_and_never_listed() {
    let mut layers = layers();
    layers.process.insert("HOME".into(), "/root".into());
    let variables = resolved(&layers);
    assert_eq!(text(&variables, "HOME"), "/root");
    let listed: Vec<_> = variables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(listed, built_in::NAMES);
}

#[test]
fn a_text_refers_to_any_layer_and_resolves_for_its_reader() {
    let mut layers = with_variables(&["URL: http://${DB_HOST}:$DB_PORT/${PATH_PART}/$FROM_SHELL"]);
    layers.env_files = vec![env_file("e.env", "PATH_PART=${LATER}\nLATER=x")];
    layers.process.insert("FROM_SHELL".into(), "$HOME".into());
    let variables = resolved(&layers);
    let url = variables.get("URL").unwrap();
    assert_eq!(url.value(Reader::Network), "http://postgres:5432/x/$HOME");
    assert_eq!(url.value(Reader::Host), "http://127.0.0.1:5433/x/$HOME");
}

#[test]
fn set_values_are_taken_literally() {
    let mut layers = layers();
    layers.set = vec![("A".into(), "${DB_HOST} $$".into())];
    assert_eq!(text(&resolved(&layers), "A"), "${DB_HOST} $$");
}

#[test]
fn a_text_sees_the_layers_below_under_its_own_name() {
    let mut layers = with_variables(&["PATH: ${PATH}:/mine"]);
    layers.env_files = vec![env_file("e.env", "PATH=$PATH:/env")];
    layers.process.insert("PATH".into(), "/bin".into());
    assert_eq!(text(&resolved(&layers), "PATH"), "/bin:/env:/mine");
}

#[test]
fn an_env_file_entry_sees_the_earlier_entry_of_a_name_that_comes_twice() {
    let mut layers = layers();
    layers.env_files = vec![
        env_file("1.env", "A=1\nB=${A}\nA=2$A"),
        env_file("2.env", "A=3$A\nC=$A"),
    ];
    let variables = resolved(&layers);
    let found = ["A", "B", "C"].map(|name| text(&variables, name));
    assert_eq!(found, ["321", "1", "321"]);
}

#[test]
fn a_circle_is_reported_once_and_names_its_members() {
    let layers = with_variables(&["A: ${C}", "B: x", "C: $D", "D: ${A:-1}", "E: $A"]);
    assert_eq!(
        faults(&layers),
        [".poststack.yml:1:4: Variables refer to each other: `A` → `C` → `D` → `A`"]
    );
}

#[test]
fn a_long_chain_is_refused() {
    let mut lines: Vec<String> = (0..5000).map(|n| format!("V{n}=${{V{}}}", n + 1)).collect();
    lines.push("V5000=x".into());
    let mut layers = layers();
    layers.env_files = vec![env_file("e.env", &lines.join("\n"))];
    let found = faults(&layers);
    assert_eq!(
        found,
        ["e.env:101:1: More than 100 variables refer to one another in a row"]
    );
}

#[test]
fn values_that_double_each_other_are_refused() {
    let mut lines: Vec<String> = (0..60).map(|n| format!("V{n}=$V{0}$V{0}", n + 1)).collect();
    lines.push("V60=xxxxxxxx".into());
    let mut layers = layers();
    layers.env_files = vec![env_file("e.env", &lines.join("\n"))];
    let found = faults(&layers);
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("longer than 4194304 bytes"));
}

#[test]
fn a_built_in_cannot_be_defined() {
    let mut layers = with_variables(&["DB_HOST: x"]);
    layers.set = vec![("DB_PASS".into(), "x".into())];
    layers.env_files = vec![env_file("e.env", "A=1\nPOSTSTACK_PROJECT=x")];
    layers.process.insert("DB_NAME".into(), "x".into());
    assert_eq!(
        faults(&layers),
        [
            "`--set DB_PASS`: `DB_PASS` is built in",
            ".poststack.yml:1:10: `DB_HOST` is built in",
            "e.env:2:1: `POSTSTACK_PROJECT` is built in",
        ]
    );
    let (variables, _) = Variables::resolve(&layers);
    assert_eq!(text(&variables, "DB_HOST"), "postgres");
}

#[test]
fn a_name_that_no_file_could_refer_to_cannot_be_set() {
    let mut layers = layers();
    layers.set = vec![("A-B".into(), "x".into())];
    assert_eq!(faults(&layers), ["`--set A-B`: `A-B` is not a name"]);
}

#[test]
fn a_bad_text_is_reported_where_it_stands() {
    assert_eq!(
        faults(&with_variables(&["A: 1", "B: x ${A"])),
        [".poststack.yml:2:6: `${A` is not closed"]
    );
}

#[test]
fn what_a_text_misses_is_a_fault_only_where_it_is_used() {
    let layers = with_variables(&["A: x$NOPE", "B: $A ${REQ:?say it}", "C: ${A:-$ALSO}"]);
    let variables = resolved(&layers);
    let place = Place::new(&env_file("f", "p: $B"), Span::new(3, 5));
    let found = variables.expand("$B", &place, Reader::Host).unwrap_err();
    assert_eq!(
        messages(&found),
        [
            ".poststack.yml:1:5: Undefined variable `NOPE`",
            ".poststack.yml:2:7: Required variable `REQ` is missing: say it",
        ]
    );
    let (used_at, label) = &found[0].related[0];
    assert_eq!(used_at.to_string(), "f:1:4");
    assert_eq!(label, "needed for `B`");
}

#[test]
fn an_undefined_variable_gets_a_suggestion_and_a_way_to_define_it() {
    let variables = resolved(&with_variables(&["LOG_LEVEL: x"]));
    let fault = variables.undefined("LOG_LEVLE");
    assert_eq!(fault.message, "Undefined variable `LOG_LEVLE`");
    assert_eq!(
        fault.help.unwrap(),
        "did you mean `LOG_LEVEL`? Otherwise define it under `variables:` of the environment, \
         in the env file, or pass `--set LOG_LEVLE=value`"
    );
}

#[test]
fn one_text_expands_at_its_place() {
    let variables = resolved(&with_variables(&["A: secret-a"]));
    let source = env_file("f.yml", "password: x$A ${B} ${");
    let place = Place::new(&source, Span::new(10, 13));
    let password = variables.expand("x$A", &place, Reader::Host).unwrap();
    assert_eq!(password.expose(), "xsecret-a");
    let place = Place::new(&source, Span::new(14, 18));
    let found = variables.expand("${B}", &place, Reader::Host).unwrap_err();
    assert_eq!(messages(&found), ["f.yml:1:15: Undefined variable `B`"]);
}

#[test]
fn the_database_urls_are_percent_encoded_and_differ_by_reader() {
    let variables = resolved(&layers());
    let url = variables.get("POSTSTACK_DATABASE_URL").unwrap();
    assert_eq!(
        [Reader::Network, Reader::Host].map(|reader| url.value(reader)),
        [
            "postgresql://us%2Fer:p%40ss%3Aw0rd@postgres:5432/my%20db",
            "postgresql://us%2Fer:p%40ss%3Aw0rd@127.0.0.1:5433/my%20db",
        ]
    );
    let host = variables.get("POSTSTACK_HOST_DATABASE_URL").unwrap();
    assert_eq!(host.value(Reader::Network), url.value(Reader::Host));
    assert_eq!(
        url.shown(Reader::Network),
        "postgresql://us%2Fer:***@postgres:5432/my%20db"
    );
}

#[test]
fn a_host_that_is_an_ipv6_address_stands_in_brackets() {
    let mut address = address();
    address.host_host = "::1".to_owned();
    let url = address.url(Reader::Host);
    assert!(url.expose().ends_with("@[::1]:5433/my%20db"));
}

#[test]
fn what_is_made_of_a_secret_is_secret() {
    let variables = resolved(&with_variables(&[
        "A: pg://${DB_USER}-$DB_PASSWORD",
        "B: <$A>",
        "C: ${DB_PASSWORD:+set}",
    ]));
    let shown = ["A", "B", "C"].map(|name| {
        let variable = variables.get(name).unwrap();
        (variable.secret, variable.shown(Reader::Network))
    });
    let expected = [
        (true, "pg://us/er-***"),
        (true, "<pg://us/er-***>"),
        (false, "set"),
    ];
    assert_eq!(
        shown,
        expected.map(|(secret, text)| (secret, text.to_owned()))
    );
}

#[test]
fn a_name_can_make_its_value_secret() {
    let secret = [
        "DB_PASS",
        "x_password",
        "PASSWD",
        "MY_SECRET_1",
        "TOKENS",
        "PRIVATE",
        "Credentials",
        "APIKEY",
        "API_KEY_2",
        "SIGNING_KEY",
    ];
    let public = ["PASSWORD_FILE", "KEY", "MONKEY", "BYPASSED", "LOG_LEVEL"];
    assert_eq!(secret.map(value::is_secret_name), [true; 10]);
    assert_eq!(public.map(value::is_secret_name), [false; 5]);
}

#[test]
fn a_url_with_a_password_is_secret_whatever_its_name() {
    let cases = [
        ("redis://:pw@h:1/0", "redis://:***@h:1/0"),
        ("amqp://u:p/w#d@h/x", "amqp://u:***@h/x"),
        ("http://u:p@ss@h/x?q=1", "http://u:***@h/x?q=1"),
        ("http://h:80/a@b", "http://h:80/a@b"),
        ("http://u@h/", "http://u@h/"),
        ("http://h/a:b", "http://h/a:b"),
    ];
    for (text, expected) in cases {
        let mut layers = layers();
        layers.set = vec![("URL".into(), text.into())];
        let variables = resolved(&layers);
        let url = variables.get("URL").unwrap();
        assert_eq!(url.shown(Reader::Host), expected);
        assert_eq!(url.secret, text != expected);
    }
}

#[test]
fn masking_replaces_secrets_however_they_are_encoded() {
    let mut layers = layers();
    layers.set = vec![
        ("A_TOKEN".into(), "abcd".into()),
        ("B_TOKEN".into(), "abcdef".into()),
        ("SHORT_TOKEN".into(), "xyz".into()),
    ];
    layers.process.insert("C_TOKEN".into(), "canary".into());
    let variables = resolved(&layers);
    let masked = [
        "abcdef abcd xyz canary",
        "p@ss:w0rd p%40ss%3Aw0rd",
        "at postgresql://us%2Fer:p%40ss%3Aw0rd@127.0.0.1:5433/my%20db.",
    ]
    .map(|text| variables.mask(text));
    assert_eq!(
        masked,
        [
            "*** *** xyz ***",
            "*** ***",
            "at postgresql://us%2Fer:***@127.0.0.1:5433/my%20db.",
        ]
    );
}

#[test]
fn debug_output_shows_no_secret() {
    let mut layers = layers();
    layers.set = vec![("A_TOKEN".into(), "canary".into())];
    let shown = format!("{:?}", resolved(&layers));
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.contains("p@ss"), "{shown}");
}

#[test]
fn plain_strings_expand_as_in_compose() {
    let lookup = |name: &str| (name == "A").then(|| "a$A".to_owned());
    assert_eq!(expand_text("$A ${B} $$", lookup).unwrap(), "a$A  $");
    let fault = expand_text("${B:?need $A}", lookup).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "Required variable `B` is missing: need a$A"
    );
    let fault = expand_text("${", lookup).unwrap_err();
    assert_eq!(fault.to_string(), "`${` is not closed");
}
