//! Which ports are published where.

use super::*;
use crate::diagnostic::Place;
use crate::text::{SourceFile, Span};

fn folder(publish: Option<Publish>) -> Folder {
    Folder {
        name: "web".to_owned(),
        dockerfile: "missing/Dockerfile".into(),
        image: "shop/web".to_owned(),
        container: Value::new("shop-web".to_owned(), Origin::Default),
        publish: publish.map(|publish| Value::new(publish, Origin::Variable("WEB".to_owned()))),
        environment: Vec::new(),
        place: Place::new(
            &SourceFile::new("containers/web/Dockerfile", ""),
            Span::at(0),
        ),
    }
}

fn exposed(ports: &[u16]) -> Vec<ExposedPort> {
    let of = |port: &u16| ExposedPort {
        port: *port,
        protocol: Protocol::Tcp,
    };
    ports.iter().map(of).collect()
}

fn pairs(publish: Option<Publish>, ports: &[u16], flag: Option<u16>) -> Vec<(u16, u16)> {
    let found = published(&folder(publish), &exposed(ports), flag).unwrap();
    let pair = |port: &Port| (port.published.unwrap().first, port.target);
    found.iter().map(pair).collect()
}

#[test]
fn what_nothing_is_said_of_is_published_where_no_privilege_is_needed() {
    assert_eq!(
        pairs(None, &[80, 443, 3000], None),
        [(8080, 80), (8443, 443), (3000, 3000)]
    );
    assert_eq!(pairs(None, &[], None), []);
}

#[test]
fn a_wished_port_takes_the_first_one_and_the_command_line_wins() {
    assert_eq!(
        pairs(Some(Publish::On(9000)), &[80, 443], None),
        [(9000, 80)]
    );
    assert_eq!(
        pairs(Some(Publish::On(9000)), &[80], Some(9001)),
        [(9001, 80)]
    );
    assert_eq!(pairs(Some(Publish::Nowhere), &[80], None), []);
    let refused = published(&folder(None), &[], Some(9000)).unwrap_err();
    assert!(refused.message.contains("exposes no port"), "{refused}");
}

#[test]
fn another_port_is_given_where_this_one_is_said() {
    let another = |publish, flag| decider(&folder(publish), flag).another();
    let published = Some(Publish::On(9000));
    assert_eq!(another(published, Some(9001)), "give another `--port`");
    assert_eq!(another(published, None), "export another `WEB`");
    assert_eq!(
        another(None, None),
        "write a `POSTSTACK_WEB_PORT` into .env"
    );
}

#[test]
fn the_first_port_is_the_first_one_written() {
    let text = "FROM x\nEXPOSE 8443/tcp 80\n# EXPOSE 1\nexpose 53/udp\nEXPOSE $PORT\n";
    assert_eq!(written(text), [8443, 80, 53]);
}

#[test]
fn two_services_on_one_port_are_told_apart() {
    let one = vec![binding(8080, 80)];
    let ports = |names: &[&str]| {
        let pairs = names.iter().map(|name| ((*name).to_owned(), one.clone()));
        BTreeMap::from_iter(pairs)
    };
    assert!(check(&ports(&["web"])).is_ok());
    let refused = check(&ports(&["admin", "web-2"])).unwrap_err();
    assert_eq!(
        refused.message,
        "`admin` and `web-2` would both be published on 8080"
    );
    assert_eq!(
        refused.hints.first().unwrap(),
        "write POSTSTACK_WEB_2_PORT=8081 into .env"
    );
}
