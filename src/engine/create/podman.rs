//! What Podman's Docker-compatible create call reads differently, said so that it means the same.

use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};

use bollard::models::{ContainerCreateBody, HealthConfig, HostConfig, MountType, ResourcesUlimits};

use tokio::sync::MutexGuard;

use super::super::{Engine, EngineError, EngineKind};
use crate::plan::identity::COMPOSE_NUMBER;
use crate::plan::spec::ContainerSpec;
use crate::plan::step::NEXT;
use crate::workload::model::{Port, Protocol, PublishedPort, Seccomp};

/// The limits that Podman sets by itself as soon as one is given, as `/proc/…/limits` calls them.
const PODMAN_LIMITS: [(&str, &str); 2] = [("nofile", "Max open files"), ("nproc", "Max processes")];

/// Bytes that stand for no limit of swap: Podman's call takes no `-1`.
const ALL_SWAP: i64 = 1 << 60;

/// The value it sets them to.
const PODMAN_LIMIT: i64 = 1_048_576;

/// The mode of a file system in memory for which none is written, as Docker has it; Podman's is 0.
const TMPFS_MODE: i64 = 0o1777;

impl Engine {
    /// Who creates a container on Podman waits for its turn.
    pub(super) async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.kind {
            EngineKind::Docker => None,
            EngineKind::Podman => Some(self.creating.lock().await),
        }
    }

    pub(super) async fn adapt_to_podman(
        &self,
        spec: &ContainerSpec,
        body: &mut ContainerCreateBody,
    ) -> Result<(), EngineError> {
        self.choose_ports(spec, body).await?;
        // An init process would have to be the first one of another container's.
        if spec.namespaces.pid.is_some() {
            body.host_config.get_or_insert_default().init = None;
        }
        self.links_as_hosts(spec, body).await?;
        let host = body.host_config.get_or_insert_default();
        complete_tmpfs(host);
        name_seccomp(host, spec.process.seccomp.as_ref());
        if host.memory_swap == Some(-1) {
            host.memory_swap = Some(ALL_SWAP);
        }
        if host.masked_paths.take().is_some() {
            host.readonly_paths = None;
            let options = host.security_opt.get_or_insert_default();
            options.push("unmask=ALL".to_owned());
        }
        if !spec.process.ulimits.is_empty() {
            let allowed = self.allowed_limits().await;
            let host = body.host_config.get_or_insert_default();
            add_limits(host.ulimits.get_or_insert_default(), &allowed);
        }
        let removes = spec.process.environment.values().any(Option::is_none);
        if removes {
            let image = self.image_config(&spec.image).await?.unwrap_or_default();
            empty_removed_variables(body, &image.env);
        }
        if let Some(check) = &mut body.healthcheck {
            let image = self.podman_healthcheck(&spec.image).await?;
            complete_health(check, image);
        }
        Ok(())
    }

    /// `/proc/<pid>/limits` of the engine; its own limits bound those of its containers.
    async fn allowed_limits(&self) -> String {
        let Some(process) = self.wire.process().await else {
            return String::new();
        };
        // Another user's process hides its limits; then poststack's own are the best guess.
        fs_err::read_to_string(format!("/proc/{process}/limits"))
            .or_else(|_| fs_err::read_to_string("/proc/self/limits"))
            .unwrap_or_default()
    }

    /// Podman's call takes no range of host ports: takes one that is free. Those of one service are
    /// made at the same time, so each begins to look at another port, and a successor takes what its
    /// predecessor gives up.
    async fn choose_ports(
        &self,
        spec: &ContainerSpec,
        body: &mut ContainerCreateBody,
    ) -> Result<(), EngineError> {
        let ports = &spec.process.ports;
        let is_range = |range: &PublishedPort| range.first < range.last;
        if !ports
            .iter()
            .any(|port| port.published.as_ref().is_some_and(is_range))
        {
            return Ok(());
        }
        let predecessor = match spec.name.strip_suffix(NEXT) {
            Some(name) => self.inspect(name).await?,
            None => None,
        };
        let given_up = predecessor.map(|found| found.ports).unwrap_or_default();
        let number = spec.labels.get(COMPOSE_NUMBER);
        let number = number.and_then(|number| number.parse().ok()).unwrap_or(1);
        let host = body.host_config.get_or_insert_default();
        let Some(map) = &mut host.port_bindings else {
            return Ok(());
        };
        for port in ports {
            let Some(range) = port.published.filter(is_range) else {
                continue;
            };
            let own = given_up.iter().find(|(_, host, target, protocol)| {
                let same = *target == port.target && protocol == port.protocol.as_str();
                same && (range.first..=range.last).contains(host)
            });
            let own = own.map(|(_, host, ..)| *host);
            let chosen = own.unwrap_or_else(|| first_free(port, range, number));
            let written = format!("{}-{}", range.first, range.last);
            let bindings = map.get_mut(&super::port_key(port)).and_then(Option::as_mut);
            for binding in bindings.into_iter().flatten() {
                if binding.host_port.as_ref() == Some(&written) {
                    binding.host_port = Some(chosen.to_string());
                }
            }
        }
        Ok(())
    }
}

/// The first free port of the range for the container of this number of its service; where none is
/// free, the one it begins with, so that the engine's error names it.
fn first_free(port: &Port, range: PublishedPort, number: u16) -> u16 {
    let address = port.host_ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let free = |number: &u16| match port.protocol {
        Protocol::Udp => UdpSocket::bind((address, *number)).is_ok(),
        Protocol::Tcp | Protocol::Sctp => TcpListener::bind((address, *number)).is_ok(),
    };
    let count = u32::from(range.last - range.first) + 1;
    let skipped = u32::from(number.saturating_sub(1)) % count;
    let begin = u16::try_from(u32::from(range.first) + skipped).unwrap_or(range.first);
    let mut candidates = (begin..=range.last).chain(range.first..begin);
    candidates.find(free).unwrap_or(begin)
}

/// With one limit given, Podman sets `nofile` and `nproc` to a million, and where the machine
/// allows less, no container starts. So they are given too, as high as the engine may go.
fn add_limits(limits: &mut Vec<ResourcesUlimits>, allowed: &str) {
    for (name, title) in PODMAN_LIMITS {
        if limits
            .iter()
            .any(|limit| limit.name.as_deref() == Some(name))
        {
            continue;
        }
        let value = hard_limit(allowed, title).map_or(PODMAN_LIMIT, |hard| hard.min(PODMAN_LIMIT));
        limits.push(ResourcesUlimits {
            name: Some(name.to_owned()),
            soft: Some(value),
            hard: Some(value),
        });
    }
}

/// The hard limit in the table; `None` when it is unlimited or not there.
fn hard_limit(table: &str, title: &str) -> Option<i64> {
    let values = table.lines().find_map(|line| line.strip_prefix(title))?;
    values.split_whitespace().nth(1)?.parse().ok()
}

fn complete_tmpfs(host: &mut HostConfig) {
    let mounts = host.mounts.iter_mut().flatten();
    for mount in mounts.filter(|mount| mount.typ == Some(MountType::TMPFS)) {
        let options = mount.tmpfs_options.get_or_insert_default();
        options.mode.get_or_insert(TMPFS_MODE);
    }
}

/// Docker takes the text of a seccomp profile, Podman the path of its file.
fn name_seccomp(host: &mut HostConfig, seccomp: Option<&Seccomp>) {
    let Some(seccomp) = seccomp else { return };
    let text = seccomp.option();
    for option in host.security_opt.iter_mut().flatten() {
        if *option == text {
            *option = format!("seccomp={}", seccomp.path.display());
        }
    }
}

/// Podman ignores a bare name: the image's variable is at least made empty.
fn empty_removed_variables(body: &mut ContainerCreateBody, image: &[String]) {
    let set_by_image = |name: &str| {
        image
            .iter()
            .any(|entry| entry.split('=').next() == Some(name))
    };
    let environment = body.env.take().unwrap_or_default();
    let kept = environment.into_iter().filter_map(|entry| {
        if entry.contains('=') {
            Some(entry)
        } else {
            set_by_image(&entry).then(|| format!("{entry}="))
        }
    });
    body.env = Some(kept.collect());
}

/// Podman does not merge with the image's health test, and breaks the words of `CMD` at spaces.
fn complete_health(check: &mut HealthConfig, image: Option<HealthConfig>) {
    if check
        .test
        .as_ref()
        .is_some_and(|test| test.first().is_some_and(|w| w == "NONE"))
    {
        return;
    }
    let image = image.unwrap_or_default();
    check.test = check.test.take().or(image.test).map(quoted);
    check.interval = check.interval.or(image.interval);
    check.timeout = check.timeout.or(image.timeout);
    check.start_period = check.start_period.or(image.start_period);
    check.retries = check.retries.or(image.retries);
}

fn quoted(test: Vec<String>) -> Vec<String> {
    let simple = |word: &String| {
        !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "'\"\\".contains(c))
    };
    match test.split_first() {
        Some((kind, words)) if kind == "CMD" && !words.iter().all(simple) => {
            let line: Vec<String> = words.iter().map(|word| quote(word)).collect();
            vec!["CMD-SHELL".to_owned(), line.join(" ")]
        }
        _ => test,
    }
}

/// `word` as one word of a POSIX shell.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_spaces_become_one_quoted_line() {
        let test = ["CMD", "sh", "-c", "it's  \"a\""]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(quoted(test), ["CMD-SHELL", r#"'sh' '-c' 'it'\''s  "a"'"#]);
        let simple = ["CMD", "pg_isready", "-q"].map(str::to_owned).to_vec();
        assert_eq!(quoted(simple.clone()), simple);
    }

    #[test]
    fn a_removed_variable_is_emptied_only_when_the_image_sets_it() {
        let mut body = ContainerCreateBody {
            env: Some(["A=1", "PAGER", "LANG"].map(str::to_owned).to_vec()),
            ..ContainerCreateBody::default()
        };
        empty_removed_variables(&mut body, &["LANG=C".to_owned()]);
        assert_eq!(body.env.unwrap(), ["A=1", "LANG="]);
    }

    #[test]
    fn limits_are_completed_up_to_what_the_engine_may_set() {
        let table = "Limit                     Soft Limit           Hard Limit           Units\n\
                     Max processes             100                  32768                processes\n\
                     Max open files            20000                unlimited            files\n";
        let given = |name: &str| ResourcesUlimits {
            name: Some(name.to_owned()),
            soft: Some(1),
            hard: Some(2),
        };
        let mut limits = vec![given("nofile")];
        add_limits(&mut limits, table);
        assert_eq!(limits.len(), 2);
        assert_eq!(limits[0], given("nofile"));
        assert_eq!(
            (limits[1].soft, limits[1].hard),
            (Some(32_768), Some(32_768))
        );
        let mut limits = vec![given("core")];
        add_limits(&mut limits, table);
        assert_eq!(
            limits[1].hard,
            Some(PODMAN_LIMIT),
            "no more than Podman itself"
        );
    }

    #[test]
    fn a_range_gives_its_first_free_port() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let first = held.local_addr().unwrap().port();
        let range = PublishedPort {
            first,
            last: first.saturating_add(50),
        };
        let port = Port {
            host_ip: None,
            published: Some(range),
            target: 80,
            protocol: Protocol::Tcp,
        };
        let chosen = first_free(&port, range, 1);
        assert!(chosen > first && chosen <= range.last);
        let third = first_free(&port, range, 3);
        assert!(third > first.saturating_add(1), "{third}");
    }
}
