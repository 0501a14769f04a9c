//! Tables of files as text: `=== heading` begins a case, `--- name` a further file of it, and lines
//! before the first heading or after a `# comment` belong to none.

/// One case of a table.
#[derive(Debug)]
pub struct Case {
    pub heading: String,
    /// Names and texts; the first one is the file in question.
    pub files: Vec<(String, String)>,
}

impl Case {
    /// The file in question.
    pub fn text(&self) -> &str {
        &self.files[0].1
    }
}

/// The cases of `table`, whose first files are called `first`.
pub fn read(table: &str, first: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut outside = true;
    for line in table.lines() {
        if let Some(heading) = line.strip_prefix("=== ") {
            outside = false;
            cases.push(Case {
                heading: heading.to_owned(),
                files: vec![(first.to_owned(), String::new())],
            });
        } else if line.starts_with("# ") {
            outside = true;
        } else if !outside && let Some(case) = cases.last_mut() {
            match line.strip_prefix("--- ") {
                Some(name) => case.files.push((name.to_owned(), String::new())),
                None => {
                    let (_, text) = case.files.last_mut().unwrap();
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    for (_, text) in cases.iter_mut().flat_map(|case| &mut case.files) {
        let end = text.trim_end_matches('\n').len();
        text.truncate(if end == 0 { 0 } else { end + 1 });
    }
    cases
}
