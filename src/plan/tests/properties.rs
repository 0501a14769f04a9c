//! What holds for every plan.

use proptest::prelude::*;

use super::*;

/// The names of containers that an action makes, takes or uses.
fn names(action: &Action) -> Vec<String> {
    match action {
        Action::CreateContainer { spec, .. } => vec![spec.name.clone()],
        Action::RenameContainer { from, to } => vec![from.clone(), to.clone()],
        Action::StartContainer(name)
        | Action::StopContainer { name, .. }
        | Action::RemoveContainer { name, .. }
        | Action::AwaitExit { name }
        | Action::AwaitReady { name, .. } => vec![name.clone()],
        _ => Vec::new(),
    }
}

/// Up to six services; each may need earlier ones, be tested, and hold a value.
pub fn any_services() -> impl Strategy<Value = Vec<Service>> {
    let one = (
        any::<bool>(),
        0..3u8,
        0..4u32,
        prop::collection::vec((0..6usize, 0..3u8), 0..3),
    );
    prop::collection::vec(one, 1..6).prop_map(|drafts| {
        let mut services: Vec<Service> = Vec::new();
        for (index, (is_tested, value, count, dependencies)) in drafts.into_iter().enumerate() {
            let mut made = with_variable(service(&format!("s{index}")), &value.to_string());
            for (other, condition) in dependencies {
                let condition = match condition {
                    0 => Condition::Started,
                    1 => Condition::Healthy,
                    _ => Condition::CompletedSuccessfully,
                };
                let name = format!("s{other}");
                let known = made.depends_on.iter().any(|one| one.service == name);
                if other < index && !known {
                    made = needs(made, &name, condition);
                }
            }
            if count > 0 {
                made = scaled(made, count);
            }
            services.push(if is_tested { tested(made) } else { made });
        }
        services
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn planning_twice_plans_nothing(before in any_services(), after in any_services()) {
        let mut observed = running(&shop(before));
        let desired = shop(after);
        let options = StartOptions { remove_orphans: true, ..StartOptions::default() };
        observed.images.extend(images(&desired).images);
        let first = start(&desired, &observed, &options).unwrap();
        apply(&first.plan, &mut observed);
        let second = start(&desired, &observed, &options).unwrap();
        prop_assert!(second.plan.changes_nothing(), "{}", second.plan);
        prop_assert_eq!(second.orphans, Vec::<String>::new());
    }

    #[test]
    fn every_step_waits_only_for_earlier_ones(before in any_services(), after in any_services()) {
        let observed = running(&shop(before));
        let planned = start(&shop(after), &observed, &StartOptions::default()).unwrap();
        for (id, step) in planned.plan.steps.iter().enumerate() {
            prop_assert!(step.after.iter().all(|&before| before < id), "{}", planned.plan);
        }
    }

    #[test]
    fn steps_on_one_container_never_run_at_once(
        before in any_services(),
        after in any_services(),
        states in prop::collection::vec(0..4u8, 30),
    ) {
        let mut observed = running(&shop(before));
        for (container, state) in observed.containers.values_mut().zip(states) {
            container.state = match state {
                0 => State::Created,
                1 => State::Exited(Some(1)),
                2 => State::Running,
                _ => container.state,
            };
        }
        let planned = start(&shop(after), &observed, &StartOptions::default()).unwrap();
        let steps = &planned.plan.steps;
        let mut ancestors: Vec<std::collections::BTreeSet<usize>> = Vec::new();
        for step in steps {
            let all = step.after.iter().flat_map(|id| ancestors[*id].iter().chain([id]));
            let all = all.copied().collect();
            ancestors.push(all);
        }
        for (late, step) in steps.iter().enumerate() {
            for (early, other) in steps.iter().enumerate().take(late) {
                let shared = names(&step.action).iter().any(|name| names(&other.action).contains(name));
                let ordered = ancestors[late].contains(&early);
                prop_assert!(!shared || ordered, "{} and {}:\n{}", early + 1, late + 1, planned.plan);
            }
        }
    }

    #[test]
    fn a_plan_never_touches_what_it_does_not_own(services in any_services(), taken in 0..6usize) {
        let desired = shop(services);
        let mut observed = images(&desired);
        let name = format!("shop-dev-s{taken}-1");
        let stranger = container(&name, "debian", Labels::new());
        observed.containers.insert(name.clone(), stranger);
        match start(&desired, &observed, &StartOptions::default()) {
            Err(conflicts) => {
                let is_it = |one: &Conflict| {
                    matches!(one, Conflict::Foreign { name: taken, .. } if *taken == name)
                };
                prop_assert!(conflicts.iter().all(is_it));
            }
            Ok(planned) => {
                let text = planned.plan.to_string();
                prop_assert!(!text.contains(&name), "{text}");
            }
        }
        let stopped = stop(&desired, &observed, StopOptions { remove: true, keep_postgres: false });
        prop_assert!(!stopped.to_string().contains(&name));
    }
}
