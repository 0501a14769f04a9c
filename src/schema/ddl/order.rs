//! An order in which everything comes after what it needs.

use std::collections::{BTreeMap, BTreeSet};

/// `nodes` so that each stands after those `needs` gives for it (others are ignored); what may come
/// next comes in its own order. A circle is broken at its first member.
pub(super) fn sort<N: Ord + Clone>(nodes: &BTreeSet<N>, needs: impl Fn(&N) -> Vec<N>) -> Vec<N> {
    let mut open: BTreeMap<N, usize> = BTreeMap::new();
    let mut dependents: BTreeMap<N, Vec<N>> = BTreeMap::new();
    for node in nodes {
        let needed: BTreeSet<N> = needs(node)
            .into_iter()
            .filter(|needed| needed != node && nodes.contains(needed))
            .collect();
        open.insert(node.clone(), needed.len());
        for needed in needed {
            dependents.entry(needed).or_default().push(node.clone());
        }
    }
    let is_ready = |(_, count): &(&N, &usize)| **count == 0;
    let mut ready: BTreeSet<N> = open
        .iter()
        .filter(is_ready)
        .map(|(node, _)| node.clone())
        .collect();
    let mut sorted = Vec::with_capacity(nodes.len());
    while let Some(node) = ready.pop_first().or_else(|| open.keys().next().cloned()) {
        open.remove(&node);
        for dependent in dependents.remove(&node).unwrap_or_default() {
            if let Some(count) = open.get_mut(&dependent) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(dependent);
                }
            }
        }
        sorted.push(node);
    }
    sorted
}
