//! The hardware address of Podman's bridges, and who remembers it.
//!
//! Before netavark 1.9, as on Debian 12 and Ubuntu 24.04, a bridge of Podman has the lowest hardware
//! address of what is attached to it: another one whenever the lowest comes or goes. A container
//! that has talked to the former one goes on sending there, its questions for names among it, and
//! nobody answers for up to 50 s, until it looks through its table of neighbours.
//! <https://github.com/containers/netavark/pull/833>

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use super::{Address, Engine, EngineKind};

/// Discards what it gets, <https://www.rfc-editor.org/rfc/rfc863>.
const DISCARD: u16 = 9;

impl Engine {
    /// Makes containers know their bridge again after one of them has come, where the engine is on
    /// this machine. A bridge that has a new address has also forgotten its neighbours, so it asks
    /// for them before it sends anything, and the question tells its address to all who hear it.
    pub fn renew_neighbours(&self, containers: impl IntoIterator<Item = Ipv4Addr>) {
        let is_local = matches!(self.endpoint.address, Address::Unix(_));
        if self.kind != EngineKind::Podman || !is_local {
            return;
        }
        let socket = match local_socket() {
            Ok(socket) => socket,
            Err(error) => return tracing::debug!("nothing can be sent: {error}"),
        };
        for container in containers {
            // Where it cannot be sent, as to the network of a user without privileges, all is as before.
            if let Err(error) = socket.send_to(&[0], SocketAddrV4::new(container, DISCARD)) {
                tracing::debug!("nothing reaches {container}: {error}");
            }
        }
    }
}

/// A socket whose packets go no further than the networks of this machine.
fn local_socket() -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_ttl(1)?;
    Ok(socket)
}
