//! `init`

mod asking;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::run::Run;
use crate::config;
use crate::environment::project::FILE_NAMES;
use crate::environment::{Failure, Kind};
use crate::scaffold::{
    Answers, Decided, Draft, Fate, Outcome, Parts, Pipeline, Question, TEMPLATES, Template,
    configuration, decide, existing, files, write,
};
use crate::shell;
use crate::ui::scaffold as view;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack init myapp && cd myapp && poststack env start\n  \
                  poststack init myapp --template fastapi --db-port 5440\n  \
                  poststack init --ci github    # in a project: adds the pipeline\n  \
                  poststack init --list-templates"
)]
pub struct InitArgs {
    /// The folder of the project; it is made when it is not there [default: this one]
    #[arg(value_name = "NAME")]
    name: Option<PathBuf>,
    /// What to begin with [default: the one that is there, else web]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(TEMPLATES.iter().map(|one| one.name)))]
    template: Option<String>,
    /// Show the templates there are
    #[arg(long)]
    list_templates: bool,
    /// Write containers/postgres/, from which the image of the database is then made
    #[arg(long)]
    postgres: bool,
    /// Write containers/postgres/postgres-pod.yaml, a database as a Pod file
    #[arg(long)]
    deploy: bool,
    /// Write both, as is done when neither is named
    #[arg(long)]
    all: bool,
    /// Write a pipeline that checks, plans, migrates and starts the project
    #[arg(long, value_name = "HOST")]
    ci: Option<Pipeline>,
    /// Replace files that are there, of named parts alone; .gitignore and .dockerignore only get lines
    #[arg(long)]
    force: bool,
    /// Take the defaults instead of asking; without a terminal nothing is asked anyway
    #[arg(long)]
    no_interactive: bool,
    #[command(flatten)]
    given: Given,
}

/// Answers given in advance.
#[derive(Debug, Args)]
struct Given {
    /// Name of the project [default: that of the folder]
    #[arg(long, value_name = "NAME")]
    project_name: Option<String>,
    /// What the project is
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Name of its first environment [default: dev]
    #[arg(long, value_name = "NAME")]
    env_name: Option<String>,
    /// Name of the database [default: <project>__<environment>, as SQL needs no quotes for it]
    #[arg(long, value_name = "NAME")]
    db_name: Option<String>,
    /// Port of the database on this machine [default: 5433]
    #[arg(long, value_name = "PORT")]
    db_port: Option<String>,
    /// User of the database [default: <project>_user]
    #[arg(long, value_name = "NAME")]
    db_user: Option<String>,
}

impl Given {
    fn answers(&self) -> impl Iterator<Item = (Question, &String)> {
        let answers = [
            (Question::Project, &self.project_name),
            (Question::Description, &self.description),
            (Question::Environment, &self.env_name),
            (Question::Database, &self.db_name),
            (Question::Port, &self.db_port),
            (Question::User, &self.db_user),
        ];
        answers
            .into_iter()
            .filter_map(|(question, answer)| Some((question, answer.as_ref()?)))
    }
}

pub(super) async fn run(run: &Run, args: InitArgs) -> Result<(), Failure> {
    if args.list_templates {
        run.ui.result(&TEMPLATES, || view::templates(TEMPLATES));
        return Ok(());
    }
    if run.global.config_file.is_some() {
        let message =
            "`init` writes a configuration and reads none: `--config-file` has no meaning";
        return Err(Failure::new(Kind::Usage, message).hint("poststack init FOLDER"));
    }
    let named = args.name.clone().unwrap_or_else(|| PathBuf::from("."));
    let root = folder(&named)?;
    if args.name.is_none() && args.names_parts() {
        is_no_part_of_another(&root)?;
    }
    // Parts are added to the project that is there.
    let is_kept = configuration(&root).is_some() && (args.names_parts() || !args.force);
    let (answers, template) = match is_kept {
        true => kept(run, &args, &root)?,
        false => asking::answers(run, &args, &root).await?,
    };
    let parts = args.parts(is_kept, template, &root);
    let decided = decide(&root, files(&answers, &parts), args.force)?;
    write(&root, &decided)?;
    let outcome = outcome(&named, &answers, &parts, &decided);
    let notes = busy_ports(&answers, &parts, &outcome).into_iter();
    for note in notes.chain(pipeline_out_of_sight(&root, args.ci)) {
        run.ui.note(&note);
    }
    run.ui.end(&outcome, || view::created(&outcome));
    Ok(())
}

impl InitArgs {
    /// Whether parts are asked for by name, which a project gets alone.
    fn names_parts(&self) -> bool {
        self.postgres || self.deploy || self.all || self.ci.is_some()
    }

    fn parts(&self, is_kept: bool, template: Option<Template>, root: &Path) -> Parts {
        let whole = !(is_kept && self.names_parts());
        let postgres = self.postgres || self.all || whole && !self.deploy;
        Parts {
            project: whole,
            template,
            postgres,
            has_database_image: postgres || root.join("containers/postgres/Dockerfile").exists(),
            deploy: self.deploy || self.all || whole && !self.postgres,
            pipeline: self.ci,
        }
    }

    fn template(&self) -> Option<Template> {
        self.template.as_deref().and_then(Template::named)
    }
}

/// The folder that is meant, which may not be there.
fn folder(named: &Path) -> Result<PathBuf, Failure> {
    if named.as_os_str().is_empty() {
        let message = "The name of the folder is empty";
        return Err(Failure::new(Kind::Usage, message).hint("poststack init myapp"));
    }
    let root = Run::working_directory()?.join(named);
    Ok(std::fs::canonicalize(&root).unwrap_or(root))
}

/// That parts are not asked for in a folder of a project, where they would make a second one.
fn is_no_part_of_another(root: &Path) -> Result<(), Failure> {
    let Some(file) = config::find(root).filter(|_| configuration(root).is_none()) else {
        return Ok(());
    };
    let folder = file.parent().unwrap_or(root).display().to_string();
    let message = format!("This folder is a part of the project in `{folder}`");
    Err(Failure::new(Kind::Usage, message)
        .hint(format!("go there: cd {}", shell::word(&folder)))
        .hint("or make a project of its own here: poststack init ."))
}

/// What the configuration that is kept answers. What the command line says otherwise is told.
fn kept(run: &Run, args: &InitArgs, root: &Path) -> Result<(Answers, Option<Template>), Failure> {
    let answers = existing(root, args.given.env_name.as_deref())?;
    let answers = answers.ok_or_else(|| {
        let message = "The configuration of this folder has no environment";
        Failure::new(Kind::Configuration, message).hint("poststack init --force replaces it")
    })?;
    let draft = Draft::new("", Some(answers.clone()));
    let is_other = |(question, text): &(Question, &String)| draft.value(*question) != **text;
    let ignored: Vec<&str> = args
        .given
        .answers()
        .filter(is_other)
        .map(|(it, _)| it.flag())
        .collect();
    if !ignored.is_empty() {
        let ignored = ignored.join(", ");
        run.ui.note(&format!(
            "the configuration is kept, so {ignored} changes nothing; poststack init --force replaces it"
        ));
    }
    let found = || Template::of_folder(root).filter(|_| !args.names_parts());
    Ok((answers, args.template().or_else(found)))
}

fn outcome(named: &Path, answers: &Answers, parts: &Parts, decided: &[Decided]) -> Outcome {
    let paths = |fate| Outcome::paths(decided, fate);
    let mut outcome = Outcome {
        folder: named.display().to_string(),
        project: answers.project.to_string(),
        environment: answers.environment.to_string(),
        template: parts.template.map(|template| template.name),
        written: paths(Fate::Written),
        replaced: paths(Fate::Replaced),
        extended: paths(Fate::Extended),
        kept: paths(Fate::Kept),
        same: paths(Fate::Same),
        next: Vec::new(),
    };
    outcome.next = next(&outcome, answers, parts);
    outcome
}

/// What to type now.
fn next(outcome: &Outcome, answers: &Answers, parts: &Parts) -> Vec<String> {
    let mut commands = Vec::new();
    if outcome.folder != "." {
        // What begins with `-` is an option.
        let here = if outcome.folder.starts_with('-') {
            "./"
        } else {
            ""
        };
        commands.push(format!("cd {here}{}", shell::word(&outcome.folder)));
    }
    commands.push("poststack env start".to_owned());
    if parts.template.is_some_and(|one| one.serves) && is_new(outcome, &env_file(outcome)) {
        let port = answers.web_port();
        commands.push(format!("curl http://127.0.0.1:{port}/"));
    }
    commands
}

fn env_file(outcome: &Outcome) -> String {
    format!("environments/{}.env", outcome.environment)
}

/// Whether the file at `path` is as the template has it.
fn is_new(outcome: &Outcome, path: &str) -> bool {
    let mut new = outcome.written.iter().chain(&outcome.replaced);
    new.any(|one| one == path)
}

/// Two projects on one machine want the same ports; better to learn it now than from the start.
/// Those of files that were there may be held by the project itself.
fn busy_ports(answers: &Answers, parts: &Parts, outcome: &Outcome) -> Vec<String> {
    let env_file = env_file(outcome);
    let web = parts
        .template
        .filter(|one| one.serves && outcome.written.contains(&env_file));
    let web = web.map(|_| {
        (
            answers.web_port(),
            format!("write another `WEB_PORT` into {env_file}"),
        )
    });
    let mut written = outcome.written.iter();
    let database = written.find(|path| FILE_NAMES.contains(&path.as_str()));
    let database = database.map(|file| (answers.port, format!("write another `port` into {file}")));
    let wanted = database.into_iter().chain(web);
    let busy = wanted.filter(|(port, _)| is_busy(*port));
    busy.map(|(port, help)| format!("port {port} is taken on this machine now; {help}"))
        .collect()
}

/// A host looks for its pipelines at the root of a repository alone.
fn pipeline_out_of_sight(root: &Path, pipeline: Option<Pipeline>) -> Option<String> {
    let pipeline = pipeline?;
    let root = std::fs::canonicalize(root).ok()?;
    let repository = root.ancestors().find(|one| one.join(".git").exists())?;
    let below = root.strip_prefix(repository).ok()?.to_str()?;
    let (path, place) = (pipeline.path(), shell::word(below));
    let set = match pipeline {
        Pipeline::Github => format!("`defaults: {{ run: {{ working-directory: {place} }} }}`"),
        Pipeline::Gitlab => {
            format!("`- cd {place}` as the first line of `before_script` and `after_script`")
        }
    };
    (!below.is_empty()).then(|| {
        let repository = repository.display();
        format!(
            "`{path}` is read at the root of the repository alone: \
             move it to `{repository}/{path}`, with {set}"
        )
    })
}

fn is_busy(port: u16) -> bool {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    bound.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
}
