//! Two trees of Compose files → one, by the rules of Compose
//! (<https://github.com/compose-spec/compose-spec/blob/main/13-merge.md>).
//!
//! Single values replace, mappings merge, lists grow. Knows nothing of files: what the trees are and
//! where they come from is decided elsewhere. Items of lists are told apart in [`super::item`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::item::Key;
use crate::diagnostic::{Diagnostic, Place};
use crate::text::{Sources, Span};
use crate::yaml::{Entry, Mapping, Node, Style, Value};

/// The tag of a value that takes away what it would be merged onto.
pub(super) const RESET: &str = "!reset";
/// The tag of a value that replaces what it would be merged onto.
pub(super) const OVERRIDE: &str = "!override";

/// How the two values at one path become one.
#[derive(Clone, Copy)]
enum Rule {
    Replace,
    /// `NAME=value` by name, as a list or as a mapping.
    Pairs,
    /// A list; a later item takes the place of an earlier one with the same key.
    List(Key),
    /// As [`Rule::List`], or a single value.
    Words(Key),
    /// `host=address`, as a list or as a mapping; a host may have several addresses.
    Hosts,
    /// Names, as a list or as the keys of a mapping.
    Names,
    /// As [`Rule::Names`], and a listed name stands for the defaults of `depends_on`.
    Dependencies,
    /// A path stands for `{context: path}`.
    Build,
    /// Options merge for one driver only.
    Logging,
    /// `ipam.config`: by subnet.
    Subnets,
    /// A number, or a mapping that merges.
    Limit,
}

/// Paths with a rule of their own; `*` is any key.
const RULES: &[(&str, Rule)] = &[
    ("networks.*.ipam.config", Rule::Subnets),
    ("networks.*.labels", Rule::Pairs),
    ("services.*.annotations", Rule::Pairs),
    ("services.*.build", Rule::Build),
    ("services.*.build.additional_contexts", Rule::Pairs),
    ("services.*.build.args", Rule::Pairs),
    ("services.*.build.cache_from", Rule::List(Key::Text)),
    ("services.*.build.cache_to", Rule::List(Key::Text)),
    ("services.*.build.extra_hosts", Rule::Hosts),
    ("services.*.build.labels", Rule::Pairs),
    ("services.*.build.platforms", Rule::List(Key::Text)),
    ("services.*.build.tags", Rule::List(Key::Text)),
    ("services.*.build.ulimits.*", Rule::Limit),
    ("services.*.cap_add", Rule::List(Key::Text)),
    ("services.*.cap_drop", Rule::List(Key::Text)),
    ("services.*.command", Rule::Replace),
    ("services.*.configs", Rule::List(Key::File { folder: "/" })),
    ("services.*.depends_on", Rule::Dependencies),
    ("services.*.deploy.labels", Rule::Pairs),
    ("services.*.device_cgroup_rules", Rule::List(Key::Text)),
    ("services.*.devices", Rule::List(Key::Target)),
    ("services.*.dns", Rule::Words(Key::Text)),
    ("services.*.dns_opt", Rule::List(Key::Text)),
    ("services.*.dns_search", Rule::Words(Key::Text)),
    ("services.*.entrypoint", Rule::Replace),
    ("services.*.env_file", Rule::Words(Key::Path)),
    ("services.*.environment", Rule::Pairs),
    ("services.*.expose", Rule::List(Key::Text)),
    ("services.*.external_links", Rule::List(Key::Text)),
    ("services.*.extra_hosts", Rule::Hosts),
    ("services.*.group_add", Rule::List(Key::Text)),
    ("services.*.healthcheck.test", Rule::Replace),
    ("services.*.label_file", Rule::Words(Key::Path)),
    ("services.*.labels", Rule::Pairs),
    ("services.*.links", Rule::List(Key::Text)),
    ("services.*.logging", Rule::Logging),
    ("services.*.networks", Rule::Names),
    ("services.*.networks.*.aliases", Rule::List(Key::Text)),
    (
        "services.*.networks.*.link_local_ips",
        Rule::List(Key::Text),
    ),
    ("services.*.profiles", Rule::List(Key::Text)),
    (
        "services.*.secrets",
        Rule::List(Key::File {
            folder: "/run/secrets/",
        }),
    ),
    ("services.*.security_opt", Rule::List(Key::Text)),
    ("services.*.sysctls", Rule::Pairs),
    ("services.*.tmpfs", Rule::Words(Key::BeforeColon)),
    ("services.*.ulimits.*", Rule::Limit),
    ("services.*.volumes", Rule::List(Key::Target)),
    ("services.*.volumes_from", Rule::List(Key::Text)),
    ("volumes.*.labels", Rule::Pairs),
];

/// Merges trees whose spans lie in `sources`.
pub(super) struct Merger<'a> {
    sources: &'a Sources,
    path: Vec<Arc<str>>,
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Merger<'a> {
    /// A merger of values at `path`: nothing for whole files, `services.*` for services.
    pub fn new(sources: &'a Sources, path: &[&str]) -> Self {
        Self {
            sources,
            path: path.iter().map(|key| Arc::from(*key)).collect(),
            diagnostics: Vec::new(),
        }
    }

    /// `over` merged onto `base`. What is tagged in `over` stays tagged, for a further merge onto
    /// something that lies under both; [`settle`] ends that.
    pub fn merge(&mut self, base: Node, over: Node) -> Node {
        if is_tagged(&over, RESET) || is_tagged(&over, OVERRIDE) {
            return over;
        }
        match self.rule() {
            Some(rule) => self.by_rule(rule, base, over),
            None => self.plainly(base, over),
        }
    }

    fn rule(&self) -> Option<Rule> {
        let matches = |pattern: &str| {
            let mut keys = self.path.iter();
            let all = pattern.split('.').all(|part| {
                let key = keys.next();
                key.is_some_and(|key| part == "*" || part == &**key)
            });
            all && keys.next().is_none()
        };
        let found = RULES.iter().find(|(pattern, _)| matches(pattern));
        found.map(|(_, rule)| *rule)
    }

    fn plainly(&mut self, base: Node, over: Node) -> Node {
        if over.is_null() {
            return base;
        }
        let (base, over) = match (base, over) {
            (
                Node {
                    value: Value::Mapping(base),
                    ..
                },
                Node {
                    value: Value::Mapping(over),
                    span,
                    tag,
                },
            ) => return with(span, tag, Value::Mapping(self.mappings(base, over))),
            (
                Node {
                    value: Value::Sequence(mut base),
                    ..
                },
                Node {
                    value: Value::Sequence(over),
                    span,
                    tag,
                },
            ) => {
                base.extend(over);
                return with(span, tag, Value::Sequence(base));
            }
            pair => pair,
        };
        if base.as_mapping().is_some() || base.as_sequence().is_some() {
            self.differ(&base, &over);
        }
        over
    }

    /// A mapping or a list cannot become something else on the way.
    fn differ(&mut self, base: &Node, over: &Node) {
        let path = self.path.join(".");
        let (is, was) = (over.kind(), base.kind());
        let message = format!("`{path}` is {is} here, and {was} where it is written first");
        let related = (self.place(base.span), format!("{was} here"));
        let mut diagnostic = Diagnostic::error(message)
            .at_place(self.place(over.span))
            .help("write it in the same form, or replace it as a whole with the tag `!override`");
        diagnostic.related.push(related);
        self.diagnostics.push(diagnostic);
    }

    /// The first line of what `span` marks.
    fn place(&self, span: Span) -> Place {
        let line = self.sources.slice(span).lines().next().unwrap_or_default();
        let end = span.start + line.trim_end().len();
        Place::within(self.sources, Span::new(span.start, end))
    }

    fn mappings(&mut self, base: Mapping, over: Mapping) -> Mapping {
        let mut entries = base.entries;
        let known = entries.iter().enumerate();
        let known: HashMap<Arc<str>, usize> =
            known.map(|(at, one)| (one.key.clone(), at)).collect();
        for entry in over.entries {
            let same = known.get(&entry.key).and_then(|at| entries.get_mut(*at));
            let Some(same) = same else {
                entries.push(entry);
                continue;
            };
            self.path.push(entry.key.clone());
            let empty = Node::scalar(same.value.span, "", Style::Plain);
            let earlier = std::mem::replace(&mut same.value, empty);
            same.value = self.merge(earlier, entry.value);
            self.path.pop();
            // A service stays where it was declared; a key of it is where it was written last.
            if self.path.len() > 1 {
                same.key_span = entry.key_span;
            }
        }
        Mapping { entries }
    }

    fn by_rule(&mut self, rule: Rule, base: Node, over: Node) -> Node {
        match rule {
            Rule::Replace => over,
            Rule::Pairs => self.converted(base, over, pairs),
            Rule::Names => self.converted(base, over, names),
            Rule::Dependencies => self.converted(base, over, dependencies),
            Rule::Build => self.converted(base, over, build),
            Rule::List(key) => self.lists(key, base, over, false),
            Rule::Words(key) => self.lists(key, base, over, true),
            Rule::Hosts => hosts(base, over),
            Rule::Logging if has_other_driver(&base, &over) => over,
            Rule::Subnets => self.subnets(base, over),
            Rule::Limit if over.as_mapping().is_none() || base.as_mapping().is_none() => over,
            Rule::Logging | Rule::Limit => self.plainly(base, over),
        }
    }

    /// Merges by key once both values are mappings; one of a wrong form is left for its reader.
    fn converted(
        &mut self,
        base: Node,
        over: Node,
        convert: fn(&Node) -> Option<Vec<Entry>>,
    ) -> Node {
        if over.is_null() {
            return base;
        }
        if base.is_null() {
            return over;
        }
        let (Some(lower), Some(upper)) = (convert(&base), convert(&over)) else {
            return if convert(&over).is_none() { over } else { base };
        };
        let merged = self.mappings(Mapping { entries: lower }, Mapping { entries: upper });
        with(over.span, over.tag, Value::Mapping(merged))
    }

    fn lists(&mut self, key: Key, base: Node, over: Node, is_word_allowed: bool) -> Node {
        if over.is_null() || base.is_null() {
            return if over.is_null() { base } else { over };
        }
        let form = |node: Node| match node {
            Node {
                value: Value::Sequence(items),
                ..
            } => Ok(items),
            other if is_word_allowed => Ok(vec![other]),
            other => Err(other),
        };
        let span = over.span;
        let (mut items, later) = match (form(base), form(over)) {
            (Ok(base), Ok(over)) => (base, over),
            (_, Err(wrong)) | (Err(wrong), _) => return wrong,
        };
        let known = items.iter().enumerate();
        let known = known.filter_map(|(at, item)| Some((key.of(item, self.sources)?, at)));
        let known: HashMap<String, usize> = known.collect();
        for item in later {
            let same = key.of(&item, self.sources);
            let same = same.and_then(|key| known.get(&key));
            match same.and_then(|at| items.get_mut(*at)) {
                Some(same) => *same = item,
                None => items.push(item),
            }
        }
        with(span, None, Value::Sequence(items))
    }

    fn subnets(&mut self, base: Node, over: Node) -> Node {
        let subnet = |node: &Node| node.get("subnet").and_then(Node::as_scalar).cloned();
        let (Value::Sequence(items), Value::Sequence(later)) = (&base.value, &over.value) else {
            return self.plainly(base, over);
        };
        let mut items = items.clone();
        for item in later {
            let known = items.iter_mut().find(|one| {
                let (one, item) = (subnet(one), subnet(item));
                one.zip(item).is_some_and(|(a, b)| a.text == b.text)
            });
            match known {
                Some(known) => *known = self.plainly(known.clone(), item.clone()),
                None => items.push(item.clone()),
            }
        }
        with(over.span, None, Value::Sequence(items))
    }
}

fn with(span: Span, tag: Option<Arc<str>>, value: Value) -> Node {
    Node { span, tag, value }
}

fn is_tagged(node: &Node, tag: &str) -> bool {
    node.tag.as_deref() == Some(tag)
}

/// Takes away what is tagged with `!reset`, and the tags that only a merge understands.
pub(super) fn settle(node: &mut Node) {
    if is_tagged(node, OVERRIDE) {
        node.tag = None;
    }
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => {
            items.retain(|item| !is_tagged(item, RESET));
            items.iter_mut().for_each(settle);
        }
        Value::Mapping(mapping) => {
            mapping
                .entries
                .retain(|entry| !is_tagged(&entry.value, RESET));
            for entry in &mut mapping.entries {
                settle(&mut entry.value);
            }
        }
    }
}

/// The entries of a mapping, or what `item` makes of each scalar of a list.
fn entries(node: &Node, item: impl Fn(&Node, &str) -> Entry) -> Option<Vec<Entry>> {
    match &node.value {
        Value::Mapping(mapping) => Some(mapping.entries.clone()),
        Value::Sequence(items) => items
            .iter()
            .map(|node| Some(item(node, &node.as_scalar()?.text)))
            .collect(),
        Value::Scalar(_) => None,
    }
}

fn entry(span: Span, key: &str, value: Node) -> Entry {
    Entry {
        key: Arc::from(key),
        key_span: span,
        value,
    }
}

fn null(span: Span) -> Node {
    Node::scalar(span, "", Style::Plain)
}

fn pairs(node: &Node) -> Option<Vec<Entry>> {
    let all = entries(node, |item, text| match text.split_once('=') {
        Some((name, value)) => {
            let value = Node::scalar(item.span, value, Style::DoubleQuoted);
            entry(item.span, name, value)
        }
        None => entry(item.span, text, null(item.span)),
    })?;
    // A list may write a name twice, and the last one counts.
    let last = all
        .iter()
        .enumerate()
        .map(|(at, one)| (one.key.clone(), at));
    let last: HashMap<Arc<str>, usize> = last.collect();
    let all = all.into_iter().enumerate();
    let counting = all.filter(|(at, one)| last.get(&one.key) == Some(at));
    Some(counting.map(|(_, one)| one).collect())
}

fn names(node: &Node) -> Option<Vec<Entry>> {
    entries(node, |item, text| entry(item.span, text, null(item.span)))
}

fn dependencies(node: &Node) -> Option<Vec<Entry>> {
    entries(node, |item, text| {
        let word = |text: &str| Node::scalar(item.span, text, Style::Plain);
        let defaults = Mapping {
            entries: vec![
                entry(item.span, "condition", word("service_started")),
                entry(item.span, "required", word("true")),
            ],
        };
        let value = with(item.span, None, Value::Mapping(defaults));
        entry(item.span, text, value)
    })
}

fn build(node: &Node) -> Option<Vec<Entry>> {
    match &node.value {
        Value::Scalar(_) => Some(vec![entry(node.span, "context", node.clone())]),
        Value::Mapping(mapping) => Some(mapping.entries.clone()),
        Value::Sequence(_) => None,
    }
}

fn has_other_driver(base: &Node, over: &Node) -> bool {
    let driver = |node: &Node| Some(node.get("driver")?.as_scalar()?.text.clone());
    driver(base)
        .zip(driver(over))
        .is_some_and(|(base, over)| base != over)
}

/// Later addresses of a host replace the earlier ones of that host.
fn hosts(base: Node, over: Node) -> Node {
    if over.is_null() || base.is_null() {
        return if over.is_null() { base } else { over };
    }
    let (Some(mut items), Some(later)) = (addresses(&base), addresses(&over)) else {
        return if addresses(&over).is_none() {
            over
        } else {
            base
        };
    };
    let host = |node: &Node| {
        let text = &node.as_scalar()?.text;
        text.split(['=', ':']).next().map(str::to_owned)
    };
    let replaced: HashSet<_> = later.iter().map(host).collect();
    items.retain(|item| !replaced.contains(&host(item)));
    items.extend(later);
    with(over.span, None, Value::Sequence(items))
}

/// `host=address` for every address; nothing for another form.
fn addresses(node: &Node) -> Option<Vec<Node>> {
    let mapping = match &node.value {
        Value::Sequence(items) => return Some(items.clone()),
        Value::Mapping(mapping) => mapping,
        Value::Scalar(_) => return None,
    };
    let mut found = Vec::new();
    for entry in &mapping.entries {
        let addresses = match &entry.value.value {
            Value::Sequence(addresses) => addresses.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        for address in addresses {
            let text = format!("{}={}", entry.key, address.as_scalar()?.text);
            found.push(Node::scalar(address.span, text, Style::DoubleQuoted));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests;
