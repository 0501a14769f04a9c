//! The section `postgres` of a layer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::keys;
use super::layer::{Host, PostgresLayer};
use super::model::{Password, PostgresImage, SslMode, Storage};
use super::value::{fixed_text, identifier, items, only_keys, place, texts};
use super::volumes;
use crate::diagnostic::{Place, brief, nearest};
use crate::secret::Secret;
use crate::units;
use crate::yaml::decode::Decoder;
use crate::yaml::{Entry, Mapping, Node};

/// Reads what stands under `postgres`.
pub(super) fn layer(decoder: &mut Decoder<'_>, entry: &Entry) -> PostgresLayer {
    let Some(mapping) = decoder.mapping(&entry.value, "postgres") else {
        return PostgresLayer::default();
    };
    only_keys(decoder, mapping, "postgres", keys::POSTGRES);
    let layer = PostgresLayer {
        place: Some(decoder.place(entry.key_span)),
        image: image(decoder, mapping),
        database: read(decoder, mapping, "database", database),
        port: read(decoder, mapping, "port", port),
        user: read(decoder, mapping, "user", user),
        password: read(decoder, mapping, "password", password),
        host: read(decoder, mapping, "host", host),
        extensions: read(decoder, mapping, "extensions", extensions),
        settings: read(decoder, mapping, "settings", settings).unwrap_or_default(),
        storage: read(decoder, mapping, "storage", storage),
        volume: read(decoder, mapping, "volume", volumes::data_volume),
        initdb_args: read(decoder, mapping, "initdb_args", Decoder::text),
        start_timeout: read(decoder, mapping, "start_timeout", start_timeout),
        ssl_mode: read(decoder, mapping, "sslmode", ssl_mode),
        ssl_root_certificate: read(decoder, mapping, "sslrootcert", |decoder, node, path| {
            Some((fixed_text(decoder, node, path)?, place(decoder, node)))
        }),
    };
    if let Some(Host::External(host, _)) = &layer.host {
        warn_of_provisioning(decoder, mapping, host);
    }
    layer
}

/// Reads the value under `key`, if there is one, with `reader`.
fn read<'d, T>(
    decoder: &mut Decoder<'d>,
    mapping: &Mapping,
    key: &str,
    reader: impl FnOnce(&mut Decoder<'d>, &Node, &str) -> Option<T>,
) -> Option<T> {
    let node = mapping.get(key)?;
    reader(decoder, node, &format!("postgres.{key}"))
}

fn image(decoder: &mut Decoder<'_>, mapping: &Mapping) -> Option<PostgresImage> {
    let version = mapping.entry("version");
    let image = mapping.entry("image");
    if let (Some(version), Some(image)) = (version, image) {
        let message = "`postgres` has both `version` and `image`";
        let written = decoder.place(version.key_span);
        let fault = decoder.error(image.key_span, message);
        fault
            .related
            .push((written, "the version is written here".to_owned()));
        fault.help = Some(
            "keep `version` for poststack's own image, or `image` for one of your choice"
                .to_owned(),
        );
    }
    let version = read(decoder, mapping, "version", major_version);
    let image = read(decoder, mapping, "image", image_name);
    image.or(version)
}

/// The version of the image that poststack ships: what Debian 12, its base, carries.
pub const SHIPPED_VERSION: u16 = 15;

fn major_version(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<PostgresImage> {
    let text = node.as_scalar().map(|scalar| &*scalar.text);
    if let Some((major, minor)) = text.and_then(|text| text.split_once('.'))
        && [major, minor]
            .iter()
            .all(|part| part.parse::<u16>().is_ok())
    {
        let message = format!("`{path}` must be a major version, this is `{major}.{minor}`");
        decoder.error(node.span, message).help = Some(format!("write `version: {major}`"));
        return None;
    }
    let version = decoder.integer(node, path, 10..=99)?;
    if version != i64::from(SHIPPED_VERSION) {
        let message = format!("poststack's own image is PostgreSQL {SHIPPED_VERSION}");
        let help = format!("for another version write `image: postgres:{version}`");
        decoder.error(node.span, message).help = Some(help);
        return None;
    }
    u16::try_from(version).ok().map(PostgresImage::Version)
}

fn image_name(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<PostgresImage> {
    let name = fixed_text(decoder, node, path)?;
    if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let message = format!("`{path}` is not the name of an image: `{}`", brief(&name));
        decoder.error(node.span, message).help =
            Some("write for instance `image: postgres:17`".to_owned());
        return None;
    }
    Some(PostgresImage::Image(name))
}

fn database(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<String> {
    let name = identifier(decoder, node, path)?;
    if matches!(name.as_str(), "template0" | "template1") {
        let message = format!("`{name}` is a template of PostgreSQL itself");
        decoder.error(node.span, message).help = Some("write another name".to_owned());
        return None;
    }
    Some(name)
}

/// Whether PostgreSQL keeps the name of a role for itself.
/// <https://www.postgresql.org/docs/current/sql-createrole.html>
pub(super) fn is_reserved_role(name: &str) -> bool {
    name.starts_with("pg_") || matches!(name, "public" | "none")
}

fn user(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<String> {
    let name = identifier(decoder, node, path)?;
    if is_reserved_role(&name) {
        let message = format!("PostgreSQL reserves the role name `{name}`");
        decoder.error(node.span, message).help = Some("write another name".to_owned());
        return None;
    }
    Some(name)
}

fn port(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<(u16, Place)> {
    let port = decoder.integer(node, path, 1..=65535)?;
    Some((u16::try_from(port).ok()?, place(decoder, node)))
}

fn password(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<Password> {
    const HELP: &str = "write `auto_generated`, a text, or `${NAME}`";
    if node.as_scalar().is_none() || node.is_null() {
        decoder.wrong_type(node, path, "a string").help = Some(HELP.to_owned());
        return None;
    }
    let text = decoder.text(node, path)?;
    match text.as_str() {
        "auto_generated" => Some(Password::Generated),
        "" => {
            decoder.error(node.span, format!("`{path}` is empty")).help = Some(HELP.to_owned());
            None
        }
        _ => Some(Password::Text(Secret::new(text), place(decoder, node))),
    }
}

fn host(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<Host> {
    let host = fixed_text(decoder, node, path)?;
    if matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1") {
        return Some(Host::Own);
    }
    if host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@') {
        let message = format!("`{path}` is not the name of a host: `{}`", brief(&host));
        decoder.error(node.span, message).help =
            Some("write the name or the address alone, for instance `db.example.org`".to_owned());
        return None;
    }
    Some(Host::External(host, place(decoder, node)))
}

fn extensions(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<Vec<String>> {
    let items = items(
        decoder,
        node,
        path,
        "write for instance `[vector, uuid-ossp]`",
    )?;
    let names = items
        .iter()
        .filter_map(|item| identifier(decoder, item, path));
    Some(names.collect())
}

fn settings(
    decoder: &mut Decoder<'_>,
    node: &Node,
    path: &str,
) -> Option<BTreeMap<String, String>> {
    let settings = texts(decoder, node, path, is_setting);
    let values = settings.into_iter().map(|(name, (text, _))| (name, text));
    Some(values.collect())
}

/// Whether the key is the name of a server setting that is free to be given.
fn is_setting(decoder: &mut Decoder<'_>, entry: &Entry) -> bool {
    let name = entry.key.to_ascii_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        || !name.chars().all(is_word)
    {
        let message = format!(
            "`{}` is not the name of a server setting",
            brief(&entry.key)
        );
        decoder.error(entry.key_span, message).help =
            Some("write for instance `shared_buffers: 256MB`".to_owned());
        return false;
    }
    let reserved = keys::RESERVED_SETTINGS.iter().find(|(key, _)| *key == name);
    if let Some((key, help)) = reserved {
        let message = format!("The setting `{key}` is poststack's own");
        decoder.error(entry.key_span, message).help = Some((*help).to_owned());
    }
    reserved.is_none()
}

fn storage(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<Storage> {
    let text = decoder.text(node, path)?;
    match text.as_str() {
        "volume" => Some(Storage::Volume),
        "tmpfs" => Some(Storage::Tmpfs),
        _ => {
            let message = format!(
                "`{path}` is `{}`; it must be `volume` or `tmpfs`",
                brief(&text)
            );
            decoder.error(node.span, message).help =
                nearest(&text, ["volume", "tmpfs"]).map(|near| format!("did you mean `{near}`?"));
            None
        }
    }
}

fn start_timeout(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<Duration> {
    let text = decoder.text(node, path)?;
    match units::duration(&text) {
        Ok(Duration::ZERO) => {
            let message = format!("`{path}` is zero; the database needs some time to start");
            decoder.error(node.span, message).help = Some("write for instance `60s`".to_owned());
            None
        }
        Ok(duration) => Some(duration),
        Err(why) => {
            decoder.error(node.span, format!("`{path}`: {why}"));
            None
        }
    }
}

fn ssl_mode(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<(SslMode, Place)> {
    let text = decoder.text(node, path)?;
    let found = SslMode::ALL.into_iter().find(|mode| mode.as_str() == text);
    if found.is_none() {
        let names = SslMode::ALL.map(SslMode::as_str);
        let message = format!("`{path}` is `{}`, which is no mode of TLS", brief(&text));
        decoder.error(node.span, message).help = Some(match nearest(&text, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("modes: {}", names.join(", ")),
        });
    }
    found.map(|mode| (mode, place(decoder, node)))
}

fn warn_of_provisioning(decoder: &mut Decoder<'_>, mapping: &Mapping, host: &str) {
    for entry in &mapping.entries {
        if keys::PROVISIONING.contains(&&*entry.key) {
            let message = format!(
                "`{}` has no effect: the database at `{}` is external",
                entry.key,
                brief(host)
            );
            decoder.warning(entry.key_span, message).help =
                Some("poststack uses an external database as it is; remove the key".to_owned());
        }
    }
}
