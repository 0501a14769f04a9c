//! Each kind of promise, and how it is looked at.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use super::Outcome;
use super::looker::{HttpAnswer, Looker, Side};
use crate::config::model::verify::{
    HttpTarget, ListeningPort, PromiseKind, PromisedAnswer, PromisedFile, PromisedRow,
};
use crate::diagnostic::brief;
use crate::engine::{Engine, EngineError, Inspected, Lying};
use crate::environment::Prepared;
use crate::environment::reach::reachable;
use crate::plan::DesiredContainer;
use crate::plan::identity::Role;
use crate::postgres::{Address, Answer, Query, QueryError, query};
use crate::text::SourceFile;
use crate::workload::model::{ExposedPort, Protocol};

/// For the login of a promised query.
const LOGIN: Duration = Duration::from_secs(10);

/// Whatever a promised query does, it changes nothing.
const READ_ONLY: &str = "-c default_transaction_read_only=on -c statement_timeout=30s";

/// A container that runs, with what is needed to look at it.
pub struct Subject<'a> {
    pub engine: &'a Engine,
    pub prepared: &'a Prepared,
    pub found: &'a Inspected,
    /// What its image says that it listens on.
    pub exposed: &'a [ExposedPort],
    pub looker: &'a Looker<'a>,
}

/// What was promised, and whether it is kept.
type Told = (String, Outcome);

impl Subject<'_> {
    /// Its health, and of the database a login.
    pub async fn own(&self, container: &DesiredContainer) -> Result<Vec<Told>, EngineError> {
        let mut told = Vec::new();
        if let Some(healthy) = self.engine.probe_health(&self.found.name).await? {
            let outcome = if healthy {
                Ok(())
            } else {
                Err("its health test fails".to_owned())
            };
            told.push(("is healthy".to_owned(), outcome));
        }
        if container.role == Role::Database {
            let row = PromisedRow {
                query: "SELECT 1".to_owned(),
                expect: None,
            };
            told.push(("lets its user in".to_owned(), self.row(&row).await));
        }
        Ok(told)
    }

    /// The ports of its image and its published ones.
    pub async fn ports(&self) -> Result<Vec<Told>, EngineError> {
        let published = self.found.ports.iter();
        let published = published.map(|(_, _, target, protocol)| ListeningPort {
            number: *target,
            udp: protocol == "udp",
        });
        let exposed = self.exposed.iter();
        let exposed = exposed.filter(|one| one.protocol != Protocol::Sctp);
        let exposed = exposed.map(|one| ListeningPort {
            number: one.port,
            udp: one.protocol == Protocol::Udp,
        });
        let promised: BTreeSet<ListeningPort> = published.chain(exposed).collect();
        let mut told = Vec::new();
        if !promised.is_empty() {
            let listening = self.looker.listening().await?;
            told.extend(promised.iter().map(|port| listens(*port, &listening)));
        }
        let tcp = self.found.ports.iter().filter(|one| one.3 == "tcp");
        for (ip, port, target, _) in tcp {
            let host = reachable_text(ip);
            let outcome = self.looker.connects(Side::Host, &host, *port).await?;
            told.push((format!("accepts on {host}:{port} for {target}"), outcome));
        }
        told.dedup();
        Ok(told)
    }

    /// Looks at one promise of the file.
    pub async fn promise(&self, promise: &PromiseKind) -> Result<Told, EngineError> {
        Ok(match promise {
            PromiseKind::Port(port) => listens(*port, &self.looker.listening().await?),
            PromiseKind::File(file) => self.file(file).await?,
            PromiseKind::Process(name) => self.process(name).await?,
            PromiseKind::Http(answer) => self.http(answer).await?,
            PromiseKind::Tcp { host, port } => {
                let outcome = self.looker.connects(Side::Inside, host, *port).await?;
                (format!("reaches {host}:{port}"), outcome)
            }
            PromiseKind::Sql(row) => {
                let query = brief(&row.query);
                let expected = match &row.expect {
                    Some(value) => format!("`{query}` gives `{}`", brief(value)),
                    None => format!("`{query}` succeeds"),
                };
                (expected, self.row(row).await)
            }
        })
    }

    async fn file(&self, file: &PromisedFile) -> Result<Told, EngineError> {
        let path = &file.path;
        let lying = self.engine.lying_at(&self.found.name, path).await?;
        let Some(text) = &file.contains else {
            let outcome = lying.map(drop).ok_or_else(|| "it is not there".to_owned());
            return Ok((format!("has {path}"), outcome));
        };
        let outcome = match lying {
            None => Err("it is not there".to_owned()),
            Some(Lying::Folder) => Err("it is a folder".to_owned()),
            Some(Lying::Other) => Err("it is no file".to_owned()),
            Some(Lying::File(content)) => {
                let content = String::from_utf8_lossy(&content);
                let missing = || format!("it does not, in {} bytes", content.len());
                content.contains(text).then_some(()).ok_or_else(missing)
            }
        };
        Ok((format!("{path} holds `{}`", brief(text)), outcome))
    }

    async fn process(&self, name: &str) -> Result<Told, EngineError> {
        let lines = self.engine.command_lines(&self.found.name).await?;
        let outcome = match lines.iter().any(|line| runs(line, name)) {
            true => Ok(()),
            false => {
                let shown: Vec<String> =
                    lines.iter().map(|line| brief(line).into_owned()).collect();
                Err(format!("there run: {}", shown.join("; ")))
            }
        };
        Ok((format!("runs `{name}`"), outcome))
    }

    async fn http(&self, promised: &PromisedAnswer) -> Result<Told, EngineError> {
        let status = match promised.status {
            Some(status) => status.to_string(),
            None => "200 to 399".to_owned(),
        };
        let holding = promised.contains.as_ref();
        let holding = holding.map_or_else(String::new, |text| format!(" and `{}`", brief(text)));
        let (asked, place) = match &promised.target {
            HttpTarget::Url(url) => (url.clone(), Some((Side::Inside, url.clone()))),
            HttpTarget::Path { path, port } => (path.clone(), self.url_of(path, *port)),
        };
        let expected = format!("answers GET {asked} with {status}{holding}");
        let Some((from, url)) = place else {
            let why = "neither its image nor a published port says where it listens; write `port`";
            return Ok((expected, Err(why.to_owned())));
        };
        let answer = self.looker.asks(from, &url).await?;
        let outcome = answer.and_then(|answer| kept(promised, &answer));
        Ok((expected, outcome.map_err(|why| format!("{why} ({url})"))))
    }

    /// Where the service itself is asked, and from where.
    fn url_of(&self, path: &str, port: Option<u16>) -> Option<(Side, String)> {
        let mut published = self.found.ports.iter().filter(|one| one.3 == "tcp");
        let found = published.find(|one| port.is_none_or(|port| one.2 == port));
        if let Some((ip, port, _, _)) = found {
            let url = format!("http://{}:{port}{path}", bracketed(&reachable_text(ip)));
            return Some((Side::Host, url));
        }
        let mut exposed = self.exposed.iter();
        let exposed = exposed.find(|one| one.protocol == Protocol::Tcp);
        let port = port.or(exposed.map(|one| one.port))?;
        Some((Side::Inside, format!("http://localhost:{port}{path}")))
    }

    async fn row(&self, row: &PromisedRow) -> Outcome {
        let mut address: Address = self.prepared.address.clone();
        address.session.options = Some(READ_ONLY.to_owned());
        let source = SourceFile::new("verify", row.query.as_str());
        let wanted = Query {
            sql: &source,
            statements: &[],
            login_timeout: LOGIN,
        };
        let mut first = None;
        let keep = |answer: Answer<'_>| {
            if let (Answer::Row(values), None) = (&answer, &first) {
                let value = values.first().cloned().flatten();
                first = Some(value.map_or_else(|| "null".to_owned(), |value| value.into_owned()));
            }
            ControlFlow::Continue(())
        };
        if let Err(error) = query(&address, wanted, keep).await {
            return Err(match error {
                QueryError::Failed(diagnostic) => diagnostic.message,
                other => other.to_string(),
            });
        }
        match (&row.expect, first) {
            (None, _) => Ok(()),
            (Some(expected), Some(found)) if *expected == found => Ok(()),
            (Some(_), Some(found)) => Err(format!("it gives `{}`", brief(&found))),
            (Some(_), None) => Err("it gives no row".to_owned()),
        }
    }
}

fn listens(port: ListeningPort, listening: &BTreeSet<ListeningPort>) -> Told {
    let outcome = match listening.contains(&port) {
        true => Ok(()),
        false if listening.is_empty() => Err("nothing listens".to_owned()),
        false => {
            let others: Vec<String> = listening.iter().map(ToString::to_string).collect();
            Err(format!("there listen {}", brief(&others.join(", "))))
        }
    };
    (format!("listens on {port}"), outcome)
}

/// Whether a command line runs the program `name`; a text with a space or a slash is a part of the
/// line. A script stands behind its interpreter, and servers like to put a colon behind their name.
fn runs(line: &str, name: &str) -> bool {
    if name.contains([' ', '/']) {
        return line.contains(name);
    }
    let mut words = line.split_whitespace();
    words.any(|word| {
        let last = word.rsplit('/').next().unwrap_or(word);
        last.trim_end_matches(':').trim_start_matches('-') == name
    })
}

fn kept(promised: &PromisedAnswer, answer: &HttpAnswer) -> Outcome {
    let is_good = match promised.status {
        Some(status) => answer.status == status,
        None => (200..400).contains(&answer.status),
    };
    match &promised.contains {
        _ if !is_good => Err(format!("it answers {}", answer.status)),
        Some(text) if !answer.body.contains(text) => Err(format!(
            "it answers {} without that text, in {} bytes",
            answer.status,
            answer.body.len()
        )),
        _ => Ok(()),
    }
}

/// Where the host finds a port published on this address.
fn reachable_text(ip: &str) -> String {
    match ip.parse() {
        Ok(ip) => reachable(ip),
        // Podman leaves "every address" out.
        Err(_) => "127.0.0.1".to_owned(),
    }
}

fn bracketed(host: &str) -> String {
    match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_name_or_a_part_of_its_line() {
        let nginx = "nginx: master process nginx -g daemon off;";
        for (line, name) in [
            (nginx, "nginx"),
            ("/usr/sbin/apache2 -D FOREGROUND", "apache2"),
            ("python3 /app/worker.py", "worker.py"),
            ("-bash", "bash"),
            ("postgres: checkpointer", "postgres: checkpointer"),
            (nginx, "process nginx"),
        ] {
            assert!(runs(line, name), "{line} {name}");
        }
        assert!(!runs("sleep infinity", "sh"));
        assert!(!runs("sleep show", "show-me"));
    }

    #[test]
    fn an_answer_has_its_status_and_its_text() {
        let promised = |status, contains: Option<&str>| PromisedAnswer {
            target: HttpTarget::Url(String::new()),
            status,
            contains: contains.map(str::to_owned),
        };
        let answer = |status| HttpAnswer {
            status,
            body: "all well".to_owned(),
        };
        assert_eq!(kept(&promised(None, None), &answer(302)), Ok(()));
        assert_eq!(kept(&promised(Some(503), None), &answer(503)), Ok(()));
        assert_eq!(kept(&promised(None, Some("well")), &answer(200)), Ok(()));
        let refused = kept(&promised(None, None), &answer(404));
        assert_eq!(refused, Err("it answers 404".to_owned()));
        assert!(kept(&promised(None, Some("ill")), &answer(200)).is_err());
        assert!(kept(&promised(Some(200), None), &answer(204)).is_err());
    }
}
