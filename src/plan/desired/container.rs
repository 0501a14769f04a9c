//! Services of a workload as containers: named, attached, labelled, with their definition hashed.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::contents;
use super::image::{image_reference, image_source};
use super::{Builder, DesiredContainer, DesiredHooks, DesiredImage, ImageSource};
use crate::diagnostic::{Diagnostic, Place};
use crate::plan::definition;
use crate::plan::identity::{self, DEFAULT_NETWORK, Identity, Role};
use crate::plan::spec::{
    ContainerSpec, Endpoint, Labels, MountSpec, MountSpecSource, MountsOf, NamespaceMode,
    NetworkAttachment, SharedNamespaces,
};
use crate::workload::model::{
    Attachment, Condition, Dependency, Ending, Mount, MountSource, Namespace, Namespaces,
    PodMember, Readiness, Restart, Service, ServiceNetwork, VolumesFrom, VolumesSource, Workload,
};

impl Builder<'_> {
    pub(super) fn containers(&mut self, workload: &Workload, role: Role) -> Vec<DesiredContainer> {
        let awaited = |condition: Condition| -> BTreeSet<&str> {
            let services = workload.services.iter();
            let dependencies = services.flat_map(|service| &service.depends_on);
            dependencies
                .filter(|dependency| dependency.condition == condition)
                .map(|dependency| dependency.service.as_str())
                .collect()
        };
        let completes = awaited(Condition::CompletedSuccessfully);
        let healthy = awaited(Condition::Healthy);
        workload
            .services
            .iter()
            .flat_map(|service| {
                self.check_replicas(service);
                let numbers = 1..=super::replicas::count(service);
                numbers
                    .map(move |number| (service, number))
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(service, number)| {
                let mut spec = self.spec(service, number, workload);
                if role == Role::Init && !serves(service, workload) {
                    run_once(&mut spec.process.restart);
                }
                let source = image_source(service, workload, self.inputs.identity);
                self.image(&spec.image, source, &service.place);
                let hooks = self.hooks(service, number, &spec);
                self.finish(Made {
                    spec,
                    service: &service.name,
                    number,
                    hooks,
                    role,
                    depends_on: service.depends_on.clone(),
                    ending: match completes.contains(service.name.as_str()) {
                        true => Ending::Awaited,
                        false => service.pod.ending,
                    },
                    health_needed: healthy.contains(service.name.as_str()),
                    pod: self.member(&service.pod, workload),
                    place: service.place.clone(),
                    port_places: service.port_places.clone(),
                })
            })
            .collect()
    }

    pub(super) fn image(&mut self, reference: &str, source: ImageSource, place: &Place) {
        let image = DesiredImage {
            source,
            place: place.clone(),
        };
        let known = self.desired.images.entry(reference.to_owned());
        // Of several services with one image, the one that builds it decides.
        known
            .and_modify(|known| {
                if matches!(known.source, ImageSource::Pull(..)) {
                    *known = image.clone();
                }
            })
            .or_insert(image);
    }

    fn spec(&self, service: &Service, number: u32, workload: &Workload) -> ContainerSpec {
        let identity = self.inputs.identity;
        let mut process = service.process.clone();
        for port in &mut process.ports {
            port.host_ip.get_or_insert(self.inputs.environment.bind);
        }
        let name = container_name(service, number, identity);
        ContainerSpec {
            image: image_reference(service, identity),
            platform: service.platform.clone(),
            network: self.attachment(service, workload, &name),
            namespaces: self.namespaces(&service.namespaces, workload),
            mounts: service
                .mounts
                .iter()
                .map(|mount| self.mount(mount))
                .collect(),
            volumes_from: self.volumes_from(service, workload),
            files: service.files.clone(),
            labels: service.labels.clone(),
            process,
            name,
        }
    }

    fn attachment(
        &self,
        service: &Service,
        workload: &Workload,
        container: &str,
    ) -> NetworkAttachment {
        match &service.network {
            ServiceNetwork::Host => NetworkAttachment::Host,
            ServiceNetwork::None => NetworkAttachment::None,
            ServiceNetwork::Bridge => NetworkAttachment::Bridge,
            ServiceNetwork::Container(name) => NetworkAttachment::Container(name.clone()),
            ServiceNetwork::Service(other) => {
                NetworkAttachment::Container(self.container_of(other, workload))
            }
            ServiceNetwork::Networks(attachments) => {
                let mut joined = attachments.clone();
                if joined.iter().all(|one| one.network != DEFAULT_NETWORK) {
                    joined.push(Attachment {
                        network: DEFAULT_NETWORK.to_owned(),
                        ..Attachment::default()
                    });
                }
                let endpoint = |one: &Attachment| self.endpoint(one, container, service);
                NetworkAttachment::Networks(joined.iter().map(endpoint).collect())
            }
        }
    }

    fn namespaces(&self, wanted: &Namespaces, workload: &Workload) -> SharedNamespaces {
        let mode = |namespace: &Option<Namespace>| {
            Some(match namespace.as_ref()? {
                Namespace::Word(word) => NamespaceMode::Word(word.clone()),
                Namespace::Container(name) => NamespaceMode::Container(name.clone()),
                Namespace::Service(other) => {
                    NamespaceMode::Container(self.container_of(other, workload))
                }
            })
        };
        SharedNamespaces {
            pid: mode(&wanted.pid),
            ipc: mode(&wanted.ipc),
            uts: mode(&wanted.uts),
        }
    }

    fn member(&self, pod: &PodMember, workload: &Workload) -> PodMember {
        let mut pod = pod.clone();
        let readiness = pod.readiness.iter_mut();
        for probe in readiness.flat_map(|readiness| &mut readiness.probes) {
            if let Some(service) = &mut probe.runs_in {
                *service = self.container_of(service, workload);
            }
        }
        pod
    }

    fn volumes_from(&self, service: &Service, workload: &Workload) -> Vec<MountsOf> {
        let one = |from: &VolumesFrom| MountsOf {
            container: match &from.source {
                VolumesSource::Service(other) => self.container_of(other, workload),
                VolumesSource::Container(name) => name.clone(),
            },
            read_only: from.read_only,
        };
        service.volumes_from.iter().map(one).collect()
    }

    /// The name of the first container of another service.
    fn container_of(&self, other: &str, workload: &Workload) -> String {
        let mut services = workload.services.iter();
        let found = services.find(|service| service.name == *other);
        let own = || self.inputs.identity.container(other, 1);
        let named = found.map(|service| container_name(service, 1, self.inputs.identity));
        named.unwrap_or_else(own)
    }

    fn endpoint(&self, attachment: &Attachment, container: &str, service: &Service) -> Endpoint {
        let mut aliases = vec![container.to_owned(), service.name.clone()];
        aliases.extend(attachment.aliases.iter().cloned());
        // Docker makes the host name an alias by itself, Podman does not.
        aliases.extend(service.process.hostname.clone());
        aliases.sort();
        aliases.dedup();
        Endpoint {
            network: self.network_name(&attachment.network),
            aliases,
            ipv4_address: attachment.ipv4_address.clone(),
            ipv6_address: attachment.ipv6_address.clone(),
            link_local_ips: attachment.link_local_ips.clone(),
            mac_address: attachment.mac_address.clone(),
            interface_name: attachment.interface_name.clone(),
            gateway_priority: attachment.gateway_priority,
            driver_options: attachment.driver_options.clone(),
            links: service.process.external_links.clone(),
        }
    }

    fn mount(&self, mount: &Mount) -> MountSpec {
        let source = match mount.source.clone() {
            MountSource::Bind {
                path,
                create,
                propagation,
                selinux,
            } => MountSpecSource::Bind {
                path,
                create,
                propagation,
                selinux,
            },
            MountSource::HostPath {
                path,
                kind,
                propagation,
            } => MountSpecSource::HostPath {
                path,
                kind,
                propagation,
            },
            MountSource::Volume {
                key,
                no_copy,
                subpath,
            } => MountSpecSource::Volume {
                name: self.volume_name(&key),
                no_copy,
                subpath,
            },
            MountSource::Anonymous => MountSpecSource::Anonymous,
            MountSource::Tmpfs { size, mode } => MountSpecSource::Tmpfs { size, mode },
        };
        MountSpec {
            source,
            target: mount.target.clone(),
            read_only: mount.read_only,
        }
    }

    /// Adds hash and labels, and reports a name that two services share.
    pub(super) fn finish(&mut self, made: Made<'_>) -> DesiredContainer {
        let mut spec = made.spec.clone();
        if let Some(first) = self.seen.get(&spec.name) {
            let message = format!("Two services make the same container `{}`", spec.name);
            let diagnostic = Diagnostic::error(message)
                .at(&made.place.source, made.place.span)
                .related(&first.source, first.span, "the first one")
                .help("rename one of the services");
            self.diagnostics.push(diagnostic);
        }
        self.seen.insert(spec.name.clone(), made.place.clone());
        let mut extra = made.hooks.fields();
        extra.extend(member_fields(&made.pod));
        extra.extend(contents(self.inputs, &spec, made.role));
        let mut fields = definition::fields(&spec, &extra);
        if made.role == Role::Database {
            // The cluster keeps its password; a new one is set in it, without a new container.
            fields.remove("environment.POSTGRES_PASSWORD");
        }
        let hash = definition::hash(&fields);
        let labels = self.container_labels(&made);
        spec.labels.extend(labels);
        let check = spec.process.healthcheck.as_ref();
        if let Some(pause) = check.and_then(|check| check.start_interval) {
            let nanoseconds = pause.as_nanos().to_string();
            spec.labels
                .insert(identity::START_INTERVAL.to_owned(), nanoseconds);
        }
        if !made.hooks.pre_stop.is_empty() {
            let label = crate::plan::hooks::encode(&made.hooks.pre_stop, self.inputs.mask);
            spec.labels.insert(identity::PRE_STOP.to_owned(), label);
        }
        spec.labels.extend([
            (identity::DEFINITION_HASH.to_owned(), hash.clone()),
            (identity::DEFINITION.to_owned(), definition::encode(&fields)),
            ("com.docker.compose.config-hash".to_owned(), hash.clone()),
        ]);
        DesiredContainer {
            spec,
            service: made.service.to_owned(),
            number: made.number,
            role: made.role,
            hooks: made.hooks,
            fields,
            hash,
            depends_on: made.depends_on,
            completes: made.ending == Ending::Awaited,
            may_end: made.ending != Ending::Never,
            readiness: made.pod.readiness,
            infra_of: made.pod.infra_of,
            health_needed: made.health_needed,
            place: made.place,
            port_places: made.port_places,
        }
    }

    fn container_labels(&self, made: &Made<'_>) -> Labels {
        let identity = self.inputs.identity;
        let mut labels = identity.labels(Some(("service", made.service)));
        let compose = |key: &str| format!("com.docker.compose.{key}");
        labels.extend([
            (identity::SERVICE.to_owned(), made.service.to_owned()),
            (identity::ROLE.to_owned(), made.role.as_str().to_owned()),
            (identity::COMPOSE_NUMBER.to_owned(), made.number.to_string()),
            (compose("oneoff"), "False".to_owned()),
            (
                identity::COMPOSE_DEPENDS_ON.to_owned(),
                depends_label(&made.depends_on),
            ),
            (
                compose("project.working_dir"),
                identity.directory.to_string_lossy().into_owned(),
            ),
        ]);
        labels
    }
}

pub(super) struct Made<'s> {
    pub spec: ContainerSpec,
    pub service: &'s str,
    pub number: u32,
    pub hooks: DesiredHooks,
    pub role: Role,
    pub depends_on: Vec<Dependency>,
    pub ending: Ending,
    pub health_needed: bool,
    pub pod: PodMember,
    pub place: Place,
    pub port_places: Vec<Place>,
}

/// `dep:condition:restart,…` as Compose writes it.
fn depends_label(depends_on: &[Dependency]) -> String {
    let one = |dependency: &Dependency| {
        let condition = match dependency.condition {
            Condition::Started => "service_started",
            Condition::Healthy => "service_healthy",
            Condition::CompletedSuccessfully => "service_completed_successfully",
        };
        format!("{}:{condition}:{}", dependency.service, dependency.restart)
    };
    depends_on.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Whether others of its file need the service running, so that it does not end by itself.
fn serves(service: &Service, workload: &Workload) -> bool {
    let others = workload.services.iter();
    let mut needs = others.flat_map(|other| &other.depends_on);
    needs
        .any(|one| one.service == service.name && one.condition != Condition::CompletedSuccessfully)
}

/// A step of the init phase has ended when it ends: nothing brings it back.
fn run_once(restart: &mut Restart) {
    if matches!(restart, Restart::Always | Restart::UnlessStopped) {
        *restart = Restart::No;
    }
}

/// What a member of a pod is made of, beyond the specification of its container.
fn member_fields(pod: &PodMember) -> BTreeMap<String, String> {
    let sources = pod.sources.iter();
    let sources = sources.map(|(name, content)| (name.clone(), content.expose().to_owned()));
    let probes = pod
        .readiness
        .as_ref()
        .filter(|one| **one != Readiness::default());
    let probes = probes.map(|readiness| ("probes".to_owned(), format!("{readiness:?}")));
    sources.chain(probes).collect()
}

fn container_name(service: &Service, number: u32, identity: &Identity) -> String {
    let own = || identity.container(&service.name, number);
    service.container_name.clone().unwrap_or_else(own)
}
