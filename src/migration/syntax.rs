//! Statements as syntax trees, for whoever looks inside them: lint and derived rollbacks.
//!
//! What the parser does not understand is nobody's fault: the server is the judge of SQL. It must
//! not decide what is sent.

use squawk_lexer::{TokenKind, tokenize};
use squawk_syntax::SourceFile;

use super::Statement;
use crate::text::{Source, Span};

#[cfg(test)]
mod tests;

pub use squawk_syntax::ast;
pub use squawk_syntax::ast::AstNode;
pub use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

/// The parser and its trees recurse: what is larger or deeper than this could exhaust the stack.
const MOST_TOKENS: usize = 20_000;
/// Brackets and `CASE`s within each other.
const DEEPEST: usize = 60;
/// Tokens that may lie within each other: operators, clauses.
const LONGEST_RUN: usize = 1_000;

/// One statement as a tree.
#[derive(Debug, Clone)]
pub struct Tree {
    pub statement: ast::Stmt,
    /// Where the statement begins in its file, in bytes.
    start: usize,
    /// Where the parser was first at a loss, in bytes of the file.
    first_fault: Option<usize>,
}

impl Tree {
    /// `None` when there is nothing to be seen in it: too large, too deep, or not one statement.
    #[must_use]
    pub fn parse(source: &Source, statement: &Statement) -> Option<Self> {
        Self::of(source.slice(statement.span), statement.span.start)
    }

    /// The one statement that `text` is, which begins at byte `start` of its file.
    pub(super) fn of(text: &str, start: usize) -> Option<Self> {
        if !is_parsable(text) {
            return None;
        }
        let parse = SourceFile::parse(text);
        let mut statements = parse.tree().stmts();
        let (Some(first), None) = (statements.next(), statements.next()) else {
            return None;
        };
        let faults = parse.errors();
        let first_fault = faults
            .iter()
            .map(|f| start + usize::from(f.range().start()));
        Some(Self {
            statement: first,
            start,
            first_fault: first_fault.min(),
        })
    }

    /// Whether the parser understood everything up to the end of `node`.
    #[must_use]
    pub fn understands(&self, node: &impl AstNode) -> bool {
        let end = self.span(node).end;
        self.first_fault.is_none_or(|fault| fault > end)
    }

    /// Whether the parser understood the whole statement.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.first_fault.is_none()
    }

    /// Where `node` lies in its file, without the space around it.
    #[must_use]
    pub fn span(&self, node: &impl AstNode) -> Span {
        self.node_span(node.syntax())
    }

    /// As [`Tree::span`].
    #[must_use]
    pub fn node_span(&self, node: &SyntaxNode) -> Span {
        let tokens = node.descendants_with_tokens();
        let mut tokens = tokens
            .filter_map(|element| element.into_token())
            .filter(|token| !token.kind().is_trivia());
        let Some(first) = tokens.next() else {
            return Span::at(self.start + usize::from(node.text_range().start()));
        };
        let first = self.token_span(&first);
        let end = tokens
            .last()
            .map_or(first.end, |last| self.token_span(&last).end);
        Span::new(first.start, end)
    }

    /// Where `token` lies in its file.
    #[must_use]
    pub fn token_span(&self, token: &SyntaxToken) -> Span {
        let range = token.text_range();
        let start = self.start + usize::from(range.start());
        Span::new(start, start + usize::from(range.len()))
    }
}

/// Whether the tree of `text` stays shallow. It is at most as deep as the brackets around a place
/// and the tokens since the last comma on each of their levels.
fn is_parsable(text: &str) -> bool {
    let mut run = 0_usize;
    let mut outer = Vec::new();
    let mut cases = 0_usize;
    let mut at = 0;
    for (count, token) in tokenize(text).enumerate() {
        let start = at;
        at += token.len as usize;
        run += usize::from(!is_blank(token.kind));
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => outer.push(run),
            TokenKind::CloseParen | TokenKind::CloseBracket => run = outer.pop().unwrap_or(run),
            TokenKind::Comma | TokenKind::Semi => run = outer.last().copied().unwrap_or_default(),
            TokenKind::Ident => match text.get(start..at) {
                Some(word) if word.eq_ignore_ascii_case("case") => cases += 1,
                Some(word) if word.eq_ignore_ascii_case("end") => cases = cases.saturating_sub(1),
                _ => {}
            },
            _ => {}
        }
        if outer.len() + cases > DEEPEST || run > LONGEST_RUN || count > MOST_TOKENS {
            return false;
        }
    }
    true
}

fn is_blank(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. }
    )
}

/// A possibly qualified name as the server folds it: unquoted letters are small.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// The first name in `node`; `public.` says nothing and is left out.
    #[must_use]
    pub fn first_in(node: &impl AstNode) -> Option<Self> {
        let path = node
            .syntax()
            .descendants()
            .find(|node| matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF))?;
        Some(Self::of_path(&path))
    }

    /// The first name in `node`, or the word that it is, as SQL: with its quotes and its schema.
    #[must_use]
    pub fn written(node: &impl AstNode) -> String {
        let node = node.syntax();
        let is_path =
            |node: &SyntaxNode| matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF);
        let path = node.descendants().find(is_path);
        let text = path.map_or_else(|| node.text().to_string(), |path| path.text().to_string());
        text.trim().to_owned()
    }

    /// The name that `node` is: a path, or one word.
    #[must_use]
    pub fn of(node: &impl AstNode) -> Option<Self> {
        let word = || ast::normalize_name_node(node.syntax());
        let name = Self::first_in(node).unwrap_or_else(|| Self(word()));
        (!name.0.is_empty()).then_some(name)
    }

    /// A name that is written the way the server folds it.
    pub(super) fn from_folded(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name within `schema`.
    pub(super) fn within(&self, schema: &str) -> Self {
        Self(format!("{schema}.{}", self.0))
    }

    /// Every name in `node`, without the types of arguments.
    pub(super) fn all_in(node: &impl AstNode) -> Vec<Self> {
        let is_path = |kind| matches!(kind, SyntaxKind::PATH | SyntaxKind::PATH_REF);
        let is_within = |node: &SyntaxNode, what: fn(SyntaxKind) -> bool| {
            node.ancestors()
                .skip(1)
                .any(|ancestor| what(ancestor.kind()))
        };
        let paths = node.syntax().descendants().filter(|node| {
            let is_part = is_within(node, is_path);
            is_path(node.kind())
                && !is_part
                && !is_within(node, |kind| kind == SyntaxKind::PARAM_LIST)
        });
        paths.map(|path| Self::of_path(&path)).collect()
    }

    fn of_path(path: &SyntaxNode) -> Self {
        let is_segment = |node: &SyntaxNode| {
            matches!(
                node.kind(),
                SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF
            )
        };
        let segments = path.descendants().filter(is_segment);
        let parts: Vec<String> = segments.map(|s| ast::normalize_name_node(&s)).collect();
        let parts = match parts.as_slice() {
            [schema, rest @ ..] if schema == "public" && !rest.is_empty() => rest,
            all => all,
        };
        Self(parts.join("."))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
