//! An environment with one service alone, so that a start of it leaves the others as they are.

use std::collections::BTreeSet;

use crate::plan::Desired;

/// The environment with this service alone, and with those that live in its containers or want to
/// be restarted with it.
pub(super) fn narrowed(desired: &Desired, service: &str) -> Desired {
    let mut narrowed = desired.clone();
    let mut kept = BTreeSet::from([service.to_owned()]);
    let mut containers = BTreeSet::new();
    // In start order: who follows stands behind whom it follows.
    narrowed.deployment.retain(|container| {
        let lives_in = container
            .spec
            .lives_in()
            .any(|(_, other)| containers.contains(other));
        let mut needs = container.depends_on.iter();
        let restarts = needs.any(|need| need.restart && kept.contains(&need.service));
        let keep = kept.contains(&container.service) || lives_in || restarts;
        if keep {
            kept.insert(container.service.clone());
            containers.insert(container.spec.name.clone());
        }
        keep
    });
    let mut own = narrowed
        .deployment
        .iter()
        .filter(|one| one.service == service);
    let image = own.next().map(|container| container.spec.image.clone());
    narrowed
        .images
        .retain(|reference, _| Some(reference) == image.as_ref());
    narrowed
}
