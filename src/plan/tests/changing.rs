//! What a plan changes, as it is read.

use super::*;
use crate::plan::desired::{ImageSource, InitWork};

#[test]
fn a_plan_reads_as_one_line_per_object() {
    let old = shop(vec![
        with_variable(service("web"), "info"),
        service("db"),
        service("old"),
    ]);
    let mut observed = running(&old);
    set(&mut observed, "shop-dev-db-1", State::Exited(Some(137)));
    let new = service("new");
    let desired = shop(vec![
        with_variable(service("web"), "debug"),
        service("db"),
        new,
    ]);
    let options = StartOptions {
        remove_orphans: true,
        ..StartOptions::default()
    };
    let plan = start(&desired, &observed, &options).unwrap().plan;
    insta::assert_snapshot!(change_text(&plan, &desired), @r"
    remove container shop-dev-old-1: no file describes it
    recreate container shop-dev-web-1: changed: environment.LEVEL
    start container shop-dev-db-1: it had ended with code 137
    create container shop-dev-new-1
    ");
}

#[test]
fn a_first_plan_names_images_networks_volumes_and_the_init_phase() {
    let desired = shop(vec![service("web")]);
    let plan = planned(&desired, &Observed::default());
    insta::assert_snapshot!(change_text(&plan, &desired), @r"
    build image poststack/postgres:15
    pull image debian
    create network shop-dev_default
    create volume shop-dev_pgdata
    create container shop-dev-postgres
    run init shop-dev-migrate-1
    create container shop-dev-web-1
    ");
}

#[test]
fn all_that_use_an_image_of_the_project_change_in_the_start_that_builds_it_anew() {
    const IMAGE: &str = "poststack/postgres:15";
    let mut web = service("web");
    web.image = Some(IMAGE.to_owned());
    let mut desired = shop(vec![web, service("other")]);
    let InitWork::Containers(init) = &mut desired.init[0].work else {
        panic!("containers");
    };
    init[0].spec.image = IMAGE.to_owned();
    desired.images.get_mut(IMAGE).unwrap().source = ImageSource::Own(Box::default());
    let mut observed = running(&desired);
    // Its tag alone is gone: nobody needs the image, and nothing is made anew.
    observed.images.remove(IMAGE);
    assert!(planned(&desired, &observed).changes_nothing());
    desired.database.as_mut().unwrap().hash = "of other files".to_owned();
    insta::assert_snapshot!(change_text(&planned(&desired, &observed), &desired), @r"
    build image poststack/postgres:15
    recreate container shop-dev-postgres: changed
    run init shop-dev-migrate-1: the init phase runs again
    recreate container shop-dev-web-1: changed: image is built anew
    ");
}
