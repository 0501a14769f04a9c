//! `env watch`: changed source files get into containers that run.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::project::{On, Project, eventually, on_both_engines};

/// What a machine that has much to do may take.
const PATIENCE: Duration = Duration::from_secs(120);

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { compose: app.yml }
";

/// A service `app` that does nothing, with these rules and further lines of its own.
fn app(rules: &str, lines: &str) -> String {
    let mut text = String::from(
        "services:\n  app:\n    image: debian:bookworm-slim\n    command: [sleep, infinity]\n    init: true\n    stop_grace_period: 1s\n",
    );
    for line in lines.lines() {
        text += &format!("    {line}\n");
    }
    text += "    develop:\n      watch:\n";
    for rule in rules.lines() {
        text += &format!("        - {{{rule}}}\n");
    }
    text
}

fn project(on: On, compose: &str) -> Project {
    let project = Project::new(on, CONFIG);
    project.write("app.yml", compose);
    project
}

/// A watch that runs, and what it has said so far.
struct Watch<'p> {
    project: &'p Project,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl<'p> Watch<'p> {
    /// Begins to watch, and waits until everything is watched.
    #[track_caller]
    fn begin(project: &'p Project) -> Self {
        let mut command = project.command(&["env", "watch", "dev"]);
        let piped = command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let hear = said.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *hear.lock().unwrap() += &(line + "\n");
            }
        });
        let watch = Self {
            project,
            child,
            said,
        };
        watch.says("Watching");
        watch
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    #[track_caller]
    fn says(&self, text: &str) {
        eventually(PATIENCE, || match self.said().contains(text) {
            true => Ok(()),
            false => Err(format!("no `{text}` in:\n{}", self.said())),
        });
    }

    /// What a script prints in the container of `app`, as soon as it is `expected`.
    #[track_caller]
    fn shows(&self, script: &str, expected: &str) {
        eventually(PATIENCE, || {
            let found = self.prints(script);
            match found == expected {
                true => Ok(()),
                false => Err(format!("{script}: {found:?}\n{}", self.said())),
            }
        });
    }

    /// Standard output, and the error output behind it.
    fn prints(&self, script: &str) -> String {
        let name = format!("{}-dev-app-1", self.project.name);
        let output = self.project.exec(&name, &["sh", "-c", script]);
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8(text).unwrap().trim().to_owned()
    }

    /// Ctrl-C; the exit code.
    fn end(mut self) -> i32 {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", "INT", &process]).status();
        assert!(sent.unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        // It has ended by itself in a test that went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

on_both_engines! {
    fn files_are_in_the_container_as_they_are_on_the_host(on: On) {
        let rule = "path: ./src, action: sync, target: /srv/app, ignore: [node_modules/]";
        let project = project(on, &app(rule, "user: \"1000:1000\""));
        project.write("src/old", "old");
        let watch = Watch::begin(&project);
        project.write("src/page", "one");
        watch.shows("cat /srv/app/page", "one");
        project.write("src/page", "two");
        watch.shows("cat /srv/app/page", "two");
        // As many editors save.
        let temporary = project.write("src/page.tmp", "three");
        std::fs::rename(temporary, project.root().join("src/page")).unwrap();
        watch.shows("cat /srv/app/page", "three");
        let tool = project.write("src/deep/er/tool", "#!/bin/sh\n");
        std::fs::set_permissions(&tool, PermissionsExt::from_mode(0o750)).unwrap();
        watch.shows("stat -c '%a %u:%g' /srv/app/deep/er/tool", "750 1000:1000");
        std::os::unix::fs::symlink("page", project.root().join("src/link")).unwrap();
        watch.shows("readlink /srv/app/link", "page");
        std::fs::rename(project.root().join("src/deep"), project.root().join("src/flat")).unwrap();
        watch.shows("cd /srv/app; ls -d flat/er/tool deep 2> /dev/null", "flat/er/tool");
        std::fs::remove_dir_all(project.root().join("src/flat")).unwrap();
        project.write("src/node_modules/huge", "x");
        project.write("src/last", "x");
        watch.shows("cd /srv/app; find . -type f -o -type l | sort | tr '\\n' ' '", "./last ./link ./page");
        assert_eq!(watch.end(), 130);
    }

    fn many_files_at_once_arrive_and_go(on: On) {
        let rule = "path: ./src, action: sync, target: /app, initial_sync: true";
        let project = project(on, &app(rule, ""));
        for number in 0..300 {
            project.write(&format!("src/before/{}/{number}", number % 7), "x");
        }
        let watch = Watch::begin(&project);
        watch.shows("find /app/before -type f | wc -l", "300");
        for number in 0..600 {
            project.write(&format!("src/after/{}/{number}", number % 7), "x");
        }
        watch.shows("find /app/after -type f | wc -l", "600");
        std::fs::remove_dir_all(project.root().join("src/before")).unwrap();
        watch.shows("find /app -type f | wc -l", "600");
    }

    fn a_rebuild_replaces_the_containers_of_its_service_alone(on: On) {
        let text = "services:
  app:
    image: \"{name}-app\"
    build: ./web
    command: [sleep, infinity]
    stop_grace_period: 1s
    develop: { watch: [{ path: ./web, action: rebuild }] }
  other:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    init: true
";
        let project = project(on, text);
        project.write("web/word", "one");
        let good = "FROM debian:bookworm-slim\nLABEL io.poststack.project={name}\nCOPY word /word\n";
        project.write("web/Dockerfile", good);
        let watch = Watch::begin(&project);
        let before = project.container_ids();
        project.write("web/word", "two");
        watch.shows("cat /word", "two");
        watch.says("rebuilt");
        // A build that fails leaves everything as it is, and the next change is another try.
        project.write("web/Dockerfile", &format!("{good}RUN exit 7\n"));
        watch.says("could not be built");
        assert_eq!(watch.prints("cat /word"), "two");
        project.write("web/word", "three");
        project.write("web/Dockerfile", good);
        watch.shows("cat /word", "three");
        // The new container does not start, and the former one comes back.
        project.write("web/Dockerfile", &format!("{good}RUN rm /bin/sleep\n"));
        watch.says("what ran before runs again");
        watch.shows("cat /word", "three");
        let after = project.container_ids();
        let same: Vec<&String> = before.iter().filter(|(name, id)| after.get(*name) == Some(id)).map(|(name, _)| name).collect();
        let kept = ["other-1", "postgres"].map(|name| format!("{}-dev-{name}", project.name));
        assert_eq!(same, kept.iter().collect::<Vec<_>>());
    }

    fn after_a_sync_the_container_is_restarted_or_runs_a_program(on: On) {
        let rules = "path: ./conf, action: sync+restart, target: /conf
path: ./live, action: sync+exec, target: /live, exec: {command: [sh, -c, 'cat /live/* > /tmp/heard; id -un >> /tmp/heard; echo $$WORD >> /tmp/heard'], user: games, working_dir: /tmp, environment: {WORD: said}}
path: ./plain, action: restart";
        let lines = "entrypoint: [sh, -c, 'echo run >> /runs; exec sleep infinity']";
        let project = project(on, &app(rules, lines));
        for path in ["conf/a", "live/a", "plain"] {
            project.write(path, "0");
        }
        let watch = Watch::begin(&project);
        project.write("live/a", "new");
        watch.shows("cat /tmp/heard | tr '\\n' ' '", "newgames said");
        assert_eq!(watch.prints("wc -l < /runs"), "1");
        project.write("conf/a", "1");
        watch.shows("cat /conf/a; wc -l < /runs", "12");
        watch.says("restarted");
        project.write("plain", "1");
        watch.shows("wc -l < /runs", "3");
    }

    fn a_program_that_fails_after_a_sync_is_told_and_watching_goes_on(on: On) {
        let rule = "path: ./live, action: sync+exec, target: /live, exec: {command: [sh, -c, 'echo because >&2; grep -q good /live/a']}";
        let project = project(on, &app(rule, ""));
        project.write("live/a", "0");
        let watch = Watch::begin(&project);
        project.write("live/a", "bad");
        watch.says("ended with code 1");
        watch.says("because");
        project.write("live/a", "good");
        watch.says("ran (sh)");
    }

    fn a_container_that_somebody_else_makes_anew_gets_what_was_synced(on: On) {
        let rule = "path: ./src, action: sync, target: /app";
        let project = project(on, &app(rule, ""));
        project.write("src/a", "0");
        let watch = Watch::begin(&project);
        project.write("src/a", "edited");
        watch.shows("cat /app/a", "edited");
        let before = project.container_ids();
        // The lock is free while nothing happens.
        project.run(&["env", "start", "dev", "--force-recreate"]).ok();
        watch.shows("cat /app/a", "edited");
        let name = format!("{}-dev-app-1", project.name);
        assert_ne!(before[&name], project.container_ids()[&name]);
    }

    fn a_file_system_in_memory_can_be_synced_to_and_a_read_only_one_is_told(on: On) {
        let rules = "path: ./memory, action: sync, target: /memory/sub
path: ./volume, action: sync, target: /volume
path: ./fixed, action: sync, target: /fixed";
        let lines = "read_only: true\ntmpfs: [/memory]\nvolumes: [/volume]";
        let project = project(on, &app(rules, lines));
        for folder in ["memory", "volume", "fixed"] {
            project.write(&format!("{folder}/a"), "0");
        }
        let watch = Watch::begin(&project);
        project.write("fixed/a", "1");
        watch.says("read-only");
        project.write("memory/a", "1");
        watch.shows("cat /memory/sub/a", "1");
        project.write("volume/a", "1");
        watch.shows("cat /volume/a", "1");
    }

    fn a_bind_mount_and_what_a_volume_holds_stay_as_they_are(on: On) {
        let rule = "path: ., action: sync, target: /app";
        let project = project(on, &app(rule, "volumes: ['./data:/app/data', 'uploads:/app/uploads']"));
        let text = project.read("app.yml");
        project.write("app.yml", &format!("{text}volumes: {{uploads: {}}}\n", "{}"));
        let database = project.write("data/db", "one");
        project.write("uploads/here", "x");
        let watch = Watch::begin(&project);
        watch.shows("echo kept > /app/uploads/there; cat /app/data/db", "one");
        let file = || std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&database).unwrap());
        let before = file();
        project.write("data/db", "two");
        watch.says("`/app/data` is mounted from the host");
        std::fs::remove_dir_all(project.root().join("uploads")).unwrap();
        watch.says("`/app/uploads` is not removed");
        project.write("last", "x");
        watch.shows("cat /app/last /app/data/db /app/uploads/there", "xtwokept");
        assert_eq!(file(), before);
        assert_eq!(watch.said().matches("from the host").count(), 1);
    }

    fn what_was_deleted_while_the_container_was_stopped_is_gone_when_it_runs_again(on: On) {
        let project = project(on, &app("path: ./src, action: sync, target: /app", ""));
        let old = project.write("src/old", "0");
        let watch = Watch::begin(&project);
        project.write("src/old", "1");
        watch.shows("cat /app/old", "1");
        let name = format!("{}-dev-app-1", project.name);
        on.cli_text(&["stop", &name]);
        std::fs::remove_file(old).unwrap();
        watch.says("`rm` in container");
        on.cli_text(&["start", &name]);
        watch.shows("ls /app | wc -l", "0");
    }

    fn a_path_that_comes_later_or_anew_is_watched_as_well(on: On) {
        let rules = "path: ./not/yet, action: sync, target: /late
path: ./one.ini, action: sync, target: /etc/";
        let project = project(on, &app(rules, ""));
        project.write("one.ini", "0");
        let watch = Watch::begin(&project);
        watch.says("is not there yet");
        project.write("not/yet/a", "here");
        watch.shows("cat /late/a", "here");
        std::fs::remove_dir_all(project.root().join("not")).unwrap();
        project.write("not/yet/a", "again");
        watch.shows("cat /late/a", "again");
        std::fs::remove_file(project.root().join("one.ini")).unwrap();
        project.write("one.ini", "1");
        watch.shows("cat /etc/one.ini", "1");
    }
}

#[test]
fn without_anything_to_watch_nothing_is_started() {
    let project = project(
        On::Docker,
        "services: {app: {image: debian:bookworm-slim}}\n",
    );
    let ran = project.run(&["env", "watch", "dev"]).exits(3);
    assert!(ran.stderr.contains("develop: { watch:"), "{}", ran.stderr);
    assert!(project.container_ids().is_empty());
}

#[test]
fn a_service_that_does_not_say_what_to_watch_is_refused_with_those_that_do() {
    let project = project(On::Docker, &app("path: ., action: restart", ""));
    let ran = project.run(&["env", "watch", "dev", "ap"]).exits(2);
    assert!(ran.stderr.contains("these do: app"), "{}", ran.stderr);
    assert!(project.container_ids().is_empty());
}
