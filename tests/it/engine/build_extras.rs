//! What a build uses besides its context: secrets, agents, other contexts, limits.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use poststack::engine::{BuildError, EngineKind};
use poststack::plan::spec::{BuildContext, ContextSource, ImageBuild};
use poststack::workload::model::{Context, FileContent, Repository, Ulimit};

use super::{Scratch, on_each_engine};
use crate::project::free_port;

fn build(scratch: &Scratch<'_>, dockerfile: &str) -> ImageBuild {
    ImageBuild {
        tags: vec![format!("{}:1", scratch.name("image"))],
        context: BuildContext::Files(
            [(
                "Dockerfile".to_owned(),
                (dockerfile.as_bytes().to_vec(), false),
            )]
            .into(),
        ),
        dockerfile: "Dockerfile".into(),
        labels: [scratch.label()].into(),
        ..ImageBuild::default()
    }
}

/// Builds, runs `script` in the image and removes it; the log of the build and that of the script.
async fn built(
    scratch: &Scratch<'_>,
    build: &ImageBuild,
    script: &str,
) -> (Vec<String>, Vec<String>) {
    let mut log = Vec::new();
    let id = scratch
        .engine
        .build(build, &mut |line| log.push(line.to_owned()))
        .await
        .unwrap_or_else(|error| panic!("{error:?}\n{log:#?}"));
    let found = scratch.engine.image_id(&build.tags[0]).await.unwrap();
    assert_eq!(found, Some(id));
    let mut spec = scratch.container("ran", script);
    spec.image.clone_from(&build.tags[0]);
    let (_, lines) = scratch.finish(&spec).await;
    scratch.clean().await;
    scratch
        .engine
        .remove_image(&build.tags[0], true)
        .await
        .unwrap();
    (log, lines)
}

#[test]
fn a_secret_is_there_while_its_instruction_runs_and_never_in_the_image() {
    on_each_engine("secret", async |scratch| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "from a file").unwrap();
        let text = "FROM debian:bookworm-slim\n\
                    RUN --mount=type=secret,id=token --mount=type=secret,id=key \
                    cat /run/secrets/token /run/secrets/key | wc -c > /count\n";
        let mut build = build(scratch, text);
        build.no_cache = true;
        build.secrets = [
            ("token".to_owned(), FileContent::Inline("canary".into())),
            ("key".to_owned(), FileContent::Path(path)),
        ]
        .into();
        let script = "cat /count; ls /run/secrets 2>/dev/null; ls -A / | grep poststack; true";
        let (log, lines) = built(scratch, &build, script).await;
        assert_eq!(lines, ["17"]);
        assert!(!log.join("\n").contains("canary"), "{log:#?}");
    });
}

#[test]
fn a_dockerfile_may_ask_for_what_the_classic_builder_does_not_know() {
    on_each_engine("mounted", async |scratch| {
        let text = "FROM debian:bookworm-slim\nARG TARGETARCH\n\
                    RUN --mount=type=cache,target=/cache echo kept > /cache/x && cp /cache/x /x\n\
                    RUN echo $TARGETARCH > /arch\n";
        let (log, lines) = built(scratch, &build(scratch, text), "cat /x /arch").await;
        assert_eq!(lines[0], "kept");
        assert!(["amd64", "arm64"].contains(&lines[1].as_str()), "{lines:?}");
        assert!(
            log.iter()
                .any(|line| line.contains("RUN --mount=type=cache")),
            "{log:#?}"
        );
    });
}

#[test]
fn a_failure_of_such_a_build_has_its_line_and_output_too() {
    on_each_engine("mountfail", async |scratch| {
        let text = "FROM debian:bookworm-slim\n\
                    RUN --mount=type=cache,target=/cache echo first\n\n\
                    RUN --mount=type=cache,target=/cache echo some words; exit 9\n";
        match scratch
            .engine
            .build(&build(scratch, text), &mut |_| {})
            .await
        {
            Err(BuildError::Step(fault)) => {
                assert_eq!(
                    (fault.line, fault.message.as_str()),
                    (Some(4), "exit code 9")
                );
                assert_eq!(fault.last_lines, ["some words"]);
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_build_reaches_an_agent_on_docker_and_says_on_podman_that_it_cannot() {
    on_each_engine("agent", async |scratch| {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 4];
            stream.read_exact(&mut asked).unwrap();
            stream
                .write_all(&asked.map(|byte| byte.to_ascii_uppercase()))
                .unwrap();
        });
        let text = "FROM debian:bookworm-slim\n\
                    RUN --mount=type=ssh,id=k perl -MIO::Socket::UNIX -e \
                    '$s = IO::Socket::UNIX->new($ENV{SSH_AUTH_SOCK}) or die; \
                    print $s \"ping\"; $s->flush; read $s, $a, 4; print $a' > /answer\n";
        let mut build = build(scratch, text);
        build.no_cache = true;
        build.ssh = [("k".to_owned(), socket)].into();
        match scratch.engine.kind {
            EngineKind::Docker => {
                let (_, lines) = built(scratch, &build, "cat /answer").await;
                assert_eq!(lines, ["PING"]);
            }
            EngineKind::Podman => {
                let error = scratch.engine.build(&build, &mut |_| {}).await.unwrap_err();
                assert!(error.to_string().contains("no SSH agent"), "{error}");
            }
        }
    });
}

#[test]
fn folders_and_images_are_contexts_under_their_names() {
    on_each_engine("contexts", async |scratch| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("sub/file"), "from a folder").unwrap();
        let text = "ARG DIRECTORY=sub\nFROM base AS build\nCOPY --from=more /sub/file /file\n\
                    FROM build\nRUN echo last\n";
        let mut build = build(scratch, text);
        let more = ContextSource::Files(Context::Folder(folder.path().to_path_buf()));
        let base = ContextSource::Image("debian:bookworm-slim".to_owned());
        build.contexts = [("more".to_owned(), more), ("base".to_owned(), base)].into();
        let (_, lines) = built(scratch, &build, "cat /file").await;
        assert_eq!(lines, ["from a folder"]);
        let made = format!("{}-context-more", build.tags[0]);
        scratch.engine.remove_image(&made, true).await.unwrap();
    });
}

#[test]
fn limits_and_cache_sources_of_a_build_are_taken() {
    on_each_engine("buildlimits", async |scratch| {
        let text = "FROM debian:bookworm-slim\nRUN ulimit -Sn > /limit\n";
        let mut build = build(scratch, text);
        build.no_cache = true;
        build.cache_from = vec!["debian:bookworm-slim".to_owned()];
        let limit = Ulimit {
            soft: 123,
            hard: 456,
        };
        build.ulimits = [("nofile".to_owned(), limit)].into();
        let (_, lines) = built(scratch, &build, "cat /limit").await;
        assert_eq!(lines, ["123"]);
    });
}

/// Serves the repository `app.git` in `folder`; ends with it.
struct GitServer {
    child: Child,
    port: u16,
}

impl GitServer {
    fn serve(folder: &Path) -> Self {
        let port = free_port();
        // Not `git daemon`, which would leave it behind when it is ended.
        let programs = git(folder, &["--exec-path"]);
        let child = Command::new(Path::new(&programs).join("git-daemon"))
            .args(["--export-all", "--reuseaddr", "--listen=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", folder.display()))
            .spawn()
            .unwrap();
        let server = Self { child, port };
        let listens = (0..500).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(listens, "git daemon does not listen");
        server
    }

    fn repository(&self, reference: Option<&str>, folder: &str) -> Repository {
        Repository {
            url: format!("git://127.0.0.1:{}/app.git", self.port),
            reference: reference.map(str::to_owned),
            folder: folder.to_owned(),
        }
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        // It forks one process per connection; each ends with its connection.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@localhost", "-C"])
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {told}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_git_repository_is_a_context() {
    on_each_engine("git", async |scratch| {
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path().join("app.git");
        std::fs::create_dir_all(app.join("sub")).unwrap();
        git(&app, &["init", "--quiet", "--initial-branch=main"]);
        let write = |name: &str, text: &str| std::fs::write(app.join(name), text).unwrap();
        let commit = |word: &str| {
            git(&app, &["add", "--all"]);
            git(&app, &["commit", "--quiet", "--message", word]);
            git(&app, &["rev-parse", "HEAD"])
        };
        write("Dockerfile", "FROM debian:bookworm-slim\nCOPY . /app\n");
        write("word", "first");
        let first = commit("first");
        git(&app, &["tag", "v1"]);
        write("word", "second");
        write(
            "sub/Dockerfile",
            "FROM debian:bookworm-slim\nCOPY word /app/word\n",
        );
        write("sub/word", "below");
        commit("second");
        git(&app, &["checkout", "--quiet", "-b", "broken"]);
        write("Dockerfile", "FROM debian:bookworm-slim\nRUN exit 9\n");
        commit("broken");
        git(&app, &["checkout", "--quiet", "main"]);

        let server = GitServer::serve(folder.path());
        let mut build = build(scratch, "");
        for (reference, folder, expected) in [
            (None, "", "second"),
            (Some("v1"), "", "first"),
            (Some(first.as_str()), "", "first"),
            (Some("main"), "sub", "below"),
        ] {
            build.context = BuildContext::Repository(server.repository(reference, folder));
            let script = "cat /app/word; echo; ls -a /app | grep -c '^.git$'; true";
            let (log, lines) = built(scratch, &build, script).await;
            assert_eq!(lines, [expected, "0"], "{reference:?}");
            assert!(log[0].starts_with("fetching git://127.0.0.1:"), "{log:?}");
        }
        build.context = BuildContext::Repository(server.repository(Some("broken"), ""));
        let error = scratch.engine.build(&build, &mut |_| {}).await.unwrap_err();
        let BuildError::Step(fault) = error else {
            panic!("{error:?}");
        };
        let place = format!("git://127.0.0.1:{}/app.git/Dockerfile", server.port);
        assert_eq!((fault.dockerfile, fault.line), (place, Some(2)));
        for (reference, folder, expected) in [
            (Some("nosuch"), "", "couldn't find remote ref nosuch"),
            (None, "nosuch", "has no folder `nosuch`"),
        ] {
            build.context = BuildContext::Repository(server.repository(reference, folder));
            let error = scratch.engine.build(&build, &mut |_| {}).await.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    });
}
