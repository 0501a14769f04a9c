//! Every file shipped in the binary, listed once. A test fails when a file on disk is missing here.

use std::collections::BTreeMap;

use crate::config::SHIPPED_VERSION;
use crate::plan::definition;
use crate::plan::identity::CONTEXT_HASH;
use crate::plan::spec::{BuildContext, ImageBuild};
use crate::secret::Secret;
use crate::workload::LIQUIBASE_IMAGE;

/// Path in the repository → content.
macro_rules! assets {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../", $path)))),*]
    };
}

/// Build contexts of the images that poststack ships.
pub const CONTAINERS: &[(&str, &str)] = assets![
    "containers/base-debian/Dockerfile",
    "containers/liquibase/Dockerfile",
    "containers/liquibase/liquibase.sh",
    "containers/postgres/Dockerfile",
    "containers/postgres/docker-entrypoint.sh",
    "containers/postgres/pg_hba.conf",
    "containers/postgres/postgresql.conf",
    "containers/postgres/prepare-cluster.sh",
];

/// The migrations of the schema `poststack` inside databases, sorted. Each may run twice.
pub const MIGRATIONS: &[(&str, &str)] = assets![
    "migrations/001_ledger.rollback.sql",
    "migrations/001_ledger.sql",
    "migrations/002_progress.rollback.sql",
    "migrations/002_progress.sql",
    "migrations/003_services.rollback.sql",
    "migrations/003_services.sql",
];

/// What `poststack init` writes, sorted: `templates/<layer>/<path in the project>`.
pub const TEMPLATES: &[(&str, &str)] = assets![
    "templates/apache-php/containers/apache/Dockerfile",
    "templates/apache-php/containers/apache/apache2.conf.template",
    "templates/apache-php/containers/apache/entrypoint.sh",
    "templates/apache-php/containers/apache/sites-available/app.conf.template",
    "templates/apache-php/deploy/app-compose.yml.in",
    "templates/apache-php/public/health.php",
    "templates/apache-php/public/index.php",
    "templates/apache-php/src/database.php",
    "templates/axum/containers/api/Cargo.lock.in",
    "templates/axum/containers/api/Cargo.toml.in",
    "templates/axum/containers/api/Dockerfile",
    "templates/axum/containers/api/certificates/README.md",
    "templates/axum/containers/api/src/main.rs",
    "templates/axum/deploy/app-compose.yml.in",
    "templates/ci/github.yml.in",
    "templates/ci/gitlab.yml.in",
    "templates/project/.dockerignore",
    "templates/project/.gitignore",
    "templates/project/.poststack.yml.in",
    "templates/common/deploy/init-compose.yml.in",
    "templates/common/environments/@environment@.env.in",
    "templates/fastapi/containers/api/Dockerfile",
    "templates/fastapi/containers/api/main.py",
    "templates/fastapi/deploy/app-compose.yml.in",
    "templates/greetings/migrations/001_greetings.rollback.sql",
    "templates/greetings/migrations/001_greetings.sql",
    "templates/greetings/seeds.sql",
    "templates/nginx/containers/nginx/Dockerfile",
    "templates/nginx/containers/nginx/entrypoint.sh",
    "templates/nginx/containers/nginx/html/index.html",
    "templates/nginx/containers/nginx/nginx.conf.template",
    "templates/nginx/deploy/app-compose.yml.in",
    "templates/postgres-pod/containers/postgres/postgres-pod.yaml.in",
    "templates/postgres/containers/postgres/.dockerignore",
    "templates/postgres/containers/postgres/docs/customising.md",
    "templates/python-web/containers/web/Dockerfile",
    "templates/python-web/containers/web/server.py",
    "templates/web/deploy/app-compose.yml.in",
    "templates/worker/containers/worker/Dockerfile",
    "templates/worker/containers/worker/worker.py",
    "templates/worker/deploy/app-compose.yml.in",
    "templates/worker/environments/@environment@.env.in",
    "templates/worker/migrations/001_jobs.rollback.sql",
    "templates/worker/migrations/001_jobs.sql",
    "templates/worker/seeds.sql",
];

/// An image shipped in the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltInImage {
    /// `poststack/<name>:<tag>`
    pub reference: String,
    /// The built-in image it is made from.
    pub base: Option<&'static str>,
    /// Whether it is built only for those who name it: most projects have no use for it.
    pub on_demand: bool,
    pub build: ImageBuild,
}

const CORE: &str = "poststack/base-debian:core";
const FULL: &str = "poststack/base-debian:latest";

/// The images that `poststack build` makes, each after its base.
#[must_use]
pub fn built_in_images() -> Vec<BuiltInImage> {
    let postgres = format!("poststack/postgres:{SHIPPED_VERSION}");
    [CORE, &postgres, FULL, LIQUIBASE_IMAGE]
        .into_iter()
        .filter_map(built_in_image)
        .collect()
}

/// The shipped image of this reference.
#[must_use]
pub fn built_in_image(reference: &str) -> Option<BuiltInImage> {
    match reference {
        CORE => Some(image(CORE, "base-debian", None, Some("core"))),
        FULL | "poststack/base-debian" => Some(image(FULL, "base-debian", Some(CORE), None)),
        LIQUIBASE_IMAGE => Some(image(LIQUIBASE_IMAGE, "liquibase", Some(CORE), None)),
        _ => {
            let version = reference.strip_prefix("poststack/postgres:")?;
            let mut image = image(reference, "postgres", Some(CORE), None);
            let version = Some(Secret::from(version));
            image
                .build
                .args
                .insert("POSTGRES_VERSION".to_owned(), version);
            Some(image)
        }
    }
}

fn image(
    reference: &str,
    folder: &str,
    base: Option<&'static str>,
    target: Option<&str>,
) -> BuiltInImage {
    let files = context(folder);
    let hash = context_hash(reference, &files, base);
    BuiltInImage {
        reference: reference.to_owned(),
        base,
        on_demand: reference == LIQUIBASE_IMAGE,
        build: ImageBuild {
            tags: vec![reference.to_owned()],
            context: BuildContext::Files(files),
            dockerfile: "Dockerfile".into(),
            target: target.map(str::to_owned),
            labels: BTreeMap::from([(CONTEXT_HASH.to_owned(), hash)]),
            ..ImageBuild::default()
        },
    }
}

fn context(folder: &str) -> BTreeMap<String, (Vec<u8>, bool)> {
    let prefix = format!("containers/{folder}/");
    CONTAINERS
        .iter()
        .filter_map(|(path, content)| {
            let name = path.strip_prefix(&prefix)?;
            let executable = std::path::Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "sh");
            Some((name.to_owned(), (content.as_bytes().to_vec(), executable)))
        })
        .collect()
}

/// Changes whenever the image would: with its own files and with those of its base.
fn context_hash(
    reference: &str,
    files: &BTreeMap<String, (Vec<u8>, bool)>,
    base: Option<&str>,
) -> String {
    let mut text = format!("{reference}\n");
    for (name, (content, _)) in files {
        let hash = definition::sha256(&String::from_utf8_lossy(content));
        text.push_str(&format!("{name} {hash}\n"));
    }
    if let Some(base) = base.and_then(built_in_image) {
        text.push_str(
            base.build
                .labels
                .get(CONTEXT_HASH)
                .map_or("", String::as_str),
        );
    }
    definition::sha256(&text)
}
