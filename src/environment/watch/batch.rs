//! What happened to files within a moment, put together: many editors write a file anew, give it
//! the old one's name and remove what they no longer need.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One thing that was seen of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Made, or moved here.
    Appeared,
    Changed,
    /// Removed, or moved away.
    Vanished,
}

/// All that was seen of a path. What is there now tells the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    /// It was not there before.
    pub is_new: bool,
    /// What is below a folder may be new, too.
    pub is_whole: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub changes: BTreeMap<PathBuf, Change>,
    /// The system could not keep up and left events out.
    pub is_partial: bool,
}

impl Batch {
    /// As if `path`, a file or a folder with everything below, had just changed.
    pub fn whole(path: &Path) -> Self {
        let change = Change {
            is_new: false,
            is_whole: true,
        };
        Self {
            changes: BTreeMap::from([(path.to_path_buf(), change)]),
            is_partial: false,
        }
    }

    pub fn see(&mut self, path: PathBuf, sight: Sight) {
        let appeared = sight == Sight::Appeared;
        let change = self.changes.entry(path).or_insert(Change {
            is_new: appeared,
            is_whole: false,
        });
        change.is_whole |= appeared;
    }

    /// Adds what was seen later.
    pub fn follow(&mut self, later: &Self) {
        self.is_partial |= later.is_partial;
        for (path, change) in &later.changes {
            let known = self.changes.entry(path.clone()).or_insert(*change);
            known.is_whole |= change.is_whole;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.is_partial
    }

    /// What changed at `root` and below, folders before what is in them.
    pub fn below<'b>(
        &'b self,
        root: &'b Path,
    ) -> impl Iterator<Item = (&'b Path, Change)> + use<'b> {
        let from = self.changes.range(root.to_path_buf()..);
        from.take_while(move |(path, _)| path.starts_with(root))
            .map(|(path, change)| (path.as_path(), *change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(sights: &[(&str, Sight)]) -> Batch {
        let mut batch = Batch::default();
        for (path, sight) in sights {
            batch.see(PathBuf::from(path), *sight);
        }
        batch
    }

    fn change(batch: &Batch, path: &str) -> Change {
        batch.changes[Path::new(path)]
    }

    #[test]
    fn what_came_and_went_was_never_there_before() {
        use Sight::{Appeared, Changed, Vanished};
        let saved = batch(&[
            ("/a/f~", Appeared),
            ("/a/f", Vanished),
            ("/a/f", Appeared),
            ("/a/f", Changed),
            ("/a/f~", Vanished),
        ]);
        assert!(change(&saved, "/a/f~").is_new);
        assert!(!change(&saved, "/a/f").is_new);
    }

    #[test]
    fn below_a_root_is_what_lies_in_it_and_not_what_begins_alike() {
        let batch = batch(&[
            ("/a/b", Sight::Changed),
            ("/a/b/c", Sight::Changed),
            ("/a/b-c", Sight::Changed),
            ("/a/b/d/e", Sight::Appeared),
            ("/a", Sight::Changed),
        ]);
        let found: Vec<&Path> = batch
            .below(Path::new("/a/b"))
            .map(|(path, _)| path)
            .collect();
        assert_eq!(found, ["/a/b", "/a/b/c", "/a/b/d/e"].map(Path::new));
    }

    #[test]
    fn a_later_batch_leaves_what_was_new_as_new() {
        let mut first = batch(&[("/a", Sight::Appeared)]);
        first.follow(&batch(&[("/a", Sight::Vanished), ("/b", Sight::Vanished)]));
        assert!(change(&first, "/a").is_new);
        assert!(!change(&first, "/b").is_new);
    }
}
