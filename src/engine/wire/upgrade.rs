//! A connection that stops being HTTP/1 and speaks another protocol in both directions.

use std::io;

use http_body_util::BodyExt;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;

use super::{Call, Driver, Wire};
use crate::engine::error::{EngineError, classify};

/// Both directions of an upgraded connection; dropping it closes the connection.
pub(in crate::engine) struct Upgraded {
    pub stream: TokioIo<hyper::upgrade::Upgraded>,
    _driver: Driver,
}

impl Wire {
    /// Makes the call with `headers` and takes its connection over for `protocol`.
    pub async fn upgrade(
        &self,
        call: Call,
        protocol: &str,
        headers: &[(&str, &str)],
    ) -> Result<Upgraded, EngineError> {
        let action = call.action.clone();
        let gone = |source: io::Error| EngineError::Gone {
            action: action.clone(),
            address: self.address.to_string(),
            source,
        };
        let other = |error: hyper::Error| gone(io::Error::other(error));
        let (mut sender, driver) = self.connect().await.map_err(gone)?;
        let mut request = Request::builder()
            .method(call.method)
            .uri(call.target)
            .header(header::HOST, "engine")
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, protocol);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(call.body);
        let request = request.map_err(|error| gone(io::Error::other(error)))?;
        let answer = sender.send_request(request).await.map_err(other)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.map_err(other)?;
            return Err(classify(&action, status, &super::message(&body.to_bytes())));
        }
        let stream = hyper::upgrade::on(answer).await.map_err(other)?;
        Ok(Upgraded {
            stream: TokioIo::new(stream),
            _driver: driver,
        })
    }
}
