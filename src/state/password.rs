//! Generated passwords: made once per environment, stable until the file is removed, never made
//! again in silence.

use std::path::Path;

use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use super::{State, StateError, files};
use crate::names::EnvironmentName;
use crate::secret::Secret;

/// Letters and digits only: safe in URLs, shells and connection strings. 32 of them carry 190 bits.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 32;
const FORMAT: u32 = 1;
const REPAIR: &str = "restore it from a copy, or remove it to get a new password, which the next \
                      start sets in the database";

#[derive(Serialize, Deserialize)]
struct SecretsFile {
    v: u32,
    postgres_password: String,
}

impl State {
    /// The generated database password of an environment, or `None` when none was made yet.
    ///
    /// # Errors
    /// [`StateError::Damaged`] for a file that holds no password, [`StateError::Read`].
    pub fn password(&self, environment: &EnvironmentName) -> Result<Option<Secret>, StateError> {
        let path = self.folder.join("secrets").join(file_name(environment));
        self.read(&path)?
            .map(|text| parse(&path, &text))
            .transpose()
    }

    /// The generated database password of an environment, made now when there is none. However
    /// many processes ask at once, all get the same one.
    ///
    /// # Errors
    /// As [`State::password`], and [`StateError::Create`] or [`StateError::Write`].
    pub fn password_or_generate(
        &self,
        environment: &EnvironmentName,
    ) -> Result<Secret, StateError> {
        if let Some(password) = self.password(environment)? {
            return Ok(password);
        }
        let path = self.ensure_inside("secrets")?.join(file_name(environment));
        let password = generate()?;
        if files::create_once(&path, &render(&password))? {
            return Ok(password);
        }
        // Another process was quicker; its password is the one.
        self.password(environment)?
            .ok_or_else(|| damaged(&path, "it vanished while it was read"))
    }

    /// Keeps `password` as the one of an environment whose database others made, in place of an
    /// earlier one.
    ///
    /// # Errors
    /// [`StateError::Create`] or [`StateError::Write`].
    pub fn keep_password(
        &self,
        environment: &EnvironmentName,
        password: &Secret,
    ) -> Result<(), StateError> {
        let path = self.ensure_inside("secrets")?.join(file_name(environment));
        files::replace(&path, &render(password))
    }

    /// Removes the generated password of an environment.
    ///
    /// # Errors
    /// [`StateError::Write`].
    pub fn forget_password(&self, environment: &EnvironmentName) -> Result<(), StateError> {
        files::remove(&self.folder.join("secrets").join(file_name(environment)))
    }
}

fn file_name(environment: &EnvironmentName) -> String {
    format!("{environment}.json")
}

fn generate() -> Result<Secret, StateError> {
    // 256 is no multiple of 62: bytes from 248 on are dropped so that every character is as likely.
    let mut password = String::with_capacity(LENGTH);
    while password.len() < LENGTH {
        let mut bytes = [0; 2 * LENGTH];
        OsRng
            .try_fill_bytes(&mut bytes)
            .map_err(|error| StateError::Random(error.to_string()))?;
        let characters = bytes
            .iter()
            .filter(|&&byte| byte < 248)
            .filter_map(|&byte| ALPHABET.get(usize::from(byte) % ALPHABET.len()))
            .map(|&character| char::from(character));
        password.extend(characters.take(LENGTH - password.len()));
    }
    Ok(Secret::new(password))
}

fn render(password: &Secret) -> String {
    let file = serde_json::json!({ "v": FORMAT, "postgres_password": password.expose() });
    format!("{file:#}\n")
}

fn parse(path: &Path, text: &str) -> Result<Secret, StateError> {
    // The message of the parser is not shown: it may quote the password.
    let file: SecretsFile = serde_json::from_str(text).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        damaged(path, format!("no secrets file of poststack, see {place}"))
    })?;
    if file.v != FORMAT {
        let problem = format!(
            "format {} is not known to this version of poststack",
            file.v
        );
        return Err(damaged(path, problem));
    }
    if file.postgres_password.is_empty() {
        return Err(damaged(path, "its password is empty"));
    }
    Ok(Secret::new(file.postgres_password))
}

fn damaged(path: &Path, problem: impl Into<String>) -> StateError {
    StateError::Damaged {
        path: path.to_path_buf(),
        problem: problem.into(),
        repair: REPAIR,
    }
}
