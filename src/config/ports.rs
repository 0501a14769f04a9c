//! Host ports of the databases: chooses the missing ones and reports those that are taken twice.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use super::inherit::Written;
use super::layer::{Host, Layer};
use crate::diagnostic::Place;
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
        let Some((port, _)) = layer.postgres.port.as_ref().filter(|_| !is_external(layer)) else {
            continue;
        };
        let address = layer.bind.unwrap_or(DEFAULT_BIND);
        let holder = holders.hold(*port, address, index);
        let pair = holder.and_then(|holder| Some([written.get(holder)?, written.get(index)?]));
        if let Some([holder, environment]) = pair {
            let inherited = layer.postgres.port.as_ref().map(|(_, place)| place);
            report_duplicate(decoder, *port, [holder, environment], inherited, free);
        }
    }
}

fn report_duplicate(
    decoder: &mut Decoder<'_>,
    port: u16,
    [holder, environment]: [&Written; 2],
    place: Option<&Place>,
    free: &mut FreePorts,
) {
    let own = |it: &Written| {
        it.layer
            .postgres
            .port
            .as_ref()
            .map(|(_, place)| place.clone())
    };
    let free = free.take().unwrap_or(FIRST_PORT);
    let help = format!("give it a port of its own: `postgres: {{ port: {free} }}`");
    let (first, second) = (own(holder), own(environment));
    if let (Some(first), Some(second)) = (&first, &second)
        && first != second
    {
        let message = format!(
            "Host port {port} is taken twice: by `{}` and by `{}`",
            holder.key, environment.key
        );
        let fault = decoder.error(second.span, message);
        fault
            .related
            .push((first.clone(), format!("`{}` takes it here", holder.key)));
        fault.help = Some(format!("write another one: `port: {free}`"));
        return;
    }
    // One of the two only inherits the port: that one is to write its own.
    let (heir, other) = match (&first, &second) {
        (None, Some(_)) => (holder, environment),
        _ => (environment, holder),
    };
    let message = format!(
        "`{}` inherits host port {port}, which `{}` takes",
        heir.key, other.key
    );
    let fault = decoder.error(heir.key_span, message);
    fault.help = Some(help);
    if let Some(place) = first.as_ref().or(second.as_ref()).or(place) {
        fault
            .related
            .push((place.clone(), "the port is written here".to_owned()));
    }
}
