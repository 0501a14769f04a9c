//! Starting, stopping, renaming, removing and awaiting containers, and putting files into them.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::create::whole_seconds;
use super::network::absent_is_fine;
use super::wire::Call;
use super::{Engine, EngineError, EngineKind};
use crate::plan::observed::State;
use crate::workload::model::{FileContent, FileMount};

/// How long Podman may take to tidy up after a container, on a machine that is busy.
const TIDY_LIMIT: Duration = Duration::from_secs(30);

/// How long a container may pause between two runs.
const COMES_BACK: Duration = Duration::from_secs(5);

/// How often a container with a restart policy is looked at.
const RESTART_INTERVAL: Duration = Duration::from_millis(200);

impl Engine {
    /// Starts the container; one that runs is left as it is.
    ///
    /// # Errors
    /// [`EngineError::PortInUse`], or the reason the program could not be run.
    pub async fn start(&self, container: &str) -> Result<(), EngineError> {
        self.post(container, "start", "start").await
    }

    /// Asks the container to stop and kills it after `grace`; a stopped one is left as it is.
    ///
    /// # Errors
    /// When there is no such container.
    pub async fn stop(&self, container: &str, grace: Duration) -> Result<(), EngineError> {
        self.stop_within(container, Some(grace)).await
    }

    /// As [`Engine::stop`], with the time that the container was created with.
    ///
    /// # Errors
    /// As [`Engine::stop`].
    pub async fn stop_in_its_time(&self, container: &str) -> Result<(), EngineError> {
        self.stop_within(container, None).await
    }

    async fn stop_within(
        &self,
        container: &str,
        grace: Option<Duration>,
    ) -> Result<(), EngineError> {
        let seconds = grace.map(|grace| whole_seconds(grace).to_string());
        let call = || {
            let action = format!("stop container `{container}`");
            let call = Call::post(&format!("/containers/{container}/stop"), action);
            match &seconds {
                Some(seconds) => call.query("t", seconds),
                None => call,
            }
        };
        match self.wire.run(call()).await {
            // Podman stops nothing that is paused, and a paused program could not end anyway.
            Err(EngineError::Refused { message, .. }) if message.contains("paused") => {
                self.post(container, "unpause", "unpause").await?;
                self.wire.run(call()).await?;
            }
            other => other?,
        }
        if self.kind == EngineKind::Docker {
            return Ok(());
        }
        // Podman takes a container between two runs for stopped, and its policy starts it again.
        while self.runs_again(container).await? {
            self.wire.run(call()).await?;
        }
        Ok(())
    }

    /// Whether a container that was to stop runs again after a moment.
    async fn runs_again(&self, container: &str) -> Result<bool, EngineError> {
        let look = async {
            loop {
                let found = self.must_inspect(container).await?;
                if !found.is_between_runs() {
                    return Ok(found.state == State::Running);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let looked = tokio::time::timeout(COMES_BACK, look).await;
        looked.unwrap_or(Ok(false))
    }

    /// Ends the container's first process at once; a stopped one is left as it is.
    ///
    /// # Errors
    /// When there is no such container.
    pub async fn kill(&self, container: &str) -> Result<(), EngineError> {
        match self.post(container, "kill", "kill").await {
            Err(EngineError::Refused { message, .. })
                if message.contains("is not running") || message.contains("can only kill") =>
            {
                Ok(())
            }
            other => other,
        }
    }

    /// Removes the container, with its anonymous volumes when `volumes`; a missing one is fine.
    ///
    /// # Errors
    /// When it runs and `force` is not given.
    pub async fn remove(
        &self,
        container: &str,
        force: bool,
        volumes: bool,
    ) -> Result<(), EngineError> {
        let flag = |on: bool| if on { "true" } else { "false" };
        let action = format!("remove container `{container}`");
        let mut call = match self.kind {
            EngineKind::Docker => Call::delete(&format!("/containers/{container}"), action),
            // Through its Docker-compatible call, Podman lets the stop timeout pass first.
            EngineKind::Podman => {
                let path = format!("/v4.0.0/libpod/containers/{container}");
                Call::delete(&path, action)
                    .query("timeout", "0")
                    .query("volumes", flag(volumes))
            }
        };
        call = call.query("force", flag(force)).query("v", flag(volumes));
        match absent_is_fine(self.wire.run(call).await) {
            // Somebody else is removing it; it is gone when the name can be taken.
            Err(error) if error.to_string().contains("is already in progress") => {
                self.wait_removed(container).await
            }
            other => other,
        }
    }

    async fn wait_removed(&self, container: &str) -> Result<(), EngineError> {
        let call = Call::post(
            &format!("/containers/{container}/wait"),
            format!("await the removal of container `{container}`"),
        );
        absent_is_fine(self.wire.run(call.query("condition", "removed")).await)
    }

    /// Gives the container another name.
    ///
    /// # Errors
    /// [`EngineError::NameTaken`] when another one has it.
    pub async fn rename(&self, container: &str, name: &str) -> Result<(), EngineError> {
        let call = Call::post(
            &format!("/containers/{container}/rename"),
            format!("rename container `{container}` to `{name}`"),
        );
        self.wire.run(call.query("name", name)).await
    }

    /// Whether the engine starts the container whenever it starts itself, even after it was stopped.
    ///
    /// # Errors
    /// When there is no such container, or the engine changes no policies, such as Podman 4.
    pub async fn restart_always(&self, container: &str, always: bool) -> Result<(), EngineError> {
        let policy = if always { "always" } else { "no" };
        let call = Call::post(
            &format!("/containers/{container}/update"),
            format!("set the restart policy of container `{container}` to `{policy}`"),
        );
        let body = serde_json::json!({ "RestartPolicy": { "Name": policy } });
        self.wire.run(call.json(&body)?).await
    }

    /// The exit code of a started container, once it has ended and left its networks; at once when it
    /// has already.
    ///
    /// # Errors
    /// When it is removed meanwhile, or the engine goes away.
    pub async fn wait_exit(&self, container: &str) -> Result<i64, EngineError> {
        if self.kind == EngineKind::Docker {
            return self.wait_ended(container).await;
        }
        // Looked at now: while an ended one is tidied up, nobody can look at it.
        let ended = self.wait_ended(container);
        let (code, found) = futures_util::join!(ended, self.inspect(container));
        let code = code?;
        if !matches!(found, Ok(Some(found)) if !found.has_own_network) {
            self.wait_tidied(container).await;
        }
        Ok(code)
    }

    /// The exit code of a started container, as soon as it has ended.
    pub(super) async fn wait_ended(&self, container: &str) -> Result<i64, EngineError> {
        let ended = self.wait_until(container, "not-running");
        match self.kind {
            EngineKind::Docker => ended.await,
            // Podman looks for this every quarter of a second, but tells the next exit by event.
            EngineKind::Podman => tokio::select! {
                code = ended => code,
                code = self.next_exit(container) => code,
            },
        }
    }

    /// The exit that Podman tells of by event. The first event may be an old one: of the run before, or
    /// of a container that had the name. Then this never ends.
    async fn next_exit(&self, container: &str) -> Result<i64, EngineError> {
        let code = self.wait_until(container, "next-exit").await?;
        match self.inspect(container).await? {
            Some(found) if has_ended(found.state) => Ok(found.exit_code),
            Some(_) => std::future::pending().await,
            None => Ok(code),
        }
    }

    /// Waits until Podman has taken an ended container out of its networks. It does so a while
    /// after the exit and rewrites the names of the network meanwhile, which loses the name and
    /// address of a container that starts at that moment: it would find nobody.
    async fn wait_tidied(&self, container: &str) {
        let call = Call::post(
            &format!("/v4.0.0/libpod/containers/{container}/wait"),
            format!("await the end of container `{container}`"),
        );
        let call = call
            .query("condition", "exited")
            .query("condition", "running")
            .query("condition", "removing")
            .query("interval", "10ms");
        // It may be gone already, and that is as good.
        let _ = tokio::time::timeout(TIDY_LIMIT, self.wire.run(call)).await;
    }

    /// As [`Engine::wait_exit`], without a wait for the networks; and a container that its restart
    /// policy brings back at once has ended, too: who only waits for the exit may never see it.
    ///
    /// # Errors
    /// As [`Engine::wait_exit`].
    pub async fn wait_end(&self, container: &str) -> Result<i64, EngineError> {
        tokio::select! {
            code = self.wait_ended(container) => code,
            code = self.wait_restart(container) => code,
        }
    }

    async fn wait_restart(&self, container: &str) -> Result<i64, EngineError> {
        loop {
            tokio::time::sleep(RESTART_INTERVAL).await;
            let found = self.must_inspect(container).await?;
            if found.restart_count > 0 || found.state == State::Restarting {
                return Ok(found.exit_code);
            }
        }
    }

    /// As [`Engine::wait_ended`], for a container that was brought back: Podman may do so again before
    /// the end is seen.
    pub(super) async fn wait_next_end(&self, container: &str) -> Result<i64, EngineError> {
        if self.kind == EngineKind::Docker {
            return self.wait_ended(container).await;
        }
        let before = self.must_inspect(container).await?;
        let restarts = before.restart_count + u32::from(has_ended(before.state));
        let another_run = async {
            loop {
                tokio::time::sleep(RESTART_INTERVAL).await;
                let found = self.must_inspect(container).await?;
                if found.restart_count > restarts || has_ended(found.state) {
                    return Ok(found.exit_code);
                }
            }
        };
        tokio::select! {
            code = self.wait_ended(container) => code,
            code = another_run => code,
        }
    }

    async fn wait_until(&self, container: &str, condition: &str) -> Result<i64, EngineError> {
        let call = Call::post(
            &format!("/containers/{container}/wait"),
            format!("await the end of container `{container}`"),
        );
        let waited: Waited = self.wire.fetch(call.query("condition", condition)).await?;
        Ok(waited.status_code)
    }

    /// Puts files with inline content into a container, started or not, making their folders.
    /// Files that come from the host are mounts, and passed over here.
    ///
    /// # Errors
    /// When there is no such container, or a file stands where a folder is needed.
    pub async fn upload_files(
        &self,
        container: &str,
        files: &[FileMount],
    ) -> Result<(), EngineError> {
        let action = format!("put files into container `{container}`");
        let archive = archive(files).map_err(|source| EngineError::File {
            action: action.clone(),
            source,
        })?;
        let Some(archive) = archive else {
            return Ok(());
        };
        let call = Call::put(&format!("/containers/{container}/archive"), action)
            .query("path", "/")
            .bytes("application/x-tar", archive);
        self.wire.run(call).await
    }

    async fn post(&self, container: &str, verb: &str, word: &str) -> Result<(), EngineError> {
        let call = Call::post(
            &format!("/containers/{container}/{verb}"),
            format!("{word} container `{container}`"),
        );
        self.wire.run(call).await
    }
}

/// Whether the program of a container has ended for now: one that is paused has not.
fn has_ended(state: State) -> bool {
    matches!(state, State::Exited(_) | State::Dead)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Waited {
    status_code: i64,
}

#[cfg(test)]
#[test]
fn what_is_paused_or_between_two_runs_has_not_ended() {
    assert!(has_ended(State::Exited(None)) && has_ended(State::Dead));
    let others = [
        State::Paused,
        State::Restarting,
        State::Created,
        State::Running,
    ];
    assert!(!others.into_iter().any(has_ended));
}

/// A tar of the inline files, `None` without any.
fn archive(files: &[FileMount]) -> std::io::Result<Option<Bytes>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut any = false;
    for file in files {
        let FileContent::Inline(content) = &file.content else {
            continue;
        };
        any = true;
        let content = content.expose().as_bytes();
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(file.mode);
        header.set_uid(file.uid.into());
        header.set_gid(file.gid.into());
        header.set_mtime(0);
        archive.append_data(&mut header, file.target.trim_start_matches('/'), content)?;
    }
    let bytes = archive.into_inner()?;
    Ok(any.then(|| bytes.into()))
}
