//! Stand-ins for the images that the files name: they cannot be pulled, and nothing of them is
//! needed but what `inspect` shows. A stand-in sleeps whatever its arguments are.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::project::{On, RUN};

/// Every stand-in: a program that ignores its arguments under the names that files start, and one
/// that says yes under the names that health checks call.
const BASE: &str = r#"
FROM debian:bookworm-slim
RUN printf '#!/bin/sh\nexec sleep infinity\n' > /usr/local/bin/sleeper && chmod 0755 /usr/local/bin/sleeper && cd /usr/local/bin && \
    for name in npm node yarn python python3 uvicorn gunicorn flask java mysqld postgres redis-server traefik caddy server; do ln -s sleeper $name; done && \
    for name in curl wget mysqladmin mariadb-admin pg_isready redis-cli mongosh mongo nc healthcheck.sh cypher-shell rabbitmq-diagnostics; do ln -s /bin/true $name; done
"#;

const PLAIN: &str = "ENTRYPOINT [\"sleeper\"]\n";

/// Image (without tag) → the rest of its Dockerfile, as much as its published one shows.
const KNOWN: &[(&str, &str)] = &[
    (
        "rich",
        "ENV FROM_IMAGE=1 PAGER=less LANG=C.UTF-8\nLABEL org.example.image=rich org.example.both=image\nEXPOSE 80 53/udp\nVOLUME /image-data\nWORKDIR /image\nUSER 65534:65534\nSTOPSIGNAL SIGQUIT\nHEALTHCHECK --interval=1s --timeout=2s --start-period=3s --retries=4 CMD [\"true\"]\nENTRYPOINT [\"sleeper\"]\nCMD [\"image\", \"command\"]\n",
    ),
    ("shell", "CMD [\"sleep\", \"infinity\"]\n"),
    (
        "mysql",
        "ENV MYSQL_VERSION=8.0\nEXPOSE 3306 33060\nVOLUME /var/lib/mysql\nENTRYPOINT [\"sleeper\"]\nCMD [\"mysqld\"]\n",
    ),
    (
        "mariadb",
        "EXPOSE 3306\nVOLUME /var/lib/mysql\nENTRYPOINT [\"sleeper\"]\nCMD [\"mariadbd\"]\n",
    ),
    (
        "postgres",
        "ENV PGDATA=/var/lib/postgresql/data\nEXPOSE 5432\nVOLUME /var/lib/postgresql/data\nSTOPSIGNAL SIGINT\nENTRYPOINT [\"sleeper\"]\nCMD [\"postgres\"]\n",
    ),
    (
        "redis",
        "EXPOSE 6379\nVOLUME /data\nWORKDIR /data\nENTRYPOINT [\"sleeper\"]\nCMD [\"redis-server\"]\n",
    ),
    (
        "mongo",
        "EXPOSE 27017\nVOLUME /data/db /data/configdb\nENTRYPOINT [\"sleeper\"]\nCMD [\"mongod\"]\n",
    ),
    (
        "nginx",
        "EXPOSE 80\nSTOPSIGNAL SIGQUIT\nENTRYPOINT [\"sleeper\"]\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n",
    ),
    (
        "wordpress",
        "EXPOSE 80\nVOLUME /var/www/html\nWORKDIR /var/www/html\nENTRYPOINT [\"sleeper\"]\nCMD [\"apache2-foreground\"]\n",
    ),
    (
        "nextcloud",
        "EXPOSE 80\nVOLUME /var/www/html\nWORKDIR /var/www/html\nENTRYPOINT [\"sleeper\"]\n",
    ),
    (
        "prom/prometheus",
        "EXPOSE 9090\nVOLUME /prometheus\nWORKDIR /prometheus\nUSER nobody\nENTRYPOINT [\"sleeper\"]\n",
    ),
    (
        "grafana/grafana",
        "EXPOSE 3000\nWORKDIR /tmp\nUSER 472\nENTRYPOINT [\"sleeper\"]\n",
    ),
];

/// The stand-ins of one run, by a prefix that nobody else uses; they go with this value.
pub struct StandIns {
    prefix: String,
    made: Mutex<BTreeSet<String>>,
}

impl StandIns {
    pub fn build() -> Self {
        let own = Self {
            prefix: format!("stand-in-{}", *RUN),
            made: Mutex::default(),
        };
        own.image("plain");
        own
    }

    /// `text` with the image of every `image:` replaced by its stand-in, which is there then.
    pub fn put_into(&self, text: &str) -> String {
        let lines = text.split_inclusive('\n').map(|line| self.line(line));
        lines.collect()
    }

    fn line(&self, line: &str) -> String {
        let (mut out, mut rest) = (String::new(), line);
        while let Some((before, after)) = rest.split_once("image:") {
            let key = before
                .chars()
                .last()
                .is_none_or(|last| " -{".contains(last));
            let value = after.trim_start();
            let start = value.trim_start_matches(['"', '\'']);
            let end = start
                .find([' ', '\n', '"', '\'', ',', '}', '#'])
                .unwrap_or(start.len());
            let (image, _) = start.split_at(end);
            let given = ["{", "$", "debian:", "poststack/"];
            let keep =
                !key || image.is_empty() || given.iter().any(|given| image.starts_with(given));
            out += before;
            out += "image:";
            let (quote, after_image) = after.split_at(after.len() - start.len());
            out += quote;
            out += &if keep {
                image.to_owned()
            } else {
                self.image(image)
            };
            rest = &after_image[image.len()..];
        }
        out + rest
    }

    /// The stand-in of an image, which is made on both engines the first time.
    fn image(&self, image: &str) -> String {
        let name = format!("{}/{image}", self.prefix);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.insert(name.clone()) {
            let bare = image.split(['@']).next().unwrap_or_default();
            let bare = bare.rsplit_once(':').map_or(bare, |(bare, _)| bare);
            let rest = KNOWN
                .iter()
                .find(|(known, _)| *known == bare)
                .map_or(PLAIN, |(_, rest)| rest);
            for on in [On::Docker, On::Podman] {
                build(on, &name, &format!("{BASE}{rest}"));
            }
        }
        name
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        for name in self
            .made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            On::Docker.cli(&["rmi", name]);
            On::Podman.cli(&["rmi", name]);
        }
    }
}

fn build(on: On, tag: &str, dockerfile: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Dockerfile");
    std::fs::write(&file, dockerfile).unwrap();
    let mut command = match on {
        On::Docker => Command::new("docker"),
        On::Podman => Command::new("podman"),
    };
    match on {
        On::Docker => command
            .args(["--host", &on.host(), "build"])
            .env("DOCKER_BUILDKIT", "0"),
        // Podman's own format knows no health check.
        On::Podman => command.args(["build", "--format", "docker", "--layers"]),
    };
    command.args(["--tag", tag]).arg(folder.path());
    // Podman looks at layers in its cache that another test removes.
    for last in [false, false, false, true] {
        let output = command.stdin(Stdio::null()).output().unwrap();
        if output.status.success() {
            break;
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!last, "{tag}: {said}");
    }
}
