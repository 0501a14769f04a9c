//! The database of an environment as objects: one container, and a volume that outlives it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::definition;
use super::desired::{External, ImageSource, Inputs, pulled};
use super::identity::DEFINITION;
use super::spec::{
    ContainerSpec, Endpoint, ImageBuild, Labels, MountSpec, MountSpecSource, NetworkAttachment,
    SharedNamespaces, VolumeSpec,
};
use crate::config::model::{DataSource, Postgres, PostgresImage, Storage};
use crate::secret::Secret;
use crate::workload::model::{Port, Process, Protocol, PublishedPort, PullPolicy, Restart};

/// The port inside the container.
pub const PORT: u16 = 5432;
const DATA: &str = "/var/lib/postgresql/data";
/// Shared memory for parallel queries, in bytes; the engines' 64 MB is too little for them.
const SHARED_MEMORY: i64 = 256 * 1024 * 1024;
/// Room for a checkpoint of a busy server before the engine kills it.
const STOP_GRACE: Duration = Duration::from_secs(60);

pub(super) struct DatabaseObjects {
    pub spec: ContainerSpec,
    pub image: ImageSource,
    /// `None` when the data lives in memory, or elsewhere.
    pub volume: Option<VolumeSpec>,
    /// A volume with data that somebody else made.
    pub external: Option<External>,
}

/// The image that a project makes of its own files in place of the shipped one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDatabaseImage {
    /// The folder of its files, as messages show it.
    pub folder: String,
    /// Labelled with the hash of its files.
    pub build: ImageBuild,
}

/// The reference of the image of `postgres`, and where it comes from.
fn image(postgres: &Postgres, own: Option<&OwnDatabaseImage>) -> (String, ImageSource) {
    let missing = |reference: String| {
        let source = pulled(&reference, PullPolicy::Missing, None);
        (reference, source)
    };
    match (&postgres.image, own) {
        (PostgresImage::Image(reference), _) => missing(reference.clone()),
        (PostgresImage::Version(version), None) => missing(format!("poststack/postgres:{version}")),
        (PostgresImage::Version(_), Some(own)) => {
            let reference = own.build.tags.first().cloned().unwrap_or_default();
            (reference, ImageSource::Own(Box::new(own.build.clone())))
        }
    }
}

pub(super) fn objects(inputs: &Inputs<'_>, network: String) -> DatabaseObjects {
    let identity = inputs.identity;
    let postgres = &inputs.environment.postgres;
    let name = identity.database_container();
    let (reference, source) = image(postgres, inputs.database_image);
    let (data, volume) = storage(inputs);
    let mount = MountSpec {
        source: data,
        target: DATA.to_owned(),
        read_only: false,
    };
    let endpoint = Endpoint {
        network,
        aliases: vec![name.clone()],
        ..Endpoint::default()
    };
    let spec = ContainerSpec {
        image: reference,
        platform: None,
        process: process(inputs),
        network: NetworkAttachment::Networks(vec![endpoint]),
        namespaces: SharedNamespaces::default(),
        mounts: vec![mount],
        volumes_from: Vec::new(),
        files: Vec::new(),
        labels: Labels::new(),
        name,
    };
    DatabaseObjects {
        image: source,
        spec,
        volume,
        external: match &postgres.volume.as_ref().map(|one| &one.source) {
            Some(DataSource::Volume { name, .. }) => Some(External::Volume(name.clone())),
            _ => None,
        },
    }
}

/// Where the data lies, and the volume that is made for it.
fn storage(inputs: &Inputs<'_>) -> (MountSpecSource, Option<VolumeSpec>) {
    let name = inputs.identity.database_volume();
    if let Some(volume) = &inputs.environment.postgres.volume {
        return (existing(&volume.source), None);
    }
    match inputs.environment.postgres.storage {
        Storage::Tmpfs => {
            let source = MountSpecSource::Tmpfs {
                size: None,
                mode: Some(0o1777),
            };
            (source, None)
        }
        Storage::Volume => {
            let source = MountSpecSource::Volume {
                name: name.clone(),
                no_copy: true,
                subpath: None,
            };
            let mut volume = VolumeSpec {
                filling: None,
                name,
                driver: None,
                driver_options: BTreeMap::new(),
                labels: inputs.identity.labels(Some(("volume", "pgdata"))),
            };
            let postgres = &inputs.environment.postgres;
            let made_for = [
                ("postgres.database", postgres.database.as_str()),
                ("postgres.user", postgres.user.as_str()),
            ];
            let fields = definition::volume_fields(&volume, &made_for);
            let label = definition::encode(&fields);
            volume.labels.insert(DEFINITION.to_owned(), label);
            (source, Some(volume))
        }
    }
}

fn existing(source: &DataSource) -> MountSpecSource {
    match source {
        DataSource::Volume { name, .. } => MountSpecSource::Volume {
            name: name.clone(),
            no_copy: true,
            subpath: None,
        },
        DataSource::Folder(path) => MountSpecSource::Bind {
            path: path.clone(),
            create: false,
            propagation: None,
            selinux: None,
        },
    }
}

/// The folder of the data inside the container.
fn data_folder(postgres: &Postgres) -> String {
    match postgres.volume.as_ref().map(|one| &one.source) {
        Some(DataSource::Volume {
            folder: Some(folder),
            ..
        }) => format!("{DATA}/{folder}"),
        _ => DATA.to_owned(),
    }
}

fn process(inputs: &Inputs<'_>) -> Process {
    let postgres = &inputs.environment.postgres;
    let text = |value: &str| Some(Secret::from(value));
    let mut environment = BTreeMap::from([
        ("POSTGRES_USER".to_owned(), text(&postgres.user)),
        ("POSTGRES_DB".to_owned(), text(&postgres.database)),
        (
            "POSTGRES_PASSWORD".to_owned(),
            Some(inputs.password.clone()),
        ),
        ("PGDATA".to_owned(), text(&data_folder(postgres))),
    ]);
    if let Some(arguments) = &postgres.initdb_args {
        environment.insert("POSTGRES_INITDB_ARGS".to_owned(), text(arguments));
    }
    let mut settings = postgres.settings.clone();
    if postgres.storage == Storage::Tmpfs {
        environment.insert("POSTSTACK_DURABILITY".to_owned(), text("off"));
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            let setting = settings.entry(name.to_owned());
            setting.or_insert_with(|| "off".to_owned());
        }
    }
    Process {
        command: command(&settings),
        environment,
        ports: vec![Port {
            host_ip: Some(inputs.environment.bind),
            published: Some(PublishedPort {
                first: postgres.port,
                last: postgres.port,
            }),
            target: PORT,
            protocol: Protocol::Tcp,
        }],
        // Restarted by the engine it would be empty, and nobody would run the init phase again.
        restart: match postgres.storage {
            Storage::Volume => Restart::UnlessStopped,
            Storage::Tmpfs => Restart::No,
        },
        shm_size: Some(SHARED_MEMORY),
        stop_grace_period: Some(STOP_GRACE),
        ..Process::default()
    }
}

fn command(settings: &BTreeMap<String, String>) -> Option<Vec<String>> {
    if settings.is_empty() {
        return None;
    }
    let options = settings
        .iter()
        .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]);
    Some(
        std::iter::once("postgres".to_owned())
            .chain(options)
            .collect(),
    )
}
