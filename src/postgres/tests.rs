//! The parts of the module that need no server.

use super::*;
use crate::secret::Secret;

fn address(host: &str, password: &str) -> Address {
    Address {
        tls: Tls::default(),
        ..Address::new(host, 5433, "my db", "us:er", Secret::new(password))
    }
}

#[test]
fn a_url_encodes_every_part() {
    assert_eq!(
        url(&address("127.0.0.1", "p@/?#%ü'a-b.c_d~")).expose(),
        "postgresql://us%3Aer:p%40%2F%3F%23%25%C3%BC%27a-b.c_d~@127.0.0.1:5433/my%20db"
    );
}

#[test]
fn an_ipv6_host_stands_in_brackets() {
    let url = url(&address("::1", "x"));
    assert!(url.expose().contains("@[::1]:5433/"), "{}", url.expose());
}

#[test]
fn an_address_does_not_show_its_password() {
    let address = address("localhost", "canary");
    assert!(!format!("{address} {address:?} {}", url(&address)).contains("canary"));
}

#[test]
fn quoting_keeps_a_value_one_value() {
    assert_eq!(quote::identifier(r#"a"; DROP"#), r#""a""; DROP""#);
    assert_eq!(quote::literal("it's"), "'it''s'");
    assert_eq!(quote::literal(r"a\'b"), r"E'a\\''b'");
}

#[test]
fn recovery_sends_a_verifier_and_never_the_password() {
    let sql = recovery::sql("o'neil", &Secret::new("canary"), "d\"b");
    assert!(!sql.expose().contains("canary"));
    assert!(
        sql.expose()
            .contains(r#"ALTER ROLE "o'neil" WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:"#)
    );
    assert!(sql.expose().contains("rolname = 'o''neil'"));
    let arguments = recovery::psql_command("app");
    assert!(
        arguments.contains(&"--username=app".to_owned()),
        "{arguments:?}"
    );
}
