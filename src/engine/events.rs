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

/// What changes the state of a container, in the words of both engines.
const CHANGES: [&str; 11] = [
    "create",
    "start",
    "die",
    "died",
    "pause",
    "unpause",
    "rename",
    "restart",
    "health_status",
    "destroy",
    "remove",
];

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
        let mut events = self.listen(&["start"], labels).await?;
        while let Some(event) = events.next::<WireEvent>().await {
            tell(&event?.actor.attributes);
        }
        Ok(())
    }

    /// Tells that the state of a container with `labels` changed, until the engine hangs up; and once
    /// that it listens, since whoever looked before may have missed something.
    ///
    /// # Errors
    /// As [`Self::starts`].
    pub async fn changes(
        &self,
        labels: &[(String, String)],
        tell: &mut dyn FnMut(),
    ) -> Result<(), EngineError> {
        let mut events = self.listen(&CHANGES, labels).await?;
        tell();
        while let Some(event) = events.next::<WireEvent>().await {
            event?;
            tell();
        }
        Ok(())
    }

    async fn listen(
        &self,
        events: &[&str],
        labels: &[(String, String)],
    ) -> Result<JsonLines, EngineError> {
        let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let filters = serde_json::json!({
            "type": ["container"],
            "event": events,
            "label": labels,
        });
        let call = Call::get("/events", "listen to the engine");
        let call = call.query("filters", &filters.to_string());
        Ok(JsonLines::new(self.wire.call(call).await?))
    }
}
