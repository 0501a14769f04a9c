use super::super::tests::{Project, service, service_faults};
use super::*;
use crate::workload::model::Namespace;

#[test]
fn a_restart_policy_is_one_of_four_words() {
    for (text, policy) in [
        ("no", Restart::No),
        ("'no'", Restart::No),
        ("''", Restart::No),
        ("always", Restart::Always),
        ("unless-stopped", Restart::UnlessStopped),
        ("on-failure", Restart::OnFailure { max_retries: None }),
        (
            "on-failure:3",
            Restart::OnFailure {
                max_retries: Some(3),
            },
        ),
    ] {
        assert_eq!(
            service(&format!("restart: {text}")).process.restart,
            policy,
            "{text}"
        );
    }
    insta::assert_snapshot!(service_faults("restart: sometimes"), @r##"
    error 4:14: `services.a.restart` is `sometimes`
      help: write `no`, `always`, `unless-stopped` or `on-failure[:times]`
    "##);
    insta::assert_snapshot!(service_faults("restart: unles-stopped"), @r##"
    error 4:14: `services.a.restart` is `unles-stopped`
      help: did you mean `unless-stopped`?
    "##);
    insta::assert_snapshot!(service_faults("restart: on-failure:x"), @r##"
    error 4:14: `services.a.restart` is `on-failure:x`
      help: write `no`, `always`, `unless-stopped` or `on-failure[:times]`
    "##);
}

#[test]
fn limits_have_two_forms() {
    let process =
        service("ulimits: {nproc: 65535, nofile: {soft: 20, hard: '40'}, core: -1}").process;
    let limits: Vec<_> = process
        .ulimits
        .iter()
        .map(|(name, limit)| (name.as_str(), limit.soft, limit.hard))
        .collect();
    assert_eq!(
        limits,
        [
            ("core", -1, -1),
            ("nofile", 20, 40),
            ("nproc", 65535, 65535)
        ]
    );
}

#[test]
fn what_surrounds_a_process_is_taken_over() {
    let process = service(
        "
cgroup: private
cgroup_parent: m-executor-abcd
userns_mode: host
runtime: runc
storage_opt: {size: 1G}
annotations: [com.example.foo=bar, empty]
external_links: [redis, 'database:mysql']
"
        .trim(),
    )
    .process;
    assert_eq!(process.cgroup.as_deref(), Some("private"));
    assert_eq!(process.cgroup_parent.as_deref(), Some("m-executor-abcd"));
    assert_eq!(process.userns_mode.as_deref(), Some("host"));
    assert_eq!(process.runtime.as_deref(), Some("runc"));
    assert_eq!(process.storage_opt["size"], "1G");
    assert_eq!(process.annotations["com.example.foo"], "bar");
    assert_eq!(process.annotations["empty"], "");
    let links = process.external_links.iter();
    let links: Vec<_> = links
        .map(|one| format!("{} {}", one.container, one.alias))
        .collect();
    assert_eq!(links, ["redis redis", "database mysql"]);
}

#[test]
fn smaller_options_are_taken_over() {
    let service = service(
        "
tmpfs: [/run, '/tmp:size=64m,mode=1777']
sysctls: {net.core.somaxconn: 1024}
logging: {driver: json-file, options: {max-size: 10m, max-file: 3}}
extra_hosts: ['a:1.2.3.4', b=::1, 'c:host-gateway', 'd=[::2]']
security_opt: [no-new-privileges:true, seccomp:unconfined]
dns: 1.1.1.1
dns_search: [a, b]
dns_opt: [use-vc]
group_add: [audio, 1000]
init: true
shm_size: 1gb
stop_grace_period: 1m
stop_signal: SIGINT
pid: host
ipc: shareable
pull_policy: if_not_present
platform: linux/amd64
cap_add: [NET_ADMIN]
privileged: 'True'
"
        .trim(),
    );
    let process = &service.process;
    let tmpfs: Vec<_> = process
        .tmpfs
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(tmpfs, [("/run", ""), ("/tmp", "size=64m,mode=1777")]);
    assert_eq!(process.sysctls["net.core.somaxconn"], "1024");
    assert_eq!(process.logging.as_ref().unwrap().options["max-file"], "3");
    let hosts: Vec<_> = process
        .extra_hosts
        .iter()
        .map(|(a, b)| format!("{a}={b}"))
        .collect();
    assert_eq!(hosts, ["a=1.2.3.4", "b=::1", "c=host-gateway", "d=::2"]);
    assert_eq!(
        process.security_opt,
        ["no-new-privileges:true", "seccomp=unconfined"]
    );
    assert_eq!(process.dns, ["1.1.1.1"]);
    assert_eq!(process.group_add, ["audio", "1000"]);
    assert_eq!((process.init, process.privileged), (Some(true), true));
    assert_eq!(process.shm_size, Some(1 << 30));
    assert_eq!(process.stop_grace_period.unwrap().as_secs(), 60);
    let word = |word: &str| Some(Namespace::Word(word.to_owned()));
    assert_eq!(service.namespaces.pid, word("host"));
    assert_eq!(service.namespaces.ipc, word("shareable"));
    assert_eq!(service.pull_policy, PullPolicy::Missing);
    assert_eq!(service.platform.as_deref(), Some("linux/amd64"));
}

#[test]
fn a_seccomp_profile_is_read_from_its_file() {
    let project = Project::new("services: {a: {image: x, security_opt: ['seccomp:./p.json']}}")
        .file("p.json", "{ \"a\": [ 1 ] }");
    let process = &project.load().workload.services[0].process;
    let seccomp = process.seccomp.as_ref().unwrap();
    assert_eq!(seccomp.option(), "seccomp={\"a\":[1]}");
    assert!(seccomp.path.ends_with("p.json"));
    assert!(process.security_opt.is_empty());
}

#[test]
fn an_image_that_is_looked_for_now_and_then_is_pulled_when_it_is_missing() {
    insta::assert_snapshot!(service_faults("pull_policy: every_12h\npull_refresh_after: 12h"), @r"
    warning 4:18: `services.a.pull_policy` is `every_12h`; the image is pulled when it is missing
      help: write `always` to look for a new one at each start
    note 5:5: `pull_refresh_after` in `services.a` is ignored: an image is pulled when it is missing, or each time with `pull_policy: always`
    ");
}

#[test]
fn faults_of_smaller_options() {
    insta::assert_snapshot!(service_faults("
cap_add: NET_ADMIN
user: 1000
stop_grace_period: 10
init: maybe
tty: yes
privileged: 1
stdin_open: ''
external_links: ['a:', 'a:b:c']
cgroup: own
isolation: hyperv
ulimits: {nofile: {soft: 2, hard: 1}, nproc: x}
extra_hosts: [a, 'b:c']
tmpfs: [run]
pull_policy: hourly
pid: 'service:x'
ipc: x
security_opt: ['seccomp=none.json']
".trim()), @r#"
    error 4:14: `services.a.cap_add` must be a list, this is a string
      help: write [NET_ADMIN]
    error 5:11: `services.a.user` must be a string, this is a number
      help: put it in quotes: "1000"
    error 6:24: `services.a.stop_grace_period`: `10` is not a duration: it has no unit; write `10s`
    error 7:11: `services.a.init` must be `true` or `false`, this is a string
    warning 8:10: `services.a.tty` is a word of YAML 1.1 for `true`
      help: write `true`
    error 9:17: `services.a.privileged` must be `true` or `false`, this is a number
    error 10:17: `services.a.stdin_open` must be `true` or `false`, this is a string
    error 11:22: `a:` is no link
      help: write `container` or `container:alias`
    error 11:28: `a:b:c` is no link
      help: write `container` or `container:alias`
    error 12:13: `services.a.cgroup` is `own`
      help: write one of: host, private
    error 13:16: The isolation `hyperv` exists on Windows only
      help: write `default` or drop the line
    error 14:23: `services.a.ulimits.nofile` has a soft limit above the hard one
      help: raise `hard`, or lower `soft`
    error 14:50: `services.a.ulimits.nproc` must be a whole number, this is a string
    error 15:19: `a=` is no host with an address
      help: write `host=address`; `host-gateway` stands for this host
    error 15:22: `b=c` is no host with an address
      help: write `host=address`; `host-gateway` stands for this host
    error 16:12: The path in the container must be absolute: `run`
      help: write `/run`
    error 17:18: `services.a.pull_policy` is `hourly`, which is not supported
      help: write `missing`, `always`, `never` or `build`
    error 18:10: There is no service `x`
      help: did you mean `a`?
    error 19:10: `services.a.ipc` is `x`
      help: write `host` or `private` or `shareable` or `none` or `service:<name>` or `container:<name>`
    error 20:20: The seccomp profile cannot be read: no such file: `<folder>/none.json`
      help: name a file of JSON beside the Compose file, or write `seccomp=unconfined`
    "#);
}

#[test]
fn a_plain_value_keeps_its_text_and_what_compose_would_make_of_it_is_told() {
    let lines = "
labels: {a: 0755}
annotations: {a: 1.10}
sysctls: {a: 0x1F}
storage_opt: {a: 1_000}
group_add: [0100, '0100', wheel]
logging: {options: {a: 007}}
environment: [A=0755]
"
    .trim();
    let service = service(lines);
    let process = &service.process;
    assert_eq!(service.labels["a"], "0755");
    assert_eq!(process.annotations["a"], "1.10");
    assert_eq!(process.sysctls["a"], "0x1F");
    assert_eq!(process.storage_opt["a"], "1_000");
    assert_eq!(process.group_add, ["0100", "0100", "wheel"]);
    assert_eq!(process.logging.as_ref().unwrap().options["a"], "007");
    assert_eq!(process.environment["A"].as_ref().unwrap().expose(), "0755");
    insta::assert_snapshot!(service_faults(lines), @r#"
    warning 4:17: `services.a.labels.a` is passed on as `0755`; Compose makes it `493`
      help: put it in quotes: "0755"
    warning 5:22: `services.a.annotations.a` is passed on as `1.10`; Compose makes it `1.1`
      help: put it in quotes: "1.10"
    warning 6:18: `services.a.sysctls.a` is passed on as `0x1F`; Compose makes it `31`
      help: put it in quotes: "0x1F"
    warning 7:22: `services.a.storage_opt.a` is passed on as `1_000`; Compose makes it `1000`
      help: put it in quotes: "1_000"
    warning 8:17: `services.a.group_add` is passed on as `0100`; Compose makes it `64`
      help: put it in quotes: "0100"
    warning 9:28: `services.a.logging.options.a` is passed on as `007`; Compose makes it `7`
      help: put it in quotes: "007"
    "#);
}
