//! The commands of the README, of the guides and of the examples, run as they stand there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

mod with_compose;

use crate::environment::liquibase::building;
use crate::project::{On, Project, Ran, free_port, on_both_engines, ran};

/// Documents whose blocks fenced as `sh` a test below runs.
const EXECUTED: &[&str] = &[
    "README.md",
    "docs/adopt.md",
    "docs/best-practices.md",
    "docs/containers.md",
    "docs/environments.md",
    "docs/export.md",
    "docs/from-container-commands.md",
    "docs/from-docker-compose.md",
    "docs/liquibase.md",
    "docs/migrations.md",
    "docs/variables.md",
    "examples/apache-php/README.md",
    "examples/api-and-worker/README.md",
    "examples/multi-environment/README.md",
    "examples/quickstart/README.md",
];

/// The document whose blocks are the examples in the help of commands; `examples` runs each of them.
const EXAMPLES: &str = "docs/commands.md";

/// What blocks other than `sh` may hold; none of them is something to type.
const SHOWN: &[&str] = &["console", "text", "yaml", "json", "sql", "toml"];

/// Commands of this repository itself, which are no part of a script: they run the tests.
const OF_MAKE: &str = "make ";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Language and text of every fenced block, in order.
fn fenced(text: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            if !open {
                blocks.push((language.to_owned(), String::new()));
            }
            open = !open;
        } else if open {
            let (_, text) = blocks.last_mut().unwrap();
            text.push_str(line);
            text.push('\n');
        }
    }
    assert!(!open, "a block is never closed");
    blocks
}

/// The blocks of `document` as one script.
fn script(document: &str) -> String {
    let blocks = fenced(document).into_iter();
    let blocks = blocks.filter(|(language, _)| language == "sh");
    let script: Vec<String> = blocks.map(|(_, text)| text).collect();
    assert!(!script.is_empty(), "the document has its blocks");
    format!("set -eu\n{}", script.concat())
}

/// Every document for readers, by its path in the repository.
fn documents() -> Vec<String> {
    let names = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        let entries = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.map(|name| format!("{folder}/{name}")).collect()
    };
    let guides = names("docs")
        .into_iter()
        .filter(|path| path.ends_with(".md"));
    let examples = names("examples").into_iter();
    let examples = examples.map(|folder| format!("{folder}/README.md"));
    std::iter::once("README.md".to_owned())
        .chain(guides)
        .chain(examples)
        .collect()
}

/// Whether the line looks like something to type; messages begin with the name of the program too.
fn is_command(line: &str) -> bool {
    let known = ["env ", "db ", "config ", "build", "init ", "container "];
    let rest = line.strip_prefix("poststack ");
    rest.is_some_and(|rest| known.iter().any(|word| rest.starts_with(word)))
}

#[test]
fn every_command_block_is_executed_by_a_test() {
    let mut executed: BTreeSet<String> = crate::examples::lines().collect();
    for path in EXECUTED {
        let lines = script(&document(path));
        executed.extend(lines.lines().map(|line| line.trim().to_owned()));
    }
    let mut faults = Vec::new();
    for path in documents() {
        for (language, text) in fenced(&document(&path)) {
            if language == "sh" {
                if !EXECUTED.contains(&path.as_str()) && path != EXAMPLES {
                    faults.push(format!("no test runs the blocks of {path}"));
                }
            } else if !SHOWN.contains(&language.as_str()) {
                faults.push(format!("{path}: a block of `{language}` is nobody's"));
            }
            let shown = text.lines().filter(|_| language != "sh");
            let typed = shown.filter(|line| line.starts_with("$ ") || is_command(line));
            for command in typed.map(|line| line.trim_start_matches("$ ")) {
                let command = command.split(" # ").next().unwrap().trim();
                if !executed.contains(command) && !command.starts_with(OF_MAKE) {
                    faults.push(format!("{path}: no test runs `{command}`"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_message_of_the_troubleshooting_guide_is_one_of_the_program() {
    let mut sources = String::new();
    gather(&root().join("src"), &mut sources);
    let said = with_gaps(&sources);
    let guide = document("docs/troubleshooting.md");
    let blocks = fenced(&guide).into_iter();
    let messages: Vec<String> = blocks
        .filter(|(language, _)| language == "text")
        .flat_map(|(_, text)| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert!(messages.len() > 30, "the guide has its messages");
    let unknown: Vec<&String> = messages
        .iter()
        .filter(|message| !said.contains(message.trim_end_matches('…').trim_end()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// The text of every source file below `folder` that is not one of tests.
fn gather(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_test {
            gather(&path, text);
        } else if !is_test {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Literals in one line each, with `…` for placeholders.
fn with_gaps(source: &str) -> String {
    let mut joined = String::new();
    for (index, part) in source.split("\\\n").enumerate() {
        joined.push_str(if index == 0 { part } else { part.trim_start() });
    }
    let mut text = String::new();
    let mut rest = joined.as_str();
    while let Some(start) = rest.find('{') {
        text.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        match rest.find(['{', '}', '\n']) {
            Some(end) if rest[end..].starts_with('}') => {
                text.push('…');
                rest = &rest[end + 1..];
            }
            _ => text.push('{'),
        }
    }
    (text + rest).replace("……", "…")
}

/// A script in the folder of a project, with this program first on the `PATH` and `poststack`'s own
/// variables unset.
fn run(on: On, project: &Project, script: &str) -> Ran {
    let program = Path::new(env!("CARGO_BIN_EXE_poststack")).parent().unwrap();
    let path = [project.root().join("bin").as_path(), program]
        .map(|folder| folder.display().to_string())
        .join(":");
    ran(Command::new("sh")
        .args(["-c", script])
        .current_dir(project.root())
        .env("PATH", format!("{path}:{}", std::env::var("PATH").unwrap()))
        .env("DOCKER_HOST", on.host())
        .env("NO_COLOR", "1")
        .env_remove("POSTSTACK_DATABASE_URL")
        .env_remove("POSTSTACK_ENV"))
}

/// Runs a guide in a project of its own, where `shop` has another name and ports are free ones.
fn guide(on: On, path: &str) -> (Project, Ran) {
    let project = Project::new(on, "");
    std::fs::remove_file(project.root().join(".poststack.yml")).unwrap();
    let text = Ports::new(&["5433", "5434", "5435"])
        .free(&script(&document(path)))
        .replace("name: shop", &format!("name: {}", project.name))
        .replace("shop-dev", &format!("{}-dev", project.name));
    let ran = run(on, &project, &text).ok();
    assert_eq!(project.container_ids().len(), 0, "{path} cleans up");
    (project, ran)
}

/// Ports of a document with free ones in their places.
struct Ports(Vec<(&'static str, String)>);

impl Ports {
    fn new(written: &[&'static str]) -> Self {
        let ports = written.iter();
        Self(ports.map(|port| (*port, free_port().to_string())).collect())
    }

    /// In two passes, because a free port may look like one that is written.
    fn free(&self, text: &str) -> String {
        let mark = |index: usize| format!("\u{1}{index}\u{1}");
        let mut text = text.to_owned();
        for (index, (port, _)) in self.0.iter().enumerate() {
            text = text.replace(port, &mark(index));
        }
        for (index, (_, free)) in self.0.iter().enumerate() {
            text = text.replace(&mark(index), free);
        }
        text
    }
}

/// Runs the commands of an example in a copy of it, so that the example itself may run meanwhile.
fn example(on: On, name: &str, ports: &[&'static str]) -> (Project, Ran) {
    let project = Project::new(on, "");
    let source = root().join("examples").join(name);
    let copy = format!("cp -R '{}/.' . && rm -rf .poststack", source.display());
    ran(Command::new("sh")
        .args(["-c", &copy])
        .current_dir(project.root()))
    .ok();
    let config = project.read(".poststack.yml");
    let own = config
        .lines()
        .find(|line| line.starts_with("  name: "))
        .unwrap();
    let config = config.replace(own, "  name: {name}");
    project.write(".poststack.yml", &config);
    let ports = Ports::new(ports);
    let pattern: Vec<&str> = ports.0.iter().map(|(port, _)| *port).collect();
    let files = ran(Command::new("grep")
        .args(["-rlE", &pattern.join("|"), "."])
        .current_dir(project.root()));
    for file in files.stdout.lines() {
        let changed = ports.free(&project.read(file));
        std::fs::write(project.root().join(file), changed).unwrap();
    }
    let text = ports.free(&script(&document(&format!("examples/{name}/README.md"))));
    let ran = run(on, &project, &text).ok();
    (project, ran)
}

/// A line of output without what differs from run to run: times, ports, widths of columns.
fn without_numbers(line: &str) -> String {
    let words = line.split_whitespace();
    let words = words.map(|word| match word.contains(|c: char| c.is_ascii_digit()) {
        true => word
            .replace(|c: char| c.is_ascii_digit(), "")
            .replace("..", "."),
        false => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Asserts that every line of output that the document shows was printed.
fn assert_shown(path: &str, printed: &str) {
    let printed: BTreeSet<String> = printed.lines().map(without_numbers).collect();
    let blocks = fenced(&document(path)).into_iter();
    let shown = blocks.filter(|(language, _)| language == "text");
    let shown: Vec<String> = shown
        .flat_map(|(_, text)| text.lines().map(without_numbers).collect::<Vec<_>>())
        .collect();
    let stale: Vec<_> = shown
        .iter()
        .filter(|line| !printed.contains(*line))
        .collect();
    assert!(
        stale.is_empty(),
        "{path} shows what is not printed: {stale:#?}\n{printed:#?}"
    );
}

on_both_engines! {
    fn the_tour_of_the_readme_works(on: On) {
        let root = root();
        // The copy is a project of its own, so that the example itself may run meanwhile.
        let project = Project::new(on, "");
        let (port, web_port) = (free_port(), free_port());
        let copy = format!("mkdir -p {0}/examples && cp -r {1}/examples/quickstart {0}/examples", project.root().display(), root.display());
        ran(Command::new("sh").args(["-c", &copy])).ok();
        let file = "examples/quickstart/.poststack.yml";
        let config = project.read(file);
        let config = config.replace("name: quickstart", "name: {name}").replace("5433", &port.to_string());
        project.write(file, &config);
        // That of `init` is a second one, on ports of its own.
        let new = Project::new(on, "");
        let init = format!(
            "poststack init myapp --project-name {} --db-port {} && sed -i s/8080/{web_port}/ myapp/environments/dev.env",
            new.name,
            crate::project::free_port()
        );
        let script = script(&document("README.md"))
            .replace("poststack init myapp", &init)
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{web_port}"));
        let outcome = run(on, &project, &format!("export WEB_PORT={web_port}\n{script}")).ok();
        let greetings = outcome.stdout.matches("Hello from a row in PostgreSQL").count();
        assert!(greetings >= 2, "of the new project and of the example: {}", outcome.stdout);
        assert!(outcome.stdout.contains("Salut from a row in PostgreSQL"), "{}", outcome.stdout);
        assert_eq!(new.container_ids().len(), 0, "the project of `init` is stopped");
        assert_eq!(project.container_ids().len(), 0, "the tour ends with `env stop --rm`");
        let printed = format!("{}{}", outcome.stdout, outcome.stderr).replace(&project.name, "quickstart");
        assert_shown("README.md", &printed);
    }
    fn the_guide_of_migrations_works(on: On) {
        let (_project, outcome) = guide(on, "docs/migrations.md");
        assert!(outcome.stdout.contains("exit code 9"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("name\nAda\nGrace\n"), "{}", outcome.stdout);
        assert!(outcome.stderr.contains("migrations/003_orders.sql:3:"), "{}", outcome.stderr);
    }
    fn the_guide_of_environments_works(on: On) {
        let (_project, outcome) = guide(on, "docs/environments.md");
        assert!(outcome.stdout.contains("_staging\n"), "`env switch` was heard: {}", outcome.stdout);
        assert!(outcome.stdout.contains("changed: environment.LOG_LEVEL"), "{}", outcome.stdout);
    }
    fn the_guide_of_best_practices_works(on: On) {
        let (_project, outcome) = guide(on, "docs/best-practices.md");
        assert!(outcome.stdout.contains("\"count\""), "{}", outcome.stdout);
    }
    fn the_guide_from_the_container_commands_works(on: On) {
        let (_project, outcome) = guide(on, "docs/from-container-commands.md");
        assert!(outcome.stdout.contains("001"), "{}", outcome.stdout);
    }
    fn the_guide_of_liquibase_works(on: On) {
        let first = building(on);
        let (_project, outcome) = guide(on, "docs/liquibase.md");
        drop(first);
        assert!(outcome.stdout.contains("db/people.sql"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("exit code 4"), "{}\n{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stderr.contains("Migration failed for changeset db/people.sql::3::ada"), "{}", outcome.stderr);
    }
    fn the_example_of_a_guestbook_works(on: On) {
        let (project, outcome) = example(on, "apache-php", &["5437", "8085"]);
        assert!(outcome.stdout.contains("<b>Ada</b>: Hello"), "{}", outcome.stdout);
        assert_eq!(project.status("dev")["state"], "stopped");
    }
    fn the_example_of_jobs_works(on: On) {
        let (project, outcome) = example(on, "api-and-worker", &["5438", "8090"]);
        assert!(outcome.stdout.contains(r#""output": "SHIP IT (6 letters)", "done": true"#), "{}", outcome.stdout);
        assert_eq!(project.container_ids().len(), 7, "postgres, pool, api, four workers");
    }
    fn the_example_of_several_environments_works(on: On) {
        let ports = ["5433", "5434", "5435", "8081", "8082", "8083"];
        let (_project, outcome) = example(on, "multi-environment", &ports);
        for environment in ["dev", "staging", "production"] {
            let answer = format!("\"environment\": \"{environment}\"");
            assert!(outcome.stdout.contains(&answer), "{}", outcome.stdout);
        }
        assert!(!outcome.stderr.contains(" 30."), "everything ends on the signal of a stop: {}", outcome.stderr);
    }
    fn the_example_of_the_quickstart_works(on: On) {
        let (_project, outcome) = example(on, "quickstart", &["5433", "8080"]);
        assert!(outcome.stdout.contains("Hello from a row in PostgreSQL"), "{}", outcome.stdout);
    }
    fn the_guide_of_containers_works(on: On) {
        let project = Project::bare(on);
        let ports = Ports::new(&["5439", "8089"]);
        let text = script(&document("docs/containers.md")).replace("myapp", &project.name);
        let outcome = run(on, &project, &ports.free(&text)).ok();
        assert!(outcome.stdout.contains("Hello from a container"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("`select 6 * 7` gives `42`"), "{}", outcome.stdout);
        assert_eq!(project.container_ids().len(), 0, "the guide ends with `container clean`");
    }
}

#[test]
fn the_guide_of_variables_works() {
    let (_project, outcome) = guide(On::Docker, "docs/variables.md");
    assert!(
        outcome.stdout.contains("Hello from Ulm"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stdout.contains("exit code 3"), "{}", outcome.stdout);
    let message = "Required variable `SHOP_TOKEN` is missing: get one from the administrator";
    assert!(outcome.stderr.contains(message), "{}", outcome.stderr);
    assert!(
        !outcome.stdout.contains("from-a-file"),
        "secrets are masked"
    );
}
