use super::super::tests::{faults, workload};

fn network(text: &str) -> super::Network {
    let text = format!("networks: {{n: {text}}}\nservices: {{a: {{image: x, networks: [n]}}}}");
    workload(&text).networks["n"].clone()
}

#[test]
fn a_network_says_how_its_addresses_are_given() {
    let network = network(
        "{enable_ipv4: false, enable_ipv6: 'true', ipam: {driver: dhcp, options: {a: 1}, config: [{subnet: 10.1.0.0/16, ip_range: 10.1.5.0/24, gateway: 10.1.0.1, aux_addresses: {router: 10.1.5.1}}, {subnet: 'fd00::/64'}]}}",
    );
    assert_eq!((network.ipv4, network.ipv6), (Some(false), true));
    let ipam = network.ipam;
    assert_eq!(ipam.driver.as_deref(), Some("dhcp"));
    assert_eq!(ipam.options["a"], "1");
    assert_eq!(ipam.subnets.len(), 2);
    assert_eq!(ipam.subnets[0].aux_addresses["router"], "10.1.5.1");
    assert_eq!(ipam.subnets[1].subnet.as_deref(), Some("fd00::/64"));
}

#[test]
fn the_default_driver_of_addresses_is_none_of_its_own() {
    assert_eq!(
        network("{ipam: {driver: default}}").ipam,
        super::Ipam::default()
    );
}

#[test]
fn faults_of_addresses() {
    insta::assert_snapshot!(faults("
services: {a: {image: x}}
networks:
  n:
    driver_opts: {a: true}
    ipam:
      config: [{subnet: 10.0.0.0, gateway: 10.0.0.1/8}, {subnet: 10.0.0.0/33, subnets: x}]
"), @r#"
    error 5:22: `networks.n.driver_opts.a` must be a string, this is a boolean
      help: put it in quotes: "true"
    error 7:25: `networks.n.ipam.config.subnet` is no range of addresses: `10.0.0.0`
      help: write for instance `172.28.0.0/16`
    error 7:44: `networks.n.ipam.config.gateway` is no address: `10.0.0.1/8`
      help: write for instance `172.28.0.1`
    error 7:66: `networks.n.ipam.config.subnet` is no range of addresses: `10.0.0.0/33`
      help: write for instance `172.28.0.0/16`
    error 7:79: Unknown key `subnets` in `networks.n.ipam.config`
      help: did you mean `subnet`?
    "#);
}
