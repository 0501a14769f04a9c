use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::engine::{api, cgroups, storage, tcp_socket, unix_socket, warnings};
use super::machine::{available, disk, memory};
use super::ports::{Owners, port};
use super::project::{
    abandoned, configuration, is_known, is_there, lock, unusable, without_environment,
};
use super::*;
use crate::diagnostic::{Diagnostic, Place};
use crate::engine::{EngineInfo, EngineKind};
use crate::environment::Kind;
use crate::environment::port_origin::Origin;
use crate::environment::ports::{Holder, PublishedPort};
use crate::state::{LockState, StateFile};
use crate::text::{SourceFile, Span};

/// What a user reads of a fault.
fn told(check: &Check) -> (Verdict, String) {
    (check.verdict, check.fix.clone().unwrap_or_default())
}

#[test]
fn a_socket_that_all_may_use_is_a_fault() {
    let path = Path::new("/run/docker.sock");
    let open = unix_socket(path, Some(0o666));
    assert_eq!(
        told(&open),
        (
            Verdict::Error,
            "sudo chmod 0660 /run/docker.sock".to_owned()
        )
    );
    assert_eq!(unix_socket(path, Some(0o660)).verdict, Verdict::Ok);
    assert_eq!(tcp_socket("127.0.0.1:2375").verdict, Verdict::Ok);
    assert_eq!(
        tcp_socket("build.example.org:2375").verdict,
        Verdict::Warning
    );
}

#[test]
fn an_engine_that_is_too_old_is_a_fault() {
    assert_eq!(
        api(EngineKind::Docker, "20.10.24", (1, 41)).verdict,
        Verdict::Ok
    );
    assert_eq!(
        api(EngineKind::Docker, "19.03.1", (1, 40)).verdict,
        Verdict::Error
    );
    assert_eq!(
        api(EngineKind::Podman, "4.3.1", (1, 41)).verdict,
        Verdict::Ok
    );
    assert_eq!(
        api(EngineKind::Podman, "3.4.4", (1, 40)).verdict,
        Verdict::Error
    );
}

#[test]
fn slow_storage_and_cgroups_without_effect_are_warnings() {
    let info = |driver: &str, version: &str, cgroup: &str| EngineInfo {
        storage_driver: driver.to_owned(),
        cgroup_version: version.to_owned(),
        cgroup_driver: cgroup.to_owned(),
        ..EngineInfo::default()
    };
    assert_eq!(
        storage(&info("overlay2", "2", "systemd")).verdict,
        Verdict::Ok
    );
    assert_eq!(
        storage(&info("vfs", "2", "systemd")).verdict,
        Verdict::Warning
    );
    assert_eq!(
        cgroups(&info("overlay2", "2", "systemd")).verdict,
        Verdict::Ok
    );
    assert_eq!(
        cgroups(&info("overlay2", "1", "cgroupfs")).verdict,
        Verdict::Warning
    );
    assert_eq!(
        cgroups(&info("overlay2", "2", "none")).verdict,
        Verdict::Warning
    );
    let complaining = EngineInfo {
        warnings: vec!["WARNING: No swap limit support".to_owned()],
        ..EngineInfo::default()
    };
    assert_eq!(
        warnings(&complaining).unwrap().detail,
        "No swap limit support"
    );
    assert!(warnings(&EngineInfo::default()).is_none());
}

#[test]
fn little_room_is_a_warning_and_none_a_fault() {
    const MIB: u64 = 1024 * 1024;
    let free = |mebibytes: u64| disk("disk", Path::new("/"), mebibytes * MIB, "docker").verdict;
    assert_eq!(
        (free(20_000), free(4_000), free(100)),
        (Verdict::Ok, Verdict::Warning, Verdict::Error)
    );
    let left = |mebibytes: u64| memory(mebibytes * MIB).verdict;
    assert_eq!(
        (left(2_000), left(300), left(50)),
        (Verdict::Ok, Verdict::Warning, Verdict::Error)
    );
    let meminfo = "MemTotal:       8000000 kB\nMemAvailable:     2048 kB\n";
    assert_eq!(available(meminfo), Some(2 * MIB));
    assert_eq!(available("MemTotal: 1 kB\n"), None);
}

#[test]
fn files_that_others_can_read_or_that_git_would_keep_are_faults() {
    let file = |is_folder, mode, owner| StateFile {
        path: PathBuf::from("/p/.poststack/x"),
        is_folder,
        mode,
        owner,
    };
    let fault = |file: StateFile| files::private(&file, 1000).map(|check| check.fix.unwrap());
    assert_eq!(
        fault(file(true, 0o755, 1000)).as_deref(),
        Some("chmod 0700 /p/.poststack/x")
    );
    assert_eq!(
        fault(file(false, 0o640, 1000)).as_deref(),
        Some("chmod 0600 /p/.poststack/x")
    );
    assert_eq!(
        fault(file(false, 0o600, 0)).as_deref(),
        Some("sudo chown 1000 /p/.poststack/x")
    );
    assert_eq!(fault(file(true, 0o700, 1000)), None);
    let spaced = StateFile {
        path: PathBuf::from("/my p/x"),
        ..file(false, 0o640, 1000)
    };
    assert_eq!(fault(spaced).as_deref(), Some("chmod 0600 '/my p/x'"));
    assert_eq!(
        files::ignored("/p/.poststack", false).verdict,
        Verdict::Error
    );
    assert_eq!(files::ignored("/p/.poststack", true).verdict, Verdict::Ok);
    assert_eq!(
        files::ignored("/my p", false).fix.as_deref(),
        Some("echo '*' > '/my p/.gitignore'")
    );
}

#[test]
fn a_port_is_told_with_its_holder() {
    let owners = Owners {
        own: ["a-dev-web-1".to_owned()].into(),
        siblings: ["a-qa-web-1".to_owned()].into(),
        program: "docker",
    };
    let source = SourceFile::new("app.yml", "- \"8080:80\"\n");
    let held = |holder: Option<Holder>| {
        let published = PublishedPort {
            service: "web".to_owned(),
            address: "127.0.0.1:8080".parse().unwrap(),
            holder,
            origin: Origin::File(Place::new(&source, Span::new(2, 11))),
            next: 8081,
        };
        told(&port("dev", &published, &owners))
    };
    let container = |name: &str| Some(Holder::Container(name.to_owned()));
    let process = |name: &str| {
        let name = name.to_owned();
        held(Some(Holder::Process { id: 12, name })).1
    };
    assert_eq!(held(None).0, Verdict::Ok);
    assert_eq!(held(container("a-dev-web-1")).0, Verdict::Ok);
    assert_eq!(
        held(container("a-qa-web-1")),
        (Verdict::Warning, "docker stop a-qa-web-1".to_owned())
    );
    assert_eq!(
        held(container("other")),
        (Verdict::Error, "docker stop other".to_owned())
    );
    assert_eq!(process("nc"), "sed -i '1s/\\b8080\\b/8081/' app.yml");
    assert_eq!(process("docker-proxy"), "docker ps --filter publish=8080");
    assert!(process("rootlessport").starts_with("podman ps "));
    assert_eq!(held(Some(Holder::Unknown)).0, Verdict::Error);
}

#[test]
fn faulty_files_and_interrupted_runs_are_told() {
    let source = SourceFile::new("app.yml", "services: {}\n");
    let at_place = |message: &str| Diagnostic::error(message).at(&source, Span::new(0, 8));
    let missing = Diagnostic {
        fix: Some("mkdir -p sql".to_owned()),
        ..at_place("a").help("looked for in `/p`")
    };
    let faults = [
        Diagnostic::warning("w"),
        missing,
        at_place("b").help("write c"),
        Diagnostic::error("d"),
    ];
    let checks = configuration("dev", &faults, &faults);
    let lines = checks
        .iter()
        .map(|one| format!("{} → {}", one.detail, told(one).1));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "app.yml:1:1: a → mkdir -p sql",
            "app.yml:1:1: b → see app.yml:1:1: write c",
            "d → poststack config validate dev"
        ]
    );
    let elsewhere = configuration("dev", &faults, &[]);
    assert!(elsewhere.iter().all(|one| one.verdict == Verdict::Warning));
    let many = vec![Diagnostic::error("e"); 8];
    let many = configuration("dev", &many, &many);
    assert_eq!(many.last().unwrap().detail, "3 faults more");
    let valid = configuration("dev", &[], &[]);
    assert_eq!(
        (valid.len(), valid.first().unwrap().verdict),
        (1, Verdict::Ok)
    );
    let damaged = Failure::new(Kind::Failed, "damaged").hint("remove it: rm dev.json");
    assert_eq!(
        told(&unusable("dev", &damaged)),
        (Verdict::Error, "remove it: rm dev.json".to_owned())
    );
    assert!(lock("dev", &LockState::Free).is_none());
    assert_eq!(
        lock("dev", &LockState::Held(None)).unwrap().verdict,
        Verdict::Ok
    );
    let interrupted = lock("dev", &LockState::Interrupted(None)).unwrap();
    assert_eq!(
        told(&interrupted),
        (Verdict::Warning, "poststack env start dev".to_owned())
    );
}

#[test]
fn what_no_project_has_any_more_is_told() {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let checks = without_environment(&names(&["a"]), &names(&["v"]), "podman");
    let fixes: Vec<_> = checks
        .iter()
        .map(|check| check.fix.clone().unwrap())
        .collect();
    assert_eq!(
        fixes,
        [
            "podman rm --force a",
            "podman volume rm v (the data go with them)"
        ]
    );
    assert!(without_environment(&[], &[], "docker").is_empty());
    let gone = BTreeMap::from([("/gone".to_owned(), names(&["b"]))]);
    let check = abandoned(&gone, "docker").unwrap();
    assert_eq!(
        told(&check),
        (Verdict::Warning, "docker rm --force b".to_owned())
    );
    assert!(abandoned(&BTreeMap::new(), "docker").is_none());
}

#[test]
fn what_the_container_commands_made_needs_no_file() {
    let known = |name: &str| is_known(&["dev".to_owned()], &name.to_owned());
    assert!(known("containers") && known("dev") && !known("qa"));
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path();
    assert!(is_there(bare, Some("containers")));
    assert!(!is_there(bare, Some("dev")));
    assert!(!is_there(bare, None));
    assert!(!is_there(&bare.join("gone"), Some("containers")));
    std::fs::write(bare.join(".poststack.yaml"), "").unwrap();
    assert!(is_there(bare, Some("dev")));
}
