//! The life of a container.

use std::time::{Duration, Instant};

use poststack::engine::EngineError;
use poststack::plan::observed::State;
use poststack::secret::Secret;
use poststack::workload::model::{FileContent, FileMount};

use super::on_each_engine;

#[test]
fn a_container_is_created_started_stopped_and_removed() {
    on_each_engine("life", async |scratch| {
        let engine = scratch.engine;
        let id = scratch.create(&scratch.container("a", "sleep 60")).await;
        let created = engine.inspect(&id).await.unwrap().unwrap();
        assert_eq!(created.name, scratch.name("a"));
        assert_eq!((created.state, created.started_at), (State::Created, None));

        engine.start(&id).await.unwrap();
        engine.start(&id).await.expect("starting twice is fine");
        let running = engine.inspect(&id).await.unwrap().unwrap();
        assert_eq!(running.state, State::Running);
        assert!(running.started_at.is_some());

        engine.stop(&id, Duration::from_secs(0)).await.unwrap();
        engine
            .stop(&id, Duration::from_secs(0))
            .await
            .expect("stopping twice is fine");
        engine
            .kill(&id)
            .await
            .expect("killing a stopped one is fine");
        let stopped = engine.inspect(&id).await.unwrap().unwrap();
        assert_eq!(stopped.state, State::Exited(Some(137)));

        engine.remove(&id, false, true).await.unwrap();
        engine
            .remove(&id, false, true)
            .await
            .expect("removing twice is fine");
        assert_eq!(engine.inspect(&id).await.unwrap(), None);
    });
}

#[test]
fn removing_by_force_does_not_wait_for_a_deaf_program() {
    on_each_engine("force", async |scratch| {
        let spec = scratch.container("a", "trap '' TERM; while :; do sleep 1; done");
        let id = scratch.run(&spec).await;
        let error = scratch.engine.remove(&id, false, true).await.unwrap_err();
        assert!(error.to_string().contains("running"), "{error}");
        let start = Instant::now();
        scratch.engine.remove(&id, true, true).await.unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(8),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(scratch.engine.inspect(&id).await.unwrap(), None);
    });
}

#[test]
fn exit_codes_arrive_while_waiting_and_afterwards() {
    on_each_engine("exit", async |scratch| {
        let engine = scratch.engine;
        let id = scratch
            .run(&scratch.container("a", "sleep 0.3; exit 7"))
            .await;
        assert_eq!(engine.wait_exit(&id).await.unwrap(), 7);
        assert_eq!(
            engine.wait_exit(&id).await.unwrap(),
            7,
            "when it ended already"
        );
        let inspected = engine.inspect(&id).await.unwrap().unwrap();
        assert_eq!(inspected.exit_code, 7);
        assert_eq!(inspected.state, State::Exited(Some(7)));
        assert!(inspected.finished_at >= inspected.started_at);
    });
}

#[test]
fn a_command_that_does_not_exist_is_told_by_name() {
    on_each_engine("nocommand", async |scratch| {
        let mut spec = scratch.container("a", "");
        spec.process.command = Some(vec!["no-such-program".to_owned()]);
        let id = scratch.create(&spec).await;
        let error = scratch.engine.start(&id).await.unwrap_err().to_string();
        assert!(error.contains("no-such-program"), "{error}");
        assert!(error.contains("not found"), "{error}");
    });
}

#[test]
fn a_taken_name_is_a_conflict_and_its_holder_is_found() {
    on_each_engine("name", async |scratch| {
        let spec = scratch.container("a", "true");
        let id = scratch.create(&spec).await;
        let error = scratch.engine.create_container(&spec).await.unwrap_err();
        assert!(matches!(error, EngineError::NameTaken { .. }), "{error:?}");
        let holder = scratch
            .engine
            .find_by_name(&spec.name)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(holder.id, id);
        assert_eq!(holder.labels.get("engine-test"), Some(&scratch.label().1));
        // The beginning of an id is no name.
        assert_eq!(
            scratch
                .engine
                .find_by_name(id.get(..12).unwrap())
                .await
                .unwrap(),
            None
        );
    });
}

#[test]
fn renaming_frees_the_old_name_and_refuses_a_taken_one() {
    on_each_engine("rename", async |scratch| {
        let engine = scratch.engine;
        let id = scratch.create(&scratch.container("a", "true")).await;
        scratch.create(&scratch.container("b", "true")).await;
        engine.rename(&id, &scratch.name("c")).await.unwrap();
        assert_eq!(engine.find_by_name(&scratch.name("a")).await.unwrap(), None);
        let error = engine.rename(&id, &scratch.name("b")).await.unwrap_err();
        assert!(error.is_conflict(), "{error:?}");
    });
}

#[test]
fn a_missing_container_is_not_found() {
    on_each_engine("missing", async |scratch| {
        let name = scratch.name("none");
        let stop = scratch
            .engine
            .stop(&name, Duration::ZERO)
            .await
            .unwrap_err();
        assert!(stop.is_not_found(), "{stop:?}");
        assert!(stop.to_string().contains(&name), "{stop}");
        assert!(
            scratch
                .engine
                .start(&name)
                .await
                .unwrap_err()
                .is_not_found()
        );
        assert!(
            scratch
                .engine
                .wait_exit(&name)
                .await
                .unwrap_err()
                .is_not_found()
        );
        assert!(
            scratch
                .engine
                .last_lines(&name, 3)
                .await
                .unwrap_err()
                .is_not_found()
        );
    });
}

#[test]
fn a_missing_image_is_named() {
    on_each_engine("noimage", async |scratch| {
        let mut spec = scratch.container("a", "true");
        spec.image = "engine-nope/nope:1".to_owned();
        let error = scratch.engine.create_container(&spec).await.unwrap_err();
        let EngineError::ImageMissing { image, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(image.ends_with("engine-nope/nope:1"), "{image}");
    });
}

#[test]
fn a_slow_stop_within_its_grace_period_is_not_cut_off() {
    on_each_engine("slowstop", async |scratch| {
        let script = "trap 'sleep 2; exit 5' TERM; echo ready; while :; do sleep 0.1; done";
        let id = scratch.run(&scratch.container("a", script)).await;
        while scratch.engine.last_lines(&id, 1).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let start = Instant::now();
        scratch
            .engine
            .stop(&id, Duration::from_secs(900))
            .await
            .unwrap();
        assert!(start.elapsed() >= Duration::from_secs(2));
        assert_eq!(scratch.engine.wait_exit(&id).await.unwrap(), 5);
    });
}

#[test]
fn uploaded_files_have_their_mode_owner_and_folders() {
    on_each_engine("upload", async |scratch| {
        let script = "stat -c '%a %u %g %n' /run/secrets/a /etc/deep/er/b; \
                      stat -c %a /run/secrets /tmp; cat /run/secrets/a; id -u";
        let mut spec = scratch.container("a", script);
        spec.process.user = Some("1234".to_owned());
        spec.files = vec![
            file("/run/secrets/a", "canary", 0o440, 1234),
            file("/etc/deep/er/b", "", 0o755, 0),
            file("/tmp/c", "", 0o600, 0),
        ];
        let (code, lines) = scratch.finish(&spec).await;
        assert_eq!(
            lines,
            [
                "440 1234 1234 /run/secrets/a",
                "755 0 0 /etc/deep/er/b",
                "755",
                "1777",
                "canary1234"
            ]
        );
        assert_eq!(code, 0);
    });
}

fn file(target: &str, content: &str, mode: u32, owner: u32) -> FileMount {
    FileMount {
        target: target.to_owned(),
        content: FileContent::Inline(Secret::new(content)),
        mode,
        uid: owner,
        gid: owner,
    }
}
