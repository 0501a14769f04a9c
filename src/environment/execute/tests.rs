use super::*;
use crate::plan::spec::{NetworkAttachment, SharedNamespaces};
use crate::workload::model::Process;

fn spec(mounts: Vec<MountSpec>) -> ContainerSpec {
    ContainerSpec {
        name: "shop-dev-web-1".to_owned(),
        image: "web".to_owned(),
        platform: None,
        process: Process::default(),
        network: NetworkAttachment::None,
        namespaces: SharedNamespaces::default(),
        mounts,
        volumes_from: Vec::new(),
        files: Vec::new(),
        labels: crate::plan::spec::Labels::new(),
    }
}

fn mount(source: MountSpecSource) -> MountSpec {
    MountSpec {
        source,
        target: "/cache".to_owned(),
        read_only: false,
    }
}

fn former() -> MountSpec {
    mount(MountSpecSource::Volume {
        name: "a".repeat(64),
        no_copy: true,
        subpath: None,
    })
}

#[test]
fn an_anonymous_volume_that_is_still_asked_for_is_taken_over() {
    let mut declared = spec(vec![mount(MountSpecSource::Anonymous)]);
    inherit(&mut declared, vec![former()], &[]);
    assert_eq!(declared.mounts, [former()]);
    let mut of_image = spec(Vec::new());
    inherit(&mut of_image, vec![former()], &["/cache/".to_owned()]);
    assert_eq!(of_image.mounts, [former()]);
}

#[test]
fn an_anonymous_volume_that_nobody_asks_for_any_more_is_dropped() {
    let mut gone = spec(Vec::new());
    inherit(&mut gone, vec![former()], &["/other".to_owned()]);
    assert_eq!(gone.mounts, []);
}

#[test]
fn what_the_container_has_there_now_stays() {
    let image = ["/cache".to_owned()];
    let tmpfs = mount(MountSpecSource::Tmpfs {
        size: None,
        mode: None,
    });
    let mut mounted = spec(vec![tmpfs.clone()]);
    inherit(&mut mounted, vec![former()], &image);
    assert_eq!(mounted.mounts, [tmpfs]);
    let mut short = spec(Vec::new());
    let options = &mut short.process.tmpfs;
    options.insert("/cache".to_owned(), String::new());
    inherit(&mut short, vec![former()], &image);
    assert_eq!(short.mounts, []);
}
