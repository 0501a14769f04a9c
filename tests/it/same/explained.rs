//! Every difference that is meant, with its reason.
//!
//! The first entry that covers a difference explains it. Each is as narrow as it can be: the place, and
//! what both sides have there.

use super::compare::{ABSENT, Explained};
use super::snapshot::THERE;

const fn entry(
    at: &'static str,
    first: &'static str,
    ours: &'static str,
    why: &'static str,
) -> Explained {
    Explained {
        at,
        first,
        ours,
        why,
    }
}

const ANY: &str = "*";
const LISTED: &str = "listed";

/// What Docker Compose makes (`first`) and what poststack makes on the same Docker.
pub const DOCKER: &[Explained] = &[
    entry(
        "container/Config/Attach*",
        "true",
        "false",
        "Compose's create call names the streams it might follow; nothing is attached",
    ),
    entry(
        "container/Config/Labels/com.docker.compose.image",
        ANY,
        ABSENT,
        "poststack compares images by the image of the container itself",
    ),
    entry(
        "container/Config/Labels/com.docker.compose.project.config_files",
        ANY,
        ABSENT,
        "an environment is made of `.poststack.yml` and all files it names",
    ),
    entry(
        "*/Labels/com.docker.compose.version",
        "\"2.26.1\"",
        ANY,
        "the version of the program that made it",
    ),
    entry(
        "container/Config/StopTimeout",
        ABSENT,
        "10",
        "Docker's default made explicit: Podman's create call would take 0",
    ),
    entry(
        "container/Config/ExposedPorts/*",
        "{}",
        ABSENT,
        "Compose writes ports and ranges as they are in the file, without protocol",
    ),
    entry(
        "container/Config/ExposedPorts/*",
        ABSENT,
        "{}",
        "each exposed port by itself, with its protocol",
    ),
    entry(
        "container/HostConfig/PortBindings/*/HostIp",
        "\"\"",
        "\"0.0.0.0\"",
        "a port without an address takes the environment's `bind`, here 0.0.0.0",
    ),
    entry(
        "container/NetworkSettings/Ports/*/:: *",
        LISTED,
        ABSENT,
        "`bind: 0.0.0.0` means all addresses of IPv4; none at all means those of IPv6 too",
    ),
    entry(
        "container/HostConfig/RestartPolicy/Name",
        "\"\"",
        "\"no\"",
        "two words for one policy",
    ),
    entry(
        "container/NetworkSettings/Networks/{project}_default",
        ABSENT,
        THERE,
        "every service reaches the database through the environment's own network",
    ),
    entry(
        "network/Containers/*",
        ABSENT,
        THERE,
        "every service reaches the database through the environment's own network",
    ),
    entry(
        "network/itself",
        ABSENT,
        THERE,
        "every service reaches the database through the environment's own network",
    ),
    entry(
        "container/NetworkSettings/Networks/{project}_default/Links/*",
        LISTED,
        ABSENT,
        "links are aliases of the linked service: engines keep no links in networks of one's own, and Podman knows none",
    ),
    entry(
        "container/NetworkSettings/Networks/{project}_default/Aliases/*",
        ABSENT,
        LISTED,
        "links are aliases of the linked service",
    ),
    entry(
        "container/HostConfig/Mounts/*",
        THERE,
        ABSENT,
        "bind mounts of the long form, secrets and configs are `Binds`, as those of the short form; `Mounts` has the outcome",
    ),
    entry(
        "container/HostConfig/Binds/*",
        ABSENT,
        LISTED,
        "bind mounts of the long form, secrets and configs are `Binds`, as those of the short form; `Mounts` has the outcome",
    ),
    entry(
        "container/Mounts/*/Mode",
        "\"\"",
        "\"r*\"",
        "the words of `Binds`; `RW` and `Propagation` have their meaning",
    ),
    entry(
        "container/Config/StopTimeout",
        "1",
        "2",
        "Compose cuts half a second off, poststack rounds up: a grace period of 0 s would be none",
    ),
    entry(
        "image/Config/ArgsEscaped",
        "true",
        ABSENT,
        "set by the builder that Compose uses; Windows alone reads it",
    ),
];

/// What poststack makes on Docker (`first`) and on Podman. What Podman does not show, the files look
/// at from inside the container.
pub const PODMAN: &[Explained] = &[
    entry(
        "container/NetworkSettings/Networks/*/Aliases/<short id>",
        ABSENT,
        LISTED,
        "Docker adds it at the start, Podman before",
    ),
    entry(
        "container/HostConfig/Cap*/*",
        LISTED,
        ABSENT,
        "shows by what the set differs from its default one",
    ),
    entry(
        "container/HostConfig/SecurityOpt/label=disable",
        LISTED,
        ABSENT,
        "Docker's own addition where a namespace of the host is shared",
    ),
    entry(
        "container/HostConfig/SecurityOpt/seccomp=*",
        ANY,
        ANY,
        "takes the path of the profile instead of its text",
    ),
    entry(
        "container/HostConfig/PidsLimit",
        ABSENT,
        "-1",
        "its word for none",
    ),
    entry(
        "container/HostConfig/MemorySwap",
        "-1",
        "1152921504606846976",
        "its call takes no -1: so much means no limit",
    ),
    entry(
        "container/HostConfig/Tmpfs/*",
        ANY,
        "\"*rw,rprivate,nosuid,nodev,tmpcopyup\"",
        "shows every option, and mounts of type tmpfs too",
    ),
    entry(
        "container/Mounts/*",
        THERE,
        ABSENT,
        "shows mounts of type tmpfs under `Tmpfs`",
    ),
    entry(
        "container/NetworkSettings/Networks/host",
        THERE,
        ABSENT,
        "the network of the host is none of its networks",
    ),
    entry(
        "container/NetworkSettings/Networks/none",
        THERE,
        ABSENT,
        "no network is none of its networks",
    ),
    entry(
        "container/Config/Healthcheck/Test/*",
        ANY,
        ANY,
        "breaks the words of CMD at spaces: they are one quoted line of a shell",
    ),
    entry(
        "container/Config/Image",
        ANY,
        "\"docker.io/library/*\"",
        "the whole name of an image",
    ),
    entry("image/RepoTags/*", ANY, ANY, "the whole name of an image"),
    entry(
        "image/Config/Labels/io.buildah.version",
        ABSENT,
        ANY,
        "of its builder",
    ),
    entry(
        "network/IPAM/Config/*/IPRange",
        ANY,
        ABSENT,
        "kept as a lease range, which only its own interface shows",
    ),
    entry(
        "network/Options/com.docker.network.bridge.name",
        ANY,
        ABSENT,
        "taken as the name of the interface, which only its own interface shows",
    ),
    entry(
        "network/Options/com.docker.network.bridge.enable_icc",
        "\"true\"",
        ABSENT,
        "is so by default",
    ),
    entry(
        "network/Options/com.docker.network.driver.mtu",
        ANY,
        ABSENT,
        "called mtu",
    ),
    entry(
        "network/Options/mtu",
        ABSENT,
        ANY,
        "Docker calls it com.docker.network.driver.mtu",
    ),
    entry(
        "container/Driver",
        "\"overlay2\"",
        "\"overlay\"",
        "the name of its storage",
    ),
    entry(
        "container/HostConfig/Runtime",
        "\"runc\"",
        "\"oci\"",
        "the name of its runtime",
    ),
    entry(
        "container/HostConfig/MaskedPaths/*",
        ANY,
        ABSENT,
        "masked all the same, but not shown",
    ),
    entry(
        "container/HostConfig/ReadonlyPaths/*",
        ANY,
        ABSENT,
        "read-only all the same, but not shown",
    ),
    entry(
        "container/HostConfig/NetworkMode",
        "\"{project}*\"",
        "\"bridge\"",
        "shows the kind of network; `Networks` has the names",
    ),
    entry(
        "container/HostConfig/CgroupnsMode",
        "\"host\"",
        ABSENT,
        "not shown",
    ),
    entry(
        "container/HostConfig/IpcMode",
        ANY,
        "\"shareable\"",
        "its word for an own one",
    ),
    entry(
        "container/HostConfig/PidMode",
        ABSENT,
        "\"private\"",
        "its word for an own one",
    ),
    entry(
        "container/HostConfig/UTSMode",
        ABSENT,
        "\"private\"",
        "its word for an own one",
    ),
    entry(
        "container/HostConfig/CapDrop/*",
        ABSENT,
        LISTED,
        "its default set of capabilities is smaller; shown by what it lacks of Docker's",
    ),
    entry(
        "container/HostConfig/PidsLimit",
        ABSENT,
        "2048",
        "a default of its own",
    ),
    entry(
        "container/HostConfig/ShmSize",
        "67108864",
        "65536000",
        "both mean 64 MB by default, and count differently",
    ),
    entry(
        "container/HostConfig/MemorySwappiness",
        ABSENT,
        "-1",
        "its word for the default",
    ),
    entry(
        "container/HostConfig/CpuPeriod",
        ABSENT,
        "100000",
        "shows `NanoCpus` as period and quota too",
    ),
    entry(
        "container/HostConfig/CpuQuota",
        ABSENT,
        ANY,
        "shows `NanoCpus` as period and quota too",
    ),
    entry(
        "container/HostConfig/Ulimits/n*",
        ABSENT,
        THERE,
        "limits that it gives every container",
    ),
    entry(
        "container/HostConfig/LogConfig/Config/*",
        ANY,
        ABSENT,
        "not shown",
    ),
    entry("container/HostConfig/Sysctls/*", ANY, ABSENT, "not shown"),
    entry(
        "container/HostConfig/Devices/*/CgroupPermissions",
        ANY,
        ABSENT,
        "not shown",
    ),
    entry(
        "container/HostConfig/Mounts/*",
        THERE,
        ABSENT,
        "shows every mount under `Binds`; `Mounts` has the outcome",
    ),
    entry(
        "container/HostConfig/Binds/*",
        ABSENT,
        LISTED,
        "shows every mount under `Binds`, with all options; `Mounts` has the outcome",
    ),
    entry(
        "container/HostConfig/Binds/*",
        LISTED,
        ABSENT,
        "shows every mount under `Binds`, with all options; `Mounts` has the outcome",
    ),
    entry(
        "container/Mounts/*/Mode",
        ANY,
        ABSENT,
        "`RW` and `Propagation` have its meaning",
    ),
    entry(
        "container/Mounts/*/Propagation",
        ABSENT,
        "\"rprivate\"",
        "shown of volumes as well",
    ),
    entry(
        "container/HostConfig/Tmpfs/*",
        ABSENT,
        "\"rw,rprivate,nosuid,nodev,tmpcopyup\"",
        "of a read-only container, /run, /tmp and /var/tmp are writable in memory",
    ),
    entry(
        "container/HostConfig/PortBindings/*/HostPort",
        "\"*-*\"",
        ANY,
        "its create call takes no range: poststack chooses the first free port",
    ),
    entry(
        "container/HostConfig/PortBindings/*/HostPort",
        ABSENT,
        ANY,
        "shows the port that it chose",
    ),
    entry(
        "container/Config/Env/HOME",
        ABSENT,
        ANY,
        "set by Podman in every container",
    ),
    entry(
        "container/Config/Env/HOSTNAME",
        ABSENT,
        ANY,
        "set by Podman in every container",
    ),
    entry(
        "container/Config/Env/TERM",
        ABSENT,
        "\"xterm\"",
        "set by Podman in every container",
    ),
    entry(
        "container/Config/Env/container",
        ABSENT,
        "\"podman\"",
        "set by Podman in every container",
    ),
    entry(
        "container/Config/Env/*",
        LISTED,
        ABSENT,
        "a variable that is to be removed is left out; one of the image is made empty",
    ),
    entry(
        "container/Config/Env/*",
        LISTED,
        "\"\"",
        "a variable that is to be removed is left out; one of the image is made empty",
    ),
    entry(
        "container/Config/Image",
        "\"*\"",
        "\"localhost/*\"",
        "where images live that no registry has",
    ),
    entry(
        "container/Config/Labels/io.buildah.version",
        ABSENT,
        ANY,
        "of its builder",
    ),
    entry(
        "container/Config/StopSignal",
        ANY,
        ANY,
        "as a number; without one, that of SIGTERM",
    ),
    entry(
        "container/Config/WorkingDir",
        ABSENT,
        "\"/\"",
        "the default made explicit",
    ),
    entry(
        "container/Config/Volumes/*",
        "{}",
        ABSENT,
        "`Mounts` has them",
    ),
    entry(
        "container/Config/Healthcheck/*",
        ABSENT,
        ANY,
        "the default made explicit",
    ),
    entry(
        "container/Config/Domainname",
        "\"example.org\"",
        ABSENT,
        "its containers have no domain name",
    ),
    entry(
        "container/Config/Hostname",
        ANY,
        "\"<short id>\"",
        "shows its own id where it shares a network",
    ),
    entry(
        "container/Path",
        ANY,
        "\"/run/podman-init\"",
        "the first process of `init`, which Docker does not show",
    ),
    entry(
        "container/Args/*",
        ANY,
        ANY,
        "tells the first word again, or that of `init`; `Config` has the words",
    ),
    entry(
        "container/NetworkSettings/Networks/bridge",
        THERE,
        ABSENT,
        "its default network is called podman",
    ),
    entry(
        "container/NetworkSettings/Networks/podman",
        ABSENT,
        THERE,
        "its default network is called podman",
    ),
    entry(
        "container/NetworkSettings/Networks/*/IPAMConfig/*",
        ANY,
        ABSENT,
        "`IPAddress` has it",
    ),
    entry(
        "container/NetworkSettings/*",
        ABSENT,
        "\"<chosen>\"",
        "shows the addresses of the network it shares",
    ),
    entry(
        "container/NetworkSettings/Networks/*",
        ABSENT,
        THERE,
        "shows the network it shares",
    ),
    entry(
        "network/Containers/*",
        ABSENT,
        THERE,
        "shows who shares a network, and who ended",
    ),
    entry(
        "network/IPAM/Options/driver",
        ABSENT,
        "\"host-local\"",
        "shows its driver of addresses there",
    ),
    entry(
        "network/Attachable",
        "true",
        ABSENT,
        "every network of its is attachable",
    ),
];
