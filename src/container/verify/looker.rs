//! A container of our own in the network of another one, or of the host, from which that is looked
//! at: it has the programs that an image of the user may lack.

use std::collections::BTreeSet;

use tokio::sync::OnceCell;

use super::sockets;
use crate::config::model::verify::ListeningPort;
use crate::engine::{Engine, EngineError, ExecOptions, ExecOutput, Inspected};
use crate::environment::Prepared;
use crate::plan::desired::INFRA_IMAGE;
use crate::plan::identity::{ROLE, Role, SERVICE};
use crate::plan::spec::{ContainerSpec, NetworkAttachment, SharedNamespaces};
use crate::workload::model::Process;

/// The image of the container that looks: the smallest shipped one.
pub const IMAGE: &str = INFRA_IMAGE;

/// How long one question may take, in seconds.
const PATIENCE: &str = "10";

/// How long it stays when nobody ends it, in seconds: the next start removes it as well.
const LIFE: &str = "600";

/// Largest body that is read, in bytes.
const MOST_READ: &str = "4194304";

/// Where is looked from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The network of the container.
    Inside,
    /// The network of the host, where its ports are published.
    Host,
}

/// The status and the body of an answer.
pub struct HttpAnswer {
    pub status: u16,
    pub body: String,
}

/// The containers that look at one other, each made when it is first needed.
pub struct Looker<'a> {
    engine: &'a Engine,
    prepared: &'a Prepared,
    target: &'a Inspected,
    inside: OnceCell<String>,
    host: OnceCell<String>,
}

impl<'a> Looker<'a> {
    pub fn new(engine: &'a Engine, prepared: &'a Prepared, target: &'a Inspected) -> Self {
        Self {
            engine,
            prepared,
            target,
            inside: OnceCell::new(),
            host: OnceCell::new(),
        }
    }

    /// The ports on which something listens in the network of the container.
    pub async fn listening(&self) -> Result<BTreeSet<ListeningPort>, EngineError> {
        let mut command = vec!["grep", "-s", ""];
        command.extend(sockets::TABLES);
        let output = self.run(Side::Inside, &command).await?;
        Ok(sockets::listening(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Whether a connection is accepted; else why not.
    pub async fn connects(
        &self,
        from: Side,
        host: &str,
        port: u16,
    ) -> Result<Result<(), String>, EngineError> {
        let line = r#"exec 3<>"/dev/tcp/$0/$1""#;
        let port = port.to_string();
        let command = ["timeout", PATIENCE, "bash", "-c", line, host, &port];
        let output = self.run(from, &command).await?;
        Ok(match output.exit_code {
            0 => Ok(()),
            124 => Err(format!("no answer in {PATIENCE} s")),
            _ => Err(reason(&output)),
        })
    }

    /// The answer to a request; else why there is none. Redirections are answers, certificates are
    /// not checked.
    pub async fn asks(
        &self,
        from: Side,
        url: &str,
    ) -> Result<Result<HttpAnswer, String>, EngineError> {
        let command = [
            "curl",
            "--silent",
            "--show-error",
            "--insecure",
            "--globoff",
            "--noproxy",
            "*",
            "--max-time",
            PATIENCE,
            "--max-filesize",
            MOST_READ,
            "--write-out",
            "\n%{http_code}",
            url,
        ];
        let output = self.run(from, &command).await?;
        if output.exit_code != 0 {
            let error = String::from_utf8_lossy(&output.stderr);
            return Ok(Err(error.trim().trim_start_matches("curl: ").to_owned()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let (body, status) = text.rsplit_once('\n').unwrap_or(("", &text));
        Ok(Ok(HttpAnswer {
            status: status.trim().parse().unwrap_or_default(),
            body: body.to_owned(),
        }))
    }

    /// Removes what was made.
    pub async fn end(&self) {
        for name in self.inside.get().into_iter().chain(self.host.get()) {
            if let Err(error) = self.engine.remove(name, true, true).await {
                tracing::debug!("`{name}` is left: {error}");
            }
        }
    }

    async fn run(&self, from: Side, command: &[&str]) -> Result<ExecOutput, EngineError> {
        let (cell, suffix) = match from {
            Side::Inside => (&self.inside, "verify"),
            Side::Host => (&self.host, "verify-host"),
        };
        let name = format!("{}.{suffix}", self.target.name);
        let name = cell.get_or_try_init(|| self.make(from, name)).await?;
        self.engine
            .exec(name, command, &ExecOptions::default())
            .await
    }

    async fn make(&self, from: Side, name: String) -> Result<String, EngineError> {
        let left = self.engine.find_by_name(&name).await?;
        let identity = &self.prepared.identity;
        if left.is_some_and(|left| identity.owns(&left.labels)) {
            self.engine.remove(&name, true, true).await?;
        }
        let mut labels = identity.labels(None);
        let service = format!("{}.verify", self.target.name);
        labels.extend([
            (SERVICE.to_owned(), service),
            (ROLE.to_owned(), Role::Hook.as_str().to_owned()),
        ]);
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        let spec = ContainerSpec {
            name: name.clone(),
            image: IMAGE.to_owned(),
            platform: None,
            process: Process {
                entrypoint: words(&["sleep"]),
                command: words(&[LIFE]),
                init: Some(true),
                ..Process::default()
            },
            network: match from {
                Side::Inside => NetworkAttachment::Container(self.target.name.clone()),
                Side::Host => NetworkAttachment::Host,
            },
            namespaces: SharedNamespaces::default(),
            mounts: Vec::new(),
            volumes_from: Vec::new(),
            files: Vec::new(),
            labels,
        };
        self.engine.create_container(&spec).await?;
        self.engine.start(&name).await?;
        Ok(name)
    }
}

/// The last line of what a shell says, without its own name.
fn reason(output: &ExecOutput) -> String {
    let text = output.text();
    let line = text.lines().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("the connection failed");
    line.rsplit(": ").next().unwrap_or(line).to_owned()
}
