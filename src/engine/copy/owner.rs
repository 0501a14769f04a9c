//! Whom a new file in a container belongs to: the user its program runs as.
//!
//! Names are looked up in the container's own `/etc/passwd` and `/etc/group`, which needs no
//! program in it.

use std::io::Read;

use crate::engine::wire::Call;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// User and group of `written`, the engine's `user[:group]`; root where it says nothing or
    /// names somebody whom the container does not know.
    pub(super) async fn owner_in(
        &self,
        container: &str,
        written: &str,
    ) -> Result<(u32, u32), EngineError> {
        let (user, group) = match written.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (written, None),
        };
        if user.is_empty() {
            return Ok((0, 0));
        }
        let number = |text: &str| text.parse::<u32>().ok();
        if let (Some(user), Some(group)) = (number(user), group.and_then(number)) {
            return Ok((user, group));
        }
        let users = self.text_in(container, "/etc/passwd").await?;
        let (id, own_group) = account(&users, user).unwrap_or((number(user).unwrap_or(0), 0));
        let Some(group) = group else {
            return Ok((id, own_group));
        };
        let groups = self.text_in(container, "/etc/group").await?;
        Ok((
            id,
            number(group).or(third(&groups, group)).unwrap_or(own_group),
        ))
    }

    /// The text of a file in the container; empty when there is none.
    async fn text_in(&self, container: &str, path: &str) -> Result<String, EngineError> {
        let action = format!("read `{path}` of container `{container}`");
        let call = Call::get(&format!("/containers/{container}/archive"), action);
        let answer = match self.wire.call(call.query("path", path)).await {
            Ok(answer) => answer.bytes().await?,
            Err(error) if error.is_not_found() => return Ok(String::new()),
            Err(error) => return Err(error),
        };
        let mut archive = tar::Archive::new(answer.as_ref());
        let first = archive
            .entries()
            .ok()
            .and_then(|mut entries| entries.next());
        let mut text = Vec::new();
        if let Some(Ok(mut file)) = first {
            // What cannot be read names nobody.
            let _ = file.read_to_end(&mut text);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// User and group of a name or number in `passwd(5)`.
fn account(users: &str, wanted: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id, group) = (fields.next()?, fields.nth(1)?, fields.next()?);
        let found = name == wanted || id == wanted;
        found.then_some((id.parse().ok()?, group.parse().ok()?))
    })
}

/// The number of a name in `group(5)`.
fn third(groups: &str, wanted: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == wanted;
        found.then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n";

    #[test]
    fn an_account_is_found_by_name_and_by_number() {
        assert_eq!(account(USERS, "app"), Some((1000, 1001)));
        assert_eq!(account(USERS, "1000"), Some((1000, 1001)));
        assert_eq!(account(USERS, "nobody"), None);
        assert_eq!(account("broken\napp:x:no:1\n", "app"), None);
    }

    #[test]
    fn a_group_is_found_by_name() {
        assert_eq!(third("root:x:0:\nweb:x:33:app\n", "web"), Some(33));
        assert_eq!(third("root:x:0:\n", "web"), None);
    }
}
