use super::super::tests::Project;

#[test]
fn labels_stand_over_label_files_the_last_file_first() {
    let project = Project::new(
        "services: {a: {image: x, label_file: [one.labels, two.labels], labels: {c: own}}}",
    )
    .file("one.labels", "a=1\nb=1\nc=1\n# no label\n")
    .file("two.labels", "b=two words\nc=2\n");
    let labels = project.load().workload.services.remove(0).labels;
    let labels: Vec<_> = labels.iter().map(|(a, b)| format!("{a}={b}")).collect();
    assert_eq!(labels, ["a=1", "b=two words", "c=own"]);
    assert_eq!(project.faults(), "");
}

#[test]
fn a_missing_label_file_is_named() {
    insta::assert_snapshot!(Project::new("services: {a: {image: x, label_file: ./none}}").faults(), @r"
    error 1:38: No such file: `none`
      help: create it, or drop the line
    ");
    insta::assert_snapshot!(Project::new("services: {a: {image: x, label_file: [{path: a}]}}").faults(), @"error 1:39: `services.a.label_file` must be a path, this is a mapping");
}
