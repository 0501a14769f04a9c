//! One session with a server, together with the task that carries it.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};

use super::{Address, describe};

/// Shown in `pg_stat_activity`.
const APPLICATION_NAME: &str = "poststack";

/// A logged-in session. Dropping it closes the connection and ends its task.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    server_version: String,
    task: JoinHandle<()>,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("failed to connect to `{address}`: {}", describe(.source))]
    Failed {
        address: String,
        source: tokio_postgres::Error,
    },
    #[error("failed to connect to `{address}`: no answer within {:.1} s", .timeout.as_secs_f64())]
    TimedOut { address: String, timeout: Duration },
}

impl Connection {
    /// For the modules that send SQL of their own.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// As the server words it, for instance `15.18 (Debian 15.18-1)`.
    #[must_use]
    pub fn server_version(&self) -> &str {
        &self.server_version
    }

    /// The major version, for instance 15; 0 when the server words it in an unknown way.
    #[must_use]
    pub fn server_major(&self) -> u32 {
        let digits: String = self
            .server_version
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().unwrap_or_default()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Logs in once, over a connection without TLS.
///
/// # Errors
/// A [`ConnectError`]; the server's own refusal is its source.
pub async fn connect(address: &Address, timeout: Duration) -> Result<Connection, ConnectError> {
    let attempt = log_in(address);
    match tokio::time::timeout(timeout, attempt).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(source)) => Err(ConnectError::Failed {
            address: address.to_string(),
            source,
        }),
        Err(_) => Err(ConnectError::TimedOut {
            address: address.to_string(),
            timeout,
        }),
    }
}

async fn log_in(address: &Address) -> Result<Connection, tokio_postgres::Error> {
    let (client, session) = Config::new()
        .host(&address.host)
        .port(address.port)
        .dbname(&address.database)
        .user(&address.user)
        .password(address.password.expose())
        .application_name(APPLICATION_NAME)
        .connect(NoTls)
        .await?;
    let server_version = session
        .parameter("server_version")
        .unwrap_or_default()
        .to_owned();
    let task = tokio::spawn(async move {
        if let Err(error) = session.await {
            tracing::debug!("a database connection ended: {}", describe(&error));
        }
    });
    Ok(Connection {
        client,
        server_version,
        task,
    })
}
