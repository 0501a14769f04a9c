//! `doctor`

use super::run::Run;
use crate::doctor::examine;
use crate::environment::project::Location;
use crate::environment::{Failure, Kind};
use crate::settings::process_environment;
use crate::ui::{db, doctor};

pub(super) async fn run(run: &Run) -> Result<(), Failure> {
    let directory = Run::working_directory()?;
    let location = Location {
        config_file: run.global.config_file.as_deref(),
        working_directory: &directory,
    };
    let connected = run.connect().await;
    let report = examine(&location, process_environment(), run.settings(), connected).await;
    run.ui.checked(&report, &[], || doctor::report(&report));
    match report.errors {
        0 => Ok(()),
        errors => {
            let message = format!("The doctor found {}", db::count(errors, "fault"));
            Err(Failure::new(Kind::Failed, message))
        }
    }
}
