//! An order in which everything comes after what it needs.

use std::collections::{BTreeMap, BTreeSet};

/// `nodes` so that each stands after those `needs` gives for it (others are ignored); what may come
/// next comes in its own order. Where nothing may, the first member of a circle comes nevertheless.
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
    while let Some(node) = ready.pop_first().or_else(|| in_circle(&open, &needs)) {
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

/// The first member of a circle among nodes that all wait for one of them.
fn in_circle<N: Ord + Clone>(open: &BTreeMap<N, usize>, needs: impl Fn(&N) -> Vec<N>) -> Option<N> {
    let mut path: Vec<N> = Vec::new();
    let mut node = open.keys().next()?.clone();
    while !path.contains(&node) {
        let needed = needs(&node).into_iter();
        let next = needed
            .filter(|needed| *needed != node && open.contains_key(needed))
            .min()?;
        path.push(node);
        node = next;
    }
    path.into_iter().skip_while(|passed| *passed != node).min()
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
        let before_it = [('a', 'b'), ('b', 'd'), ('d', 'c'), ('c', 'b')];
        assert_eq!(sorted("abcd", &before_it), "bacd");
    }
}
