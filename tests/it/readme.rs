//! The commands of the README and of the guides, run as they stand there.

use std::process::Command;

use crate::project::{On, Project, on_both_engines, ran};

/// Texts of the blocks fenced as `sh`, in order.
fn blocks(text: &str) -> Vec<String> {
    let parts = text.split("```sh\n").skip(1);
    parts
        .map(|part| part.split("```").next().unwrap().to_owned())
        .collect()
}

on_both_engines! {
    fn the_tour_of_the_readme_works(on: On) {
        let root = env!("CARGO_MANIFEST_DIR");
        let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
        let blocks = blocks(&readme);
        assert!(blocks.len() >= 5, "the README has its blocks");
        // The copy is a project of its own, so that the example itself may run meanwhile.
        let project = Project::new(on, "");
        let (port, web_port) = (crate::project::free_port(), crate::project::free_port());
        let copy = format!("mkdir -p {0}/examples && cp -r {root}/examples/quickstart {0}/examples", project.root().display());
        ran(Command::new("sh").args(["-c", &copy])).ok();
        let file = "examples/quickstart/.poststack.yml";
        let config = project.read(file);
        let config = config.replace("name: quickstart", "name: {name}").replace("5433", &port.to_string());
        project.write(file, &config);
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_poststack")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let script = format!("set -e\n{}", blocks.join("\n"))
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{web_port}"));
        let outcome = ran(Command::new("sh")
            .args(["-c", &script])
            .current_dir(project.root())
            .env("PATH", path)
            .env("WEB_PORT", web_port.to_string())
            .env("DOCKER_HOST", on.host())
            .env_remove("POSTSTACK_ENV"))
        .ok();
        assert!(outcome.stdout.contains("Hello from a row in PostgreSQL"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("Salut from a row in PostgreSQL"), "{}", outcome.stdout);
        assert_eq!(project.container_ids().len(), 0, "the tour ends with `env stop --rm`");
    }
    fn the_guide_of_migrations_works(on: On) {
        let root = env!("CARGO_MANIFEST_DIR");
        let guide = std::fs::read_to_string(format!("{root}/docs/migrations.md")).unwrap();
        let blocks = blocks(&guide);
        assert!(blocks.len() >= 10, "the guide has its blocks");
        let project = Project::new(on, "");
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_poststack")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let script = format!("set -e\n{}", blocks.join("\n"))
            .replace("name: shop", &format!("name: {}", project.name))
            .replace("5433", &crate::project::free_port().to_string());
        let outcome = ran(Command::new("sh")
            .args(["-c", &script])
            .current_dir(project.root())
            .env("PATH", path)
            .env("DOCKER_HOST", on.host())
            .env("NO_COLOR", "1")
            .env_remove("POSTSTACK_DATABASE_URL")
            .env_remove("POSTSTACK_ENV"))
        .ok();
        assert!(outcome.stdout.contains("exit code 9"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("name\nAda\nGrace\n"), "{}", outcome.stdout);
        assert!(outcome.stderr.contains("migrations/003_orders.sql:3:"), "{}", outcome.stderr);
        assert_eq!(project.container_ids().len(), 0, "the guide ends with `env stop --rm`");
    }
}
