//! A project of Docker Compose becomes an environment.

use super::stage::{Example, Stage, example};
use crate::adopt::Former;
use crate::project::On;

pub const LINES: &[Example] = &[
    example("poststack adopt --dry-run")
        .after("sed -i '1i environment: dev' .poststack.yml")
        .prints("{name}former becomes {name}/dev"),
    example("poststack adopt dev --from shop")
        .asked("type yes:", "yes")
        .then("poststack db query 'TABLE kept' dev | grep 7"),
];

#[test]
fn the_examples_of_adopting_work() {
    let former = Former::up(On::Docker);
    Stage::new(&former.project, former.project.root()).play(LINES);
}
