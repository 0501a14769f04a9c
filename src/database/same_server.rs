//! Whether two ways to write a server mean the same one: a database that is protected must stay so
//! for whoever spells its host otherwise. When in doubt, names are looked up; what has no answer is
//! another server.

use std::net::{IpAddr, ToSocketAddrs, UdpSocket};

use crate::config::model::{Environment, Postgres};
use crate::postgres::Address;

/// The environment among `all` whose database is at `address`, a protected one before others.
#[must_use]
pub fn environment_at<'a>(
    all: impl Iterator<Item = &'a Environment>,
    address: &Address,
) -> Option<&'a Environment> {
    let mut there: Vec<&Environment> = all
        .filter(|one| one.postgres.database == address.database)
        .filter(|one| is_at(one, &address.host, address.port))
        .collect();
    there.sort_by_key(|one| !one.protected);
    there.first().copied()
}

/// Whether the database of `environment` is on the server at `host` and `port`.
fn is_at(environment: &Environment, host: &str, port: u16) -> bool {
    let postgres: &Postgres = &environment.postgres;
    if postgres.port != port {
        return false;
    }
    match &postgres.host {
        Some(configured) => is_same_host(configured, host),
        None => {
            let published = environment.bind;
            let is_here = |address: &IpAddr| match published.is_unspecified() {
                true => is_of_this_machine(*address),
                false => address.is_loopback() || *address == published,
            };
            lookup(host).iter().any(is_here)
        }
    }
}

/// Whether two hosts are the same machine: the same name, or names with an address in common. All
/// addresses of the loopback are one, and the folder of a Unix socket is of this machine.
fn is_same_host(one: &str, other: &str) -> bool {
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    let (ours, theirs) = (lookup(one), lookup(other));
    ours.iter().any(|address| theirs.contains(address))
}

/// The addresses of `host`; none when nobody knows it.
fn lookup(host: &str) -> Vec<IpAddr> {
    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    if host.starts_with('/') {
        return vec![LOOPBACK];
    }
    // The port is not asked for.
    let found = (host, 0).to_socket_addrs();
    let addresses = found.into_iter().flatten();
    addresses
        .map(|socket| match socket.ip().to_canonical() {
            ip if ip.is_loopback() => LOOPBACK,
            ip => ip,
        })
        .collect()
}

/// Nobody can listen at the address of another machine.
fn is_of_this_machine(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_host_is_the_same_host() {
        for (one, other) in [
            ("DB.Example.Invalid", "db.example.invalid"),
            ("localhost", "127.0.0.1"),
            ("localhost", "::1"),
            ("127.0.0.1", "::ffff:127.0.0.1"),
            ("/var/run/postgresql", "localhost"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
        ] {
            assert!(is_same_host(one, other), "{one} {other}");
            assert!(is_same_host(other, one), "{other} {one}");
        }
    }

    #[test]
    fn hosts_without_an_address_in_common_are_two() {
        for other in ["192.0.2.1", "db.example.invalid", "/tmp"] {
            assert!(!is_same_host("192.0.2.2", other), "{other}");
        }
        // Neither is known to anybody.
        assert!(!is_same_host("a.invalid", "b.invalid"));
    }

    #[test]
    fn only_own_addresses_are_of_this_machine() {
        assert!(is_of_this_machine(std::net::Ipv4Addr::LOCALHOST.into()));
        assert!(!is_of_this_machine(IpAddr::from([192, 0, 2, 1])));
    }
}
