use super::super::tests::Project;
use super::*;

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
        assert_eq!(build.context, folder.join("app"), "{text}");
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
    assert_eq!(build.context, folder);
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
fn faults_of_a_build() {
    insta::assert_snapshot!(project("none").faults(), @r##"
    error 1:23: The build context `<folder>/none` is not a folder
      help: a relative context starts at the folder of the Compose file
    "##);
    insta::assert_snapshot!(project(".").faults(), @r##"
    error 1:23: There is no Dockerfile at `<folder>/Dockerfile`
      help: write its path, relative to the context, under `dockerfile`
    "##);
    insta::assert_snapshot!(project("'https://github.com/a/b.git'").faults(), @r##"
    error 1:23: The build context `https://github.com/a/b.git` is not a folder of this host
      help: fetch it first and name the folder; remote contexts are not supported yet
    "##);
    insta::assert_snapshot!(project("{context: app, dockerfile: side.Dockerfile}").faults(), @r##"
    error 1:50: There is no Dockerfile at `<folder>/app/side.Dockerfile`
      help: `dockerfile` is relative to the context, not to the Compose file
    "##);
    insta::assert_snapshot!(project("{context: app, dockerfile: x, dockerfile_inline: y, ssh: [default], cache_from: [a], platforms: [a, b], argz: {}}").faults(), @r##"
    error 1:53: `dockerfile` and `dockerfile_inline` exclude each other
      help: keep one of the two
    error 1:75: `ssh` in `services.s.build` is not supported yet
    note 1:91: `cache_from` in `services.s.build` is ignored: the engine's own cache is used
    error 1:119: `services.s.build.platforms` has 2 platforms
      help: name the one platform that runs here
    error 1:127: Unknown key `argz` in `services.s.build`
      help: did you mean `args`?
    "##);
}
