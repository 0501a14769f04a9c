use super::*;
use crate::workload::model::{HostPathKind, Mount, MountSource, Volume};

/// The mounts of the container `c`, and the volumes of the file.
#[track_caller]
fn mounted(volumes: &str, mounts: &str, objects: &str) -> (Vec<Mount>, BTreeMap<String, Volume>) {
    let text = pod(&format!(
        "{volumes}  containers:\n  - name: c\n    image: i\n    volumeMounts: {mounts}\n{objects}"
    ));
    let workload = workload_of(&text);
    let mounts = service(&workload, "p-c").mounts.clone();
    (mounts, workload.volumes)
}

const OBJECTS: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a.conf: A, b.conf: B}
binaryData: {c.bin: /w==}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
data: {password: aHVudGVyMg==}
";

fn files(volume: &Volume) -> Vec<(String, String, u32)> {
    let files = &volume.content.as_ref().unwrap().files;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let shown = files.iter();
    shown
        .map(|file| (file.path.clone(), text(file.content.expose()), file.mode))
        .collect()
}

#[test]
fn a_host_path_is_of_its_kind_and_relative_to_the_file() {
    let (mounts, _) = mounted(
        "  volumes:\n  - {name: a, hostPath: {path: /srv/x, type: Directory}}\n  - {name: b, hostPath: {path: ./data}}\n",
        "[{name: a, mountPath: /a/, subPath: y}, {name: b, mountPath: /b, readOnly: true}]",
        "",
    );
    let MountSource::HostPath { path, kind, .. } = &mounts[0].source else {
        panic!("{mounts:?}");
    };
    assert_eq!(
        (path.to_str().unwrap(), *kind),
        ("/srv/x/y", HostPathKind::Any)
    );
    assert_eq!(mounts[0].target, "/a");
    let MountSource::HostPath { path, .. } = &mounts[1].source else {
        panic!("{mounts:?}");
    };
    assert!(path.is_absolute() && path.ends_with("data"), "{path:?}");
    assert!(mounts[1].read_only && !mounts[0].read_only);
}

#[test]
fn an_empty_folder_is_scratch_and_a_claim_is_kept() {
    let (_, volumes) = mounted(
        "  securityContext: {fsGroup: 5}\n  volumes:\n  - {name: a, emptyDir: {}}\n  - {name: b, persistentVolumeClaim: {claimName: data}}\n  - {name: unused, emptyDir: {}}\n",
        "[{name: a, mountPath: /a}, {name: b, mountPath: /b}]",
        "",
    );
    let names: Vec<&str> = volumes.keys().map(String::as_str).collect();
    assert_eq!(names, ["data", "p_a"]);
    assert!(volumes["p_a"].scratch && !volumes["data"].scratch);
    let content = volumes["data"].content.as_ref().unwrap();
    assert_eq!((content.mode, content.group), (0o2777, 5));
}

#[test]
fn a_folder_in_memory_has_its_size_and_is_held_by_the_infra_container() {
    let text = pod(
        "  volumes: [{name: a, emptyDir: {medium: Memory, sizeLimit: 64Ki}}]
  containers: [{name: c, image: i, volumeMounts: [{name: a, mountPath: /a}]}]
",
    );
    let workload = workload_of(&text);
    let volume = &workload.volumes["p_a-memory-65536"];
    assert_eq!(volume.driver_options["type"], "tmpfs");
    assert_eq!(volume.driver_options["o"], "mode=0777,gid=0,size=65536");
    assert_eq!(service(&workload, "p-infra").mounts.len(), 1);
}

#[test]
fn a_volume_of_which_a_part_is_mounted_is_held_by_the_infra_container() {
    let text = pod(
        "  volumes: [{name: a, emptyDir: {}}, {name: b, persistentVolumeClaim: {claimName: data}}, {name: s, configMap: {name: settings}}]
  containers: [{name: c, image: i, volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b, subPath: x}, {name: s, mountPath: /s, subPath: a.conf}]}]
",
    );
    let workload = workload_of(&format!("{text}{OBJECTS}"));
    let mounts = &service(&workload, "p-infra").mounts;
    let source = MountSource::Volume {
        key: "data".to_owned(),
        no_copy: true,
        subpath: None,
    };
    let held = Mount {
        source,
        target: "/run/volumes/b".to_owned(),
        read_only: true,
    };
    assert_eq!(*mounts, [held]);
}

#[test]
fn files_of_objects_have_their_modes_and_their_place() {
    let (mounts, volumes) = mounted(
        "  volumes:\n  - {name: all, configMap: {name: settings}}\n  - {name: some, configMap: {name: settings, defaultMode: 0440, items: [{key: a.conf, path: x/y.conf}, {key: b.conf, path: b, mode: 256}]}}\n  - {name: s, secret: {secretName: login, defaultMode: 0400}}\n",
        "[{name: all, mountPath: /all}, {name: some, mountPath: /some}, {name: s, mountPath: /s}]",
        OBJECTS,
    );
    let of = |name: &str| {
        let found = volumes
            .iter()
            .find(|(key, _)| key.starts_with(&format!("p_{name}-")));
        files(found.unwrap().1)
    };
    let file = |path: &str, text: &str, mode| (path.to_owned(), text.to_owned(), mode);
    let all = [
        file("a.conf", "A", 0o644),
        file("b.conf", "B", 0o644),
        file("c.bin", "\u{fffd}", 0o644),
    ];
    assert_eq!(of("all"), all);
    assert_eq!(
        of("some"),
        [file("b", "B", 0o400), file("x/y.conf", "A", 0o440)]
    );
    assert_eq!(of("s"), [file("password", "hunter2", 0o400)]);
    assert!(mounts.iter().all(|mount| mount.read_only));
}

#[test]
fn another_content_is_another_volume() {
    let key = |objects: &str| {
        let volumes = "  volumes: [{name: v, configMap: {name: settings}}]\n";
        let (_, volumes) = mounted(volumes, "[{name: v, mountPath: /v}]", objects);
        volumes.into_keys().next().unwrap()
    };
    assert_eq!(key(OBJECTS), key(OBJECTS));
    assert_ne!(
        key(OBJECTS),
        key(&OBJECTS.replace("a.conf: A", "a.conf: C"))
    );
}

#[test]
fn the_group_of_the_pod_may_read_every_file() {
    let (_, volumes) = mounted(
        "  securityContext: {fsGroup: 7}\n  volumes: [{name: s, secret: {secretName: login, defaultMode: 0400}}]\n",
        "[{name: s, mountPath: /s}]",
        OBJECTS,
    );
    let content = volumes.values().next().unwrap().content.as_ref().unwrap();
    assert_eq!((content.group, content.files[0].mode), (7, 0o440));
}

#[test]
fn several_sources_come_together_in_one_volume() {
    let (_, volumes) = mounted(
        "  volumes:
  - name: v
    projected:
      defaultMode: 0400
      sources:
      - configMap: {name: settings, items: [{key: a.conf, path: a}]}
      - secret: {name: login}
      - downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}
      - secret: {name: nothing, optional: true}
",
        "[{name: v, mountPath: /v}]",
        OBJECTS,
    );
    let volume = volumes.values().next().unwrap();
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned(), 0o400);
    let expected = [
        file("a", "A"),
        file("labels", "app=\"x\""),
        file("password", "hunter2"),
    ];
    assert_eq!(files(volume), expected);
}

#[test]
fn a_part_of_a_volume_may_be_named_by_a_variable() {
    let text = pod("  volumes: [{name: a, emptyDir: {}}]
  containers:
  - name: c
    image: i
    env: [{name: N, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
    volumeMounts: [{name: a, mountPath: /a, subPathExpr: logs/$(N)}]
");
    let workload = workload_of(&text);
    let MountSource::Volume { subpath, .. } = &service(&workload, "p-c").mounts[0].source else {
        panic!("no volume");
    };
    assert_eq!(subpath.as_deref(), Some("logs/p"));
}
