//! Everything that is neither made nor altered: rights, comments, rows, drops, settings.

use super::made::{dropped, routine_in};
use super::{One, Step};
use crate::migration::syntax::{AstNode, Name, SyntaxKind, Tree, ast};
use crate::text::Span;

/// Whether the statement changes what the statements after it mean.
pub(super) fn is_setting(tree: &Tree) -> bool {
    use ast::Stmt;
    match &tree.statement {
        Stmt::Set(_) | Stmt::Reset(_) | Stmt::SetRole(_) | Stmt::ResetRole(_) => true,
        // As `pg_dump` writes it.
        Stmt::Select(select) => {
            let text = select.syntax().text().to_string().to_lowercase();
            let call = text.trim_start_matches("select").trim_start();
            call.trim_start_matches("pg_catalog.")
                .starts_with("set_config(")
        }
        _ => false,
    }
}

pub(super) fn steps(one: &One<'_>, tree: &Tree) -> Vec<Step> {
    if leaves_no_trace(tree) {
        return Vec::new();
    }
    if is_dropped_again(one, tree) {
        return Vec::new();
    }
    match &tree.statement {
        ast::Stmt::Grant(grant) if goes_along(one, grant.on_privilege_objects_clause()) => {
            Vec::new()
        }
        ast::Stmt::Grant(_) | ast::Stmt::AlterDefaultPrivileges(_) => revoked(one, tree),
        ast::Stmt::CommentOn(comment) if is_on_outer(one, comment) => Vec::new(),
        ast::Stmt::CommentOn(comment) if goes_along(one, comment.comment_object()) => Vec::new(),
        ast::Stmt::CommentOn(_) => {
            vec![one.todo("write the comment that was there before, or `IS NULL`")]
        }
        _ if target(tree).is_some_and(|target| one.has(&target)) => Vec::new(),
        _ => vec![one.todo(what_to_do(&first_words(one)))],
    }
}

/// Whether a `DROP` is about what the migration itself made.
fn is_dropped_again(one: &One<'_>, tree: &Tree) -> bool {
    let names = dropped(tree);
    !names.is_empty() && names.iter().all(|name| one.is_dropped(name))
}

/// A statement that the parser gave up on: large ones are rows.
pub(super) fn unparsed(one: &One<'_>) -> Vec<Step> {
    let words = first_words(one);
    if words.starts_with("insert into") && inserts_into_new(one) {
        return Vec::new();
    }
    vec![one.todo(what_to_do(&words))]
}

fn first_words(one: &One<'_>) -> String {
    let words: Vec<&str> = one
        .statement
        .words
        .iter()
        .map(String::as_str)
        .take(3)
        .collect();
    words.join(" ")
}

/// The name ends where the columns or the rows begin.
fn inserts_into_new(one: &One<'_>) -> bool {
    let head = one.text().split('(').next().unwrap_or_default().trim_end();
    let is_values = |at: usize| {
        head.get(at..)
            .is_some_and(|end| end.eq_ignore_ascii_case("values"))
    };
    let head = match head.len().checked_sub("values".len()) {
        Some(at) if is_values(at) => head.get(..at).unwrap_or_default(),
        _ => head,
    };
    let tree = Tree::of(&format!("{head} DEFAULT VALUES"), 0).filter(Tree::is_whole);
    let target = tree.and_then(|tree| target(&tree));
    target.is_some_and(|target| one.has(&target))
}

fn what_to_do(words: &str) -> String {
    let what = match words.split(' ').next().unwrap_or_default() {
        "insert" | "copy" => "delete the rows that were inserted",
        "update" | "merge" => "restore the values that were changed",
        "delete" => "insert the rows again that were deleted",
        "truncate" => "insert the rows again; they are lost",
        "drop" => "make again what was dropped",
        "revoke" => "grant the rights again that were there before",
        "select" | "call" | "do" => {
            "take back what the code did, or remove this line if it changed nothing"
        }
        _ => "take back what the statement did",
    };
    what.to_owned()
}

/// The one thing that a statement alters or changes the rows of.
fn target(tree: &Tree) -> Option<Name> {
    use ast::Stmt;
    let first = tree.statement.syntax().first_token();
    if first.is_some_and(|token| token.kind() == SyntaxKind::ALTER_KW) {
        let routine = routine_in(tree.statement.syntax());
        return routine.or_else(|| Name::first_in(&tree.statement));
    }
    match &tree.statement {
        Stmt::Insert(it) => Name::of(&it.relation_name_ref()?),
        Stmt::Update(it) => Name::of(&it.relation_name()?),
        Stmt::Delete(it) => Name::of(&it.relation_name()?),
        Stmt::Merge(it) => Name::of(&it.table_relation_name()?),
        _ => None,
    }
}

/// Whether everything that is named was made by the migration: a name, or the table of a column.
fn goes_along(one: &One<'_>, node: Option<impl AstNode>) -> bool {
    let Some(node) = node else {
        return false;
    };
    let routine = routine_in(node.syntax());
    let names = routine.map_or_else(|| Name::all_in(&node), |routine| vec![routine]);
    let is_made = |name: &Name| {
        let owner = name
            .as_str()
            .rsplit_once('.')
            .map(|(owner, _)| Name::from_folded(owner));
        one.has(name) || owner.is_some_and(|owner| one.has(&owner))
    };
    !names.is_empty() && names.iter().all(is_made)
}

fn is_on_outer(one: &One<'_>, comment: &ast::CommentOn) -> bool {
    let name = match comment.comment_object() {
        Some(ast::CommentObject::ObjectSchema(it)) => it.schema_ref().and_then(|it| Name::of(&it)),
        Some(ast::CommentObject::ObjectExtension(it)) => {
            it.extension_ref().and_then(|it| Name::of(&it))
        }
        _ => None,
    };
    name.is_some_and(|name| one.made.has_outer(&name))
}

/// `GRANT … TO` becomes `REVOKE … FROM`, without what follows `WITH`.
fn revoked(one: &One<'_>, tree: &Tree) -> Vec<Step> {
    let tokens = tree.statement.syntax().descendants_with_tokens();
    let tokens: Vec<_> = tokens.filter_map(|element| element.into_token()).collect();
    let find = |kind: SyntaxKind| tokens.iter().find(|token| token.kind() == kind);
    let (Some(grant), Some(to)) = (find(SyntaxKind::GRANT_KW), find(SyntaxKind::TO_KW)) else {
        return vec![one.todo("take back what the statement did")];
    };
    let (grant, to) = (tree.token_span(grant), tree.token_span(to));
    let with = tokens
        .iter()
        .find(|token| token.kind() == SyntaxKind::WITH_KW && tree.token_span(token).start > to.end);
    let with = with.map(|token| tree.token_span(token).start);
    // Not a comment, which would swallow the semicolon.
    let words = tokens.iter().filter(|token| !token.kind().is_trivia());
    let end = words
        .map(|token| tree.token_span(token).end)
        .filter(|end| with.is_none_or(|with| *end <= with))
        .max()
        .unwrap_or(to.end);
    let slice = |start, end| one.source.slice(Span::new(start, end));
    let sql = [
        slice(one.statement.span.start, grant.start),
        "REVOKE",
        slice(grant.end, to.start),
        "FROM",
        slice(to.end, end),
    ]
    .concat();
    vec![Step::sql(sql)]
}

/// Statements after which the database is what it was.
fn leaves_no_trace(tree: &Tree) -> bool {
    use ast::Stmt;
    match &tree.statement {
        Stmt::Select(select) => !select.syntax().text().to_string().contains('('),
        Stmt::Copy(copy) => matches!(copy.copy_direction(), Some(ast::CopyDirection::CopyTo(_))),
        other => matches!(
            other,
            Stmt::Analyze(_)
                | Stmt::Begin(_)
                | Stmt::Checkpoint(_)
                | Stmt::Cluster(_)
                | Stmt::Commit(_)
                | Stmt::Discard(_)
                | Stmt::Listen(_)
                | Stmt::Lock(_)
                | Stmt::Notify(_)
                | Stmt::Refresh(_)
                | Stmt::Reindex(_)
                | Stmt::ReleaseSavepoint(_)
                | Stmt::Rollback(_)
                | Stmt::SavepointCreate(_)
                | Stmt::SetConstraints(_)
                | Stmt::SetTransaction(_)
                | Stmt::Show(_)
                | Stmt::Unlisten(_)
                | Stmt::Vacuum(_)
        ),
    }
}
