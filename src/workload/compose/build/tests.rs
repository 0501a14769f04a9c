use super::super::tests::Project;
use super::*;
use crate::workload::model::{FileContent, NamedContext, Repository};

fn project(build: &str) -> Project {
    Project::new(&format!("services: {{s: {{build: {build}}}}}"))
        .file("app/Dockerfile", "FROM x\n")
        .file("app/other.Dockerfile", "FROM x\n")
        .file("side.Dockerfile", "FROM x\n")
}

fn build_of(text: &str) -> (PathBuf, Build) {
    let project = project(text);
    let build = project.load().workload.services.remove(0).build;
    assert_eq!(project.faults(), "");
    (project.folder.path().to_path_buf(), build.unwrap())
}

#[test]
fn a_string_is_the_context() {
    for text in ["./app", "app", "app/", "{context: app}"] {
        let (folder, build) = build_of(text);
        assert_eq!(build.context, Context::Folder(folder.join("app")), "{text}");
        assert_eq!(build.dockerfile, PathBuf::from("Dockerfile"));
    }
}

#[test]
fn every_option_of_a_build_is_taken_over() {
    let (_, build) = build_of(
        "{context: app, dockerfile: other.Dockerfile, args: {A: 1, HOST_USER: , NONE: }, target: t, labels: [l=1], tags: [a, b], no_cache: true, pull: 'true', network: host, extra_hosts: ['h:1.2.3.4'], shm_size: 1m}",
    );
    let args: Vec<_> = build
        .args
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect();
    assert_eq!(
        args,
        [("A", Some("1")), ("HOST_USER", Some("me")), ("NONE", None)]
    );
    assert_eq!(build.dockerfile, PathBuf::from("other.Dockerfile"));
    assert_eq!(
        (build.target.as_deref(), build.network.as_deref()),
        (Some("t"), Some("host"))
    );
    assert_eq!(build.tags, ["a", "b"]);
    assert_eq!(
        (build.no_cache, build.pull, build.shm_size),
        (true, true, Some(1 << 20))
    );
    assert_eq!(build.extra_hosts, [("h".to_owned(), "1.2.3.4".to_owned())]);
}

#[test]
fn a_dockerfile_may_stand_in_the_compose_file() {
    let (folder, build) = build_of("{dockerfile_inline: FROM x, platforms: [linux/arm64]}");
    assert_eq!(build.context, Context::Folder(folder));
    assert_eq!(build.dockerfile_inline.as_deref(), Some("FROM x"));
}

#[test]
fn a_build_of_a_service_on_the_host_reads_the_address_inside() {
    let project = Project::new(
        "services: {s: {network_mode: host, build: {context: ., args: {H: $DB_HOST}}}}",
    )
    .file("Dockerfile", "FROM x\n");
    let build = project.load().workload.services.remove(0).build.unwrap();
    assert_eq!(build.args["H"].as_deref(), Some("postgres"));
}

#[test]
fn a_git_repository_may_be_the_context_and_another_one() {
    let build = |text: &str| {
        let file = format!("services: {{s: {{build: {text}}}}}");
        Project::new(&file)
            .load()
            .workload
            .services
            .remove(0)
            .build
            .unwrap()
    };
    let repository = |folder: &str| {
        Context::Repository(Repository {
            url: "https://github.com/a/b.git".to_owned(),
            reference: Some("main".to_owned()),
            folder: folder.to_owned(),
        })
    };
    let short = build("'https://github.com/a/b.git#main'");
    assert_eq!(short.context, repository(""));
    let long = build(
        "{context: 'github.com/a/b.git#main:c', dockerfile: D, additional_contexts: {more: 'https://github.com/a/b.git#main:d'}}",
    );
    assert_eq!(long.context, repository("c"));
    assert_eq!(long.contexts["more"], NamedContext::Files(repository("d")));
}

#[test]
fn faults_of_a_build() {
    insta::assert_snapshot!(project("none").faults(), @r##"
    error 1:23: The build context `<folder>/none` is not a folder
      help: a relative context starts at the folder of the Compose file
    "##);
    insta::assert_snapshot!(project(".").faults(), @r##"
    error 1:23: There is no Dockerfile at `<folder>/Dockerfile`
      help: write its path, relative to the context, under `dockerfile`
    "##);
    insta::assert_snapshot!(project("'https://github.com/a/b.tar.gz'").faults(), @r##"
    error 1:23: `https://github.com/a/b.tar.gz` is neither a folder of this host nor a Git repository
      help: the URL of a Git repository ends in `.git`; of anything else, fetch it first and name the folder
    "##);
    insta::assert_snapshot!(project("{context: app, dockerfile: side.Dockerfile}").faults(), @r##"
    error 1:50: There is no Dockerfile at `<folder>/app/side.Dockerfile`
      help: `dockerfile` is relative to the context, not to the Compose file
    "##);
    insta::assert_snapshot!(project("{context: app, dockerfile: x, dockerfile_inline: y, privileged: true, platforms: [a, b], argz: {}}").faults(), @r"
    error 1:53: `dockerfile` and `dockerfile_inline` exclude each other
      help: keep one of the two
    note 1:75: `privileged` in `services.s.build` is ignored: an engine builds without privileges
    note 1:104: Of `services.s.build.platforms`, that of this host alone is built
      help: name another one under `platform` of the service
    error 1:112: Unknown key `argz` in `services.s.build`
      help: did you mean `args`?
    ");
}

#[test]
fn what_a_build_uses_besides_its_context_is_taken_over() {
    let project = Project::new("services: {s: {build: {context: app, secrets: [token, {source: key, target: id}], additional_contexts: {more: ./more, base: 'docker-image://alpine:3', other: 'service:t'}, cache_from: ['a:1', 'type=registry,ref=b:2', 'type=gha'], cache_to: ['type=inline'], ulimits: {nofile: 10}, ssh: [k=./agent.sock], isolation: default}}, t: {build: app}}\nsecrets: {token: {environment: DB_PASSWORD}, key: {file: ./key}}")
        .file("app/Dockerfile", "FROM x\n")
        .file("more/file", "")
        .file("key", "k");
    let folder = project.folder.path();
    let services = project.load().workload.services;
    let build = services.iter().find_map(|one| one.build.clone()).unwrap();
    assert_eq!(
        build.secrets["token"],
        FileContent::Inline("canary-4711".into())
    );
    assert_eq!(build.secrets["id"], FileContent::Path(folder.join("key")));
    assert_eq!(
        build.contexts["more"],
        NamedContext::Files(Context::Folder(folder.join("more")))
    );
    assert_eq!(
        build.contexts["base"],
        NamedContext::Image("alpine:3".to_owned())
    );
    assert_eq!(
        build.contexts["other"],
        NamedContext::Service("t".to_owned())
    );
    assert_eq!(build.cache_from, ["a:1", "b:2"]);
    assert_eq!(build.ulimits["nofile"].hard, 10);
    assert_eq!(build.ssh["k"], folder.join("agent.sock"));
    insta::assert_snapshot!(project.faults(), @r"
    note 1:218: A cache of type `gha` is ignored: the engine has its own
    note 1:231: `cache_to` in `services.s.build` is ignored: the layers stay in the engine's own cache
    ");
}

#[test]
fn the_platform_of_the_service_is_built() {
    let platform = |text: &str| {
        let text = format!("services: {{s: {text}}}");
        Project::new(&text)
            .load()
            .workload
            .services
            .remove(0)
            .platform
    };
    let build =
        |platforms: &str| format!("build: {{dockerfile_inline: FROM x, platforms: [{platforms}]}}");
    assert_eq!(
        platform(&format!("{{{}}}", build("linux/arm64"))).as_deref(),
        Some("linux/arm64")
    );
    assert_eq!(platform(&format!("{{{}}}", build("a, b"))), None);
    let own = format!("{{platform: b, {}}}", build("a, b"));
    assert_eq!(platform(&own).as_deref(), Some("b"));
    let other = format!("services: {{s: {{platform: c, {}}}}}", build("a, b"));
    insta::assert_snapshot!(Project::new(&other).faults(), @r"
    error 1:75: `services.s.build.platforms` does not have `c`, the platform of the service
      help: add `c`
    ");
}

#[test]
fn faults_of_what_a_build_uses() {
    insta::assert_snapshot!(project("{context: app, secrets: [none], additional_contexts: {A: ., b: 'https://x', c: ./none, d: 'service:x'}, isolation: hyperv, no_cache_filter: x}").faults(), @r"
    error 1:48: There is no secret `none`
      help: declare it: the file has no secret at all
    error 1:77: `A` is no name for a context
      help: use lower-case letters, digits, `-`, `_` and `.`, a letter first
    error 1:83: `https://x` is neither a folder of this host nor a Git repository
      help: the URL of a Git repository ends in `.git`; of anything else, fetch it first and name the folder
    error 1:99: The context `<folder>/none` is not a folder
      help: a relative path starts at the folder of the Compose file
    error 1:110: There is no service `x`
      help: did you mean `s`?
    error 1:138: The isolation `hyperv` exists on Windows only
      help: write `default` or drop the line
    error 1:146: `no_cache_filter` in `services.s.build` is not supported
      help: write `no_cache: true`
    ");
}

#[test]
fn builds_that_wait_for_each_other_or_for_no_build_are_faults() {
    let build = |context: &str| {
        format!(
            "{{build: {{dockerfile_inline: FROM x, additional_contexts: {{c: 'service:{context}'}}}}}}"
        )
    };
    let text = format!(
        "services: {{\n a: {},\n b: {},\n c: {},\n d: {{image: x}}}}",
        build("b"),
        build("a"),
        build("d")
    );
    insta::assert_snapshot!(Project::new(&text).faults(), @r"
    error 2:6: The build of `a` waits for itself by way of its contexts
      help: remove one of these contexts
    error 3:6: The build of `b` waits for itself by way of its contexts
      help: remove one of these contexts
    error 4:6: The service `d` is a context, but has no `build`
      help: name its image: `docker-image://<image>`
    ");
}
