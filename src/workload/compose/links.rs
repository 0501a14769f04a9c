//! `links`: the old way to reach another service under a name. Engines differ in whether they know
//! links, so a link becomes a dependency and a network alias of the service it names. A link to a
//! container made elsewhere leaves that one alone: it stays a name in this container.

use std::collections::BTreeMap;

use super::file::File;
use super::order;
use super::service::Draft;
use crate::text::Span;
use crate::workload::model::{ExternalLink, ServiceNetwork};
use crate::yaml::Node;

/// `service` or `service:alias`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub service: String,
    pub alias: Option<String>,
    pub span: Span,
}

pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Vec<Link> {
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let text = file.decoder.string(item, path)?;
            let (service, alias) = match text.split_once(':') {
                Some((service, alias)) => (service, Some(alias.to_owned())),
                None => (&*text, None),
            };
            if !file.has_service(item.span, service) {
                return None;
            }
            Some(Link {
                service: service.to_owned(),
                alias,
                span: item.span,
            })
        })
        .collect()
}

/// `container` or `container:alias`.
pub(super) fn external(file: &mut File<'_>, node: &Node, path: &str) -> Vec<ExternalLink> {
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let text = file.decoder.string(item, path)?;
            let (container, alias) = text.split_once(':').unwrap_or((&text, &text));
            if container.is_empty() || alias.is_empty() || alias.contains(':') {
                let message = format!("`{text}` is no link");
                file.fault(item.span, message, "write `container` or `container:alias`");
                return None;
            }
            Some(ExternalLink {
                container: container.to_owned(),
                alias: alias.to_owned(),
            })
        })
        .collect()
}

/// Gives every linked service its aliases, in each of its networks. An alias is visible to all
/// services of a network, so two services cannot have the same one.
pub(super) fn apply(file: &mut File<'_>, drafts: &mut [Draft]) {
    let links: Vec<Link> = drafts
        .iter()
        .filter(|draft| draft.active)
        .flat_map(|draft| draft.links.clone())
        .collect();
    let index: BTreeMap<String, usize> = order::index(drafts)
        .into_iter()
        .map(|(name, at)| (name.to_owned(), at))
        .collect();
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for link in links {
        let Some(alias) = link.alias.filter(|alias| *alias != link.service) else {
            continue;
        };
        let taken = index.contains_key(&alias);
        let owner = owners
            .entry(alias.clone())
            .or_insert_with(|| link.service.clone());
        if taken || *owner != link.service {
            let message = format!("The alias `{alias}` of a link stands for two services");
            let help = "poststack turns links into network aliases, which all services see; \
                        use another alias";
            file.fault(link.span, message, help);
            continue;
        }
        let target = index.get(&link.service).and_then(|at| drafts.get_mut(*at));
        if let Some(draft) = target
            && let ServiceNetwork::Networks(attachments) = &mut draft.service.network
        {
            for attachment in attachments {
                if !attachment.aliases.contains(&alias) {
                    attachment.aliases.push(alias.clone());
                }
            }
        }
    }
}
