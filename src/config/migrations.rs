//! The section `migrations` of a layer, and the one folder of migrations that an environment has.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::join;
use super::layer::{Layer, MigrationsLayer};
use super::model::{InitKind, Migrations, Rehearse};
use super::value::only_keys;
use crate::diagnostic::{Place, brief, nearest};
use crate::units;
use crate::yaml::decode::Decoder;
use crate::yaml::{Mapping, Node};

/// Reads what stands under `migrations`.
pub(super) fn layer(decoder: &mut Decoder<'_>, node: &Node) -> MigrationsLayer {
    if let Some(path) = node.as_scalar().filter(|_| !node.is_null()) {
        let help = format!(
            "for the folder write `migrations_path: {}`",
            brief(&path.text)
        );
        decoder.wrong_type(node, "migrations", "a mapping").help = Some(help);
        return MigrationsLayer::default();
    }
    let Some(mapping) = decoder.mapping(node, "migrations") else {
        return MigrationsLayer::default();
    };
    only_keys(decoder, mapping, "migrations", super::keys::MIGRATIONS);
    MigrationsLayer {
        lock_timeout: timeout(decoder, mapping, "lock_timeout"),
        statement_timeout: timeout(decoder, mapping, "statement_timeout"),
        lock_wait: timeout(decoder, mapping, "lock_wait"),
        rehearse: mapping
            .get("rehearse")
            .and_then(|node| rehearse(decoder, node)),
    }
}

/// A duration, also with PostgreSQL's unit `min`.
fn timeout(decoder: &mut Decoder<'_>, mapping: &Mapping, key: &str) -> Option<Duration> {
    let node = mapping.get(key)?;
    let path = format!("migrations.{key}");
    let text = decoder.text(node, &path)?;
    match units::duration(&text.replace("min", "m")) {
        Ok(duration) => Some(duration),
        Err(why) => {
            decoder.error(node.span, format!("`{path}`: {why}"));
            None
        }
    }
}

fn rehearse(decoder: &mut Decoder<'_>, node: &Node) -> Option<Rehearse> {
    let text = decoder.text(node, "migrations.rehearse")?;
    match text.as_str() {
        "required" => Some(Rehearse::Required),
        "optional" => Some(Rehearse::Optional),
        _ => {
            let message = format!(
                "`migrations.rehearse` is `{}`; it must be `required` or `optional`",
                brief(&text)
            );
            decoder.error(node.span, message).help = nearest(&text, ["required", "optional"])
                .map(|near| format!("did you mean `{near}`?"));
            None
        }
    }
}

/// The settings of a merged layer; a timeout of zero is none.
pub(super) fn complete(layer: MigrationsLayer) -> Migrations {
    let defaults = Migrations::default();
    let statement_timeout = layer.statement_timeout.filter(|limit| !limit.is_zero());
    Migrations {
        lock_timeout: layer.lock_timeout.unwrap_or(defaults.lock_timeout),
        statement_timeout: statement_timeout.or(defaults.statement_timeout),
        lock_wait: layer.lock_wait.unwrap_or(defaults.lock_wait),
        rehearse: layer.rehearse.unwrap_or_default(),
    }
}

/// The folder of a merged layer. One ledger has one folder: a second one is reported.
pub(super) fn folder(decoder: &mut Decoder<'_>, layer: &Layer, root: &Path) -> Option<PathBuf> {
    let named = layer.migrations_path.iter();
    let named = named.map(|(written, place)| (join(root, written), written, place));
    let init = layer.init.iter().flatten();
    let init = init.filter_map(|entry| match &entry.kind {
        InitKind::Migrations(path) => Some((path.clone(), &entry.written, &entry.place)),
        InitKind::Compose(_) | InitKind::Pod(_) | InitKind::Liquibase(_) => None,
    });
    let mut folders = named.chain(init);
    let (folder, written, place) = folders.next()?;
    for (_, other, second) in folders.filter(|(path, ..)| *path != folder) {
        report_second(decoder, (written, place), (other, second));
    }
    Some(folder)
}

fn report_second(decoder: &mut Decoder<'_>, first: (&str, &Place), second: (&str, &Place)) {
    let message = format!(
        "A database has one folder of migrations: `{}` and `{}` are two",
        brief(first.0),
        brief(second.0)
    );
    let fault = decoder.error(second.1.span, message);
    let label = "the first one is named here".to_owned();
    fault.related.push((first.1.clone(), label));
    fault.help = Some("put all files into one folder; it is applied in one order".to_owned());
}
