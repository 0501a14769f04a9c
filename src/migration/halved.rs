//! Files of other tools that hold the way there and the way back, known by their comments. Run as one
//! script they would undo what they do.

/// A tool that keeps the way there and the way back in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halved {
    Dbmate,
    Goose,
    SqlMigrate,
}

impl Halved {
    /// From a line comment, with its dashes.
    pub fn read(comment: &str) -> Option<Self> {
        let said = comment.strip_prefix("--")?.trim_start();
        let word = said.split(char::is_whitespace).next()?;
        match word {
            "migrate:up" | "migrate:down" => Some(Self::Dbmate),
            "+goose" => Some(Self::Goose),
            "+migrate" => Some(Self::SqlMigrate),
            _ => None,
        }
    }
}
