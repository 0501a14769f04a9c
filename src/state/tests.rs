//! The folder's promises that need no second process.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::names::{BranchName, EnvironmentName};
use crate::plan::seen::Seen;

fn environment(name: &str) -> EnvironmentName {
    EnvironmentName::new(name).unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn project() -> (tempfile::TempDir, State) {
    let root = tempfile::tempdir().unwrap();
    let state = State::of_project(root.path());
    (root, state)
}

#[test]
fn reading_creates_nothing() {
    let (_root, state) = project();
    assert_eq!(state.password(&environment("dev")).unwrap(), None);
    assert_eq!(state.switched().unwrap(), None);
    assert!(!state.folder().exists());
}

#[test]
fn a_password_is_made_once_and_differs_between_environments() {
    let (_root, state) = project();
    let dev = state.password_or_generate(&environment("dev")).unwrap();
    let staging = state.password_or_generate(&environment("staging")).unwrap();
    assert_eq!(
        state.password_or_generate(&environment("dev")).unwrap(),
        dev
    );
    assert_eq!(
        state.password(&environment("dev")).unwrap(),
        Some(dev.clone())
    );
    assert_ne!(dev, staging);
    assert_eq!(dev.expose().len(), 32);
    assert!(
        dev.expose()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric())
    );
}

#[test]
fn everything_is_private_and_ignored_by_git() {
    let (_root, state) = project();
    state.password_or_generate(&environment("dev")).unwrap();
    let folder = state.folder();
    assert_eq!(mode(folder), 0o700);
    assert_eq!(mode(&folder.join("secrets")), 0o700);
    assert_eq!(mode(&folder.join("secrets/dev.json")), 0o600);
    assert_eq!(
        std::fs::read_to_string(folder.join(".gitignore")).unwrap(),
        "*\n"
    );
    let files = std::fs::read_dir(folder.join("secrets")).unwrap().count();
    assert_eq!(files, 1, "no temporary file stays");
}

#[test]
fn looser_permissions_are_repaired() {
    let (_root, state) = project();
    state.password_or_generate(&environment("dev")).unwrap();
    let file = state.folder().join("secrets/dev.json");
    for (path, loose) in [(file.as_path(), 0o644), (state.folder(), 0o755)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(loose)).unwrap();
    }
    state.password(&environment("dev")).unwrap();
    state.password_or_generate(&environment("staging")).unwrap();
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(state.folder()), 0o700);
}

#[test]
fn a_damaged_password_file_is_named_and_never_made_again() {
    let (_root, state) = project();
    state.password_or_generate(&environment("dev")).unwrap();
    let file = state.folder().join("secrets/dev.json");
    let damaged: [&[u8]; 6] = [
        b"",
        b"{",
        b"\xff\xfe",
        br#"{"v":1}"#,
        br#"{"v":1,"postgres_password":""}"#,
        br#"{"v":2,"postgres_password":"canary"}"#,
    ];
    for content in damaged {
        std::fs::write(&file, content).unwrap();
        let error = state.password_or_generate(&environment("dev")).unwrap_err();
        let text = format!("{error} {}", error.hint().unwrap());
        assert!(matches!(error, StateError::Damaged { .. }), "{error:?}");
        assert!(text.contains(&file.display().to_string()), "{text}");
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(std::fs::read(&file).unwrap(), content);
    }
}

#[test]
fn a_damaged_password_is_not_quoted_by_the_error() {
    let (_root, state) = project();
    state.password_or_generate(&environment("dev")).unwrap();
    let file = state.folder().join("secrets/dev.json");
    std::fs::write(&file, r#"{"v":"canary","postgres_password":canary}"#).unwrap();
    let error = state.password(&environment("dev")).unwrap_err();
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

#[test]
fn the_switched_environment_is_remembered_replaced_and_forgotten() {
    let (_root, state) = project();
    state.clear_switched().unwrap();
    state.switch(&environment("dev")).unwrap();
    state.switch(&environment("staging")).unwrap();
    assert_eq!(state.switched().unwrap(), Some(environment("staging")));
    state.clear_switched().unwrap();
    assert_eq!(state.switched().unwrap(), None);
}

#[test]
fn a_switched_environment_that_is_no_name_is_an_error() {
    let (_root, state) = project();
    state.switch(&environment("dev")).unwrap();
    std::fs::write(state.folder().join("environment"), "No Name\n").unwrap();
    let error = state.switched().unwrap_err().to_string();
    assert!(error.ends_with("is damaged: the environment name `No Name` holds `N`; use lower-case letters, digits, `_` and `-`"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
    let root = tempfile::tempdir().unwrap();
    // A file where the folder belongs: refused for every user, root too.
    std::fs::write(root.path().join(FOLDER), "").unwrap();
    let state = State::of_project(root.path());
    let error = state.password_or_generate(&environment("dev")).unwrap_err();
    assert!(
        matches!(&error, StateError::Read { path, .. } | StateError::Create { path, .. } if path.starts_with(state.folder())),
        "{error:?}"
    );
}

#[test]
fn a_refusal_says_what_to_make_writable() {
    let error = StateError::Create {
        path: "/srv/app/.poststack".into(),
        source: io::ErrorKind::ReadOnlyFilesystem.into(),
    };
    assert_eq!(
        error.hint().unwrap(),
        "make `/srv/app` writable for your user"
    );
}

#[tokio::test]
async fn a_taken_lock_tells_its_holder() {
    let (_root, state) = project();
    let held = Lock::try_acquire(&state, &environment("dev"), "env start dev").unwrap();
    let error = Lock::try_acquire(&state, &environment("dev"), "env stop dev").unwrap_err();
    let LockError::Busy { holder, .. } = error else {
        panic!("{error:?}");
    };
    let holder = holder.unwrap();
    assert_eq!(holder.process_id, std::process::id());
    assert_eq!(holder.command, "env start dev");
    assert!(Lock::try_acquire(&state, &environment("staging"), "x").is_ok());
    drop(held);
    assert!(Lock::try_acquire(&state, &environment("dev"), "x").is_ok());
}

#[tokio::test]
async fn waiting_for_a_lock_ends_when_it_is_free_or_the_time_is_over() {
    let (_root, state) = project();
    let dev = environment("dev");
    let held = Lock::try_acquire(&state, &dev, "first").unwrap();
    let short = std::time::Duration::from_millis(50);
    let busy = Lock::acquire(&state, &dev, "second", short).await;
    assert!(matches!(busy, Err(LockError::Busy { .. })));
    let release = async {
        tokio::time::sleep(short).await;
        drop(held);
    };
    let long = std::time::Duration::from_secs(10);
    let (second, ()) = tokio::join!(Lock::acquire(&state, &dev, "second", long), release);
    assert!(second.is_ok());
}

#[test]
fn a_busy_environment_is_told_in_one_sentence() {
    let error = LockError::Busy {
        environment: environment("dev"),
        holder: Some(Holder {
            process_id: 42,
            command: "env start dev".to_owned(),
            since: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        }),
    };
    assert_eq!(
        error.to_string(),
        "environment `dev` is in use by `env start dev` (process 42, since 2026-01-02T03:04:05Z)"
    );
}

#[test]
fn healthy_runs_are_remembered_for_one_environment_and_replace_the_former() {
    let (_root, state) = project();
    let dev = environment("dev");
    let runs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert!(state.healthy(&dev).is_empty());
    assert!(!state.folder().exists(), "reading creates nothing");
    state
        .remember_healthy(&dev, &runs(&["a 1", "b 1"]))
        .unwrap();
    state.remember_healthy(&dev, &runs(&["a 2"])).unwrap();
    assert_eq!(state.healthy(&dev), runs(&["a 2"]));
    assert!(state.healthy(&environment("staging")).is_empty());
}

#[test]
fn an_unreadable_memory_of_health_is_an_empty_one() {
    let (_root, state) = project();
    let dev = environment("dev");
    std::fs::create_dir_all(state.folder().join("healthy/dev")).unwrap();
    assert!(state.healthy(&dev).is_empty());
    let error = state.remember_healthy(&dev, &Default::default());
    assert!(matches!(error, Err(StateError::Write { .. })), "{error:?}");
}

#[test]
fn a_branch_is_remembered_for_one_environment_until_its_own_database_is_used_again() {
    let (_root, state) = project();
    let (dev, staging) = (environment("dev"), environment("staging"));
    assert_eq!(state.branch(&dev).unwrap(), None);
    state.use_branch(&dev, None).unwrap();
    assert!(!state.folder().exists(), "nothing is there to be forgotten");
    let branch = BranchName::new("feature/x").unwrap();
    state.use_branch(&dev, Some(&branch)).unwrap();
    assert_eq!(state.branch(&dev).unwrap(), Some(branch));
    assert_eq!(state.branch(&staging).unwrap(), None);
    state.use_branch(&dev, None).unwrap();
    assert_eq!(state.branch(&dev).unwrap(), None);
}

#[test]
fn a_damaged_branch_says_how_it_is_repaired() {
    let (_root, state) = project();
    let dev = environment("dev");
    let branch = BranchName::new("x").unwrap();
    state.use_branch(&dev, Some(&branch)).unwrap();
    std::fs::write(state.folder().join("branches/dev"), "a b\n").unwrap();
    let error = state.branch(&dev).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the branch name `a b` holds ` `"),
        "{error}"
    );
    assert!(
        error
            .hint()
            .unwrap()
            .starts_with("switch again, or remove it: rm ")
    );
}

#[test]
fn what_one_engine_has_seen_is_not_taken_for_what_another_has() {
    let (_root, state) = project();
    let dev = environment("dev");
    let (docker, podman) = ("Docker unix:///a.sock", "Podman unix:///b.sock");
    let of = |volume: &str| Seen {
        volumes: [volume.to_owned()].into(),
        ..Seen::default()
    };
    state.remember_seen(&dev, docker, &of("one")).unwrap();
    assert_eq!(state.seen(&dev, podman), Seen::default());
    state.remember_seen(&dev, podman, &of("two")).unwrap();
    assert_eq!(state.seen(&dev, docker), of("one"));
    assert_eq!(state.seen(&dev, podman), of("two"));
}
