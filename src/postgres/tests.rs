//! The parts of the module that need no server.

use std::time::Duration;

use proptest::prelude::*;

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

#[test]
fn a_url_says_everything_or_leaves_the_usual_out() {
    let address = Address::parse("postgres://app:secret@db.example.org").unwrap();
    assert_eq!(address.host, "db.example.org");
    assert_eq!(address.port, 5432);
    assert_eq!((&*address.user, &*address.database), ("app", "app"));
    assert_eq!(address.password.expose(), "secret");
    assert_eq!(address.tls, Tls::default());
    let full = "postgresql://app@[::1]:6000/shop?sslmode=verify-full&sslrootcert=/etc/root.crt\
                &channel_binding=require&connect_timeout=7&application_name=a%20b&options=-c%20x%3D1";
    let address = Address::parse(full).unwrap();
    assert_eq!((&*address.host, address.port), ("::1", 6000));
    assert_eq!(address.tls.mode, TlsMode::VerifyFull);
    assert_eq!(
        address.tls.root,
        RootCertificate::File("/etc/root.crt".into())
    );
    assert_eq!(address.tls.channel_binding, ChannelBinding::Require);
    let session = &address.session;
    assert_eq!(session.connect_timeout, Some(Duration::from_secs(7)));
    assert_eq!(session.application_name.as_deref(), Some("a b"));
    assert_eq!(session.options.as_deref(), Some("-c x=1"));
}

#[test]
fn a_socket_is_named_as_a_parameter_or_in_the_place_of_the_host() {
    let parameter = Address::parse("postgresql://app@/shop?host=/var/run/postgresql").unwrap();
    let encoded = Address::parse("postgresql://app@%2Fvar%2Frun%2Fpostgresql/shop").unwrap();
    assert_eq!(parameter, encoded);
    assert!(parameter.is_socket());
    assert_eq!(encoded.to_string(), "/var/run/postgresql:5432/shop");
}

#[test]
fn a_faulty_url_is_refused_without_a_word_of_the_password() {
    let refused = |url: &str| {
        let error = Address::parse(url).unwrap_err();
        let said = format!("{error} {} {error:?}", error.hint());
        for piece in ["canary", "bird"] {
            assert!(!said.contains(piece), "{url}: {said}");
        }
        error
    };
    assert_eq!(refused("mysql://u:canary@h/d"), UrlError::Scheme);
    assert_eq!(refused("postgres://u:canary@bird@h/d"), UrlError::RawAt);
    for separator in ['/', '?'] {
        let url = format!("postgres://u:canary{separator}bird=1@h/d");
        assert_eq!(refused(&url), UrlError::RawSeparator);
    }
    assert_eq!(refused("postgres://u:canary%@h/d"), UrlError::Percent);
    assert_eq!(refused("postgres://u:%é9canary@h/d"), UrlError::Percent);
    assert_eq!(
        refused("postgres://u:canary%ff@h/d"),
        UrlError::NotText("password")
    );
    assert_eq!(
        refused("postgres://u:canary%00@h/d"),
        UrlError::NotText("password")
    );
    assert_eq!(refused("postgres://u:canary@a,b/d"), UrlError::SeveralHosts);
    assert_eq!(
        refused("postgres://u:canary@/d?host=a,b"),
        UrlError::SeveralHosts
    );
    assert_eq!(refused("postgres://u:canary@/d"), UrlError::NoHost);
    assert_eq!(refused("postgres://h/d"), UrlError::NoUser);
    for port in ["bird", "0", "65536", "+1", "1:2"] {
        assert_eq!(
            refused(&format!("postgres://u:canary@h:{port}/d")),
            UrlError::Port
        );
    }
    assert_eq!(refused("postgres://u@[::1/d"), UrlError::Brackets);
    assert_eq!(refused("postgres://u@[::1]x/d"), UrlError::Brackets);
    assert_eq!(refused("postgres://u@h/d?sslmode"), UrlError::NotAParameter);
}

#[test]
fn a_parameter_is_named_when_it_or_its_value_is_unknown() {
    let said = |url: &str| Address::parse(url).unwrap_err().to_string();
    assert_eq!(
        said("postgres://u@h/d?sslcert=x"),
        "the database URL has a parameter poststack does not take: `sslcert`"
    );
    assert_eq!(
        said("postgres://u@h/d?sslmode=allow"),
        "`sslmode` in the database URL must be `disable`, `prefer`, `require`, `verify-ca` or \
         `verify-full`"
    );
    assert_eq!(
        said("postgres://u@h/d?sslmode=require&sslrootcert=system"),
        "`sslmode` in the database URL must be `verify-full` with `sslrootcert=system`"
    );
    let trusting = Address::parse("postgres://u@h/d?sslrootcert=system").unwrap();
    assert_eq!(trusting.tls.mode, TlsMode::VerifyFull);
    assert_eq!(
        said("postgres://u@h/d?connect_timeout=soon"),
        "`connect_timeout` in the database URL must be a whole number of seconds"
    );
}

fn any_tls() -> impl Strategy<Value = Tls> {
    let modes = [
        TlsMode::Disable,
        TlsMode::Prefer,
        TlsMode::Require,
        TlsMode::VerifyCa,
        TlsMode::VerifyFull,
    ];
    let bindings = [
        ChannelBinding::Disable,
        ChannelBinding::Prefer,
        ChannelBinding::Require,
    ];
    let root = prop_oneof![
        Just(RootCertificate::Usual),
        Just(RootCertificate::System),
        "/[a-z?&=#% ü]{1,9}".prop_map(|path| RootCertificate::File(path.into())),
    ];
    (select(&modes), root, select(&bindings)).prop_map(|(mode, root, channel_binding)| Tls {
        mode: match root {
            RootCertificate::System => TlsMode::VerifyFull,
            _ => mode,
        },
        root,
        channel_binding,
    })
}

fn select<T: Copy + std::fmt::Debug + 'static>(from: &[T]) -> impl Strategy<Value = T> + use<T> {
    proptest::sample::select(from.to_vec())
}

fn any_address() -> impl Strategy<Value = Address> {
    let text = r#"[^\x00]{1,12}|[@/:%#$'" \\?&=ü]{1,9}"#;
    let host = prop_oneof!["[a-z0-9._-]{1,20}", "[0-9a-f:]{2}::1", "/[a-z/ %?,]{0,9}x"];
    let host = host.prop_filter("several hosts", |host| !host.contains(','));
    let session = (
        proptest::option::of(text),
        proptest::option::of(text),
        proptest::option::of(1..10_000_u64),
    );
    let rest = (text, text, "[^\\x00]{0,12}", any_tls(), session);
    (host, 1..=u16::MAX, rest).prop_map(|(host, port, (database, user, password, tls, session))| {
        Address {
            tls,
            session: SessionOptions {
                application_name: session.0,
                options: session.1,
                connect_timeout: session.2.map(Duration::from_secs),
            },
            ..Address::new(host, port, database, user, Secret::new(password))
        }
    })
}

proptest! {
    #[test]
    fn an_address_is_what_its_url_says(address in any_address()) {
        let canonical = url(&address);
        let parsed = Address::parse(canonical.expose()).unwrap();
        prop_assert_eq!(parsed.password.expose(), address.password.expose());
        prop_assert_eq!(&parsed, &address);
        prop_assert_eq!(url(&parsed), canonical);
    }

    #[test]
    fn any_text_is_an_address_or_an_error(text in "(postgres://)?[a-z@/:?=&%\\[\\],0-9]{0,40}") {
        if let Ok(address) = Address::parse(&text) {
            prop_assert_eq!(Address::parse(url(&address).expose()), Ok(address));
        }
    }
}
