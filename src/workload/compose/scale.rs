//! How many containers a service has: `scale`, and `deploy.replicas`, which say the same
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#scale>).

use super::file::{File, Section};
use crate::workload::model::{MOST_REPLICAS, Replicas};
use crate::yaml::Node;

pub(super) fn read(file: &mut File<'_>, service: &Section<'_>) -> Option<Replicas> {
    let scale = service
        .entry("scale")
        .and_then(|entry| count(file, &entry.value, &service.at("scale")));
    let replicas = service
        .entry("deploy")
        .and_then(|deploy| deploy.value.as_mapping()?.entry("replicas"))
        .filter(|entry| !entry.value.is_null())
        .and_then(|entry| count(file, &entry.value, &service.at("deploy.replicas")));
    if let (Some(scale), Some(replicas)) = (&scale, &replicas)
        && scale.count != replicas.count
    {
        let message = "`scale` and `deploy.replicas` differ";
        let diagnostic = file.decoder.error(scale.place.span, message);
        let other = (replicas.place.clone(), "the other one".to_owned());
        diagnostic.related.push(other);
        diagnostic.help = Some("keep one of the two".to_owned());
    }
    scale.or(replicas)
}

fn count(file: &mut File<'_>, node: &Node, path: &str) -> Option<Replicas> {
    let count = file
        .decoder
        .integer(node, path, 0..=i64::from(MOST_REPLICAS))?;
    Some(Replicas {
        count: u32::try_from(count).ok()?,
        place: file.decoder.place(node.span),
    })
}

#[cfg(test)]
mod tests {
    use crate::workload::compose::tests::faults;

    #[test]
    fn two_ways_to_say_how_many_must_agree() {
        insta::assert_snapshot!(faults("services:\n  a:\n    image: x\n    scale: 2\n    deploy: { replicas: 3 }\n"), @r"
        error 4:12: `scale` and `deploy.replicas` differ
          5:25: the other one
          help: keep one of the two
        ");
        assert_eq!(
            faults("services: { a: { image: x, scale: 2, deploy: { replicas: '2' } } }"),
            ""
        );
    }

    #[test]
    fn a_number_of_containers_is_none_or_more() {
        insta::assert_snapshot!(faults("services:\n  a: { image: x, scale: -1 }\n  b: { image: x, deploy: { replicas: two } }\n  c: { image: x, scale: 0 }\n"), @r"
        error 2:25: `services.a.scale` is -1; it must lie in 0 … 1000
        error 3:38: `services.b.deploy.replicas` must be a whole number, this is a string
        ");
    }

    #[test]
    fn a_named_container_can_be_there_only_once() {
        insta::assert_snapshot!(faults("services:\n  a:\n    image: x\n    container_name: only\n    scale: 2\n"), @r"
        error 4:21: 2 containers cannot all have one `container_name`
          5:12: 2 containers are asked for here
          help: remove `container_name`: each gets a name with its number
        ");
        assert_eq!(
            faults("services: { a: { image: x, container_name: only, scale: 1 } }"),
            ""
        );
    }
}
