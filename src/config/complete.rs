//! A merged layer → an [`Environment`]: fills in what the file leaves out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::join;
use super::inherit::Written;
use super::layer::{Host, Layer, PostgresLayer};
use super::migrations;
use super::model::{Environment, Password, Postgres, PostgresImage, Storage};
use super::ports::DEFAULT_BIND;
use super::postgres::is_reserved_role;
use super::value::MAX_IDENTIFIER;
use super::volumes;
use crate::diagnostic::Place;
use crate::names::ProjectName;
use crate::yaml::decode::Decoder;

/// Folder of the files `<environment>.env`, which are read by themselves.
pub(super) const ENV_FOLDER: &str = "environments";

/// Major version of the database when the file names none.
const DEFAULT_VERSION: u16 = 15;

/// How long to wait for the first login when the file does not say.
const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(60);

/// What every environment of one file shares.
pub(super) struct Completer<'a> {
    pub project: &'a ProjectName,
    pub root: &'a Path,
    /// Whether there is a folder [`ENV_FOLDER`].
    pub has_folder: bool,
}

impl Completer<'_> {
    /// The environment `written` with everything it inherits in `layer`.
    pub fn environment(
        &self,
        decoder: &mut Decoder<'_>,
        written: &Written,
        layer: Layer,
        port: u16,
    ) -> Environment {
        let place = decoder.place(written.key_span);
        let migrations_folder = migrations::folder(decoder, &layer, self.root);
        let (env_files, env_file_places) = self.env_files(written, layer.env_files);
        Environment {
            name: written.name.clone(),
            postgres: self.postgres(decoder, written, layer.postgres, port),
            place,
            init: layer.init.unwrap_or_default(),
            deployment: layer.deployment,
            env_files,
            env_file_places,
            variables: layer.variables,
            volumes: volumes::complete(layer.volumes),
            bind: layer.bind.unwrap_or(DEFAULT_BIND),
            migrations_folder,
            migrations: migrations::complete(layer.migrations),
            protected: layer.protected.unwrap_or_default(),
        }
    }

    fn postgres(
        &self,
        decoder: &mut Decoder<'_>,
        written: &Written,
        layer: PostgresLayer,
        port: u16,
    ) -> Postgres {
        let key = decoder.place(written.key_span);
        refuse_tls_of_own(decoder, written, &layer);
        refuse_volume_in_memory(decoder, &layer);
        let password = layer.password.unwrap_or(Password::Generated);
        if let (Some(Host::External(host, place)), Password::Generated) = (&layer.host, &password) {
            let message = format!("The external database at `{host}` needs its own password");
            decoder.error(place.span, message).help =
                Some("write `password: ${NAME}` and give the variable in an env file".to_owned());
        }
        let (certificate, certificate_place) = layer.ssl_root_certificate.unzip();
        Postgres {
            place: layer.place.unwrap_or(key),
            container_name: None,
            image: layer
                .image
                .unwrap_or(PostgresImage::Version(DEFAULT_VERSION)),
            database: layer
                .database
                .unwrap_or_else(|| self.derived_name(written, "", "")),
            port,
            port_place: layer.port.map(|(_, place)| place),
            user: layer.user.unwrap_or_else(|| self.derived_user(written)),
            password,
            host: match layer.host {
                Some(Host::External(host, _)) => Some(host),
                Some(Host::Own) | None => None,
            },
            extensions: layer.extensions.unwrap_or_default(),
            settings: layer.settings,
            storage: layer.storage.unwrap_or_default(),
            volume: layer
                .volume
                .map(|volume| volumes::complete_data(volume, self.root)),
            initdb_args: layer.initdb_args,
            start_timeout: layer.start_timeout.unwrap_or(DEFAULT_START_TIMEOUT),
            ssl_mode: layer.ssl_mode.map(|(mode, _)| mode),
            ssl_root_certificate: certificate.map(|path| join(self.root, &path)),
            ssl_root_certificate_place: certificate_place,
        }
    }

    /// `<project>_<environment>_user`, with `_` before it where PostgreSQL keeps the name for itself.
    fn derived_user(&self, written: &Written) -> String {
        let name = self.derived_name(written, "", "_user");
        if is_reserved_role(&name) {
            self.derived_name(written, "_", "_user")
        } else {
            name
        }
    }

    /// `<prefix><project>_<environment><suffix>`, cut to what PostgreSQL keeps of a name.
    fn derived_name(&self, written: &Written, prefix: &str, suffix: &str) -> String {
        let name = format!("{prefix}{}_{}", self.project, written.name).replace('-', "_");
        let kept = MAX_IDENTIFIER - suffix.len();
        name.chars().take(kept).chain(suffix.chars()).collect()
    }

    /// The environment's own file first, so that explicit ones win over it.
    fn env_files(
        &self,
        written: &Written,
        explicit: Option<Vec<(String, Place)>>,
    ) -> (Vec<PathBuf>, BTreeMap<PathBuf, Place>) {
        let explicit: Vec<(PathBuf, Place)> = explicit
            .unwrap_or_default()
            .into_iter()
            .map(|(path, place)| (join(self.root, &path), place))
            .collect();
        let own = self
            .root
            .join(ENV_FOLDER)
            .join(format!("{}.env", written.name));
        let is_read = self.has_folder && own.exists() && explicit.iter().all(|(it, _)| *it != own);
        let own = is_read.then_some(own);
        let paths = explicit.iter().map(|(path, _)| path.clone());
        let paths = own.into_iter().chain(paths).collect();
        (paths, explicit.into_iter().collect())
    }
}

/// Data that is there is not in memory.
fn refuse_volume_in_memory(decoder: &mut Decoder<'_>, layer: &PostgresLayer) {
    if let (Some(Storage::Tmpfs), Some((_, place))) = (layer.storage, &layer.volume) {
        let message = "`postgres.volume` is there, and `storage: tmpfs` keeps the data in memory";
        decoder.error(place.span, message).help =
            Some("write `storage: volume`, or remove `volume`".to_owned());
    }
}

/// Reports TLS keys that an environment writes for its own database, which speaks no TLS; inherited
/// ones have no effect there.
fn refuse_tls_of_own(decoder: &mut Decoder<'_>, written: &Written, layer: &PostgresLayer) {
    if matches!(layer.host, Some(Host::External(..))) {
        return;
    }
    let own = &written.layer.postgres;
    let mode = own.ssl_mode.as_ref().map(|(_, place)| ("sslmode", place));
    let certificate = own.ssl_root_certificate.as_ref();
    let certificate = certificate.map(|(_, place)| ("sslrootcert", place));
    for (key, place) in mode.into_iter().chain(certificate) {
        let message = format!("`postgres.{key}` is for an external database, this is none");
        decoder.error(place.span, message).help =
            Some("name its host as `postgres.host`, or remove the key".to_owned());
    }
}
