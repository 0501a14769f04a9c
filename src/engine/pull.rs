//! Fetching an image from its registry, and how far that came.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::image::{name_and_tag, pull_error};
use super::wire::{Call, JsonLines};
use super::{Engine, EngineError};

/// What a pull tells while it is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulled<'a> {
    /// The engine's own words.
    Line(&'a str),
    /// What has arrived of the layers whose size is known, in bytes.
    Bytes { done: u64, total: u64 },
}

/// One line of a pull.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Progress {
    id: String,
    status: String,
    progress: String,
    #[serde(rename = "progressDetail")]
    detail: Option<Detail>,
    error: Option<String>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct Detail {
    current: u64,
    total: u64,
}

/// Layer → bytes that arrived, and all of them.
#[derive(Default)]
struct Layers(BTreeMap<String, (u64, u64)>);

impl Layers {
    /// Takes in a line; the sums if they have changed.
    fn take(&mut self, line: &Progress) -> Option<(u64, u64)> {
        let before = self.sums();
        match (line.status.as_str(), line.detail) {
            ("Downloading", Some(detail)) if detail.total > 0 => {
                let arrived = detail.current.min(detail.total);
                self.0.insert(line.id.clone(), (arrived, detail.total));
            }
            ("Download complete" | "Pull complete", _) => {
                if let Some((arrived, total)) = self.0.get_mut(&line.id) {
                    *arrived = *total;
                }
            }
            _ => {}
        }
        let sums = self.sums();
        (sums != before).then_some(sums)
    }

    fn sums(&self) -> (u64, u64) {
        let layers = self.0.values();
        layers.fold((0, 0), |(done, total), layer| {
            (done + layer.0, total + layer.1)
        })
    }
}

impl Engine {
    /// Fetches an image from its registry; `progress` gets the engine's lines, and sums of bytes.
    ///
    /// # Errors
    /// [`EngineError::ImageMissing`] when the registry has no such image (or asks for a login),
    /// [`EngineError::RegistryUnreachable`] when it could not be asked.
    pub async fn pull(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: &mut dyn FnMut(Pulled<'_>),
    ) -> Result<(), EngineError> {
        let action = format!("pull image `{reference}`");
        let (name, tag) = name_and_tag(reference);
        let mut call = Call::post("/images/create", action.as_str()).query("fromImage", name);
        if let Some(tag) = tag {
            call = call.query("tag", tag);
        }
        if let Some(platform) = platform {
            call = call.query("platform", platform);
        }
        let answer = match self.wire.call(call).await {
            Ok(answer) => answer,
            Err(gone @ EngineError::Gone { .. }) => return Err(gone),
            Err(error) => {
                let text = error.to_string();
                let message = text.strip_prefix(&format!("{action}: ")).unwrap_or(&text);
                return Err(pull_error(&action, reference, message));
            }
        };
        let mut lines = JsonLines::new(answer);
        let mut layers = Layers::default();
        while let Some(line) = lines.next::<Progress>().await {
            let line = line?;
            if let Some(error) = &line.error {
                return Err(pull_error(&action, reference, error));
            }
            let words = [&line.id, &line.status, &line.progress];
            let words = words.map(|word| word.trim());
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            if !words.is_empty() {
                progress(Pulled::Line(&words.join(" ")));
            }
            if let Some((done, total)) = layers.take(&line) {
                progress(Pulled::Bytes { done, total });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(lines: &[&str]) -> Vec<(u64, u64)> {
        let mut layers = Layers::default();
        let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter_map(|line: Progress| layers.take(&line))
            .collect()
    }

    #[test]
    fn the_bytes_of_all_layers_are_added_and_unpacking_counts_for_nothing() {
        let told = sums(&[
            r#"{"status":"Pulling from library/x","id":"1"}"#,
            r#"{"status":"Pulling fs layer","progressDetail":{},"id":"a"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"a"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":5,"total":50},"id":"b"}"#,
            r#"{"status":"Download complete","progressDetail":{},"id":"a"}"#,
            r#"{"status":"Extracting","progressDetail":{"current":1,"total":100},"id":"a"}"#,
            r#"{"status":"Pull complete","progressDetail":{},"id":"a"}"#,
        ]);
        assert_eq!(told, [(10, 100), (15, 150), (105, 150)]);
    }

    #[test]
    fn a_layer_whose_size_nobody_knows_is_not_counted() {
        let told = sums(&[
            r#"{"status":"Downloading","progressDetail":{"current":10},"id":"a"}"#,
            r#"{"status":"Download complete","id":"a"}"#,
        ]);
        assert_eq!(told, []);
    }
}
