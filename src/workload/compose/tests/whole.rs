//! Files as a whole: what is told when, and that nothing brings the reader down.

use proptest::prelude::*;

use super::*;

const SHOP: &str = "
name: shop
x-common: &common
  restart: unless-stopped
  logging: &logging {driver: json-file, options: {max-size: 10m}}
  environment: &environment
    LOG_LEVEL: ${LOG_LEVEL:-info}
    DATABASE_URL: postgres://shop:${DB_PASSWORD}@${DB_HOST}:5432/shop
services:
  proxy:
    <<: *common
    image: nginx:1.27
    ports: ['${PORT}:80', '127.0.0.1:8443:443']
    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro', 'certs:/certs']
    networks: [front]
    depends_on: {web: {condition: service_healthy}, api: {condition: service_healthy}}
  web:
    <<: *common
    build: {context: ., dockerfile_inline: FROM node:22, args: {NODE_ENV: production}}
    networks: [front]
    healthcheck: &health {test: [CMD, curl, -f, 'http://localhost:3000/'], interval: 5s, retries: 3}
    depends_on: [api]
  api:
    <<: *common
    image: shop/api:${TAG:-latest}
    environment: {<<: *environment, ROLE: api}
    env_file: [{path: api.env, required: false}]
    networks: {front: {aliases: [backend]}, back: }
    healthcheck: {<<: *health, start_period: 20s}
    depends_on: {migrate: {condition: service_completed_successfully}, cache: {condition: service_started}}
    deploy: {resources: {limits: {cpus: '0.50', memory: 256M}}}
    secrets: [token]
    configs: [{source: settings, target: /etc/settings.yml}]
  worker:
    <<: *common
    image: shop/api:${TAG:-latest}
    command: worker --queue 'high priority'
    environment: {<<: *environment, ROLE: worker}
    networks: [back]
    depends_on: [cache]
    stop_grace_period: 1m30s
    init: true
  migrate:
    image: shop/api:${TAG:-latest}
    command: [migrate, up]
    environment: *environment
    networks: [back]
    restart: 'no'
  cache:
    image: redis:7
    command: redis-server --save ''
    tmpfs: /data
    networks: [back]
  agent:
    image: shop/agent
    network_mode: host
    environment: *environment
    pid: host
  sidecar:
    image: shop/sidecar
    network_mode: service:proxy
  mail:
    image: mailhog/mailhog
    ports: ['1025:1025', '8025:8025']
    profiles: [debug]
  backup:
    image: shop/backup
    volumes: [{type: volume, source: certs, target: /certs, read_only: true}, {type: tmpfs, target: /work}]
    networks: [back]
    user: '1000:1000'
    read_only: true
    cap_drop: [ALL]
networks: {front: , back: {internal: true}}
volumes: {certs: }
secrets: {token: {environment: DB_PASSWORD}}
configs: {settings: {content: 'url: http://api'}}
";

#[test]
fn a_real_file_becomes_a_workload_in_start_order() {
    let project = Project::new(SHOP);
    let workload = project.load().workload;
    let names: Vec<_> = workload
        .services
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "migrate", "cache", "api", "web", "proxy", "worker", "agent", "sidecar", "backup"
        ]
    );
    let environment = |name: &str| {
        let service = workload
            .services
            .iter()
            .find(|one| one.name == name)
            .unwrap();
        service.process.environment["DATABASE_URL"].clone().unwrap()
    };
    assert_eq!(
        environment("api").expose(),
        "postgres://shop:canary-4711@postgres:5432/shop"
    );
    assert_eq!(
        environment("agent").expose(),
        "postgres://shop:canary-4711@127.0.0.1:5432/shop"
    );
    assert_eq!(
        workload.services[2].process.environment["ROLE"]
            .as_ref()
            .unwrap()
            .expose(),
        "api"
    );
    assert_eq!(
        workload.services[5].process.command.as_ref().unwrap()[2],
        "high priority"
    );
    assert_eq!(
        workload.networks.keys().collect::<Vec<_>>(),
        ["back", "front"]
    );
    insta::assert_snapshot!(project.faults(), @r##"
    note 2:1: `name` is ignored: poststack names the project `<project>-<environment>`
    "##);
}

#[test]
fn a_file_needs_services() {
    for text in ["", "# nothing\n", "---\n"] {
        assert_eq!(
            faults(text),
            "error 1:1: The file is empty\n  help: a Compose file has `services:`\n",
            "{text:?}"
        );
    }
    insta::assert_snapshot!(faults("volumes: {}\n"), @r##"
    error 1:1: The file has no `services`
      help: add `services:` with at least one service
    "##);
    insta::assert_snapshot!(faults("services:\n"), @r##"
    error 1:1: `services` is empty
      help: add a service
    "##);
    insta::assert_snapshot!(faults("services: {}\n"), @r##"
    error 1:1: `services` is empty
      help: add a service
    "##);
    insta::assert_snapshot!(faults("services: [a]\n"), @r##"
    error 1:11: `services` must be a mapping, this is a list
    "##);
    insta::assert_snapshot!(faults("[services]\n"), @r##"
    error 1:1: A Compose file is a mapping, this is a list
      help: start with `services:`
    "##);
    insta::assert_snapshot!(faults("services: {a: , b: x, 'c d': {image: x}, e: {image: ''}}\n"), @r##"
    error 1:12: The service `a` has neither `image` nor `build`
      help: add `image: <name>` or `build: <folder>`
    error 1:20: `services.b` must be a mapping, this is a string
    error 1:23: `c d` is no name for a service
      help: use letters, digits, `.`, `_` and `-`; variables are not expanded in keys
    error 1:53: `services.e.image` is empty
      help: write for instance `nginx:1.27`
    "##);
    assert_eq!(faults("services: {a: {image: x}}\n---\nservices: {}\n"), "");
}

#[test]
fn a_file_that_cannot_be_read_or_parsed_is_told() {
    let project = Project::new("services: {a: {image: x}");
    insta::assert_snapshot!(project.faults(), @r"
    error 1:11: Invalid YAML: this `{` is never closed
      help: write `}` after its last entry, and `,` between two
    ");
    std::fs::remove_file(project.folder.path().join("compose.yml")).unwrap();
    assert_eq!(project.faults(), "error : No such file: `compose.yml`\n");
}

#[test]
fn an_undefined_variable_is_one_error_and_no_other_follows_from_it() {
    let text =
        "services: {a: {image: '$IMAGE', mem_limit: $LIMIT, ports: ['$P:80'], colour: red}}\n";
    insta::assert_snapshot!(faults(text), @r##"
    error 1:24: Undefined variable `IMAGE`
      help: define it under `variables:` of the environment, in the env file, or pass `--set IMAGE=value`
    error 1:44: Undefined variable `LIMIT`
      help: define it under `variables:` of the environment, in the env file, or pass `--set LIMIT=value`
    error 1:61: Undefined variable `P`
      help: did you mean `A`? Otherwise define it under `variables:` of the environment, in the env file, or pass `--set P=value`
    error 1:70: Unknown key `colour` in `services.a`
      help: keys of your own start with `x-`
    "##);
    insta::assert_snapshot!(Project::new(text).allow_undefined().faults(), @r##"
    error 1:23: `services.a.image` is empty
      help: write for instance `nginx:1.27`
    warning 1:24: Undefined variable `IMAGE`
      help: define it under `variables:` of the environment, in the env file, or pass `--set IMAGE=value`
    error 1:44: `services.a.mem_limit`: `` is not a size in bytes: write for instance `64m` or `1.5g`
    warning 1:44: Undefined variable `LIMIT`
      help: define it under `variables:` of the environment, in the env file, or pass `--set LIMIT=value`
    warning 1:60: `:80` publishes a random port of the host
      help: write a host port before the colon, or the container's port alone
    warning 1:61: Undefined variable `P`
      help: did you mean `A`? Otherwise define it under `variables:` of the environment, in the env file, or pass `--set P=value`
    error 1:70: Unknown key `colour` in `services.a`
      help: keys of your own start with `x-`
    "##);
}

#[test]
fn one_fault_in_a_merged_mapping_is_told_once() {
    insta::assert_snapshot!(faults("
x-base: &base {image: x, restart: never, cap_add: NET_ADMIN}
services: {a: *base, b: {<<: *base}, c: {<<: *base, restart: always}}
"), @r##"
    error 2:35: `services.a.restart` is `never`
      help: write `no`, `always`, `unless-stopped` or `on-failure[:times]`
    error 2:51: `services.a.cap_add` must be a list, this is a string
      help: write [NET_ADMIN]
    "##);
}

#[test]
fn a_secret_does_not_get_into_a_message() {
    let found = faults(
        "services: {a: {image: x, restart: $DB_PASSWORD, ports: ['$DB_PASSWORD:80'], mem_limit: '${DB_PASSWORD}', command: \"'$DB_PASSWORD\"}}",
    );
    assert!(!found.contains("canary"), "{found}");
    assert!(found.contains("`***`"), "{found}");
}

#[test]
fn words_of_yaml_1_1_are_booleans_with_a_warning() {
    insta::assert_snapshot!(service_faults("init: yes\ntty: Off\nread_only: 'TRUE'"), @r##"
    warning 4:11: `services.a.init` is a word of YAML 1.1 for `true`
      help: write `true`
    warning 5:10: `services.a.tty` is a word of YAML 1.1 for `false`
      help: write `false`
    "##);
    assert_eq!(service("init: yes").process.init, Some(true));
}

fn yaml() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(super::super::keys::SERVICE.read).prop_map(str::to_owned),
        prop::sample::select(vec![
            "a",
            "b",
            "~",
            "",
            "host",
            "service:a",
            "a:b:c",
            "${A}",
            "1-2:3/udp",
            "./x:/y",
            "-1",
            "1e9",
            "['",
            "true",
            "!reset",
            "&a",
            "*a"
        ])
        .prop_map(str::to_owned),
        "[ -~é]{0,8}",
    ];
    word.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(
                (
                    prop::sample::select(super::super::keys::SERVICE.read),
                    inner
                ),
                0..4
            )
            .prop_map(|pairs| pairs
                .iter()
                .map(|(key, value)| format!("{key}: {value}"))
                .collect::<Vec<_>>()
                .join(", "))
            .prop_map(|pairs| format!("{{{pairs}}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_value_under_any_key_is_read_or_reported(
        key in prop::sample::select(super::super::keys::SERVICE.read),
        value in yaml(),
        top in prop::sample::select(vec!["services", "networks", "volumes", "secrets", "configs"]),
    ) {
        let text = format!("services: {{a: {{image: x, {key}: {value}}}}}\n");
        let loaded = Project::new(&text).load();
        prop_assert!(!loaded.workload.services.is_empty() || crate::diagnostic::any_error(&loaded.diagnostics));
        Project::new(&format!("{top}: {{a: {value}}}\n")).load();
        Project::new(&value).load();
    }

    #[test]
    fn any_two_files_merge_or_are_reported(
        key in prop::sample::select(super::super::keys::SERVICE.read),
        base in yaml(),
        over in yaml(),
        tag in prop::sample::select(vec!["", "!reset ", "!override "]),
    ) {
        let base = format!("services: {{a: {{image: x, {key}: {base}}}, b: {{image: x}}}}\n");
        let over = format!("services: {{a: {{{key}: {tag}{over}, extends: b}}}}\n");
        let over = format!("{over}---\nservices: {{b: {{image: y}}}}\n");
        let loaded = Project::new(&base).onto("over.yml", &over).load();
        prop_assert!(!loaded.workload.services.is_empty() || crate::diagnostic::any_error(&loaded.diagnostics));
        Project::new(&format!("include: {over}\n")).load();
    }
}
