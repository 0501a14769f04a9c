//! Which images of a project are made from which others, and which of them an environment needs.

use std::collections::{BTreeMap, BTreeSet};

use super::{OwnImage, folders_of_poststack, own_images};
use crate::diagnostic::Place;
use crate::environment::failure::{Failure, Kind};
use crate::environment::images::bases;
use crate::plan::Desired;
use crate::plan::desired::{DesiredImage, ImageSource};
use crate::plan::spec::ImageBuild;
use crate::settings::Settings;
use crate::workload::model::PullPolicy;

/// The images of `own` that `build` starts from or copies from, by name.
#[must_use]
pub fn needs(build: &ImageBuild, own: &[OwnImage]) -> Vec<String> {
    let bases = bases(build);
    let needed = own
        .iter()
        .filter(|one| bases.iter().any(|base| one.is_meant_by(base)));
    needed.map(|one| one.name.clone()).collect()
}

/// That no image of `own` is made from itself.
///
/// # Errors
/// The way round, by names.
pub fn check_ways(own: &[OwnImage]) -> Result<(), Failure> {
    let all: BTreeMap<&str, Vec<String>> = own
        .iter()
        .map(|one| (one.name.as_str(), needs(&one.build, own)))
        .collect();
    let mut done = BTreeSet::new();
    for name in all.keys() {
        let mut way = Vec::new();
        follow(name, &all, &mut done, &mut way)?;
    }
    Ok(())
}

fn follow<'n>(
    name: &'n str,
    all: &'n BTreeMap<&str, Vec<String>>,
    done: &mut BTreeSet<&'n str>,
    way: &mut Vec<&'n str>,
) -> Result<(), Failure> {
    if way.contains(&name) {
        let from = way.iter().skip_while(|one| **one != name);
        let round: Vec<&str> = from.copied().chain([name]).collect();
        let message = format!("Images are made from each other: {}", round.join(" from "));
        let failure = Failure::new(Kind::Configuration, message);
        return Err(failure.hint("let one of them start from another image"));
    }
    if done.contains(name) {
        return Ok(());
    }
    way.push(name);
    for next in all.get(name).into_iter().flatten() {
        follow(next, all, done, way)?;
    }
    way.pop();
    done.insert(name);
    Ok(())
}

/// Makes images of the project that Compose and Pod files name, or that Dockerfiles start from, ones
/// that are built where they are missing; and keeps what is poststack's own out of every build.
///
/// # Errors
/// As [`own_images`] and [`check_ways`].
pub(in crate::environment) fn complete_images(
    desired: &mut Desired,
    settings: &Settings,
) -> Result<(), Failure> {
    let own = own_images(settings)?;
    let mut pending = named(desired, &own);
    if !pending.is_empty() {
        check_ways(&own)?;
    }
    let mut seen = BTreeSet::new();
    while let Some((reference, place)) = pending.pop() {
        let Some(image) = own.iter().find(|one| one.is_meant_by(&reference)) else {
            continue;
        };
        if !seen.insert(reference.clone()) {
            continue;
        }
        let build = ImageBuild {
            tags: vec![reference.clone()],
            ..image.build.clone()
        };
        pending.extend(bases(&build).into_iter().map(|base| (base, place.clone())));
        let source = ImageSource::Build(Box::new(build), PullPolicy::Missing);
        let image = DesiredImage { source, place };
        desired.images.insert(reference, image);
    }
    for image in desired.images.values_mut() {
        if let ImageSource::Build(build, _) = &mut image.source {
            build.leave_out = folders_of_poststack(settings);
        }
    }
    Ok(())
}

/// References that may mean an image of `own`, with where they come from.
fn named(desired: &Desired, own: &[OwnImage]) -> Vec<(String, Place)> {
    let mut found = Vec::new();
    for (reference, image) in desired.images.iter().filter(|_| !own.is_empty()) {
        let references = match &image.source {
            ImageSource::Pull(PullPolicy::Missing, _) => vec![reference.clone()],
            ImageSource::Build(build, _) | ImageSource::Own(build) => bases(build),
            ImageSource::Pull(..) | ImageSource::BuiltIn => Vec::new(),
        };
        let is_own = |reference: &String| own.iter().any(|one| one.is_meant_by(reference));
        let references = references.into_iter().filter(is_own);
        found.extend(references.map(|reference| (reference, image.place.clone())));
    }
    found
}
