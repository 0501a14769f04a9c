//! Volumes: made when they are missing, filled with files before they are mounted, and removed when
//! they hold nothing of worth and nobody uses them any more.

use std::collections::BTreeSet;

use super::Planner;
use crate::plan::identity;
use crate::plan::spec::{Filling, VolumeSpec};
use crate::plan::step::{Action, Phase, StepId};

impl Planner<'_> {
    pub(super) fn create_volume(&mut self, volume: &VolumeSpec) -> StepId {
        let filling = volume.filling.as_ref();
        let image = filling.and_then(|filling| self.image(&filling.image));
        let action = Action::CreateVolume(volume.clone());
        let after = image.into_iter().collect();
        let id = self.plan.push(Phase::Prepare, action, "", after);
        self.volumes.insert(volume.name.clone(), id);
        id
    }

    /// The step after which the volume can be mounted. One with files is filled again for every
    /// container that is made: an interrupted start may have left it half filled.
    pub(super) fn volume(&mut self, name: &str) -> Option<StepId> {
        if let Some(id) = self.volumes.get(name) {
            return Some(*id);
        }
        let volume = self.desired.volumes.iter().find(|one| one.name == name)?;
        let files = |filling: &Filling| !filling.content.files.is_empty();
        let filled = volume.filling.as_ref().is_some_and(files);
        filled.then(|| self.create_volume(volume))
    }

    /// Removes volumes that hold nothing of worth and that no file describes any more.
    pub(super) fn remove_scratch(&mut self, after: &[StepId]) {
        let known: BTreeSet<&str> = self.desired.volumes.iter().map(|one| &*one.name).collect();
        for volume in self.observed.volumes.values() {
            let scratch = volume.labels.contains_key(identity::SCRATCH);
            let own = self.desired.identity.owns(&volume.labels);
            if scratch && own && !known.contains(&*volume.name) {
                let action = Action::RemoveVolume(volume.name.clone());
                let cause = "no file describes it";
                self.plan.push(Phase::Finish, action, cause, after.to_vec());
            }
        }
    }
}
