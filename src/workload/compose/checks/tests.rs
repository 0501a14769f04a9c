use super::super::tests::{Project, faults, workload};

fn names(text: &str) -> Vec<String> {
    workload(text)
        .services
        .into_iter()
        .map(|service| service.name)
        .collect()
}

#[test]
fn a_service_follows_what_it_depends_on_and_else_the_file() {
    let text = "
services:
  c: {image: x, depends_on: [b, e]}
  d: {image: x}
  b: {image: x, network_mode: 'service:a'}
  a: {image: x}
  e: {image: x, links: ['d:db']}
";
    assert_eq!(names(text), ["d", "a", "b", "e", "c"]);
}

#[test]
fn a_cycle_is_named() {
    insta::assert_snapshot!(faults("
services:
  a: {image: x, depends_on: [b]}
  b: {image: x, depends_on: {c: {condition: service_healthy}}}
  c: {image: x, network_mode: 'service:b'}
  d: {image: x, depends_on: [d]}
"), @r##"
    error 4:30: Services wait for each other: b → c → b
      5:31: `c` waits for `b`
      help: remove one of these dependencies
    error 6:30: Services wait for each other: d → d
      help: remove one of these dependencies
    "##);
}

#[test]
fn a_long_chain_of_dependencies_does_not_exhaust_the_stack() {
    let mut text = String::from("services:\n  s0: {image: x}\n");
    for n in 1..2000 {
        text += &format!("  s{n}: {{image: x, depends_on: [s{}]}}\n", n - 1);
    }
    assert_eq!(names(&text).len(), 2000);
}

#[test]
fn conditions_and_flags_of_dependencies_are_kept() {
    use crate::workload::model::{Condition, Dependency};
    let workload = workload("
services:
  a: {image: x, depends_on: {b: {condition: service_completed_successfully, restart: true}, c: {condition: service_healthy, required: false}, d: {}}}
  b: {image: x}
  c: {image: x}
  d: {image: x}
");
    let dependency = |service: &str, condition, required, restart| Dependency {
        service: service.to_owned(),
        condition,
        required,
        restart,
    };
    assert_eq!(
        workload.services[3].depends_on,
        [
            dependency("b", Condition::CompletedSuccessfully, true, true),
            dependency("c", Condition::Healthy, false, false),
            dependency("d", Condition::Started, true, false),
        ]
    );
}

#[test]
fn faults_of_dependencies() {
    insta::assert_snapshot!(faults("
services:
  web: {image: x, depends_on: [dbb, 1]}
  db: {image: x, depends_on: {web: {condition: healthy}, nil: {required: false}}, healthcheck: {disable: true}}
  job: {image: x, depends_on: {db: {condition: service_healthy}}, network_mode: 'service:wbe'}
  one: {image: x, depends_on: web}
"), @r##"
    error 3:32: There is no service `dbb`
      help: did you mean `db`?
    error 3:37: `services.web.depends_on` must be a string, this is a number
      help: put it in quotes: "1"
    error 4:48: `services.db.depends_on.web.condition` is `healthy`
      help: write `service_started`, `service_healthy` or `service_completed_successfully`
    error 4:58: There is no service `nil`
      help: declared: db, job, one, web
    error 5:32: `db` never gets healthy: its check is disabled
      help: write `condition: service_started`
    error 5:81: There is no service `wbe`
      help: did you mean `web`?
    error 6:31: `services.one.depends_on` must be a list of services or a mapping, this is a string
    "##);
}

#[test]
fn services_of_inactive_profiles_are_left_out_but_checked() {
    let text = "services: {a: {image: x}, b: {image: x, profiles: [debug], depends_on: [a]}}";
    assert_eq!(names(text), ["a"]);
    let active = Project::new(text).profile("debug").load();
    assert_eq!(active.workload.services.len(), 2);
    let all = Project::new(text).profile("*").load();
    assert_eq!(all.workload.services.len(), 2);
    insta::assert_snapshot!(faults("services: {a: {image: x}, b: {profiles: [debug], imago: x}}"), @r"
    error 1:50: Unknown key `imago` in `services.b`
      help: did you mean `image`?
    ");
}

#[test]
fn a_needed_service_must_be_active_unless_it_is_optional() {
    insta::assert_snapshot!(faults("
services:
  a: {image: x, depends_on: [b]}
  b: {image: x, profiles: [p, q]}
  c: {image: x, depends_on: {b: {condition: service_started, required: false}}}
"), @r##"
    error 3:30: The service `b` is not active: none of its profiles is
      help: activate a profile (p, q), or add `required: false`
    "##);
}

#[test]
fn a_file_of_which_nothing_runs_is_a_fault() {
    insta::assert_snapshot!(faults("services: {a: {image: x, profiles: [p]}}"), @r##"
    error 1:1: No service is active: each one has profiles, none of which is active
      help: activate a profile, or leave `profiles` out of a service
    "##);
}

#[test]
fn two_containers_cannot_have_one_name() {
    insta::assert_snapshot!(faults("
services:
  a: {image: x, container_name: one}
  b: {image: x, container_name: one}
  c: {image: x, container_name: -c}
"), @r##"
    error 4:33: Two containers are named `one`
      3:33: first used here
      help: give each a name of its own, or none
    error 5:33: `-c` is no name for a container
      help: use two or more letters, digits, `_`, `.` and `-`; start with a letter or a digit
    "##);
}

#[test]
fn links_become_aliases_of_the_service_they_name() {
    use crate::workload::model::ServiceNetwork;
    let workload =
        workload("services: {web: {image: x, links: ['db:database', db]}, db: {image: x}}");
    let ServiceNetwork::Networks(networks) = &workload.services[0].network else {
        panic!()
    };
    assert_eq!(workload.services[0].name, "db");
    assert_eq!(networks[0].aliases, ["database"]);
}

#[test]
fn an_alias_of_links_stands_for_one_service() {
    insta::assert_snapshot!(faults("
services:
  a: {image: x, links: ['b:db', 'x:y']}
  b: {image: x, links: ['c:db', 'c:a']}
  c: {image: x}
"), @r##"
    error 3:33: There is no service `x`
      help: did you mean `a`?
    error 4:25: The alias `db` of a link stands for two services
      help: poststack turns links into network aliases, which all services see; use another alias
    error 4:33: The alias `a` of a link stands for two services
      help: poststack turns links into network aliases, which all services see; use another alias
    "##);
}
