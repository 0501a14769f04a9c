use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_part_of_a_volume_may_be_a_link_within_it_or_not_be_there_yet() {
    let volume = tempfile::tempdir().unwrap();
    let root = volume.path();
    std::fs::create_dir(root.join("data")).unwrap();
    symlink("data", root.join("link")).unwrap();
    for part in ["data", "link", "link/new", "new/deep"] {
        assert_eq!(inside(root, Path::new(part)).unwrap(), root.join(part));
    }
}

#[test]
fn a_part_that_leads_out_of_its_volume_is_refused() {
    let (volume, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = volume.path();
    symlink(other.path(), root.join("away")).unwrap();
    symlink(other.path().join("missing"), root.join("nowhere")).unwrap();
    for part in [
        "away",
        "away/new",
        "nowhere",
        "nowhere/new",
        "../x",
        "a/../../x",
        "/etc",
    ] {
        let error = inside(root, Path::new(part)).unwrap_err();
        assert_eq!(error.to_string(), "it leads out of the volume", "{part}");
    }
}

#[test]
fn a_volume_on_another_machine_is_not_looked_into() {
    let folder = Path::new("/nowhere/volumes/v/_data");
    let found = inside(folder, Path::new("part")).unwrap();
    assert_eq!(found, folder.join("part"));
    assert!(inside(folder, Path::new("../part")).is_err());
}
