//! `version`

use serde_json::json;

use super::run::Run;
use crate::engine::Engine;
use crate::environment::Failure;

pub(super) async fn run(run: &Run) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let engine = run.engine().await;
    let data = match &engine {
        Ok(engine) => json!({
            "version": version,
            "engine": engine.kind.to_string(),
            "engine_version": engine.version,
            "engine_address": engine.endpoint.address.to_string(),
            "engine_reason": engine.endpoint.reason,
        }),
        Err(failure) => {
            json!({"version": version, "engine": null, "engine_error": failure.message})
        }
    };
    run.ui.result(&data, || match &engine {
        Ok(engine) => format!("poststack {version}\n{}", explained(engine)),
        Err(failure) => format!("poststack {version}\nno engine: {failure}"),
    });
    Ok(())
}

/// The engine in use and why.
fn explained(engine: &Engine) -> String {
    let endpoint = &engine.endpoint;
    format!("{engine} at {} ({})", endpoint.address, endpoint.reason)
}
