//! The section `verify`.

use super::*;
use crate::config::model::verify::{HttpTarget, PromiseKind};

const REST: &str = "environments: { dev: }\n";

#[test]
fn promises_are_read_in_their_short_and_their_long_form() {
    let config = config(&format!(
        "verify:
  web:
    ports: [8080, 53/udp]
    files: [/srv, {{ path: /etc/motd, contains: hello }}]
    processes: [nginx]
    http: [/, {{ path: /health, port: 81, status: 204 }}, {{ url: 'https://a.example/' }}]
    tcp: ['cache:6379', '[::1]:80']
    sql: [select 1, {{ query: select 2, expect: 2 }}]
  x-note: anything
{REST}"
    ));
    assert_eq!(config.verify.len(), 1);
    let promises = config.verify.get("web").unwrap();
    let kinds: Vec<&PromiseKind> = promises.iter().map(|one| &one.kind).collect();
    let [
        PromiseKind::Port(tcp),
        PromiseKind::Port(udp),
        PromiseKind::File(folder),
        PromiseKind::File(file),
        PromiseKind::Process(_),
        PromiseKind::Http(root),
        PromiseKind::Http(health),
        PromiseKind::Http(url),
        PromiseKind::Tcp { host, port: 6379 },
        PromiseKind::Tcp { host: v6, port: 80 },
        PromiseKind::Sql(plain),
        PromiseKind::Sql(expecting),
    ] = kinds.as_slice()
    else {
        panic!("{kinds:#?}");
    };
    assert_eq!([tcp.to_string(), udp.to_string()], ["8080/tcp", "53/udp"]);
    assert_eq!(
        [&folder.contains, &file.contains],
        [&None, &Some("hello".to_owned())]
    );
    let path = |path: &str, port| HttpTarget::Path {
        path: path.to_owned(),
        port,
    };
    assert_eq!(root.target, path("/", None));
    assert_eq!(
        (&health.target, health.status),
        (&path("/health", Some(81)), Some(204))
    );
    assert_eq!(url.target, HttpTarget::Url("https://a.example/".to_owned()));
    assert_eq!([host.as_str(), v6.as_str()], ["cache", "::1"]);
    assert_eq!(
        [&plain.expect, &expecting.expect],
        [&None, &Some("2".to_owned())]
    );
}

#[test]
fn what_is_no_promise_is_told_with_what_to_write() {
    let text = format!(
        "verify:
  web:
    port: [80]
    ports: [http, 70000, 80/sctp]
    files: [etc/motd, {{ contains: x }}]
    processes: nginx
    http: [health, {{ path: /a, url: 'http://b/' }}, {{ status: 99, path: / }}]
    tcp: [cache, ':80']
    sql: [{{ expect: 1 }}]
  api: [80]
{REST}"
    );
    insta::assert_snapshot!(faults(&text), @r#"
    3:5 error at "port": Unknown key `port` in `verify.<service>`
      help: did you mean `ports`?
    4:13 error at "http": `verify.ports` holds `http`, which is no port
      help: write a number such as `8080`, or `53/udp`
    4:19 error at "70000": `verify.ports` holds `70000`, which is no port
      help: write a number such as `8080`, or `53/udp`
    4:26 error at "80/sctp": `verify.ports` holds `80/sctp`, which is no port
      help: write a number such as `8080`, or `53/udp`
    5:13 error at "etc/motd": `verify.files` holds `etc/motd`, which is no absolute path
      help: write the absolute path in the container
    5:23 error at "{ contains: x }": `verify.files` has no `path`
      help: add `path: …`
    6:16 error at "nginx": `verify.processes` must be a list, this is a string
      help: write a list, for instance `processes: [nginx]`
    7:12 error at "health": `verify.http` holds `health`, which is neither a path nor a URL
      help: write a path of the service such as `/health`, or a URL with `http://` or `https://`
    7:22 error at "path": `verify.http` has both `url` and `path`
      help: keep one of the two
    7:62 error at "99": `verify.http.status` is 99; it must lie in 100 … 599
    8:11 error at "cache": `verify.tcp` holds `cache`, which is no address
      help: write `host:port`, for instance `cache:6379`
    8:18 error at "':80'": `verify.tcp` holds `:80`, which is no address
      help: write `host:port`, for instance `cache:6379`
    9:11 error at "{ expect: 1 }": `verify.sql` has no `query`
      help: add `query: …`
    10:8 error at "[80]": `verify.<service>` must be a mapping, this is a list
    "#);
}

#[test]
fn a_file_of_promises_needs_no_environment() {
    assert!(
        config("verify: { web: { ports: [80] } }\n")
            .environments
            .is_empty()
    );
}
