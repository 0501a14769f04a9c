//! A real PostgreSQL server for the tests, one for the whole run, made from the programs of the
//! machine. It ends with the test process, however that ends: a shell beside it waits for the end
//! of its standard input.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use poststack::postgres::{Address, Connection, Patience, connect, quote, wait_for_login};
use poststack::secret::Secret;
use proptest::test_runner::Config;

use crate::project::free_port;

const SUPERUSER: &str = "super";
const PASSWORD: &str = "a p@ssword/of:tests";

/// Runs as a user who may own a server. Arguments: the folder of the programs, the port, the
/// superuser, its password, `tls` or nothing. Its first line is the folder of the Unix socket, which
/// with `tls` holds the root certificate as well.
const SCRIPT: &str = r#"
set -eu
programs=$1 port=$2 user=$3 password=$4 tls=$5
base=${TMPDIR:-/tmp}
# Creating files is most of the work; memory is the quick place for them.
if [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 524288 ]; then
    base=/dev/shm
fi
folder=$(mktemp -d "$base/poststack-test-XXXXXX")
trap '' INT
printf %s "$password" > "$folder/password"
"$programs/initdb" --no-sync --username="$user" --pwfile="$folder/password" --encoding=UTF8 \
    --auth-local=trust --auth-host=scram-sha-256 --no-instructions "$folder/data" > "$folder/log" 2>&1 ||
    { cat "$folder/log" >&2; rm -rf "$folder"; exit 1; }
if [ "$tls" = tls ]; then
    cd "$folder"
    key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
    {
        openssl req -x509 $key -days 9 -subj /CN=root -keyout root.key -out root.crt
        openssl req -new $key -subj /CN=server -keyout server.key -out server.csr
        echo subjectAltName=DNS:localhost > names
        openssl x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 9 \
            -extfile names -out server.crt
    } > "$folder/log" 2>&1 || { cat "$folder/log" >&2; rm -rf "$folder"; exit 1; }
    cat >> "$folder/data/postgresql.conf" <<END
ssl = on
ssl_cert_file = '$folder/server.crt'
ssl_key_file = '$folder/server.key'
END
    cat > "$folder/data/pg_hba.conf" <<END
local all all trust
hostssl all no_tls all reject
hostnossl all only_tls all reject
host all all all scram-sha-256
END
    cd /
fi
"$programs/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$folder" -c fsync=off -c full_page_writes=off \
    -c synchronous_commit=off -c max_connections=200 < /dev/null > "$folder/log" 2>&1 &
server=$!
echo "$folder"
read -r _ || true
kill -INT "$server"
wait "$server" || true
rm -rf "$folder"
"#;

/// The server all tests share.
pub struct Cluster {
    pub port: u16,
    /// Folder of the Unix socket, which asks for no password.
    pub socket: PathBuf,
    /// Folder of `psql`, `pg_dump` and the like.
    pub programs: PathBuf,
    _keeper: Child,
    /// Closing it ends the server.
    _alive: ChildStdin,
}

/// The shared server, started by the first test that asks.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(""))
}

/// A second server, with TLS: its certificate is for `localhost`, signed by `root.crt` in the folder
/// of its socket. It refuses `only_tls` without TLS and `no_tls` with it.
pub fn tls_cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start("tls"))
}

/// A server whose roles and settings no test changes, for those that watch what is changed there.
pub fn quiet_cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(""))
}

impl Cluster {
    pub fn start(tls: &str) -> Self {
        let programs = find_programs();
        let port = free_port();
        let mut keeper = as_owner()
            .args(["sh", "-c", SCRIPT, "sh"])
            .arg(&programs)
            .args([&port.to_string(), SUPERUSER, PASSWORD, tls])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`setpriv` and `sh` start: apt-get install util-linux");
        let alive = keeper.stdin.take().expect("it is piped");
        let mut socket = String::new();
        BufReader::new(keeper.stdout.take().expect("it is piped"))
            .read_line(&mut socket)
            .expect("the script tells its folder");
        assert!(!socket.is_empty(), "initdb or openssl failed, see above");
        Self {
            port,
            socket: socket.trim_end().into(),
            programs,
            _keeper: keeper,
            _alive: alive,
        }
    }

    /// The superuser's address of `database`.
    pub fn address(&self, database: &str) -> Address {
        let password = Secret::new(PASSWORD);
        Address::new("127.0.0.1", self.port, database, SUPERUSER, password)
    }

    /// A new, empty database for one test.
    pub async fn database(&self) -> Address {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let admin = self.login(&self.address("postgres")).await;
        let create = format!("CREATE DATABASE {}", quote::identifier(&name));
        admin.client().batch_execute(&create).await.unwrap();
        self.address(&name)
    }

    /// Logs in, waiting for the server's own start at most.
    pub async fn login(&self, address: &Address) -> Connection {
        let ready = wait_for_login(address, Patience::default()).await;
        ready
            .expect("the server of the tests lets its superuser in")
            .connection
    }
}

/// One text from the database, `NULL` as the empty text.
pub async fn ask(address: &Address, sql: &str) -> String {
    let connection = connect(address, Duration::from_secs(10)).await.unwrap();
    let row = connection
        .client()
        .query_one(&format!("SELECT ({sql})::text"), &[])
        .await;
    row.unwrap().get::<_, Option<String>>(0).unwrap_or_default()
}

fn find_programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut folders: Vec<PathBuf> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    folders.sort();
    folders
        .pop()
        .expect("PostgreSQL is installed: apt-get install postgresql")
}

/// A server refuses to run as root.
fn as_owner() -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=postgres",
        "--regid=postgres",
        "--clear-groups",
        "--",
    ]);
    command
}

/// Generated cases for what makes databases, so a few; `PROPTEST_CASES` asks for more.
pub fn few_cases() -> Config {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 12;
    }
    config
}
