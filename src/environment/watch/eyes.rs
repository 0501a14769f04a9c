//! What the system tells of files, as batches. Folders are watched one by one, so that one that is
//! left out, such as `node_modules`, costs nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{EventKind, ModifyKind, RenameMode};
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::batch::{Batch, Sight};
use super::rules::Rule;
use crate::environment::failure::{Failure, Kind};

/// So long nothing may happen before what happened is acted upon.
const QUIET: Duration = Duration::from_millis(50);
/// Longest wait for that.
const LONGEST: Duration = Duration::from_millis(500);

type Told = notify::Result<notify::Event>;

pub(super) struct Eyes {
    watcher: RecommendedWatcher,
    told: mpsc::UnboundedReceiver<Told>,
    /// Folders that are watched.
    folders: BTreeSet<PathBuf>,
}

impl Eyes {
    /// Watches everything that `rules` want to know of.
    ///
    /// # Errors
    /// The system allows no more watches.
    pub fn open(rules: &[&Rule<'_>]) -> Result<Self, Failure> {
        let (sender, told) = mpsc::unbounded_channel();
        let tell = move |event: Told| {
            // Reading is no change, and the loudest by far.
            let is_noise = event
                .as_ref()
                .is_ok_and(|event| matches!(event.kind, EventKind::Access(_)));
            if !is_noise {
                // Nobody listens any more when the program ends.
                let _ = sender.send(event);
            }
        };
        let watcher = notify::recommended_watcher(tell).map_err(|error| failed(&error))?;
        let mut eyes = Self {
            watcher,
            told,
            folders: BTreeSet::new(),
        };
        for rule in rules {
            eyes.cover(rule)?;
        }
        Ok(eyes)
    }

    /// The next changes; waits until there are any. Faults of watching come beside them.
    pub async fn next(&mut self, rules: &[&Rule<'_>]) -> (Batch, Vec<Failure>) {
        let mut batch = Batch::default();
        let mut faults = Vec::new();
        let Some(first) = self.told.recv().await else {
            return std::future::pending().await;
        };
        self.note(first, rules, &mut batch, &mut faults);
        let end = Instant::now() + LONGEST;
        loop {
            let quiet = end.min(Instant::now() + QUIET);
            match timeout_at(quiet, self.told.recv()).await {
                Ok(Some(told)) => self.note(told, rules, &mut batch, &mut faults),
                Ok(None) | Err(_) => return (batch, faults),
            }
        }
    }

    fn note(
        &mut self,
        told: Told,
        rules: &[&Rule<'_>],
        batch: &mut Batch,
        faults: &mut Vec<Failure>,
    ) {
        let event = match told {
            Ok(event) => event,
            Err(error) => return faults.push(failed(&error)),
        };
        batch.is_partial |= event.need_rescan();
        for (path, sight) in sights(event) {
            if sight != Sight::Changed {
                faults.extend(self.follow(&path, sight, rules, batch).err());
            }
            batch.see(path, sight);
        }
    }

    /// Keeps the watched folders those that are there.
    fn follow(
        &mut self,
        path: &Path,
        sight: Sight,
        rules: &[&Rule<'_>],
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        if sight == Sight::Vanished {
            self.forget(path);
        }
        for rule in rules {
            if rule.root.starts_with(path) {
                self.cover(rule)?;
                if path != rule.root && rule.root.exists() {
                    batch.see(rule.root.clone(), Sight::Appeared);
                }
            } else if sight == Sight::Appeared && path.starts_with(&rule.root) && is_folder(path) {
                self.cover_tree(path, rule)?;
            }
        }
        Ok(())
    }

    /// Watches what the rule names, and the folder it is in, which tells when it comes and goes.
    fn cover(&mut self, rule: &Rule<'_>) -> Result<(), Failure> {
        let above = rule.root.ancestors().skip(1).find(|above| above.is_dir());
        if let Some(above) = above {
            self.watch(above)?;
        }
        match rule.root.is_dir() {
            true => self.cover_tree(&rule.root, rule),
            false => Ok(()),
        }
    }

    fn cover_tree(&mut self, folder: &Path, rule: &Rule<'_>) -> Result<(), Failure> {
        if !rule.enters(folder) {
            return Ok(());
        }
        // First, so that nothing gets in unseen behind the look.
        self.watch(folder)?;
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.cover_tree(&entry.path(), rule)?;
            }
        }
        Ok(())
    }

    fn watch(&mut self, folder: &Path) -> Result<(), Failure> {
        if self.folders.contains(folder) {
            return Ok(());
        }
        match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.folders.insert(folder.to_path_buf());
                Ok(())
            }
            // Gone again; who removed it is told of as well.
            Err(error) if matches!(error.kind, ErrorKind::PathNotFound) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    /// A folder that was moved takes its watches along, under names that are no longer true.
    fn forget(&mut self, path: &Path) {
        let gone: Vec<PathBuf> = self
            .folders
            .range(path.to_path_buf()..)
            .take_while(|folder| folder.starts_with(path))
            .cloned()
            .collect();
        for folder in gone {
            // With the folder its watch may be gone already.
            let _ = self.watcher.unwatch(&folder);
            self.folders.remove(&folder);
        }
    }
}

fn is_folder(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

fn sights(event: notify::Event) -> Vec<(PathBuf, Sight)> {
    let mut paths = event.paths.into_iter();
    match event.kind {
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => {
            let from = paths.next().map(|path| (path, Sight::Vanished));
            let to = paths.next().map(|path| (path, Sight::Appeared));
            from.into_iter().chain(to).collect()
        }
        kind => {
            let sight = match kind {
                EventKind::Create(_) => Sight::Appeared,
                EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => {
                    Sight::Vanished
                }
                // Other systems do not say which of the two a rename was.
                EventKind::Modify(ModifyKind::Name(_)) => Sight::Appeared,
                _ => Sight::Changed,
            };
            paths.map(|path| (path, sight)).collect()
        }
    }
}

fn failed(error: &notify::Error) -> Failure {
    match error.kind {
        ErrorKind::MaxFilesWatch => {
            Failure::new(Kind::Failed, "The system allows no more watched folders")
                .hint("sudo sysctl fs.inotify.max_user_watches=524288")
                .hint("or leave large folders out, with `ignore` in the rule or `.dockerignore`")
        }
        _ => Failure::new(Kind::Failed, format!("Files cannot be watched: {error}")),
    }
}
