//! The files of a Compose project as texts with their values in place.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::project::{Chain, Loader, Named};
use super::readers;
use crate::template::Segment;
use crate::variables::Reader;
use crate::workload::Context;
use crate::workload::reading;
use crate::workload::render::Rendered;

/// See [`crate::workload::render_compose`]; the files are without faults.
pub fn render(files: &[(PathBuf, PathBuf)], context: &Context<'_>) -> Rendered {
    let named = files.iter().map(|(path, shown)| Named {
        path: path.clone(),
        shown: shown.clone(),
        place: None,
    });
    let named: Vec<Named> = named.collect();
    let mut loader = Loader::new(context, Reader::Network);
    let scope = super::scope(&mut loader, &named);
    let root = loader.project(&named, &scope, &Chain::default());
    let hosts = root.as_ref().map(readers::on_host).unwrap_or_default();
    let mut rendered = Rendered::default();
    for (source, scope) in loader.sources.iter().zip(&loader.scopes) {
        match reading::parsed(source) {
            Ok(documents) => {
                let reader = |_: usize, path: &[Segment]| reader_at(&hosts, path);
                rendered.add(source, documents, (&scope.variables, &reader));
            }
            Err(faults) => rendered.diagnostics.extend(faults),
        }
    }
    rendered
}

/// Who reads the value at `path` of a file; an image is built for any reader.
fn reader_at(hosts: &BTreeSet<String>, path: &[Segment]) -> Reader {
    let key =
        |segment: &Segment, wanted: &str| matches!(segment, Segment::Key(key) if &**key == wanted);
    match path {
        [first, Segment::Key(service), rest @ ..]
            if key(first, "services") && !rest.first().is_some_and(|one| key(one, "build")) =>
        {
            readers::reader_of(hosts, service)
        }
        _ => Reader::Network,
    }
}
