//! Host ports of the databases: chooses the missing ones and reports those that are taken twice.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use super::inherit::Written;
use super::layer::{Host, Layer};
use crate::diagnostic::{Place, brief};
use crate::yaml::decode::Decoder;

/// The first port given to an environment that names none.
const FIRST_PORT: u16 = 5433;

/// The port of an external database that names none.
const EXTERNAL_PORT: u16 = 5432;

/// Where published ports are bound by default: this machine only.
pub(super) const DEFAULT_BIND: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The port of each environment, in the order of `written`.
///
/// A missing one is the first from 5433 on that no other environment of the file has, so it depends
/// on the file alone.
pub(super) fn assign(decoder: &mut Decoder<'_>, written: &[Written], merged: &[Layer]) -> Vec<u16> {
    let mut free = FreePorts::new(merged);
    report_duplicates(decoder, written, merged, &mut free);
    let mut ports = Vec::with_capacity(merged.len());
    for (environment, layer) in written.iter().zip(merged) {
        let port = match &layer.postgres.port {
            Some((port, _)) => Some(*port),
            None if is_external(layer) => Some(EXTERNAL_PORT),
            None => free.take(),
        };
        if port.is_none() {
            decoder.error(
                environment.key_span,
                "No host port is left for this environment",
            );
        }
        ports.push(port.unwrap_or(FIRST_PORT));
    }
    ports
}

fn is_external(layer: &Layer) -> bool {
    matches!(layer.postgres.host, Some(Host::External(..)))
}

/// Ports that no environment of the file names.
struct FreePorts {
    named: BTreeSet<u16>,
    next: Option<u16>,
}

impl FreePorts {
    fn new(merged: &[Layer]) -> Self {
        let ports = merged
            .iter()
            .filter_map(|layer| layer.postgres.port.as_ref());
        Self {
            named: ports.map(|(port, _)| *port).collect(),
            next: Some(FIRST_PORT),
        }
    }

    fn take(&mut self) -> Option<u16> {
        while let Some(port) = self.next {
            self.next = port.checked_add(1);
            if !self.named.contains(&port) {
                return Some(port);
            }
        }
        None
    }
}

/// Who holds a port. An unspecified address (`0.0.0.0`) holds it on every address.
#[derive(Default)]
struct Holders {
    on_address: HashMap<(u16, IpAddr), usize>,
    on_every_address: HashMap<u16, usize>,
    on_any_address: HashMap<u16, usize>,
}

impl Holders {
    /// The environment that holds the port already, if one does; otherwise `index` holds it now.
    fn hold(&mut self, port: u16, address: IpAddr, index: usize) -> Option<usize> {
        let holder = if address.is_unspecified() {
            self.on_any_address.get(&port)
        } else {
            let same = self.on_address.get(&(port, address));
            same.or_else(|| self.on_every_address.get(&port))
        };
        if let Some(holder) = holder {
            return Some(*holder);
        }
        self.on_any_address.entry(port).or_insert(index);
        if address.is_unspecified() {
            self.on_every_address.insert(port, index);
        }
        self.on_address.insert((port, address), index);
        None
    }
}

fn report_duplicates(
    decoder: &mut Decoder<'_>,
    written: &[Written],
    merged: &[Layer],
    free: &mut FreePorts,
) {
    let mut holders = Holders::default();
    for (index, layer) in merged.iter().enumerate() {
        let Some((port, place)) = &layer.postgres.port else {
            continue;
        };
        if is_external(layer) {
            continue;
        }
        let address = layer.bind.unwrap_or(DEFAULT_BIND);
        let Some(holder) = holders.hold(*port, address, index) else {
            continue;
        };
        if let (Some(holder), Some(environment)) = (written.get(holder), written.get(index)) {
            let free = free.take().unwrap_or(FIRST_PORT);
            report_duplicate(decoder, [holder, environment], (*port, place), free);
        }
    }
}

/// Reports that two environments have `port`; `place` is where the second one has it from.
fn report_duplicate(
    decoder: &mut Decoder<'_>,
    [holder, environment]: [&Written; 2],
    (port, place): (u16, &Place),
    free: u16,
) {
    let own = |it: &Written| it.layer.postgres.port.as_ref().map(|(_, own)| own.clone());
    match (own(holder), own(environment)) {
        (Some(first), Some(second)) if first != second => {
            let message = format!(
                "Host port {port} is taken twice: by `{}` and by `{}`",
                brief(&holder.key),
                brief(&environment.key)
            );
            let fault = decoder.error(second.span, message);
            let label = format!("`{}` takes it here", brief(&holder.key));
            fault.related.push((first, label));
            fault.help = Some(format!("write another one: `port: {free}`"));
        }
        // One of the two only inherits the port: that one is to write its own.
        (None, Some(_)) => report_inherited(decoder, [environment, holder], (port, place), free),
        _ => report_inherited(decoder, [holder, environment], (port, place), free),
    }
}

fn report_inherited(
    decoder: &mut Decoder<'_>,
    [holder, heir]: [&Written; 2],
    (port, place): (u16, &Place),
    free: u16,
) {
    let message = format!(
        "`{}` inherits host port {port}, which `{}` takes",
        brief(&heir.key),
        brief(&holder.key)
    );
    let fault = decoder.error(heir.key_span, message);
    let label = "the port is written here".to_owned();
    fault.related.push((place.clone(), label));
    fault.help = Some(format!(
        "give it a port of its own: `postgres: {{ port: {free} }}`"
    ));
}
