//! `db query SQL`

use std::io::Read;

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::query::{source, stream};
use crate::environment::{Failure, Kind};
use crate::ui::Answers;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack db query 'SELECT count(*) FROM users' dev\n  \
                        poststack db query --format json 'TABLE users' > users.json\n  \
                        poststack db query - staging < report.sql\n\n\
                        Needs no psql. Several statements are one transaction, unless they say \
                        otherwise."
)]
pub(super) struct QueryArgs {
    /// The SQL, or `-` to read it from standard input
    #[arg(value_name = "SQL", allow_hyphen_values = true)]
    sql: String,
    #[command(flatten)]
    environment: OnEnvironment,
}

pub(super) async fn run(db: &Db<'_>, args: &QueryArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let source = match args.sql.as_str() {
        "-" => source("standard input", &read_input()?),
        sql => source("query", sql),
    };
    db.log(&source.text);
    let mut answers = Answers::new(&db.run.ui);
    let outcome = stream(&target, &source, |answer| answers.show(&answer)).await;
    answers.end(outcome)
}

fn read_input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|error| Failure::new(Kind::Usage, "Standard input holds no text").because(error))?;
    Ok(text)
}
