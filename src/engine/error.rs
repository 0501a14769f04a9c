//! What can go wrong between poststack and an engine, in words that name the object.
//!
//! Both engines' messages are recognised here and nowhere else.

use std::io;
use std::time::Duration;

/// A failed engine call. The text reads after `failed to`.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine understood and said no.
    #[error("{action}: {message}")]
    Refused {
        action: String,
        status: u16,
        message: String,
    },
    /// The container, network, volume or exec is not there.
    #[error("{action}: {message}")]
    NotFound { action: String, message: String },
    /// An object of this name exists.
    #[error("{action}: {message}")]
    NameTaken { action: String, message: String },
    /// Another process or container listens on the host port.
    #[error("{action}: {}", port_text(*.port))]
    PortInUse { action: String, port: Option<u16> },
    /// The image is neither at the engine nor, after a pull, in its registry.
    #[error("{action}: image `{image}` does not exist")]
    ImageMissing { action: String, image: String },
    /// The registry was not reached, or gave no answer.
    #[error("{action}: the registry of `{image}` cannot be reached: {message}")]
    RegistryUnreachable {
        action: String,
        image: String,
        message: String,
    },
    /// The engine cannot as it is; `hint` says what to do.
    #[error("{action}: {message}")]
    Unsupported {
        action: String,
        message: String,
        hint: String,
    },
    /// The engine does not answer, or hung up.
    #[error("{action}: the engine at {address} does not answer")]
    Gone {
        action: String,
        address: String,
        #[source]
        source: io::Error,
    },
    #[error("{action}: no answer within {:.1} s", .limit.as_secs_f64())]
    TimedOut { action: String, limit: Duration },
    /// JSON of another shape than the API's.
    #[error("{action}: the engine's answer is not understood")]
    Answer {
        action: String,
        #[source]
        source: serde_json::Error,
    },
    /// A file or folder of the host.
    #[error("{action}")]
    File {
        action: String,
        #[source]
        source: io::Error,
    },
}

impl EngineError {
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether something of this name exists already.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::NameTaken { .. } | Self::Refused { status: 409, .. }
        )
    }

    /// Whether only a container that runs could do it.
    #[must_use]
    pub fn is_not_running(&self) -> bool {
        let words = ["is not running", "on running containers"];
        matches!(self, Self::Refused { message, .. } if words.iter().any(|one| message.contains(one)))
    }

    /// Whether the engine itself is unreachable (exit code 6).
    #[must_use]
    pub fn is_engine_gone(&self) -> bool {
        matches!(self, Self::Gone { .. })
    }

    /// What to type next, where the engine layer knows it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Unsupported { hint, .. } => Some(hint),
            _ => None,
        }
    }
}

fn port_text(port: Option<u16>) -> String {
    match port {
        Some(port) => format!("port {port} of the host is in use"),
        None => "a published port of the host is in use".to_owned(),
    }
}

/// Makes the error of an answer of 400 and above.
pub(super) fn classify(action: &str, status: u16, message: &str) -> EngineError {
    let action = action.to_owned();
    let message = clean(message);
    if is_port_in_use(&message) {
        let port = port_of(&message);
        return EngineError::PortInUse { action, port };
    }
    if message.contains("container-init binary not found") {
        return EngineError::Unsupported {
            action,
            message: "`init: true` needs the program `catatonit` on Podman's host".to_owned(),
            hint: "sudo apt-get install catatonit".to_owned(),
        };
    }
    if let Some(container) = lost_network_of(&message) {
        return EngineError::Unsupported {
            action,
            message: format!(
                "Podman takes the container {container} for running, which ended when the machine was restarted"
            ),
            hint: format!(
                "podman rm --force {container}; its volumes stay, and a start makes it again"
            ),
        };
    }
    if is_name_taken(&message) {
        return EngineError::NameTaken { action, message };
    }
    match (status, missing_image(&message)) {
        (404 | 500, Some(image)) => EngineError::ImageMissing { action, image },
        (404, None) => EngineError::NotFound { action, message },
        _ => EngineError::Refused {
            action,
            status,
            message,
        },
    }
}

impl super::Engine {
    /// An error of bollard in our words.
    pub(super) fn bollard_error(&self, action: &str, error: bollard::errors::Error) -> EngineError {
        use bollard::errors::Error;
        let gone = |source: io::Error| EngineError::Gone {
            action: action.to_owned(),
            address: self.endpoint.address.to_string(),
            source,
        };
        match error {
            Error::DockerResponseServerError {
                status_code,
                message,
            } => classify(action, status_code, &message),
            Error::DockerStreamError { error } => classify(action, 500, &error),
            Error::IOError { err } => gone(err),
            other => gone(io::Error::other(other)),
        }
    }
}

/// One line, without the doubled prefixes of nested Go errors and terminal colours.
pub(super) fn clean(message: &str) -> String {
    let plain = strip_colours(message);
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.rsplit_once("OCI runtime create failed: ") {
        Some((_, cause)) => cause.trim_end_matches(": unknown").to_owned(),
        None => line,
    }
}

/// Drops `ESC [ … letter` sequences: the classic builder colours what goes to stderr.
pub(super) fn strip_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

fn is_port_in_use(message: &str) -> bool {
    message.contains("port is already allocated")
        || message.contains("address already in use")
        || message.contains("Ports are not available")
}

fn is_name_taken(message: &str) -> bool {
    message.contains("is already in use by")
        || message.contains("already exists")
        || message.contains("that name is already in use")
}

/// The port in `…127.0.0.1:5433: bind: address already in use` and
/// `Bind for 127.0.0.1:5433 failed: port is already allocated`.
fn port_of(message: &str) -> Option<u16> {
    message
        .split([' ', ','])
        .filter_map(|word| word.trim_end_matches(':').rsplit_once(':'))
        .find_map(|(host, port)| port.parse().ok().filter(|_| !host.is_empty()))
}

/// The short id in `joining network namespace of container 0a1b…: …`, which Podman says of a
/// container whose network is gone.
fn lost_network_of(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("joining network namespace of container ")?;
    rest.split(':').next()?.get(..12)
}

/// The image in `No such image: x:1` and `no such image: docker.io/x:1: image not known`.
fn missing_image(message: &str) -> Option<String> {
    let (_, rest) = message
        .rsplit_once("No such image: ")
        .or_else(|| message.rsplit_once("no such image: "))?;
    let image = rest.split(": ").next()?.trim();
    (!image.is_empty()).then(|| image.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_a_restart_ended_is_told_with_what_to_do() {
        let id = "87a6dc35ab0008e78d144adb7fa08cc65b5bc2d561f0001162f9cccc4ded1f96";
        let message = format!(
            "joining network namespace of container {id}: retrieving network namespace at \
             /run/netns/netns-a75fd05b: unknown FS magic on \"/run/netns/netns-a75fd05b\": ef53"
        );
        let error = classify("list the containers", 500, &message);
        assert!(
            error.to_string().contains("87a6dc35ab00 for running"),
            "{error}"
        );
        let hint = error.hint().unwrap();
        assert!(
            hint.starts_with("podman rm --force 87a6dc35ab00;"),
            "{hint}"
        );
    }

    #[test]
    fn both_engines_words_for_a_busy_port_name_the_port() {
        for message in [
            "driver failed programming external connectivity on endpoint x (f00): Bind for 127.0.0.1:5433 failed: port is already allocated",
            "driver failed programming external connectivity on endpoint x: Error starting userland proxy: listen tcp4 127.0.0.1:5433: bind: address already in use",
            "cannot listen on the TCP port: listen tcp4 127.0.0.1:5433: bind: address already in use",
            "listen tcp6 [::1]:5433: bind: address already in use",
        ] {
            let error = classify("start container `x`", 500, message);
            assert!(
                matches!(
                    error,
                    EngineError::PortInUse {
                        port: Some(5433),
                        ..
                    }
                ),
                "{message}: {error:?}"
            );
        }
    }

    #[test]
    fn both_engines_words_for_a_taken_name_are_a_conflict() {
        for (status, message) in [
            (
                409,
                "Conflict. The container name \"/a\" is already in use by container \"7534\". You have to remove (or rename) that container to be able to reuse that name.",
            ),
            (
                500,
                "container create: creating container storage: the container name \"a\" is already in use by 07d1d2. You have to remove that container to be able to reuse that name: that name is already in use",
            ),
            (409, "network with name a already exists"),
            (500, "network name a already used: network already exists"),
            (
                500,
                "volume with name a already exists: volume already exists",
            ),
        ] {
            assert!(
                classify("create", status, message).is_conflict(),
                "{message}"
            );
        }
    }

    #[test]
    fn both_engines_words_for_a_missing_image_name_the_image() {
        for (message, image) in [
            ("No such image: nope/nope:1", "nope/nope:1"),
            (
                "no such image: docker.io/nope/nope:1: image not known",
                "docker.io/nope/nope:1",
            ),
            (
                "failed to find image nope:1: docker.io/library/nope:1: No such image",
                "",
            ),
        ] {
            let error = classify("create container `x`", 404, message);
            match error {
                EngineError::ImageMissing { image: found, .. } => assert_eq!(found, image),
                other => assert!(other.is_not_found() && image.is_empty(), "{other:?}"),
            }
        }
    }

    #[test]
    fn both_engines_words_for_a_container_that_does_not_run_are_known() {
        for (status, message, expected) in [
            (409, "Container 087344c9 is not running", true),
            (
                500,
                "can only create exec sessions on running containers: container state improper",
                true,
            ),
            (409, "network with name a already exists", false),
        ] {
            let error = classify("run `rm` in container `a`", status, message);
            assert_eq!(error.is_not_running(), expected, "{message}");
        }
    }

    #[test]
    fn nested_runtime_errors_shrink_to_their_cause() {
        let message = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"nosuch\": executable file not found in $PATH: unknown";
        assert_eq!(
            clean(message),
            "runc create failed: unable to start container process: exec: \"nosuch\": executable file not found in $PATH"
        );
        assert_eq!(clean("\u{1b}[91merr\n\u{1b}[0m"), "err");
    }

    #[test]
    fn other_refusals_keep_their_status_and_text() {
        let error = classify("start container `x`", 500, "disk full");
        assert_eq!(error.to_string(), "start container `x`: disk full");
        assert!(!error.is_conflict() && !error.is_not_found() && !error.is_engine_gone());
    }
}
