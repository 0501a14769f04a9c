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

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(nodes: &str, needs: &[(char, char)]) -> String {
        let needs_of = |node: &char| {
            let own = needs.iter().filter(|(other, _)| other == node);
            own.map(|(_, needed)| *needed).collect()
        };
        sort(&nodes.chars().collect(), needs_of)
            .into_iter()
            .collect()
    }

    #[test]
    fn everything_comes_after_what_it_needs_and_else_in_its_own_order() {
        assert_eq!(sorted("cab", &[]), "abc");
        assert_eq!(
            sorted("abcd", &[('a', 'c'), ('c', 'd'), ('b', 'x')]),
            "bdca"
        );
    }

    #[test]
    fn a_circle_is_broken_at_its_first_member() {
        assert_eq!(sorted("abc", &[('a', 'b'), ('b', 'a'), ('c', 'a')]), "abc");
    }
}
