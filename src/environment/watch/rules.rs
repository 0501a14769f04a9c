//! Which changes are whose business: paths held against the rules of a service, and where in its
//! containers they belong.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::batch::{Batch, Change};
use crate::engine::Ignore;
use crate::workload::model::{MountSource, Service, WatchAction, WatchRule};

/// What no watched program reads: files that editors and version control keep for themselves.
const NOISE: &str = "\
**/.git
**/.idea
**/*~
**/4913
**/.*.sw[nopx]
**/.*.kate-swp
**/.#*
**/#*#
**/*___jb_old___
**/*___jb_tmp___
**/*-go-tmp-umask
";

/// A rule, ready to be held against paths.
pub(super) struct Rule<'a> {
    pub rule: &'a WatchRule,
    /// The path it watches, without symbolic links.
    pub root: PathBuf,
    /// Whether that is a single file.
    is_file: bool,
    /// `None` takes everything.
    include: Option<Ignore>,
    ignore: Ignore,
    /// The folder that the image is built from, with its `.dockerignore`.
    context: Option<(PathBuf, Ignore)>,
    /// What poststack itself writes meanwhile, without symbolic links.
    kept_out: Vec<PathBuf>,
}

/// What is to be done in the containers: absolute path there → the file of the host that belongs
/// there, or `None` where nothing does any more.
pub(super) type Work = BTreeMap<String, Option<PathBuf>>;

impl<'a> Rule<'a> {
    /// # Errors
    /// A `.dockerignore` that cannot be read.
    pub fn new(rule: &'a WatchRule, service: &Service) -> io::Result<Self> {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let patterns = |lines: &[String]| Ignore::parse(&lines.join("\n"));
        let build = service.build.as_ref();
        let context = build
            .and_then(|build| build.context.folder())
            .map(|folder| {
                let ignore = Ignore::of(folder)?;
                Ok::<_, io::Error>((real(folder), ignore))
            });
        let root = real(&rule.path);
        Ok(Self {
            rule,
            is_file: root.is_file(),
            root,
            include: (!rule.include.is_empty()).then(|| patterns(&rule.include)),
            ignore: patterns(&[&[NOISE.to_owned()], rule.ignore.as_slice()].concat()),
            context: context.transpose()?,
            kept_out: Vec::new(),
        })
    }

    /// The same rule, blind for `folders`.
    #[must_use]
    pub fn without(self, folders: &[PathBuf]) -> Self {
        let real = |path: &PathBuf| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        Self {
            kept_out: folders.iter().map(real).collect(),
            ..self
        }
    }

    /// What the rule has to do after `batch`.
    pub fn work(&self, batch: &Batch) -> Work {
        let mut work = Work::default();
        if batch.is_partial {
            self.walk(&self.root, &mut work);
        }
        for (path, change) in batch.below(&self.root) {
            self.take(path, change, &mut work);
        }
        work
    }

    fn take(&self, path: &Path, change: Change, work: &mut Work) {
        match std::fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => {
                if change.is_whole && self.enters(path) {
                    self.push(path, work);
                    self.walk(path, work);
                }
            }
            Ok(_) => self.push(path, work),
            Err(_) if change.is_new || !self.takes(path) => {}
            // A folder that is watched and goes as a whole is more likely on its way back.
            Err(_) if path == self.root && !self.is_file => {}
            Err(_) => {
                work.insert(self.target(path), None);
            }
        }
    }

    /// Everything in `folder`; a file stands for itself.
    fn walk(&self, folder: &Path, work: &mut Work) {
        if !folder.is_dir() {
            return self.push(folder, work);
        }
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            self.push(&path, work);
            let is_folder = std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
            if is_folder && self.enters(&path) {
                self.walk(&path, work);
            }
        }
    }

    /// Notes that `path` is to be copied, if the rule takes it.
    fn push(&self, path: &Path, work: &mut Work) {
        let is_root_folder = path == self.root && path.is_dir();
        if is_root_folder || !path.exists() && !path.is_symlink() || !self.takes(path) {
            return;
        }
        work.insert(self.target(path), Some(path.to_path_buf()));
    }

    fn takes(&self, path: &Path) -> bool {
        let included = match (&self.include, self.relative(path).as_str()) {
            (None, _) | (_, "") => true,
            (Some(include), relative) => include.leaves_out(relative),
        };
        included && !self.leaves_out(path)
    }

    /// Whether something below the folder `path` may be taken.
    pub fn enters(&self, path: &Path) -> bool {
        if self.is_kept_out(path) {
            return false;
        }
        let back = |ignore: &Ignore, relative: &str| {
            !ignore.leaves_out(relative) || ignore.may_take_back_below(relative)
        };
        let in_context = self.in_context(path);
        let by_context = in_context.is_none_or(|(ignore, relative)| back(ignore, &relative));
        let relative = self.relative(path);
        (relative.is_empty() || back(&self.ignore, &relative)) && by_context
    }

    fn is_kept_out(&self, path: &Path) -> bool {
        self.kept_out.iter().any(|folder| path.starts_with(folder))
    }

    fn leaves_out(&self, path: &Path) -> bool {
        if self.is_kept_out(path) {
            return true;
        }
        let relative = self.relative(path);
        let by_rule = !relative.is_empty() && self.ignore.leaves_out(&relative);
        let in_context = self.in_context(path);
        by_rule || in_context.is_some_and(|(ignore, relative)| ignore.leaves_out(&relative))
    }

    /// The path below the build context, where it lies in it.
    fn in_context(&self, path: &Path) -> Option<(&Ignore, String)> {
        let (folder, ignore) = self.context.as_ref()?;
        let relative = path.strip_prefix(folder).ok()?.to_string_lossy();
        (!relative.is_empty()).then(|| (ignore, relative.into_owned()))
    }

    fn relative(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        relative.to_string_lossy().into_owned()
    }

    fn target(&self, path: &Path) -> String {
        let target = match &self.rule.action {
            WatchAction::Sync(sync) => sync.target.as_str(),
            WatchAction::Rebuild | WatchAction::Restart => "",
        };
        let folder = target.trim_end_matches('/');
        match self.relative(path).as_str() {
            "" if target.ends_with('/') => {
                let name = self.rule.path.file_name().unwrap_or_default();
                format!("{folder}/{}", name.to_string_lossy())
            }
            "" => target.to_owned(),
            relative => format!("{folder}/{relative}"),
        }
    }
}

/// Whether the rule's files are in the containers already, by a mount of the service.
pub(super) fn is_mounted(rule: &WatchRule, service: &Service) -> bool {
    let syncs = matches!(rule.action, WatchAction::Sync(_));
    let mut mounts = service.mounts.iter();
    syncs
        && mounts.any(|mount| match &mount.source {
            MountSource::Bind { path, .. } => rule.path.starts_with(path),
            _ => false,
        })
}

#[cfg(test)]
mod tests;
