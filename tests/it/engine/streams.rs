//! Logs and exec.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use poststack::engine::{EngineError, ExecOptions, LogLine, LogOptions, LogStream};
use poststack::secret::Secret;

use super::on_each_engine;

#[test]
fn log_lines_come_whole_in_order_and_by_stream() {
    on_each_engine("logs", async |scratch| {
        let script = "for i in 1 2 3; do echo out $i; done; echo err 1 >&2; sleep 0.2; \
                      head -c 40000 /dev/zero | tr '\\0' x; echo; printf 'no line end'";
        let id = scratch.run(&scratch.container("a", script)).await;
        scratch.engine.wait_exit(&id).await.unwrap();
        let all = LogOptions::default();
        let lines: Vec<LogLine> = scratch.engine.logs(&id, &all).try_collect().await.unwrap();
        let out: Vec<&str> = lines
            .iter()
            .filter(|line| line.stream == LogStream::Stdout)
            .map(|line| line.text.as_str())
            .collect();
        let long = "x".repeat(40_000);
        assert_eq!(out, ["out 1", "out 2", "out 3", &long, "no line end"]);
        let only = LogOptions {
            only: Some(LogStream::Stderr),
            ..LogOptions::default()
        };
        let lines: Vec<LogLine> = scratch.engine.logs(&id, &only).try_collect().await.unwrap();
        let err = LogLine {
            stream: LogStream::Stderr,
            text: "err 1".to_owned(),
        };
        assert_eq!(lines, [err]);
    });
}

#[test]
fn the_last_lines_are_the_last() {
    on_each_engine("tail", async |scratch| {
        let spec = scratch.container("a", "for i in $(seq 30); do echo $i; done");
        let id = scratch.run(&spec).await;
        scratch.engine.wait_exit(&id).await.unwrap();
        assert_eq!(
            scratch.engine.last_lines(&id, 2).await.unwrap(),
            ["29", "30"]
        );
        assert_eq!(scratch.engine.last_lines(&id, 100).await.unwrap().len(), 30);
    });
}

#[test]
fn following_a_log_goes_on_until_the_container_ends() {
    on_each_engine("follow", async |scratch| {
        let spec = scratch.container("a", "echo one; sleep 1; echo two");
        let id = scratch.run(&spec).await;
        let options = LogOptions {
            follow: true,
            ..LogOptions::default()
        };
        let mut lines = Box::pin(scratch.engine.logs(&id, &options));
        assert_eq!(lines.next().await.unwrap().unwrap().text, "one");
        assert_eq!(lines.next().await.unwrap().unwrap().text, "two");
        assert!(lines.next().await.is_none());
    });
}

#[test]
fn time_stamps_and_a_terminals_raw_log_are_lines_too() {
    on_each_engine("tty", async |scratch| {
        let mut spec = scratch.container("a", "echo one; printf 'two'");
        spec.process.tty = true;
        let (_, lines) = scratch.finish(&spec).await;
        assert_eq!(lines, ["one", "two"]);
        let options = LogOptions {
            timestamps: true,
            ..LogOptions::default()
        };
        let stamped: Vec<LogLine> = scratch
            .engine
            .logs(&spec.name, &options)
            .try_collect()
            .await
            .unwrap();
        let (stamp, text) = stamped[0].text.split_once(' ').unwrap();
        assert!(stamp.parse::<jiff::Timestamp>().is_ok(), "{stamp}");
        assert_eq!(text, "one");
    });
}

#[test]
fn exec_gives_both_streams_and_the_exit_code() {
    on_each_engine("exec", async |scratch| {
        let id = scratch.run(&scratch.container("a", "sleep 60")).await;
        let options = ExecOptions {
            environment: vec![("WORD".to_owned(), Secret::new("it's"))],
            user: Some("12".to_owned()),
            working_dir: Some("/var".to_owned()),
            ..ExecOptions::default()
        };
        let script = "echo $WORD $(id -u) $(pwd); echo oops >&2; exit 4";
        let output = scratch
            .engine
            .exec(&id, &["sh", "-c", script], &options)
            .await
            .unwrap();
        assert_eq!(output.exit_code, 4);
        assert_eq!(output.stdout, b"it's 12 /var\n");
        assert_eq!(output.stderr, b"oops\n");
        assert_eq!(output.text(), "it's 12 /var\noops");
    });
}

#[test]
fn exec_feeds_its_input_and_takes_much_output() {
    on_each_engine("stdin", async |scratch| {
        let id = scratch.run(&scratch.container("a", "sleep 60")).await;
        let options = ExecOptions {
            stdin: Some(vec![b'y'; 300_000]),
            ..ExecOptions::default()
        };
        let output = scratch.engine.exec(&id, &["cat"], &options).await.unwrap();
        assert_eq!(output.exit_code, 0);
        assert_eq!(output.stdout.len(), 300_000);
    });
}

#[test]
fn exec_of_a_missing_program_is_126_or_127() {
    on_each_engine("noprogram", async |scratch| {
        let id = scratch.run(&scratch.container("a", "sleep 60")).await;
        let output = scratch
            .engine
            .exec(&id, &["no-such-program"], &ExecOptions::default())
            .await
            .unwrap();
        assert!([126, 127].contains(&output.exit_code), "{output:?}");
        assert!(
            output.text().contains("no-such-program"),
            "{}",
            output.text()
        );
    });
}

#[test]
fn exec_that_takes_too_long_is_given_up() {
    on_each_engine("exectime", async |scratch| {
        let id = scratch.run(&scratch.container("a", "sleep 60")).await;
        let options = ExecOptions {
            timeout: Duration::from_millis(500),
            ..ExecOptions::default()
        };
        let error = scratch
            .engine
            .exec(&id, &["sleep", "30"], &options)
            .await
            .unwrap_err();
        assert!(matches!(error, EngineError::TimedOut { .. }), "{error:?}");
    });
}

#[test]
fn exec_in_a_stopped_container_is_an_error() {
    on_each_engine("execstopped", async |scratch| {
        let id = scratch.create(&scratch.container("a", "sleep 60")).await;
        let options = ExecOptions::default();
        let error = scratch
            .engine
            .exec(&id, &["true"], &options)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("run `true` in container"),
            "{error}"
        );
    });
}
