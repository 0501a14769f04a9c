//! What is written where, and what is never written.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::event::Subject;
use crate::settings::{self, Flags, Request};

/// A folder with this file, and its settings.
fn settings(file: Option<&str>) -> (tempfile::TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    if let Some(text) = file {
        std::fs::write(folder.path().join(".poststack.yml"), text).unwrap();
    }
    let settings = settings::load(&Request {
        config_file: None,
        working_directory: folder.path(),
        flags: &Flags::default(),
        process: &BTreeMap::new(),
    });
    (folder, settings.unwrap())
}

const PROJECT: &str = "project: { name: shop }\nenvironments: { dev: }\n";

fn built(name: &str) -> Event {
    Event::StepEnded {
        subject: Subject::new("Image", name),
        done: "built",
        cause: String::new(),
        took: Duration::from_millis(1500),
    }
}

/// The file without times and process numbers.
fn read(folder: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("logs").join(name)).unwrap_or_default();
    let own = |line: &str| line.splitn(3, ' ').nth(2).unwrap().trim().to_owned();
    text.lines().map(own).collect()
}

#[test]
fn a_folder_that_is_no_project_gets_no_logs() {
    let (folder, settings) = settings(None);
    let logs = Logs::of(&settings, "build");
    logs.event(&built("shop/web"));
    logs.failure("it failed");
    logs.ended(1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_command_that_does_nothing_leaves_no_trace() {
    let (folder, settings) = settings(Some(PROJECT));
    Logs::of(&settings, "env list").ended(0);
    assert!(!folder.path().join("logs").exists());
}

#[test]
fn every_event_stands_where_it_belongs() {
    let (folder, settings) = settings(Some(PROJECT));
    let logs = Logs::of(&settings, "env start");
    logs.event(&Event::Began {
        verb: "env start",
        project: "shop".to_owned(),
        environment: "dev".to_owned(),
        engine: "Docker 1".to_owned(),
    });
    logs.event(&Event::ImageProgress {
        image: "shop/web:latest".to_owned(),
        line: "RUN API_TOKEN=canary; exit 7".to_owned(),
    });
    logs.event(&built("shop/web:latest"));
    logs.event(&Event::Migration(crate::event::MigrationEvent::Ended {
        migration: "001_a".to_owned(),
        rollback: false,
        seconds: crate::event::Seconds(Duration::from_millis(2)),
    }));
    logs.sql("SELECT 'canary'");
    logs.failure("postgresql://u:canary@h/d\nsecond line");
    logs.ended(5);
    let main = read(folder.path(), "poststack.log");
    assert_eq!(
        main[..5],
        [
            "INFO env start [shop/dev]: began on Docker 1",
            "INFO env start [shop/dev]: image shop/web:latest built 1.50 s",
            "INFO env start [shop/dev]: 001_a applied 0.002 s",
            "ERROR env start [shop/dev]: postgresql://u:******@h/d",
            "ERROR env start [shop/dev]: second line",
        ]
    );
    assert!(main[5].starts_with("INFO env start [shop/dev]: ended with exit code 5 after "));
    assert_eq!(
        read(folder.path(), "containers/web.log"),
        ["RUN API_TOKEN=******; exit 7", "built after 1.50 s"]
    );
    assert_eq!(
        read(folder.path(), "database/migrations.log"),
        ["env start [shop/dev]: 001_a applied 0.002 s"]
    );
    assert_eq!(
        read(folder.path(), "database/sql.log"),
        ["env start [shop/dev]: SELECT '…'"]
    );
}

#[test]
fn the_level_thins_the_main_log_alone() {
    let (folder, settings) = settings(Some(&format!(
        "settings: {{ log_level: error }}\n{PROJECT}"
    )));
    let logs = Logs::of(&settings, "build");
    logs.event(&built("shop/web"));
    logs.event(&Event::Warning("w".to_owned()));
    assert!(read(folder.path(), "poststack.log").is_empty());
    assert_eq!(read(folder.path(), "containers/web.log").len(), 1);
    logs.failure("it failed");
    assert_eq!(
        read(folder.path(), "poststack.log"),
        ["ERROR build: it failed"]
    );
}

#[test]
fn a_log_that_cannot_be_written_is_told_once() {
    let (folder, settings) = settings(Some(PROJECT));
    std::fs::write(folder.path().join("logs"), "a file").unwrap();
    let logs = Logs::of(&settings, "build");
    assert_eq!(logs.fault(), None);
    logs.event(&built("shop/web"));
    let fault = logs.fault().unwrap();
    assert!(fault.starts_with("no log is written to `"), "{fault}");
    logs.event(&built("shop/web"));
    assert_eq!(logs.fault(), None);
}

#[test]
fn the_log_of_an_image_is_called_after_it_and_lies_in_its_folder() {
    let of = |reference| file_of_image(reference, "shop").display().to_string();
    assert_eq!(of("shop/web:latest"), "containers/web.log");
    assert_eq!(of("shop/postgres:15"), "containers/postgres-15.log");
    assert_eq!(
        of("poststack/base-debian:core"),
        "containers/base-debian-core.log"
    );
    assert_eq!(of("shop-dev-web"), "containers/shop-dev-web.log");
    assert_eq!(
        of("r.io:5000/../x@sha256:1"),
        "containers/r.io-5000-..-x-sha256-1.log"
    );
}

#[test]
fn logs_are_listed_and_old_ones_removed() {
    let (folder, settings) = settings(Some(PROJECT));
    let logs = Logs::of(&settings, "build");
    logs.event(&built("shop/web"));
    let folder = folder.path().join("logs");
    std::fs::write(folder.join("app.log"), "of the application").unwrap();
    file::LogFile::open(&folder, Path::new("poststack.log.2")).unwrap();
    file::LogFile::open(&folder, Path::new("database/nightly.log")).unwrap();
    file::LogFile::open(&folder, Path::new("database/sql.log.2024")).unwrap();
    std::fs::write(folder.join("containers/nginx.log"), "of a server").unwrap();
    let names = |logs: Vec<list::Log>| {
        let names = logs.into_iter().map(|log| {
            let path = log.path.strip_prefix(&folder).unwrap();
            format!("{} {}", log.category.as_str(), path.display())
        });
        names.collect::<Vec<_>>()
    };
    let all = [
        "main poststack.log",
        "main poststack.log.2",
        "container containers/web.log",
    ];
    assert_eq!(names(list::list(&folder, None).unwrap()), all);
    let only = list::list(&folder, Some(list::Category::Container)).unwrap();
    assert_eq!(names(only), all[2..]);
    let old = list::clean(&folder, Duration::from_secs(3600)).unwrap();
    assert_eq!(old, []);
    let old = list::clean(&folder, Duration::ZERO).unwrap();
    assert_eq!(names(old), all);
    let others = [
        "app.log",
        "database/nightly.log",
        "database/sql.log.2024",
        "containers/nginx.log",
    ];
    assert!(others.iter().all(|name| folder.join(name).exists()));
    assert_eq!(list::list(Path::new("/nowhere"), None).unwrap(), []);
}
