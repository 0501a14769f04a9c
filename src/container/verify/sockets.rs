//! What listens in a network, as the tables of
//! [proc_net(5)](https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html) tell it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::config::model::verify::ListeningPort;

/// The tables, as the kernel names them.
pub const TABLES: [&str; 4] = [
    "/proc/net/tcp",
    "/proc/net/tcp6",
    "/proc/net/udp",
    "/proc/net/udp6",
];

/// Where Docker's own name server listens in each container of a network.
const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);

/// The ports on which something listens, from lines with their table and a colon before each.
#[must_use]
pub fn listening(lines: &str) -> BTreeSet<ListeningPort> {
    lines.lines().filter_map(listener).collect()
}

fn listener(line: &str) -> Option<ListeningPort> {
    let (table, row) = line.split_once(':')?;
    let mut fields = row.split_whitespace().skip(1);
    let (address, port) = fields.next()?.rsplit_once(':')?;
    let number = u16::from_str_radix(port, 16).ok()?;
    let state = fields.nth(1)?;
    let udp = table.contains("udp");
    // A socket of TCP that listens, or one of UDP without a peer.
    let listens = state == if udp { "07" } else { "0A" };
    (listens && !is_name_server(address)).then_some(ListeningPort { number, udp })
}

/// The kernel writes the bytes of an address as one number of the machine.
fn is_name_server(address: &str) -> bool {
    address == format!("{:08X}", u32::from_ne_bytes(NAME_SERVER.octets()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_sockets_are_told_from_connections_and_from_the_name_server_of_docker() {
        let lines = "\
/proc/net/tcp:  sl  local_address rem_address   st tx_queue rx_queue
/proc/net/tcp:   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000
/proc/net/tcp:   1: 0100007F:D2B0 0100007F:1F90 01 00000000:00000000 00:00000000
/proc/net/tcp6:   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0
/proc/net/tcp:   2: 0B00007F:82FB 00000000:0000 0A 00000000:00000000 00:00000000
/proc/net/udp:  11: 0B00007F:A2C1 00000000:0000 07 00000000:00000000 00:00000000
/proc/net/udp:  12: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000
/proc/net/udp:  13: 0100007F:D2B1 0100007F:0035 01 00000000:00000000 00:00000000
";
        let found = listening(lines);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["53/udp", "80/tcp", "8080/tcp"]);
    }
}
