//! Building images with the engines' classic builders.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use poststack::engine::{BuildError, BuildFault, EngineError};
use poststack::plan::spec::{BuildContext, ImageBuild};
use poststack::secret::Secret;

use super::{Scratch, on_each_engine};

fn build(scratch: &Scratch<'_>, context: BuildContext) -> ImageBuild {
    ImageBuild {
        tags: vec![format!("{}:1", scratch.name("image"))],
        context,
        dockerfile: PathBuf::from("Dockerfile"),
        labels: [scratch.label()].into(),
        ..ImageBuild::default()
    }
}

fn files(dockerfile: &str) -> BuildContext {
    let script = (b"#!/bin/sh\necho ran\n".to_vec(), true);
    let dockerfile = (dockerfile.as_bytes().to_vec(), false);
    BuildContext::Files(
        [
            ("run".to_owned(), script),
            ("Dockerfile".to_owned(), dockerfile),
        ]
        .into(),
    )
}

async fn fault(scratch: &Scratch<'_>, build: &ImageBuild) -> BuildFault {
    match scratch.engine.build(build, &mut |_| {}).await {
        Err(BuildError::Step(fault)) => *fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_is_built_without_what_is_ignored() {
    on_each_engine("folder", async |scratch| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir_all(path.join("docker")).unwrap();
        std::fs::create_dir_all(path.join("node_modules/x")).unwrap();
        for (name, text) in [
            (".dockerignore", "node_modules\ndocker\n*.log\n!keep.log\n"),
            (
                "docker/Dockerfile",
                "FROM debian:bookworm-slim\nCOPY . /c\nCMD cd /c && find . | sort && stat -c %a%u run && readlink link",
            ),
            ("node_modules/x/y", ""),
            ("a.log", ""),
            ("keep.log", ""),
            ("run", ""),
        ] {
            std::fs::write(path.join(name), text).unwrap();
        }
        std::fs::set_permissions(path.join("run"), PermissionsExt::from_mode(0o750)).unwrap();
        symlink("run", path.join("link")).unwrap();
        let mut build = build(scratch, BuildContext::Folder(path.to_path_buf()));
        build.dockerfile = PathBuf::from("docker/Dockerfile");
        let mut log = Vec::new();
        let id = scratch
            .engine
            .build(&build, &mut |line| log.push(line.to_owned()))
            .await
            .unwrap();
        assert!(log.iter().any(|line| line.contains("COPY . /c")), "{log:?}");
        assert_eq!(
            scratch.engine.image_id(&build.tags[0]).await.unwrap(),
            Some(id)
        );

        let mut spec = scratch.container("a", "");
        spec.image.clone_from(&build.tags[0]);
        spec.process.command = None;
        let (_, lines) = scratch.finish(&spec).await;
        assert_eq!(lines, [".", "./keep.log", "./link", "./run", "7500", "run"]);
        scratch.clean().await;
        scratch
            .engine
            .remove_image(&build.tags[0], true)
            .await
            .unwrap();
        assert_eq!(scratch.engine.image_id(&build.tags[0]).await.unwrap(), None);
    });
}

#[test]
fn files_from_memory_build_from_the_cache_the_second_time() {
    on_each_engine("memory", async |scratch| {
        let text = "FROM debian:bookworm-slim AS base\nARG WORD\nRUN echo $WORD > /word\nCOPY run /run.sh\n\
                    FROM base AS extra\nRUN false\n";
        let mut build = build(scratch, files(text));
        build.target = Some("base".to_owned());
        build.args = [
            ("WORD".to_owned(), Some(Secret::new("a b"))),
            ("UNSET".to_owned(), None),
        ]
        .into();
        let first = scratch.engine.build(&build, &mut |_| {}).await.unwrap();
        let mut log = Vec::new();
        let second = scratch
            .engine
            .build(&build, &mut |line| log.push(line.to_owned()))
            .await
            .unwrap();
        assert_eq!(first, second, "{log:#?}");

        let mut spec = scratch.container("a", "cat /word; /run.sh");
        spec.image.clone_from(&build.tags[0]);
        let (_, lines) = scratch.finish(&spec).await;
        assert_eq!(lines, ["a b", "ran"]);
        scratch.clean().await;
        scratch
            .engine
            .remove_image(&build.tags[0], true)
            .await
            .unwrap();
    });
}

#[test]
fn a_failing_instruction_is_told_with_its_line_and_output() {
    on_each_engine("failing", async |scratch| {
        let text = "# comment\nFROM debian:bookworm-slim\n\nRUN echo before\nRUN echo some words; \\\n    echo more; \\\n    exit 9\n";
        let fault = fault(scratch, &build(scratch, files(text))).await;
        assert_eq!(
            (fault.dockerfile.as_str(), fault.line),
            ("Dockerfile", Some(5))
        );
        assert_eq!(fault.message, "exit code 9");
        assert!(
            fault.step.starts_with("RUN echo some words"),
            "{}",
            fault.step
        );
        assert_eq!(fault.last_lines, ["some words", "more"]);
    });
}

#[test]
fn an_unknown_instruction_and_a_missing_file_are_told_with_their_line() {
    on_each_engine("parse", async |scratch| {
        let text = "FROM debian:bookworm-slim\n\nRUNX echo\n";
        let unknown = fault(scratch, &build(scratch, files(text))).await;
        assert_eq!(unknown.line, Some(3), "{unknown:?}");
        let text = "FROM debian:bookworm-slim\nCOPY nothere /x\n";
        let missing = fault(scratch, &build(scratch, files(text))).await;
        assert_eq!(missing.line, Some(2), "{missing:?}");
        assert!(missing.message.contains("nothere"), "{missing:?}");
    });
}

#[test]
fn a_missing_base_image_is_named() {
    on_each_engine("base", async |scratch| {
        let text = "FROM engine-nope:1\nRUN true\n";
        let fault = fault(scratch, &build(scratch, files(text))).await;
        assert_eq!(fault.line, Some(1), "{fault:?}");
        assert!(
            fault.message.contains("the base image `engine-nope:1`"),
            "{fault:?}"
        );
    });
}

#[test]
fn a_dockerfile_from_elsewhere_builds_and_stays_out_of_the_image() {
    on_each_engine("elsewhere", async |scratch| {
        let (context, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(context.path().join("file"), "").unwrap();
        let text = "FROM debian:bookworm-slim\nCOPY . /c\nRUN ls -A /c > /list\n";
        std::fs::write(other.path().join("Own"), text).unwrap();
        let mut outside = build(scratch, BuildContext::Folder(context.path().to_path_buf()));
        outside.dockerfile = other.path().join("Own");
        let mut inline = outside.clone();
        inline.dockerfile_inline = Some(text.to_owned());
        for build in [outside, inline] {
            scratch.engine.build(&build, &mut |_| {}).await.unwrap();
            let mut spec = scratch.container("a", "cat /list");
            spec.image.clone_from(&build.tags[0]);
            let (_, lines) = scratch.finish(&spec).await;
            assert_eq!(lines, ["file"]);
            scratch.clean().await;
            scratch
                .engine
                .remove_image(&build.tags[0], true)
                .await
                .unwrap();
        }
    });
}

#[test]
fn an_unreadable_context_is_told_by_path() {
    on_each_engine("unreadable", async |scratch| {
        let missing = BuildContext::Folder(PathBuf::from("/engine/no/such/folder"));
        let error = scratch
            .engine
            .build(&build(scratch, missing), &mut |_| {})
            .await
            .unwrap_err();
        assert!(matches!(error, BuildError::Context { .. }), "{error:?}");
        assert!(
            error.to_string().contains("/engine/no/such/folder"),
            "{error}"
        );
    });
}

#[test]
fn pulling_tells_an_unreachable_registry_and_names_the_image() {
    on_each_engine("pull", async |scratch| {
        // Nothing listens there.
        let image = "127.0.0.1:9/engine-nope:1";
        let error = scratch
            .engine
            .pull(image, None, &mut |_| {})
            .await
            .unwrap_err();
        assert!(
            matches!(error, EngineError::RegistryUnreachable { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(image), "{error}");
    });
}

#[test]
fn a_tag_is_a_further_name_of_an_image() {
    on_each_engine("tag", async |scratch| {
        let name = format!("localhost/{}:2", scratch.name("tagged"));
        scratch.engine.tag(super::IMAGE, &name).await.unwrap();
        let expected = scratch.engine.image_id(super::IMAGE).await.unwrap();
        assert_eq!(scratch.engine.image_id(&name).await.unwrap(), expected);
        scratch.engine.remove_image(&name, false).await.unwrap();
        assert_eq!(scratch.engine.image_id(&name).await.unwrap(), None);
        assert!(
            scratch
                .engine
                .image_id(super::IMAGE)
                .await
                .unwrap()
                .is_some()
        );
        scratch
            .engine
            .remove_image(&name, false)
            .await
            .expect("gone is gone");
    });
}
