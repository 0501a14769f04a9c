//! Whether the program of a container has come to rest: all its threads sleep, and none has been
//! woken for a moment. Who waits for work is up; who is still getting ready runs.
//!
//! The kernel knows, where the engine is on this machine. Elsewhere, and for who waits in the midst
//! of getting ready, this tells nothing, and whoever asks needs a limit.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// So many looks must find the same.
const LOOKS: u32 = 3;

/// Most threads that are looked at; a program with more of them is not at rest.
const MOST: usize = 500;

/// Thread → how often it was put to sleep.
type Threads = BTreeMap<u32, u64>;

/// Waits until the container of this id, whose first process is `process`, has come to rest; for
/// ever where that cannot be seen.
pub(super) async fn at_rest(id: &str, process: u32) {
    if !is_of(id, process) {
        return std::future::pending().await;
    }
    let mut before = None;
    let mut same = 0;
    loop {
        let now = asleep(process);
        same = match &now {
            Some(_) if now == before => same + 1,
            _ => 0,
        };
        if same + 1 >= LOOKS {
            return;
        }
        before = now;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the process of that number on this machine is the container's: an engine elsewhere
/// counts its own.
fn is_of(id: &str, process: u32) -> bool {
    let groups = std::fs::read_to_string(format!("/proc/{process}/cgroup"));
    process > 0 && !id.is_empty() && groups.is_ok_and(|groups| groups.contains(id))
}

/// Every thread of the process and of those it has started; `None` while one of them runs.
fn asleep(first: u32) -> Option<Threads> {
    let mut threads = Threads::new();
    let mut processes = vec![first];
    while let Some(process) = processes.pop() {
        let folder = format!("/proc/{process}/task");
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let number: u32 = entry.file_name().to_str()?.parse().ok()?;
            let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
            threads.insert(number, sleeps(&status)?);
            if threads.len() > MOST {
                return None;
            }
            processes.extend(children(&entry.path()));
        }
    }
    Some(threads)
}

fn children(task: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(task.join("children")).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect()
}

/// What the first process of a container is called until it becomes the program of the container.
const STILL_THE_ENGINES: &str = "runc:[";

/// How often a thread was put to sleep, by its `/proc/…/status`; `None` unless it sleeps now.
fn sleeps(status: &str) -> Option<u64> {
    let field = |name: &str| {
        let mut lines = status.lines();
        lines.find_map(|line| line.strip_prefix(name)?.split_whitespace().next())
    };
    let is_asleep = matches!(field("State:")?, "S" | "I");
    let is_its_own = !field("Name:")?.starts_with(STILL_THE_ENGINES);
    let count = field("voluntary_ctxt_switches:")?.parse().ok()?;
    (is_asleep && is_its_own).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_sleeps_tells_how_often() {
        let status = "Name:\ttini\nState:\tS (sleeping)\nvoluntary_ctxt_switches:\t12\n";
        assert_eq!(sleeps(status), Some(12));
        assert_eq!(sleeps(&status.replace("S (sleeping)", "R (running)")), None);
        assert_eq!(sleeps(&status.replace("tini", "runc:[2:INIT]")), None);
        assert_eq!(sleeps("Name:\tgone\n"), None);
    }

    #[tokio::test]
    async fn a_process_that_is_not_the_containers_tells_nothing() {
        let own = std::process::id();
        let told = at_rest("0123456789abcdef", own);
        let waited = tokio::time::timeout(Duration::from_millis(50), told).await;
        assert!(waited.is_err());
    }

    #[test]
    fn who_runs_is_not_asleep() {
        // The thread that looks is awake.
        assert_eq!(asleep(std::process::id()), None);
    }
}
