use std::path::PathBuf;

use super::super::tests::{Project, faults, service_faults, workload};
use super::*;
use crate::workload::model::{VolumesFrom, VolumesSource};

/// The mounts of a service in a file that declares the volumes `data` and `a`.
fn mounts(items: &str) -> (PathBuf, Vec<Mount>) {
    let project = Project::new(&format!(
        "volumes: {{data: , a: {{}}}}\nservices:\n  s:\n    image: x\n    volumes: {items}\n"
    ));
    let loaded = project.load();
    assert!(
        !crate::diagnostic::any_error(&loaded.diagnostics),
        "{}",
        project.faults()
    );
    let folder = project.folder.path().to_path_buf();
    (folder, loaded.workload.services[0].mounts.clone())
}

fn bind(path: PathBuf) -> MountSource {
    MountSource::Bind {
        path,
        create: true,
        propagation: None,
        selinux: None,
    }
}

fn volume(key: &str) -> MountSource {
    MountSource::Volume {
        key: key.to_owned(),
        no_copy: false,
        subpath: None,
    }
}

#[test]
fn a_source_with_a_dot_a_slash_or_a_tilde_is_a_path_of_the_host() {
    let (folder, found) = mounts("[./x:/1, ../y/../z:/2, '/abs/./b:/3', .:/4, '~/h:/5', '~:/6']");
    let home = std::env::home_dir().unwrap();
    let expected = [
        folder.join("x"),
        folder.parent().unwrap().join("z"),
        PathBuf::from("/abs/b"),
        folder.clone(),
        home.join("h"),
        home,
    ];
    let sources: Vec<_> = found.into_iter().map(|mount| mount.source).collect();
    assert_eq!(sources, expected.map(bind));
}

#[test]
fn other_sources_are_volumes_even_with_one_letter() {
    let (_, found) = mounts("['data:/1/', 'a:/2', /3]");
    let found: Vec<_> = found
        .into_iter()
        .map(|mount| (mount.source, mount.target))
        .collect();
    assert_eq!(
        found,
        [
            (volume("data"), "/1".to_owned()),
            (volume("a"), "/2".to_owned()),
            (MountSource::Anonymous, "/3".to_owned()),
        ]
    );
}

#[test]
fn options_follow_the_target() {
    let (folder, found) = mounts("['./x:/1:ro,Z', 'data:/2:nocopy', './x:/3:rw,rshared,cached']");
    assert_eq!(
        found[0],
        Mount {
            source: MountSource::Bind {
                path: folder.join("x"),
                create: true,
                propagation: None,
                selinux: Some("Z".to_owned())
            },
            target: "/1".to_owned(),
            read_only: true,
        }
    );
    assert_eq!(
        found[1].source,
        MountSource::Volume {
            key: "data".to_owned(),
            no_copy: true,
            subpath: None
        }
    );
    assert_eq!(
        found[2].source,
        MountSource::Bind {
            path: folder.join("x"),
            create: true,
            propagation: Some("rshared".to_owned()),
            selinux: None
        }
    );
    assert!(!found[2].read_only);
}

#[test]
fn the_long_form_names_every_option() {
    let (folder, found) = mounts("
      - {type: bind, source: x, target: /1, read_only: 'true', bind: {selinux: z, propagation: slave}}
      - {type: bind, source: ., target: /2, bind: {create_host_path: false}}
      - {type: volume, source: data, target: /3, volume: {nocopy: true, subpath: s}}
      - {type: volume, target: /4}
      - {type: tmpfs, target: /5, tmpfs: {size: 64m, mode: 0o1777}}");
    let sources: Vec<_> = found.iter().map(|mount| mount.source.clone()).collect();
    assert_eq!(
        sources,
        [
            MountSource::Bind {
                path: folder.join("x"),
                create: true,
                propagation: Some("slave".to_owned()),
                selinux: Some("z".to_owned())
            },
            MountSource::Bind {
                path: folder,
                create: false,
                propagation: None,
                selinux: None
            },
            MountSource::Volume {
                key: "data".to_owned(),
                no_copy: true,
                subpath: Some("s".to_owned())
            },
            MountSource::Anonymous,
            MountSource::Tmpfs {
                size: Some(64 << 20),
                mode: Some(0o1777)
            },
        ]
    );
    assert_eq!(
        found
            .iter()
            .map(|mount| mount.read_only)
            .collect::<Vec<_>>(),
        [true, false, false, false, false]
    );
}

#[test]
fn faults_of_the_short_form() {
    insta::assert_snapshot!(faults("
volumes: {data: }
services:
  a:
    image: x
    volumes:
      - dta:/1
      - sub/folder:/2
      - data:relative
      - data:/3:rx
      - data:ro
      - ':/4'
      - data:/5
      - data:/5/
      - data:/
      - c:/users:/6
      - ~other/x:/7
      - 8
"), @r#"
    error 7:9: There is no volume `dta`
      help: did you mean `data`?
    error 8:9: `sub/folder` is neither a declared volume nor a path
      help: write `./sub/folder` for a folder beside this file
    error 9:9: The path in the container must be absolute: `relative`
      help: write `/relative`
    warning 10:9: The volume option `rx` is unknown and has no effect
      help: options are ro, rw, z, Z, nocopy, shared, rshared, slave, rslave, private and rprivate, separated by commas
    error 11:9: `data:ro` has no path in the container
      help: write `source:target:ro`
    error 12:9: `:/4` has no source
      help: write `source:target`
    warning 14:9: `/5` is mounted twice in `services.a.volumes`
      13:9: this one does not count
    error 15:9: A volume cannot be mounted on `/`
      help: mount it on a folder below
    error 16:9: `c:/users:/6` names a path of Windows
      help: write a path of this host, such as `./data`
    error 17:9: `~other/x` names the home folder of another user
      help: write the path in full
    error 18:9: `services.a.volumes` must be a string, this is a number
      help: put it in quotes: "8"
    "#);
}

#[test]
fn faults_of_the_long_form() {
    insta::assert_snapshot!(service_faults("
volumes:
  - {target: /1}
  - {type: bind, target: /2}
  - {type: bind, source: ./missing, target: /3, bind: {create_host_path: false}}
  - {type: volume, source: db, target: /4}
  - {type: tmpfs, source: x, target: /5, bind: {propagation: loud}}
  - {type: image, source: x, target: /6}
  - {type: blind, target: /7}
  - {type: tmpfs}
  - {type: tmpfs, target: /8, tmpfs: {mode: 9, size: big, uid: 1}}
".trim()), @r"
    error 5:9: `services.a.volumes` has an entry without `type`
      help: add `type`, one of bind, volume and tmpfs
    error 6:9: `services.a.volumes` has an entry without `source`
      help: add `source`, a path of the host
    error 7:30: There is no `<folder>/missing` on this host
      help: create it, or set `create_host_path: true`
    error 8:32: There is no volume `db`
      help: declare it under `volumes:` at the top level, or write `./db` for a folder beside this file
    error 9:23: A volume of type `tmpfs` has no source
      help: drop `source`
    warning 9:46: `bind` has no effect on a volume of type `tmpfs`
    error 10:16: Volumes of type `image` are not supported
      help: copy its files into a volume in a service that runs first
    error 11:16: `services.a.volumes.type` is `blind`
      help: did you mean `bind`?
    error 12:9: `services.a.volumes` has an entry without `target`
      help: add `target`, a path in the container
    warning 13:49: `services.a.volumes.tmpfs.mode` is decimal here: 9 is the mode 011
      help: write `011`
    error 13:58: `services.a.volumes.tmpfs.size`: `big` is not a size in bytes: write for instance `64m` or `1.5g`
    error 13:63: Unknown key `uid` in `services.a.volumes.tmpfs`
      help: known keys: size, mode
    ");
}

#[test]
fn a_relative_path_starts_at_the_compose_file_wherever_poststack_runs() {
    let project = Project::new("services: {s: {image: x, volumes: ['./x:/1']}}");
    let path = project.folder.path().join("sub/../compose.yml");
    std::fs::create_dir(project.folder.path().join("sub")).unwrap();
    assert_eq!(paths::folder_of(&path), project.folder.path());
    let relative = paths::folder_of(std::path::Path::new("deploy/app.yml"));
    assert_eq!(relative, std::env::current_dir().unwrap().join("deploy"));
}

#[test]
fn the_mounts_of_another_container_come_after_it() {
    let workload = workload(
        "services: {b: {image: x, volumes_from: [a, 'c:ro', 'container:other:rw']}, a: {image: x}, c: {image: x}}",
    );
    let names: Vec<_> = workload
        .services
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["a", "c", "b"]);
    let from = |source, read_only| VolumesFrom { source, read_only };
    let service = |name: &str| VolumesSource::Service(name.to_owned());
    assert_eq!(
        workload.services[2].volumes_from,
        [
            from(service("a"), false),
            from(service("c"), true),
            from(VolumesSource::Container("other".to_owned()), false),
        ]
    );
    insta::assert_snapshot!(faults("services: {a: {image: x, volumes_from: [b, 'a:rx', 'container:c:d:ro']}}"), @r"
    error 1:41: There is no service `b`
      help: did you mean `a`?
    error 1:44: `a:rx` is no source of volumes
      help: write `service`, `service:ro`, `container:name` or `container:name:ro`
    error 1:52: `container:c:d:ro` is no source of volumes
      help: write `service`, `service:ro`, `container:name` or `container:name:ro`
    ");
    insta::assert_snapshot!(faults("services: {a: {image: x, volumes_from: [b]}, b: {image: x, volumes_from: [a]}}"), @r"
    error 1:41: Services wait for each other: a → b → a
      1:75: `b` waits for `a`
      help: remove one of these dependencies
    ");
}

#[test]
fn the_last_mount_at_a_path_counts() {
    let (folder, found) = mounts("['./x:/1', './y:/2', './z:/1/']");
    let found: Vec<_> = found
        .into_iter()
        .map(|mount| (mount.source, mount.target))
        .collect();
    assert_eq!(
        found,
        [
            (bind(folder.join("z")), "/1".to_owned()),
            (bind(folder.join("y")), "/2".to_owned()),
        ]
    );
}

#[test]
fn a_path_of_windows_is_told_as_such() {
    for volume in [
        r"C:\data:/data",
        "c:/data:/data:ro",
        r"\\server\share:/data",
    ] {
        let said = service_faults(&format!("volumes: ['{volume}']"));
        assert!(said.contains("names a path of Windows"), "{said}");
    }
}
