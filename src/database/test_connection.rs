//! What `db test-connection` tells: how long each phase of reaching the database took, and who is
//! there.

use std::time::Duration;

use serde::Serialize;

use super::Target;
use super::login::unreachable;
use crate::environment::Failure;
use crate::event::Seconds;
use crate::postgres::phases;

/// All phases together.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A database that lets us in.
#[derive(Debug, Clone, Serialize)]
pub struct Tested {
    /// `host:port/database`
    pub address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// In the order they were gone through; without TLS there is no such phase.
    pub phases: Vec<Phase>,
    /// All phases together.
    pub seconds: Seconds,
    pub server_version: String,
    pub database: String,
    pub user: String,
    pub superuser: bool,
    /// A standby, which takes no writes.
    pub in_recovery: bool,
    /// For instance `TLSv1.3, TLS13_AES_256_GCM_SHA384`; `None` without TLS.
    pub tls: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Phase {
    /// `resolve`, `connect`, `TLS`, `login` or `query`.
    pub name: &'static str,
    pub seconds: Seconds,
}

/// Logs in and asks one question.
///
/// # Errors
/// [`crate::environment::Kind::Unreachable`], with the phase that failed.
pub async fn test_connection(target: &Target) -> Result<Tested, Failure> {
    target.has_started()?;
    let found = phases(&target.address, TIMEOUT).await.map_err(|error| {
        let mut failure = unreachable(target, &error);
        failure.message = format!("{} (phase: {})", failure.message, error.phase());
        failure
    })?;
    let total = found.total();
    let times = [
        ("resolve", Some(found.resolve)),
        ("connect", Some(found.connect)),
        ("TLS", found.tls),
        ("login", Some(found.login)),
        ("query", Some(found.query)),
    ];
    let phases = times.into_iter().filter_map(|(name, time)| {
        let seconds = Seconds(time?);
        Some(Phase { name, seconds })
    });
    Ok(Tested {
        address: target.address.to_string(),
        environment: target.environment_name().map(str::to_owned),
        phases: phases.collect(),
        seconds: Seconds(total),
        server_version: found.server_version,
        database: found.database,
        user: found.current_user,
        superuser: found.is_superuser,
        in_recovery: found.in_recovery,
        tls: found
            .tls_session
            .map(|tls| format!("{}, {}", tls.protocol, tls.cipher)),
    })
}
