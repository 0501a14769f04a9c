use std::collections::BTreeSet;

use tempfile::TempDir;

use super::*;
use crate::environment::watch::batch::Sight;
use crate::variables::Variables;
use crate::workload::{Context, load_compose};

/// A folder with these files, and the service `a` of its Compose file.
struct Project {
    folder: TempDir,
    service: Service,
}

impl Project {
    fn new(files: &[&str], rule: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = |path: &str| folder.path().join(path);
        for path in files {
            let (path, text) = path.split_once('=').unwrap_or((path, ""));
            std::fs::create_dir_all(project(path).parent().unwrap()).unwrap();
            std::fs::write(project(path), text).unwrap();
        }
        std::fs::write(project("Dockerfile"), "FROM x\n").unwrap();
        let text = format!(
            "services:\n  a:\n    build: .\n    volumes: ['./mounted:/m']\n    develop: {{watch: [{{{rule}}}]}}\n"
        );
        std::fs::write(project("compose.yml"), text).unwrap();
        let context = Context {
            variables: &Variables::default(),
            profiles: &BTreeSet::new(),
            allow_undefined: false,
        };
        let loaded = load_compose(
            &[(project("compose.yml"), PathBuf::from("compose.yml"))],
            &context,
        );
        let service = loaded.workload.services[0].clone();
        Self { folder, service }
    }

    fn path(&self, path: &str) -> PathBuf {
        std::fs::canonicalize(self.folder.path())
            .unwrap()
            .join(path)
    }

    /// What the rule makes of these sights, as `target` or `-target`.
    fn work(&self, sights: &[(&str, Sight)]) -> Vec<String> {
        let mut batch = Batch::default();
        for (path, sight) in sights {
            batch.see(self.path(path), *sight);
        }
        self.shown(&batch)
    }

    fn shown(&self, batch: &Batch) -> Vec<String> {
        let rule = Rule::new(&self.service.watch[0], &self.service).unwrap();
        let work = rule.work(batch).into_iter();
        work.map(|(target, source)| match source {
            Some(_) => target,
            None => format!("-{target}"),
        })
        .collect()
    }
}

const SYNC: &str = "path: src, action: sync, target: /app";

#[test]
fn a_changed_file_goes_to_its_place_below_the_target() {
    let project = Project::new(&["src/a/b.txt", "other"], SYNC);
    let sights = [("src/a/b.txt", Sight::Changed), ("other", Sight::Changed)];
    assert_eq!(project.work(&sights), ["/app/a/b.txt"]);
}

#[test]
fn a_file_that_is_gone_is_deleted_and_one_that_only_passed_through_is_not() {
    let project = Project::new(&["src/a"], SYNC);
    let sights = [
        ("src/old", Sight::Vanished),
        ("src/temporary", Sight::Appeared),
        ("src/temporary", Sight::Vanished),
    ];
    assert_eq!(project.work(&sights), ["-/app/old"]);
}

#[test]
fn a_folder_that_appears_comes_with_everything_in_it_and_one_that_changes_alone() {
    let project = Project::new(&["src/d/e/f", "src/d/g", "src/h/i"], SYNC);
    let sights = [("src/d", Sight::Appeared), ("src/h", Sight::Changed)];
    assert_eq!(
        project.work(&sights),
        ["/app/d", "/app/d/e", "/app/d/e/f", "/app/d/g"]
    );
}

#[test]
fn what_poststack_writes_itself_is_nobody_s_change() {
    let project = Project::new(&["src/a", "src/logs/x.log"], SYNC);
    let rule = Rule::new(&project.service.watch[0], &project.service).unwrap();
    let rule = rule.without(&[project.path("src/logs")]);
    let mut batch = Batch::default();
    batch.see(project.path("src/logs/x.log"), Sight::Changed);
    assert_eq!(rule.work(&batch), Work::new());
    assert!(!rule.enters(&project.path("src/logs")));
    batch.see(project.path("src/a"), Sight::Changed);
    assert_eq!(rule.work(&batch).len(), 1);
}

#[test]
fn the_watched_folder_itself_is_never_deleted() {
    let project = Project::new(&["src/a"], SYNC);
    let rule = Rule::new(&project.service.watch[0], &project.service).unwrap();
    std::fs::remove_dir_all(project.path("src")).unwrap();
    let mut batch = Batch::default();
    batch.see(project.path("src"), Sight::Vanished);
    assert_eq!(rule.work(&batch), Work::new());
}

#[test]
fn a_single_file_is_its_target_or_lies_in_it() {
    for (target, expected) in [("/etc/app.ini", "/etc/app.ini"), ("/etc/", "/etc/a.ini")] {
        let rule = format!("path: a.ini, action: sync, target: {target}");
        let project = Project::new(&["a.ini", "b.ini"], &rule);
        let sights = [("a.ini", Sight::Changed), ("b.ini", Sight::Changed)];
        assert_eq!(project.work(&sights), [expected]);
        let rule = Rule::new(&project.service.watch[0], &project.service).unwrap();
        std::fs::remove_file(project.path("a.ini")).unwrap();
        let mut batch = Batch::default();
        batch.see(project.path("a.ini"), Sight::Vanished);
        assert_eq!(rule.work(&batch), Work::from([(expected.to_owned(), None)]));
    }
}

#[test]
fn what_is_ignored_stays_at_home_by_the_rule_by_the_context_and_as_noise() {
    let files = [
        "src/a.txt",
        "src/a.log",
        "src/modules/x",
        "src/secret/key",
        "src/secret/public",
        "src/.git/HEAD",
        "src/.a.txt.swp",
        "src/a.txt~",
        ".dockerignore=src/secret\n!src/secret/public\n",
    ];
    let rule = format!("{SYNC}, ignore: [modules/, '*.log']");
    let project = Project::new(&files, &rule);
    assert_eq!(
        project.shown(&Batch::whole(&project.path("src"))),
        ["/app/a.txt", "/app/secret/public"]
    );
    let sights = files.map(|file| (file.split('=').next().unwrap(), Sight::Changed));
    assert_eq!(project.work(&sights), ["/app/a.txt", "/app/secret/public"]);
}

#[test]
fn only_what_is_included_is_taken() {
    let rule = format!("{SYNC}, include: ['*.txt', 'web/**']");
    let project = Project::new(
        &["src/a.txt", "src/b.md", "src/d/c.txt", "src/web/x/y.md"],
        &rule,
    );
    let whole = Batch::whole(&project.path("src"));
    assert_eq!(
        project.shown(&whole),
        ["/app/a.txt", "/app/web", "/app/web/x", "/app/web/x/y.md"]
    );
    let sights = [("src/b.md", Sight::Changed), ("src/b.txt", Sight::Vanished)];
    assert_eq!(project.work(&sights), ["-/app/b.txt"]);
}

#[test]
fn after_lost_events_everything_is_taken_again() {
    let project = Project::new(&["src/a", "src/b/c"], SYNC);
    let batch = Batch {
        is_partial: true,
        ..Batch::default()
    };
    assert_eq!(project.shown(&batch), ["/app/a", "/app/b", "/app/b/c"]);
}

#[test]
fn a_symbolic_link_in_a_folder_is_taken_as_a_link_and_the_watched_path_itself_is_followed() {
    let project = Project::new(&["real/a"], "path: src, action: sync, target: /app");
    std::os::unix::fs::symlink("real", project.path("src")).unwrap();
    std::os::unix::fs::symlink("/nowhere", project.path("real/link")).unwrap();
    let sights = [("real/link", Sight::Appeared), ("real/a", Sight::Changed)];
    assert_eq!(project.work(&sights), ["/app/a", "/app/link"]);
}

#[test]
fn a_path_in_a_bind_mount_is_known_to_be_in_the_container() {
    let of = |rule: &str| {
        let project = Project::new(&["mounted/a"], rule);
        is_mounted(&project.service.watch[0], &project.service)
    };
    assert!(of("path: mounted, action: sync, target: /m"));
    assert!(of("path: mounted/a, action: sync+restart, target: /m/a"));
    assert!(!of("path: mounted, action: restart"));
    assert!(!of("path: mounted-not, action: sync, target: /m"));
}
