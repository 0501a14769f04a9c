//! What services promise, as the file writes it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::model::verify::{HttpTarget, Promise, PromiseKind, PromisedAnswer};

/// The promises of one service; what it does not promise is left out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DescribedPromises {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tcp: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sql: Vec<Value>,
}

pub(super) fn verify(
    services: &BTreeMap<String, Vec<Promise>>,
) -> BTreeMap<String, DescribedPromises> {
    let each = services.iter();
    each.map(|(service, promises)| (service.clone(), described(promises)))
        .collect()
}

fn described(promises: &[Promise]) -> DescribedPromises {
    let mut all = DescribedPromises::default();
    for promise in promises {
        match &promise.kind {
            PromiseKind::Port(port) => all.ports.push(port.to_string()),
            PromiseKind::File(file) => all.files.push(match &file.contains {
                None => json!(file.path),
                Some(text) => json!({"path": file.path, "contains": text}),
            }),
            PromiseKind::Process(name) => all.processes.push(name.clone()),
            PromiseKind::Http(answer) => all.http.push(http(answer)),
            PromiseKind::Tcp { host, port } if host.contains(':') => {
                all.tcp.push(format!("[{host}]:{port}"));
            }
            PromiseKind::Tcp { host, port } => all.tcp.push(format!("{host}:{port}")),
            PromiseKind::Sql(row) => all.sql.push(match &row.expect {
                None => json!(row.query),
                Some(value) => json!({"query": row.query, "expect": value}),
            }),
        }
    }
    all
}

fn http(answer: &PromisedAnswer) -> Value {
    let mut fields = match &answer.target {
        HttpTarget::Url(url) => BTreeMap::from([("url", json!(url))]),
        HttpTarget::Path { path, port } => {
            let port = port.map(|port| ("port", json!(port)));
            let path = [("path", json!(path))].into_iter();
            path.chain(port).collect()
        }
    };
    fields.extend(answer.status.map(|status| ("status", json!(status))));
    fields.extend(
        answer
            .contains
            .as_ref()
            .map(|text| ("contains", json!(text))),
    );
    json!(fields)
}
