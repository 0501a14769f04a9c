//! `.poststack/` between processes.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use poststack::names::EnvironmentName;
use poststack::state::{Lock, LockError, State};

fn dev() -> EnvironmentName {
    EnvironmentName::new("dev").unwrap()
}

#[test]
fn many_at_once_agree_on_one_password() {
    let root = tempfile::tempdir().unwrap();
    let barrier = std::sync::Barrier::new(16);
    let passwords: Vec<_> = std::thread::scope(|scope| {
        let ask = || {
            let state = State::of_project(root.path());
            barrier.wait();
            state.password_or_generate(&dev()).unwrap()
        };
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let kept = State::of_project(root.path())
        .password(&dev())
        .unwrap()
        .unwrap();
    assert!(passwords.iter().all(|password| *password == kept));
}

/// Another process that holds the lock file of `dev` until it is killed.
fn hold(root: &std::path::Path) -> Child {
    let file = root.join(".poststack/locks/dev.lock");
    let mut child = Command::new("flock")
        .args(["--exclusive", "--no-fork"])
        .arg(&file)
        .args(["sh", "-c", "echo; exec sleep 60"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("`flock` starts: apt-get install util-linux");
    let mut line = [0; 1];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
    child
}

#[tokio::test]
async fn a_lock_dies_with_the_process_that_held_it() {
    let root = tempfile::tempdir().unwrap();
    let state = State::of_project(root.path());
    Lock::try_acquire(&state, &dev(), "before").unwrap().done();
    let mut other = hold(root.path());
    let busy = Lock::try_acquire(&state, &dev(), "env start dev").unwrap_err();
    assert!(
        matches!(busy, LockError::Busy { holder: None, .. }),
        "{busy:?}"
    );
    other.kill().unwrap();
    other.wait().unwrap();
    let lock = Lock::acquire(&state, &dev(), "env start dev", Duration::from_secs(5)).await;
    assert!(lock.is_ok(), "{lock:?}");
}

#[tokio::test]
async fn a_project_on_a_read_only_file_system_is_a_clear_error() {
    let state = State::of_project(std::path::Path::new("/proc/sys"));
    let error = state.switch(&dev()).unwrap_err();
    let text = error.to_string();
    assert_eq!(text, "failed to create `/proc/sys/.poststack`");
}
