//! The answers for a new configuration: from the command line, then from whoever sits at the
//! terminal, then the defaults.

use std::path::Path;

use super::InitArgs;
use crate::cli::run::Run;
use crate::environment::{Failure, Kind};
use crate::scaffold::{Answers, Draft, Question, Refusal, TEMPLATES, Template, existing};

/// Asks what the command line leaves open, where somebody can be asked.
pub(super) async fn answers(
    run: &Run,
    args: &InitArgs,
    root: &Path,
) -> Result<(Answers, Option<Template>), Failure> {
    let folder = root.file_name().unwrap_or_default().to_string_lossy();
    // A faulty configuration is replaced like another one; it only gives no defaults.
    let former = existing(root, None).unwrap_or_default();
    let mut draft = Draft::new(&folder, former);
    for (question, text) in args.given.answers() {
        let taken = draft.answer(question, text);
        taken.map_err(|refusal| unusable(&refusal))?;
    }
    let found = Template::of_folder(root).or(TEMPLATES.first().copied());
    let mut template = args.template();
    if !args.no_interactive && run.ui.can_ask() {
        for question in Question::ALL {
            ask(run, &mut draft, question).await?;
        }
        if template.is_none() {
            template = Some(ask_template(run, found).await?);
        }
    }
    let answers = draft.finish().map_err(|refusal| unusable(&refusal))?;
    Ok((answers, template.or(found)))
}

/// Asks until there is an answer that can be used; an empty one is the default.
async fn ask(run: &Run, draft: &mut Draft, question: Question) -> Result<(), Failure> {
    let mut lines = Vec::new();
    while !draft.is_answered(question) {
        let default = draft.value(question);
        let text = line(run, &lines, question.words(), &default).await?;
        if let Err(refusal) = draft.answer(question, &text) {
            lines = refused(&refusal.message, refusal.help.as_deref());
        }
    }
    Ok(())
}

async fn ask_template(run: &Run, default: Option<Template>) -> Result<Template, Failure> {
    let summary = |one: &Template| format!("  {:<11} {}", one.name, one.summary);
    let mut lines: Vec<String> = TEMPLATES.iter().map(summary).collect();
    let default = default.map_or("", |one| one.name);
    loop {
        let text = line(run, &lines, "Template", default).await?;
        match Template::named(&text) {
            Some(template) => return Ok(template),
            None => lines = refused(&format!("There is no template `{text}`"), None),
        }
    }
}

/// One answer, `default` for an empty one.
async fn line(run: &Run, lines: &[String], words: &str, default: &str) -> Result<String, Failure> {
    let answer = run.ui.ask(lines, &format!("{words} [{default}]: ")).await;
    let answer = answer.ok_or_else(|| {
        let message = "The questions were not answered; nothing was written";
        Failure::new(Kind::Failed, message)
            .hint("to take the defaults: poststack init --no-interactive")
    })?;
    Ok(match answer.trim() {
        "" => default.to_owned(),
        text => text.to_owned(),
    })
}

fn refused(message: &str, help: Option<&str>) -> Vec<String> {
    let help = help.map(|help| format!("  {help}"));
    [message.to_owned()].into_iter().chain(help).collect()
}

/// An answer of the command line that cannot be used.
fn unusable(refusal: &Refusal) -> Failure {
    let flag = refusal.question.flag();
    let failure = Failure::new(Kind::Usage, format!("{flag}: {refusal}"));
    match &refusal.help {
        Some(help) => failure.hint(help),
        None => failure,
    }
}
