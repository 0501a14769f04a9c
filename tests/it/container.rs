//! The container commands: a project's own containers, and whether containers keep what they promise.

mod lifecycle;
mod refused;
mod verify;

use crate::project::{Project, free_port};

/// An image that serves its own `/srv` on port 80, with a health test, and one that does nothing.
fn folders(project: &Project) {
    project.write("public/index.html", "Hello shop\n");
    project.write(
        "containers/web/Dockerfile",
        "FROM poststack/base-debian:latest
COPY public /srv
WORKDIR /srv
EXPOSE 80
STOPSIGNAL SIGKILL
CMD [\"python3\", \"-m\", \"http.server\", \"80\"]
",
    );
    project.write(
        "containers/worker/Dockerfile",
        "FROM poststack/base-debian:core
STOPSIGNAL SIGKILL
CMD [\"sleep\", \"infinity\"]
",
    );
}

/// Writes `.env` with free ports of the host, and `more` lines; the port of the service `web`.
fn settings(project: &Project, more: &str) -> u16 {
    let (database, web) = (free_port(), free_port());
    project.write(
        ".env",
        &format!("POSTSTACK_POSTGRES_HOST_PORT={database}\nPOSTSTACK_WEB_PORT={web}\n{more}"),
    );
    web
}
