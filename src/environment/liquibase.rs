//! What Liquibase says when it fails, found in the log of its container: the line that names the
//! change set, with the reason below it. The last lines of a log alone may all be SQL.

/// Opens the line that tells of the failure.
const FAULT: &str = "Unexpected error running Liquibase:";

/// Lines of a log that are looked through; a failing statement may be long.
pub(super) const LINES: usize = 500;

/// The failure in one line; `None` when nothing of Liquibase's is among `lines`.
pub(super) fn reason(lines: &[String]) -> Option<String> {
    let mut lines = lines.iter().map(|line| line.trim()).rev();
    let mut below = "";
    let fault = lines.find_map(|line| {
        let fault = line.strip_prefix(FAULT);
        if fault.is_none() {
            below = line;
        }
        fault
    })?;
    let fault = fault.trim();
    let Some(reason) = below.strip_prefix("Reason: ") else {
        return Some(fault.trim_end_matches(':').to_owned());
    };
    // In front of what the server said stands the class of the exception.
    let said = reason.split_once("Exception: ");
    Some(format!("{fault} {}", said.map_or(reason, |(_, said)| said)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(log: &str) -> Option<String> {
        let lines: Vec<String> = log.lines().map(str::to_owned).collect();
        reason(&lines)
    }

    #[test]
    fn the_change_set_and_what_the_server_said_make_one_line() {
        let log = "Running Changeset: db/a.sql::4::grace\nERROR: Exception Details\n\nUnexpected error running Liquibase: Migration failed for changeset db/a.sql::4::grace:\n     Reason: liquibase.exception.DatabaseException: ERROR: relation \"b\" does not exist\n  Position: 13 [Failed SQL: (0) insert\ninto\nb]\n\nFor more information, please use the --log-level flag\n";
        assert_eq!(
            of(log).unwrap(),
            "Migration failed for changeset db/a.sql::4::grace: ERROR: relation \"b\" does not exist"
        );
    }

    #[test]
    fn a_fault_of_a_file_has_no_reason_below_it() {
        let log = "Unexpected error running Liquibase: The file db/b.yaml was not found in the configured search path:\n    - /changelog\n";
        assert_eq!(
            of(log).unwrap(),
            "The file db/b.yaml was not found in the configured search path"
        );
    }

    #[test]
    fn the_log_of_another_program_has_none() {
        assert_eq!(of("psql: error\nReason: none\n"), None);
        assert_eq!(of(""), None);
    }
}
