//! Steps, lines and arguments, as builders and files say them.

use super::*;

const TEXT: &str = "# syntax\nFROM debian AS a\n\nrun echo one\nRUN echo two; \\\n  # a comment\n  echo err;  exit 9\nRUN echo one\nCMD a";

#[test]
fn both_builders_words_for_a_step_lead_to_its_line() {
    let dockerfile = Dockerfile::new(TEXT, "Dockerfile", Some("Dockerfile".to_owned()));
    let line = |shown: &str, nth| dockerfile.line_of(step(shown).unwrap(), nth);
    assert_eq!(line("Step 1/6 : FROM debian AS a", 0), Some(2));
    assert_eq!(
        line("STEP 3/6: RUN echo two;   echo err;  exit 9", 0),
        Some(5)
    );
    assert_eq!(line("[1/2] STEP 2/6: RUN echo one", 0), Some(4));
    assert_eq!(line("STEP 4/6: RUN echo one", 1), Some(8));
    assert_eq!(line("STEP 5/6: CMD a", 0), Some(9));
    assert_eq!(line("STEP 5/6: CMD b", 0), None);
}

#[test]
fn a_variable_from_an_argument_is_seen() {
    let sets = |text: &str| Dockerfile::new(text, "Dockerfile", None).sets_variables_by_arguments();
    assert!(sets("FROM a\nARG V=1\nenv X=y V=$V\n"));
    assert!(!sets("FROM a\nARG V=1\nENV X=y\nRUN echo $V\n"));
    assert!(!sets("FROM a\nENV X=$PATH\n"));
    assert!(!sets("FROM a\nARG V=1\nENV X=$PATH\n"));
    assert!(!sets("FROM a\nARG V=1\nRUN echo ${V}\nENV X=$V\n"));
    assert!(sets(
        "FROM a\nARG V=1\nRUN echo ${V}\nFROM b\nARG V\nENV X=$V\n"
    ));
}

#[test]
fn what_stands_behind_the_last_stage_goes() {
    let until = |last: &str| {
        let mut dockerfile = Dockerfile::new(
            "FROM a AS One\nRUN x\nfrom b as two\nRUN y\nFROM c\n",
            "Dockerfile",
            Some("Dockerfile".to_owned()),
        );
        dockerfile.end_at(last);
        (dockerfile.text.lines().count(), dockerfile.is_foreign)
    };
    assert_eq!(until("one"), (2, true));
    assert_eq!(until("two"), (4, true));
    assert_eq!(until("0"), (2, true));
    assert_eq!(until("none"), (5, false));
}

#[test]
fn lines_of_a_here_document_are_no_instructions() {
    let text = "FROM a AS one\nRUN python <<EOF && echo <<-'X'\nfrom os import path\nEOF\nRUN y\n\tX\nFROM one AS two\n";
    let mut dockerfile = Dockerfile::new(text, "Dockerfile", None);
    assert_eq!(dockerfile.instructions.len(), 3);
    assert!(dockerfile.needs_buildkit());
    dockerfile.end_at("one");
    assert_eq!(dockerfile.text.lines().count(), 6);
}

#[test]
fn output_that_only_looks_like_a_step_is_none() {
    for line in [
        "Step one : x",
        "STEP 1: x",
        "Steps 1/2 : x",
        "step 1/2 : x",
        "[x",
        "",
    ] {
        assert_eq!(step(line), None, "{line}");
    }
}

#[test]
fn both_builders_words_for_a_failure_shrink_to_the_cause() {
    for (message, expected) in [
        (
            "The command '/bin/sh -c exit 9' returned a non-zero code: 9",
            "exit code 9",
        ),
        (
            "building at STEP \"RUN echo \"a\"; exit 9\": while running runtime: exit status 9\n",
            "exit code 9",
        ),
        (
            "building at STEP \"COPY nothere /x\": checking on sources: no such file or directory\n",
            "checking on sources: no such file or directory",
        ),
        ("COPY failed: file not found", "COPY failed: file not found"),
    ] {
        assert_eq!(failure(message), expected);
    }
    assert_eq!(line_in("dockerfile parse error line 2: unknown"), Some(2));
    assert_eq!(line_in("disk full"), None);
}

#[test]
fn a_dockerfile_is_in_the_context_or_foreign() {
    let folder = Path::new("/p/app");
    assert_eq!(
        inside(folder, Path::new("./a/Dockerfile")),
        Some("a/Dockerfile".to_owned())
    );
    assert_eq!(inside(folder, Path::new("/p/app/D")), Some("D".to_owned()));
    assert_eq!(inside(folder, Path::new("/p/other/D")), None);
    assert_eq!(inside(folder, Path::new("../D")), None);
}
