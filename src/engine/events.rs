//! What happens at the engine while somebody listens.

use serde::Deserialize;

use super::wire::{Call, JsonLines};
use super::{Engine, EngineError};
use crate::plan::spec::Labels;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireEvent {
    actor: WireActor,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireActor {
    /// Labels, and what else the engine knows of the container.
    attributes: Labels,
}

impl Engine {
    /// Tells the labels of every container with `labels` that is started from now on, until the
    /// engine hangs up.
    ///
    /// # Errors
    /// The engine does not answer, or goes away.
    pub async fn starts(
        &self,
        labels: &[(String, String)],
        tell: &mut dyn FnMut(&Labels),
    ) -> Result<(), EngineError> {
        let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let filters = serde_json::json!({
            "type": ["container"],
            "event": ["start"],
            "label": labels,
        });
        let call = Call::get("/events", "listen to the engine");
        let answer = self
            .wire
            .call(call.query("filters", &filters.to_string()))
            .await?;
        let mut events = JsonLines::new(answer);
        while let Some(event) = events.next::<WireEvent>().await {
            tell(&event?.actor.attributes);
        }
        Ok(())
    }
}
