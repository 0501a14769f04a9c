//! `env list`

use crate::cli::run::Run;
use crate::environment::failure::Failure;
use crate::environment::list::list;
use crate::ui::view;

pub async fn run(run: &Run) -> Result<(), Failure> {
    let project = run.project()?;
    // Without an engine the list still says what there is.
    let engine = run.engine().await.ok();
    let listed = list(&project, engine.as_ref()).await;
    run.ui.result(&listed, || view::list(&listed));
    Ok(())
}
