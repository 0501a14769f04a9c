//! The least that an environment can cost: one network, then every container created and started,
//! all at the same time, by calls of bollard alone. Nothing is looked up, awaited or told. The
//! benchmark of starts measures poststack against it.
//!
//! usage: engine_floor SOCKET PROJECT SERVICES
#![expect(
    clippy::unwrap_used,
    reason = "a measuring program that cannot do its work ends"
)]

use std::collections::HashMap;

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, NetworkCreateRequest, NetworkingConfig,
};
use bollard::query_parameters::{CreateContainerOptions, StartContainerOptions};
use futures_util::future::join_all;

/// The image and command of the services that are measured.
const IMAGE: &str = "poststack/base-debian:core";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` itself adds an argument and gives none of these.
    let [socket, project, services] = arguments.as_slice() else {
        return;
    };
    let docker = Docker::connect_with_unix(socket, 120, bollard::API_DEFAULT_VERSION).unwrap();
    let services: u32 = services.parse().unwrap();
    let network = format!("{project}_default");
    let request = NetworkCreateRequest {
        name: network.clone(),
        labels: Some(labels(project, "")),
        ..NetworkCreateRequest::default()
    };
    docker.create_network(request).await.unwrap();
    join_all((1..=services).map(|number| up(&docker, project, &network, number))).await;
}

async fn up(docker: &Docker, project: &str, network: &str, number: u32) {
    let service = format!("sleeper{number}");
    let name = format!("{project}-{service}-1");
    let endpoint = EndpointSettings {
        aliases: Some(vec![name.clone(), service.clone()]),
        ..EndpointSettings::default()
    };
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        cmd: Some(["sleep", "infinity"].map(str::to_owned).to_vec()),
        labels: Some(labels(project, &service)),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(HashMap::from([(network.to_owned(), endpoint)])),
        }),
        host_config: Some(HostConfig {
            network_mode: Some(network.to_owned()),
            init: Some(true),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptions {
        name: Some(name.clone()),
        ..CreateContainerOptions::default()
    };
    docker.create_container(Some(options), body).await.unwrap();
    let started = docker.start_container(&name, None::<StartContainerOptions>);
    started.await.unwrap();
}

fn labels(project: &str, service: &str) -> HashMap<String, String> {
    let pair = |key: &str, value: &str| (format!("com.docker.compose.{key}"), value.to_owned());
    HashMap::from([pair("project", project), pair("service", service)])
}
