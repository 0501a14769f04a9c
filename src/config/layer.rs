//! What one mapping of the file says about an environment: everything optional, every value checked.
//!
//! `defaults` and each environment are layers. A layer is decoded once, so each fault is reported
//! once and where it is written; laying one [`over`](Layer::over) another is then only a choice.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::model::{
    ConfigVariable, Deployment, InitEntry, Password, PostgresImage, Rehearse, SslMode, Storage,
};
use crate::diagnostic::Place;

/// What `defaults` or one environment writes.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    pub postgres: PostgresLayer,
    pub init: Option<Vec<InitEntry>>,
    pub deployment: Option<Deployment>,
    /// Relative to the folder of the file, as written.
    pub env_files: Option<Vec<(String, Place)>>,
    pub variables: BTreeMap<String, ConfigVariable>,
    /// Of this layer alone.
    pub volumes: BTreeMap<String, VolumeAt>,
    pub bind: Option<IpAddr>,
    /// Relative to the folder of the file, as written.
    pub migrations_path: Option<(String, Place)>,
    pub migrations: MigrationsLayer,
    pub protected: Option<bool>,
}

/// What a layer writes under `migrations`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MigrationsLayer {
    pub lock_timeout: Option<Duration>,
    pub statement_timeout: Option<Duration>,
    pub lock_wait: Option<Duration>,
    pub rehearse: Option<Rehearse>,
}

/// What a layer writes under `postgres`.
#[derive(Debug, Clone, Default)]
pub(super) struct PostgresLayer {
    pub place: Option<Place>,
    /// One value for `version` and `image`: writing either replaces an inherited one of both.
    pub image: Option<PostgresImage>,
    pub database: Option<String>,
    pub port: Option<(u16, Place)>,
    pub user: Option<String>,
    pub password: Option<Password>,
    pub host: Option<Host>,
    pub extensions: Option<Vec<String>>,
    pub settings: BTreeMap<String, String>,
    pub storage: Option<Storage>,
    /// Of this layer alone.
    pub volume: Option<VolumeAt>,
    pub initdb_args: Option<String>,
    pub start_timeout: Option<Duration>,
    pub ssl_mode: Option<(SslMode, Place)>,
    /// Relative to the folder of the file, as written.
    pub ssl_root_certificate: Option<(String, Place)>,
}

/// A volume as it is written.
pub(super) type VolumeAt = (String, Place);

/// Where the database of an environment is.
#[derive(Debug, Clone)]
pub(super) enum Host {
    /// `localhost`: the environment's own database.
    Own,
    External(String, Place),
}

impl Layer {
    /// This layer with what it does not say taken from `base`: maps merge, the rest replaces.
    pub fn over(self, base: &Self) -> Self {
        Self {
            postgres: self.postgres.over(&base.postgres),
            init: self.init.or_else(|| base.init.clone()),
            deployment: self.deployment.or_else(|| base.deployment.clone()),
            env_files: self.env_files.or_else(|| base.env_files.clone()),
            variables: merged(self.variables, &base.variables),
            volumes: self.volumes,
            bind: self.bind.or(base.bind),
            migrations_path: self
                .migrations_path
                .or_else(|| base.migrations_path.clone()),
            migrations: self.migrations.over(base.migrations),
            protected: self.protected.or(base.protected),
        }
    }

    /// How many values it holds, roughly: the measure of what merging multiplies.
    pub fn weight(&self) -> usize {
        1 + self.variables.len()
            + self.postgres.settings.len()
            + self.postgres.extensions.as_ref().map_or(0, Vec::len)
            + self.init.as_ref().map_or(0, Vec::len)
            + self.env_files.as_ref().map_or(0, Vec::len)
    }
}

impl PostgresLayer {
    fn over(self, base: &Self) -> Self {
        Self {
            place: self.place.or_else(|| base.place.clone()),
            image: self.image.or_else(|| base.image.clone()),
            database: self.database.or_else(|| base.database.clone()),
            port: self.port.or_else(|| base.port.clone()),
            user: self.user.or_else(|| base.user.clone()),
            password: self.password.or_else(|| base.password.clone()),
            host: self.host.or_else(|| base.host.clone()),
            extensions: self.extensions.or_else(|| base.extensions.clone()),
            settings: merged(self.settings, &base.settings),
            storage: self.storage.or(base.storage),
            volume: self.volume,
            initdb_args: self.initdb_args.or_else(|| base.initdb_args.clone()),
            start_timeout: self.start_timeout.or(base.start_timeout),
            ssl_mode: self.ssl_mode.or_else(|| base.ssl_mode.clone()),
            ssl_root_certificate: { self.ssl_root_certificate }
                .or_else(|| base.ssl_root_certificate.clone()),
        }
    }
}

impl MigrationsLayer {
    fn over(self, base: Self) -> Self {
        Self {
            lock_timeout: self.lock_timeout.or(base.lock_timeout),
            statement_timeout: self.statement_timeout.or(base.statement_timeout),
            lock_wait: self.lock_wait.or(base.lock_wait),
            rehearse: self.rehearse.or(base.rehearse),
        }
    }
}

fn merged<V: Clone>(
    mut own: BTreeMap<String, V>,
    base: &BTreeMap<String, V>,
) -> BTreeMap<String, V> {
    for (key, value) in base {
        if !own.contains_key(key) {
            own.insert(key.clone(), value.clone());
        }
    }
    own
}
