//! What is observed by label.

use std::time::Duration;

use poststack::plan::observed::{Health, State};
use poststack::workload::model::{HealthTest, Healthcheck};

use super::on_each_engine;

#[test]
fn containers_are_observed_with_state_labels_and_networks() {
    on_each_engine("observe", async |scratch| {
        let engine = scratch.engine;
        engine.create_network(&scratch.network("n")).await.unwrap();
        let mut running = scratch.container("running", "sleep 60");
        running.network =
            poststack::plan::spec::NetworkAttachment::Networks(vec![scratch.endpoint("n", "x")]);
        running.labels.insert("other".to_owned(), "a=b".to_owned());
        let id = scratch.run(&running).await;
        scratch.create(&scratch.container("created", "true")).await;
        scratch.finish(&scratch.container("exited", "exit 3")).await;
        let mut foreign = scratch.container("foreign", "true");
        foreign
            .labels
            .insert("engine-test".to_owned(), "foreign".to_owned());
        let foreign = scratch.create(&foreign).await;

        let observed = engine.observe(&[scratch.label()]).await.unwrap();
        engine.remove(&foreign, true, true).await.unwrap();

        assert_eq!(observed.containers.len(), 3);
        let get = |suffix: &str| &observed.containers[&scratch.name(suffix)];
        assert_eq!(get("created").state, State::Created);
        assert_eq!(get("exited").state, State::Exited(Some(3)));
        assert!(
            get("exited").status.starts_with("Exited (3)"),
            "{}",
            get("exited").status
        );
        let running = get("running");
        assert_eq!(
            (running.state, running.health),
            (State::Running, Health::None)
        );
        assert_eq!(running.id, id);
        assert_eq!(running.labels["other"], "a=b");
        assert_eq!(running.networks, [scratch.name("n")]);
        assert!(running.status.starts_with("Up "), "{}", running.status);
        assert!(running.created > 1_600_000_000);
        let image = engine.image_id(super::IMAGE).await.unwrap().unwrap();
        assert_eq!(running.image_id, image);
        assert_eq!(
            observed.networks.keys().collect::<Vec<_>>(),
            [&scratch.name("n")]
        );

        let narrower = [scratch.label(), ("other".to_owned(), "a=b".to_owned())];
        let observed = engine.observe(&narrower).await.unwrap();
        assert_eq!(
            observed.containers.keys().collect::<Vec<_>>(),
            [&scratch.name("running")]
        );
    });
}

#[test]
fn nothing_of_a_label_is_nothing() {
    on_each_engine("nothing", async |scratch| {
        let observed = scratch.engine.observe(&[scratch.label()]).await.unwrap();
        assert_eq!(observed, poststack::plan::observed::Observed::default());
    });
}

#[test]
fn health_is_observed_on_both_engines() {
    on_each_engine("health-list", async |scratch| {
        let mut spec = scratch.container("a", "sleep 60");
        spec.process.healthcheck = Some(Healthcheck {
            test: HealthTest::Shell("true".to_owned()),
            interval: Some(Duration::from_millis(500)),
            ..Healthcheck::default()
        });
        let id = scratch.run(&spec).await;
        let health = async || {
            let observed = scratch.engine.observe(&[scratch.label()]).await.unwrap();
            observed.containers[&spec.name].health
        };
        assert_eq!(health().await, Health::Starting);
        // Podman runs no test by itself; waiting for health does, and so does a probe.
        scratch.wait_healthy(&id, None).await;
        let start = std::time::Instant::now();
        while health().await != Health::Healthy {
            assert!(start.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}
