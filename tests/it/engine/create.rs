//! What a specification asks for is what runs.

use std::net::TcpListener;
use std::time::Duration;

use poststack::engine::EngineError;
use poststack::plan::spec::{MountSpec, MountSpecSource, NetworkAttachment, VolumeSpec};
use poststack::workload::model::{
    FileContent, FileMount, HealthTest, Healthcheck, Port, Protocol, PublishedPort, Ulimit,
};

use super::{Scratch, on_each_engine};
use crate::project::free_port;

fn volume(scratch: &Scratch<'_>) -> VolumeSpec {
    VolumeSpec {
        filling: None,
        name: scratch.name("v"),
        driver: None,
        driver_options: Default::default(),
        labels: [scratch.label()].into(),
    }
}

fn mount(source: MountSpecSource, target: &str, read_only: bool) -> MountSpec {
    MountSpec {
        source,
        target: target.to_owned(),
        read_only,
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn volumes_and_folders_are_mounted_and_missing_folders_made() {
    on_each_engine("mounts", async |scratch| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config"), "from host").unwrap();
        scratch
            .engine
            .create_volume(&volume(scratch))
            .await
            .unwrap();
        let script = "cat /config; echo; touch /new/x /data/x /anon/x /mem/x && echo wrote; \
                      touch /ro/x 2>/dev/null || echo refused; stat -c %a /mem; df --output=fstype /mem /t | tail -n 2";
        let mut spec = scratch.container("a", script);
        let bind = |path: &str, create| MountSpecSource::Bind {
            path: folder.path().join(path),
            create,
            propagation: None,
            selinux: None,
        };
        let named = |no_copy| MountSpecSource::Volume {
            name: scratch.name("v"),
            no_copy,
            subpath: None,
        };
        let tmpfs = MountSpecSource::Tmpfs {
            size: Some(1 << 20),
            mode: Some(0o1777),
        };
        spec.mounts = vec![
            mount(bind("new/folder", true), "/new", false),
            mount(named(false), "/data", false),
            mount(named(true), "/ro", true),
            mount(MountSpecSource::Anonymous, "/anon", false),
            mount(tmpfs, "/mem", false),
        ];
        spec.process.tmpfs = [("/t".to_owned(), "size=1m".to_owned())].into();
        spec.files = vec![FileMount {
            target: "/config".to_owned(),
            content: FileContent::Path(folder.path().join("config")),
            mode: 0o444,
            uid: 0,
            gid: 0,
        }];
        let (_, lines) = scratch.finish(&spec).await;
        assert_eq!(
            lines,
            ["from host", "wrote", "refused", "1777", "tmpfs", "tmpfs"]
        );
        assert!(folder.path().join("new/folder/x").exists());

        let id = scratch.name("a");
        let inspected = scratch.engine.inspect(&id).await.unwrap().unwrap();
        let anonymous = inspected
            .mounts
            .iter()
            .find(|m| m.target == "/anon")
            .unwrap();
        let name = anonymous.name.clone().unwrap();
        scratch.engine.remove(&id, true, true).await.unwrap();
        assert_eq!(
            scratch.engine.volume(&name).await.unwrap(),
            None,
            "goes with its container"
        );
        assert!(
            scratch
                .engine
                .volume(&scratch.name("v"))
                .await
                .unwrap()
                .is_some()
        );
    });
}

#[test]
fn a_missing_folder_that_shall_not_be_made_is_an_error() {
    on_each_engine("nofolder", async |scratch| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing");
        let mut spec = scratch.container("a", "true");
        let source = MountSpecSource::Bind {
            path: path.clone(),
            create: false,
            propagation: None,
            selinux: None,
        };
        spec.mounts = vec![mount(source, "/m", false)];
        let error = scratch.engine.create_container(&spec).await.unwrap_err();
        assert!(matches!(error, EngineError::File { .. }), "{error:?}");
        assert!(error.to_string().contains("missing"), "{error}");
        assert!(!path.exists());
    });
}

#[test]
fn the_process_runs_as_it_was_specified() {
    on_each_engine("process", async |scratch| {
        let script = "echo $A/$EMPTY/$(id -u)$(pwd)/$(hostname); ulimit -n; cat /proc/sys/net/core/somaxconn; \
                      grep -c 1.2.3.4 /etc/hosts; df -k --output=size /dev/shm | tail -n 1 | tr -d ' '; \
                      touch /x 2>/dev/null || echo read-only";
        let mut spec = scratch.container("a", script);
        let process = &mut spec.process;
        process.entrypoint = Some(Vec::new());
        process.environment = [
            ("A".to_owned(), Some("it's $1 \"x\"".into())),
            ("EMPTY".to_owned(), Some("".into())),
            ("PATH_UNSET".to_owned(), None),
        ]
        .into();
        process.user = Some("12".to_owned());
        process.working_dir = Some("/var".to_owned());
        process.hostname = Some("box".to_owned());
        process.read_only = true;
        process.ulimits = [(
            "nofile".to_owned(),
            Ulimit {
                soft: 100,
                hard: 200,
            },
        )]
        .into();
        process.sysctls = [("net.core.somaxconn".to_owned(), "1000".to_owned())].into();
        process.extra_hosts = vec![("far".to_owned(), "1.2.3.4".to_owned())];
        process.shm_size = Some(32 << 20);
        process.cap_drop = vec!["NET_RAW".to_owned()];
        process.resources.memory = Some(100 << 20);
        process.resources.nano_cpus = Some(500_000_000);
        process.resources.pids = Some(50);
        let (code, lines) = scratch.finish(&spec).await;
        assert_eq!(
            lines,
            [
                "it's $1 \"x\"//12/var/box",
                "100",
                "1000",
                "1",
                "32768",
                "read-only"
            ]
        );
        assert_eq!(code, 0);
    });
}

#[test]
fn a_health_test_keeps_its_words_whatever_they_hold() {
    on_each_engine("words", async |scratch| {
        let mut spec = scratch.container("a", "sleep 60");
        let words = ["sh", "-c", "test \"a  b\" = 'a  b'"];
        spec.process.healthcheck = Some(Healthcheck {
            test: HealthTest::Command(words.map(str::to_owned).to_vec()),
            interval: Some(Duration::from_secs(3600)),
            ..Healthcheck::default()
        });
        let id = scratch.run(&spec).await;
        assert_eq!(scratch.engine.probe_health(&id).await.unwrap(), Some(true));
    });
}

#[test]
fn aliases_resolve_in_every_network_of_a_container() {
    on_each_engine("dns", async |scratch| {
        for suffix in ["one", "two"] {
            scratch
                .engine
                .create_network(&scratch.network(suffix))
                .await
                .unwrap();
        }
        let mut server = scratch.container("server", "sleep 60");
        server.network = NetworkAttachment::Networks(vec![
            scratch.endpoint("one", "db"),
            scratch.endpoint("two", "store"),
        ]);
        let id = scratch.run(&server).await;
        let inspected = scratch.engine.inspect(&id).await.unwrap().unwrap();
        for (suffix, alias, foreign) in [("one", "db", "store"), ("two", "store", "db")] {
            let script = format!(
                "getent hosts {alias} | cut -d' ' -f1; getent hosts {foreign} || echo none"
            );
            let mut client = scratch.container(suffix, &script);
            client.network = NetworkAttachment::Networks(vec![scratch.endpoint(suffix, "c")]);
            let (_, lines) = scratch.finish(&client).await;
            let address = &inspected.addresses[&scratch.name(suffix)];
            assert_eq!(lines, [address.as_str(), "none"]);
        }
        let mut inside = scratch.container("inside", "ls /sys/class/net | wc -l");
        inside.network = NetworkAttachment::Container(scratch.name("server"));
        let (_, lines) = scratch.finish(&inside).await;
        assert_eq!(lines[0], "3", "lo and both networks of the other container");
    });
}

#[test]
fn making_a_network_or_volume_twice_is_fine() {
    on_each_engine("twice", async |scratch| {
        let engine = scratch.engine;
        engine.create_network(&scratch.network("n")).await.unwrap();
        let first = engine.network(&scratch.name("n")).await.unwrap().unwrap();
        engine.create_network(&scratch.network("n")).await.unwrap();
        let second = engine.network(&scratch.name("n")).await.unwrap().unwrap();
        assert_eq!(first, second);
        assert_eq!(first.labels.get("engine-test"), Some(&scratch.label().1));
        engine.create_volume(&volume(scratch)).await.unwrap();
        engine.create_volume(&volume(scratch)).await.unwrap();
        engine.remove_network(&scratch.name("n")).await.unwrap();
        engine
            .remove_network(&scratch.name("n"))
            .await
            .expect("gone is gone");
        engine.remove_volume(&scratch.name("v")).await.unwrap();
        engine
            .remove_volume(&scratch.name("v"))
            .await
            .expect("gone is gone");
        assert_eq!(engine.network(&scratch.name("n")).await.unwrap(), None);
    });
}

fn port(published: Option<PublishedPort>) -> Port {
    Port {
        host_ip: None,
        published,
        target: 80,
        protocol: Protocol::Tcp,
    }
}

fn single(number: u16) -> Option<PublishedPort> {
    Some(PublishedPort {
        first: number,
        last: number,
    })
}

#[test]
fn a_busy_port_is_told_by_number_and_its_holder_by_name() {
    on_each_engine("port", async |scratch| {
        let mut holder = scratch.container("holder", "sleep 60");
        holder.process.ports = vec![port(None)];
        let id = scratch.run(&holder).await;
        let inspected = scratch.engine.inspect(&id).await.unwrap().unwrap();
        let (address, number, target, _) = inspected.ports[0].clone();
        assert_eq!((address.as_str(), target), ("127.0.0.1", 80));

        let mut second = scratch.container("second", "sleep 60");
        second.process.ports = vec![port(single(number))];
        let id = scratch.create(&second).await;
        let error = scratch.engine.start(&id).await.unwrap_err();
        assert!(
            matches!(error, EngineError::PortInUse { port: Some(busy), .. } if busy == number),
            "{error:?}"
        );
        let found = scratch.engine.port_holder(number).await.unwrap();
        assert_eq!(found, Some(holder.name));
    });
}

#[test]
fn a_port_held_by_another_program_has_no_container_behind_it() {
    on_each_engine("program", async |scratch| {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let number = held.local_addr().unwrap().port();
        let mut spec = scratch.container("a", "sleep 60");
        spec.process.ports = vec![port(single(number))];
        let id = scratch.create(&spec).await;
        let error = scratch.engine.start(&id).await.unwrap_err();
        assert!(
            matches!(error, EngineError::PortInUse { port: Some(busy), .. } if busy == number),
            "{error:?}"
        );
        assert_eq!(scratch.engine.port_holder(number).await.unwrap(), None);
    });
}

#[test]
fn a_range_of_ports_publishes_one_of_them() {
    on_each_engine("range", async |scratch| {
        let mut spec = scratch.container("a", "sleep 60");
        let first = free_port();
        let range = PublishedPort {
            first,
            last: first + 3,
        };
        spec.process.ports = vec![port(Some(range))];
        let id = scratch.run(&spec).await;
        let inspected = scratch.engine.inspect(&id).await.unwrap().unwrap();
        let number = inspected.ports[0].1;
        assert!((range.first..=range.last).contains(&number), "{number}");
    });
}

#[test]
fn an_init_process_runs_or_its_absence_is_told_with_a_remedy() {
    on_each_engine("init", async |scratch| {
        let mut spec = scratch.container("a", "cat /proc/1/comm");
        spec.process.init = Some(true);
        match scratch.engine.create_container(&spec).await {
            Ok(created) => {
                let id = created.id;
                scratch.engine.start(&id).await.unwrap();
                scratch.engine.wait_exit(&id).await.unwrap();
                let lines = scratch.engine.last_lines(&id, 1).await.unwrap();
                assert!(
                    ["docker-init", "podman-init"].contains(&lines[0].as_str()),
                    "{lines:?}"
                );
            }
            Err(error) => {
                assert!(error.to_string().contains("catatonit"), "{error}");
                assert_eq!(error.hint(), Some("sudo apt-get install catatonit"));
            }
        }
    });
}
