//! The configuration file changed for the user: checked before it is written, whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::describe::describe;
use super::failure::{Failure, Kind};
use super::project::Project;
use crate::config::edit::EditError;
use crate::config::{self};
use crate::diagnostic::Diagnostic;
use crate::names::EnvironmentName;
use crate::text::{Source, SourceFile};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The project as it will be with `text` for its configuration.
///
/// # Errors
/// Every fault that the file would have.
pub(super) fn checked(project: &Project, text: &Source) -> Result<Project, Failure> {
    let root = &project.config.root;
    let loaded = config::read(text, root).map_err(|faults| {
        let failure = Failure::configuration(as_it_would_be(text, faults));
        let message = format!("The configuration would be faulty: {}", failure.message);
        failure.saying(message).hint("nothing was changed")
    })?;
    Ok(Project {
        config: loaded.config,
        diagnostics: loaded.diagnostics,
        state: project.state.clone(),
        process: project.process.clone(),
        settings: project.settings.clone(),
    })
}

/// `faults` whose places in `text` say that no file has these lines yet.
pub(super) fn as_it_would_be(text: &Source, mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let path = format!("{} as it would be", text.path.display());
    let shown = SourceFile::new(path, text.text.clone());
    for fault in &mut faults {
        let related = fault.related.iter_mut().map(|(place, _)| place);
        for place in related.chain(&mut fault.place) {
            if place.source == *text {
                place.source = shown.clone();
            }
        }
    }
    faults
}

/// Fails unless every environment but `changed` is the same in both.
///
/// # Errors
/// The file is written in a way that lets one environment depend on another.
pub(super) fn only_changes(
    changed: &EnvironmentName,
    before: &Project,
    after: &Project,
) -> Result<(), Failure> {
    for old in &before.config.environments {
        if old.name == *changed {
            continue;
        }
        let new = after.config.environment(&old.name);
        let as_text = |project: &Project, environment| {
            serde_json::to_string(&describe(project, Some(environment)).environments)
                .unwrap_or_default()
        };
        if new.is_none_or(|new| as_text(after, new) != as_text(before, old)) {
            let message = format!("The edit would change `{}` as well", old.name);
            return Err(Failure::new(Kind::Configuration, message).hint(format!(
                "write by hand what `{0}` has now, such as `postgres: {{ database: {1}, user: {2} }}`, \
                 below `{0}` first; nothing was changed",
                old.name, old.postgres.database, old.postgres.user
            )));
        }
    }
    Ok(())
}

/// Why the file is not edited, for the user.
pub(super) fn not_edited(error: EditError) -> Failure {
    match error {
        EditError::Invalid(faults) => Failure::configuration(faults),
        other => Failure::new(
            Kind::Configuration,
            super::step_failure::capitalised(&other.to_string()),
        ),
    }
}

/// Puts `text` in the place of the configuration that `project` was read from.
///
/// # Errors
/// The file was changed meanwhile, or cannot be written.
pub(super) fn write(project: &Project, text: &Source) -> Result<(), Failure> {
    let path = path(project);
    let failed = |error: std::io::Error| {
        let message = format!("`{}` could not be written", path.display());
        Failure::new(Kind::Failed, message).because(error)
    };
    let now = std::fs::read_to_string(&path).map_err(failed)?;
    let (mark, now) = match now.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (BYTE_ORDER_MARK, rest),
        None => ("", now.as_str()),
    };
    if now != project.config.source.text {
        let message = format!("`{}` was changed meanwhile", path.display());
        return Err(Failure::new(Kind::Failed, message).hint("type the command again"));
    }
    replace(&path, &format!("{mark}{}", text.text)).map_err(failed)
}

/// The file itself, where a link leads to it.
fn path(project: &Project) -> PathBuf {
    let shown = &project.config.source.path;
    let path = project
        .config
        .root
        .join(shown.file_name().unwrap_or_default());
    std::fs::canonicalize(&path).unwrap_or(path)
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = write_whole(path, &temporary, text);
    let moved = written.and_then(|()| std::fs::rename(&temporary, path));
    moved.inspect_err(|_| drop(std::fs::remove_file(&temporary)))?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn write_whole(path: &Path, temporary: &Path, text: &str) -> std::io::Result<()> {
    let permissions = std::fs::metadata(path)?.permissions();
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .open(temporary)?;
    file.set_permissions(permissions)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::as_it_would_be;
    use crate::diagnostic::Diagnostic;
    use crate::text::{SourceFile, Span};

    #[test]
    fn a_place_in_a_text_that_is_not_written_says_so() {
        let text = SourceFile::new(".poststack.yml", "environments: {}\n");
        let other = SourceFile::new("app.yml", "services: {}\n");
        let fault = Diagnostic::error("twice")
            .at(&text, Span::new(0, 12))
            .related(&other, Span::at(0), "here");
        let told = as_it_would_be(&text, vec![fault]).remove(0);
        assert_eq!(
            told.place.unwrap().to_string(),
            ".poststack.yml as it would be:1:1"
        );
        assert_eq!(
            told.related[0].0,
            crate::diagnostic::Place::new(&other, Span::at(0))
        );
    }
}
