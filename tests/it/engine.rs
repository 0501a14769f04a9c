//! The engine layer against a real Docker and a real Podman: both must behave alike.
//!
//! A missing engine fails the tests.

mod build;
mod build_extras;
mod containers;
mod create;
mod health;
mod keys;
mod lists;
mod reach;
mod streams;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use poststack::engine::discover::Request;
use poststack::engine::{Caution, Engine, EngineKind, HealthOutcome};
use poststack::plan::spec::{
    ContainerSpec, Endpoint, NetworkAttachment, NetworkSpec, SharedNamespaces,
};
use poststack::workload::model::{Ipam, Process};

use crate::project::RUN;

const IMAGE: &str = "debian:bookworm-slim";

async fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for kind in [EngineKind::Docker, EngineKind::Podman] {
        let request = Request::of_process(None, Some((kind, "this test".to_owned())));
        let engine = Engine::connect(&request)
            .await
            .unwrap_or_else(|error| panic!("these tests need {kind}: failed to {error}"));
        assert_eq!(engine.kind, kind);
        engines.push(engine);
    }
    engines
}

/// Names and labels of one test at one engine; everything so labelled is removed at its end.
struct Scratch<'a> {
    engine: &'a Engine,
    test: &'static str,
}

impl Scratch<'_> {
    fn name(&self, suffix: &str) -> String {
        format!("engine-{}-{}-{suffix}", self.test, *RUN)
    }

    fn label(&self) -> (String, String) {
        ("engine-test".to_owned(), self.name("all"))
    }

    async fn wait_healthy(&self, id: &str, limit: Option<Duration>) -> HealthOutcome {
        let inspected = self.engine.must_inspect(id).await.unwrap();
        let outcome = self.engine.wait_healthy(&inspected, Caution::Settle, limit);
        outcome.await.unwrap()
    }

    /// A container that runs `script` in a shell.
    fn container(&self, suffix: &str, script: &str) -> ContainerSpec {
        ContainerSpec {
            name: self.name(suffix),
            image: IMAGE.to_owned(),
            platform: None,
            process: Process {
                command: Some(["sh", "-c", script].map(str::to_owned).to_vec()),
                ..Process::default()
            },
            network: NetworkAttachment::Networks(Vec::new()),
            namespaces: SharedNamespaces::default(),
            mounts: Vec::new(),
            volumes_from: Vec::new(),
            files: Vec::new(),
            labels: [self.label()].into(),
        }
    }

    async fn create(&self, spec: &ContainerSpec) -> String {
        self.engine.create_container(spec).await.unwrap().id
    }

    async fn run(&self, spec: &ContainerSpec) -> String {
        let id = self.create(spec).await;
        self.engine.start(&id).await.unwrap();
        id
    }

    /// Runs to the end: the exit code and the log.
    async fn finish(&self, spec: &ContainerSpec) -> (i64, Vec<String>) {
        let id = self.run(spec).await;
        let code = self.engine.wait_exit(&id).await.unwrap();
        (code, self.engine.last_lines(&id, 100).await.unwrap())
    }

    fn network(&self, suffix: &str) -> NetworkSpec {
        NetworkSpec {
            name: self.name(suffix),
            driver: None,
            driver_options: Default::default(),
            internal: false,
            attachable: false,
            ipv4: None,
            ipv6: false,
            ipam: Ipam::default(),
            labels: [self.label()].into(),
        }
    }

    fn endpoint(&self, suffix: &str, alias: &str) -> Endpoint {
        Endpoint {
            network: self.name(suffix),
            aliases: vec![alias.to_owned()],
            ..Endpoint::default()
        }
    }

    async fn clean(&self) {
        let observed = self.engine.observe(&[self.label()]).await.unwrap();
        for container in observed.containers.values() {
            self.engine.remove(&container.id, true, true).await.unwrap();
        }
        for name in observed.networks.keys() {
            self.engine.remove_network(name).await.unwrap();
        }
        for name in observed.volumes.keys() {
            self.engine.remove_volume(name).await.unwrap();
        }
    }
}

/// Runs `check` against both engines and removes what it made, even when it fails.
fn on_each_engine(test: &'static str, check: impl AsyncFn(&Scratch<'_>)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for engine in engines().await {
            let scratch = Scratch {
                engine: &engine,
                test,
            };
            let outcome = AssertUnwindSafe(check(&scratch)).catch_unwind().await;
            scratch.clean().await;
            if let Err(panic) = outcome {
                eprintln!("failed on {}", engine.kind);
                std::panic::resume_unwind(panic);
            }
        }
    });
}
