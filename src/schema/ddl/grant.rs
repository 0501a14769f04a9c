//! `GRANT` and `REVOKE`.

use std::collections::BTreeSet;

use super::super::name;
use super::{Kind, Object, ObjectId, Property, Statement};

/// One line of [`Property::Privileges`], taken apart.
struct Line<'a> {
    is_grant: bool,
    privileges: &'a str,
    role: &'a str,
    with_grant_option: bool,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (is_grant, rest, separator) = match line.strip_prefix("GRANT ") {
            Some(rest) => (true, rest, " TO "),
            None => (false, line.strip_prefix("REVOKE ")?, " FROM "),
        };
        let (privileges, role) = rest.split_once(separator)?;
        let bare = role.strip_suffix(" WITH GRANT OPTION");
        Some(Self {
            is_grant,
            privileges,
            role: bare.unwrap_or(role),
            with_grant_option: bare.is_some(),
        })
    }

    fn sql(&self, id: &ObjectId, owner: &str) -> String {
        let role = if self.role == "OWNER" {
            owner
        } else {
            self.role
        };
        let (verb, to) = if self.is_grant {
            ("GRANT", "TO")
        } else {
            ("REVOKE", "FROM")
        };
        let option = if self.with_grant_option {
            " WITH GRANT OPTION"
        } else {
            ""
        };
        format!("{} {to} {role}{option}", self.head(id, verb))
    }

    /// Takes back what the line says.
    fn undo(&self, id: &ObjectId, owner: &str) -> String {
        let opposite = Line {
            is_grant: !self.is_grant,
            with_grant_option: false,
            ..*self
        };
        opposite.sql(id, owner)
    }

    fn head(&self, id: &ObjectId, verb: &str) -> String {
        let privileges = self.privileges;
        match id.kind {
            Kind::Column => {
                let column = id.sql_name();
                let each: Vec<String> = privileges
                    .split(", ")
                    .map(|privilege| format!("{privilege} ({column})"))
                    .collect();
                format!("{verb} {} ON TABLE {}", each.join(", "), id.sql_table())
            }
            Kind::DefaultPrivileges => {
                let (role, objects) = id.name.rsplit_once(" ON ").unwrap_or((&id.name, ""));
                let schema = if id.schema.is_empty() {
                    String::new()
                } else {
                    format!(" IN SCHEMA {}", name::identifier(&id.schema))
                };
                format!(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {role}{schema} {verb} {privileges} ON {objects}"
                )
            }
            _ => format!("{verb} {privileges} ON {}", target(id)),
        }
    }
}

fn target(id: &ObjectId) -> String {
    let name = id.sql();
    match id.kind {
        Kind::Enum | Kind::Composite | Kind::Range => format!("TYPE {name}"),
        Kind::View | Kind::MaterializedView => format!("TABLE {name}"),
        Kind::Aggregate => format!("FUNCTION {}", name.replace("(*)", "()")),
        _ => format!("{} {name}", id.kind.word().to_uppercase()),
    }
}

/// From the privileges of `before` (a new object's, where there is none) to those of `after`.
pub(super) fn change(id: &ObjectId, before: Option<&Object>, after: &Object) -> Vec<Statement> {
    let lines = |object: Option<&Object>| -> BTreeSet<String> {
        let lines = object.map(|object| object.lines(Property::Privileges).map(str::to_owned));
        lines.into_iter().flatten().collect()
    };
    let (before, now) = (lines(before), lines(Some(after)));
    let owner = after.get(Property::Owner);
    let owner = owner.map_or("CURRENT_USER".to_owned(), name::identifier);
    let owner = match id.kind {
        Kind::DefaultPrivileges => id
            .name
            .rsplit_once(" ON ")
            .map_or(owner, |(role, _)| role.to_owned()),
        _ => owner,
    };
    let undone = before
        .difference(&now)
        .filter_map(|line| Some(Line::parse(line)?.undo(id, &owner)));
    let done = now
        .difference(&before)
        .filter_map(|line| Some(Line::parse(line)?.sql(id, &owner)));
    undone
        .chain(done)
        .map(|sql| Statement::new(id, sql))
        .collect()
}
