//! What is told when a start would touch what is not its own, or lose data: the way out of each
//! conflict. Decides nothing.

use super::failure::{Failure, Kind};
use crate::plan::Conflict;
use crate::plan::identity::{CONTAINERS, Identity};

pub(super) fn refused(conflicts: &[Conflict], identity: &Identity) -> Failure {
    let all: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    let message = super::step_failure::capitalised(&all.join("; "));
    let mut failure = Failure::new(Kind::Failed, message);
    for conflict in conflicts {
        let hint = way_out(conflict, identity);
        if !failure.hints.contains(&hint) {
            failure = failure.hint(hint);
        }
    }
    failure
}

fn way_out(conflict: &Conflict, identity: &Identity) -> String {
    let environment = &identity.environment;
    let another_name = another_name(identity);
    match conflict {
        Conflict::Foreign {
            kind: "volume",
            name,
            compose: Some(from),
            ..
        } => format!(
            "use its data: write `{}` for {environment} in .poststack.yml, or while Docker Compose has \
             its containers: poststack adopt {environment} --from {from}; or remove the volume by hand, \
             and its data go with it; or {another_name}",
            naming(name, identity)
        ),
        Conflict::Foreign {
            compose: Some(from),
            ..
        } => format!(
            "take over what Docker Compose runs, with its data: poststack adopt {environment} --from \
             {from}; or remove it, and keep its volumes: docker compose --project-name {from} down; or \
             {another_name}"
        ),
        Conflict::Foreign {
            kind: "container", ..
        } => format!(
            "poststack never touches what is not its own; remove or rename it, or {another_name}"
        ),
        Conflict::Foreign { .. } => {
            format!("poststack never touches what is not its own; {another_name}")
        }
        Conflict::Changed {
            kind: "network", ..
        } => format!(
            "to make it anew (data is kept): poststack env stop {environment} --rm && poststack env \
             start {environment}"
        ),
        Conflict::Changed { kind, name, .. } => format!(
            "change it back, or give it another name: making {kind} `{name}` anew would lose its data; \
             nothing was changed"
        ),
    }
}

/// What makes the environment use a volume that is there: `postgres: { volume: shop-dev_pgdata }`
fn naming(volume: &str, identity: &Identity) -> String {
    if volume == identity.database_volume() {
        return format!("postgres: {{ volume: {volume} }}");
    }
    let prefix = identity.volume("");
    let key = volume.strip_prefix(&prefix).unwrap_or("KEY");
    format!("volumes: {{ {key}: {volume} }}")
}

/// How a project gets other names.
fn another_name(identity: &Identity) -> &'static str {
    match identity.environment.as_str() {
        CONTAINERS => {
            "rename this folder, or give it a .poststack.yml with another `project.name`; nothing was \
             changed"
        }
        _ => "give this project another `project.name`; nothing was changed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{EnvironmentName, ProjectName};

    #[test]
    fn a_volume_that_docker_compose_left_is_to_be_named_or_removed() {
        let identity = Identity {
            project: ProjectName::new("shop").unwrap(),
            environment: EnvironmentName::new("dev").unwrap(),
            directory: "/p".into(),
            database: None,
        };
        let hint = |name: &str| {
            let conflict = Conflict::Foreign {
                kind: "volume",
                name: name.to_owned(),
                owner: "Docker Compose project `shop-dev`".to_owned(),
                compose: Some("shop-dev".to_owned()),
            };
            refused(&[conflict], &identity).hints.remove(0)
        };
        let database = hint("shop-dev_pgdata");
        assert!(
            database.contains("`postgres: { volume: shop-dev_pgdata }` for dev")
                && database.contains("its data go with it"),
            "{database}"
        );
        let other = hint("shop-dev_uploads");
        assert!(
            other.contains("`volumes: { uploads: shop-dev_uploads }`"),
            "{other}"
        );
    }
}
