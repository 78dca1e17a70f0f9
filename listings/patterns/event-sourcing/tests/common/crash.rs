//! The crash matrix: what becomes of commands when the service, the database or the connection between them breaks.
#![allow(dead_code, reason = "each program uses its own part of it")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use event_sourcing::Position;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, Row};
use testkit::{Fault, FaultProxy, Postgres};
use uuid::Uuid;

use super::child::{self, Child};
use super::load::{ACCOUNTS, Acknowledged, COMMANDS, FUNDS, Load, Wish, client, position, post};

// ANCHOR: outcome
/// A line of the matrix. Each command was sent until it was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Answered with 200.
    pub acknowledged: usize,
    /// Have their events in the store: each of them, and once.
    pub recorded: usize,
    /// Have a line in the read model for each of their events.
    pub applied: usize,
    /// Were acknowledged, and miss an event or a line.
    pub lost: usize,
    /// Have an event or a line too many.
    pub twice: usize,
}

impl Outcome {
    /// What must come out, whatever breaks.
    pub const WHOLE: Self = Self { acknowledged: COMMANDS, recorded: COMMANDS, applied: COMMANDS, lost: 0, twice: 0 };
}
// ANCHOR_END: outcome

/// What was seen on the way.
pub struct Report {
    pub outcome: Outcome,
    /// What is on each account, and what should be.
    pub balances: BTreeMap<Uuid, i64>,
    pub due: BTreeMap<Uuid, i64>,
    pub acknowledged: BTreeMap<Wish, Acknowledged>,
    /// Just before each fault, or just after it.
    pub faults: Vec<Moment>,
    /// When all was over.
    pub end: Moment,
    /// Attempts that got no answer.
    pub broken: usize,
    /// Attempts that were answered with 503 and `Retry-After`.
    pub unavailable: usize,
}

/// How far everything has come.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub at: Instant,
    /// Events in the store.
    pub events: i64,
    /// How far the balances have come.
    pub checkpoint: Position,
}

// ANCHOR: service
/// `kill -9` of the service, twice under load. Another process takes over, at another address.
pub async fn service_killed(server: &str) -> Report {
    let mut branch = Branch::open(server.parse().unwrap()).await;
    let load = branch.load();
    for _ in 0..2 {
        let broken = branch.busy(&load, 40).await.broken();
        branch.service.kill();
        branch.look().await;
        load.start(40); // so that somebody surely meets nobody
        load.until("somebody meets nobody", |load| load.broken() > broken).await;
        branch.service = Child::start(&branch.environment());
        load.moved(branch.service.url());
    }
    load.start(40);
    branch.close(load).await
}
// ANCHOR_END: service

// ANCHOR: database
/// `kill -9` of PostgreSQL under load. The service stays, and says that it cannot.
pub async fn database_killed(postgres: &Postgres) -> Report {
    let mut branch = Branch::open(postgres.url("postgres").parse().unwrap()).await;
    let load = branch.load();
    branch.busy(&load, 80).await;
    branch.look().await;
    postgres.kill();
    branch.faults[0].at = Instant::now();
    load.start(80);
    load.until("the service says that it cannot", |load| load.unavailable() > 0).await;
    let healthy = client().get(format!("{}/healthz", branch.service.url())).send().await.unwrap().status();
    assert!(branch.service.is_running() && healthy == 200, "nobody need restart it");
    postgres.resume();
    load.start(40);
    branch.close(load).await
}
// ANCHOR_END: database

// ANCHOR: connection
/// The connections between them are cut, ten times under load: the answer gets lost, or the question.
pub async fn connection_cut(server: &str) -> Report {
    let server: PgConnectOptions = server.parse().unwrap();
    let proxy = FaultProxy::new(address(&server).await).await;
    let mut branch = Branch::behind(server, Some(proxy.address())).await;
    let load = branch.load();
    for fault in [Fault::Cut(0), Fault::Refuse].into_iter().cycle().take(10) {
        let unavailable = branch.busy(&load, 10).await.unavailable();
        branch.look().await;
        proxy.set(fault);
        load.start(10);
        load.until("the service says that it cannot", |load| load.unavailable() > unavailable).await;
        proxy.set(Fault::Pass);
    }
    branch.close(load).await
}
// ANCHOR_END: connection

/// A database, and the service in front of it.
struct Branch {
    service: Child,
    /// Where the service has its database.
    database: String,
    /// For whoever looks into it, past the service and any proxy.
    pool: PgPool,
    accounts: Vec<Uuid>,
    faults: Vec<Moment>,
}

impl Branch {
    async fn open(server: PgConnectOptions) -> Self {
        Self::behind(server, None).await
    }

    /// In a new database, with accounts that have some money, which the read model knows.
    async fn behind(server: PgConnectOptions, proxy: Option<SocketAddr>) -> Self {
        let name = format!("crash_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect_with(&server).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let straight = server.database(&name);
        let through = match proxy {
            Some(proxy) => straight.clone().host("127.0.0.1").port(proxy.port()),
            None => straight.clone(),
        };
        let database = through.to_url_lossy().to_string();
        child::migrate(straight.to_url_lossy().as_str());
        let pool = event_sourcing::connect(straight, 2).await.unwrap();
        // As slow as a disk: whatever breaks finds some of them under way.
        let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(0.01); RETURN NULL; END $$;
            CREATE TRIGGER slow AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION slow();";
        sqlx::raw_sql(slow).execute(&pool).await.unwrap();
        let service = Child::start(&environment(&database));
        let accounts = accounts(&service.url()).await;
        Self { service, database, pool, accounts, faults: Vec::new() }
    }

    fn environment(&self) -> [(&str, &str); 2] {
        environment(&self.database)
    }

    fn load(&self) -> Load {
        Load::on(self.service.url(), &self.accounts)
    }

    /// Starts commands, and returns when some are done and others are under way.
    async fn busy<'l>(&self, load: &'l Load, commands: usize) -> &'l Load {
        let done = load.acknowledged();
        load.start(commands);
        load.until("some are acknowledged", |load| load.acknowledged() >= done + commands / 4).await;
        load
    }

    async fn look(&mut self) {
        let moment = self.moment().await;
        self.faults.push(moment);
    }

    async fn moment(&self) -> Moment {
        let question =
            "SELECT (SELECT count(*) FROM events), transaction, position FROM checkpoints WHERE name = 'balances'";
        let row = sqlx::query(question).fetch_one(&self.pool).await.unwrap();
        let checkpoint = Position { transaction: row.get(1), number: row.get(2) };
        Moment { at: Instant::now(), events: row.get(0), checkpoint }
    }

    /// Waits for the answers and for the read models, and counts.
    async fn close(self, load: Load) -> Report {
        load.until("all are acknowledged", |load| load.acknowledged() == COMMANDS).await;
        let (broken, unavailable) = (load.broken(), load.unavailable());
        let acknowledged = load.end().await;
        self.caught_up().await;
        let (outcome, end) = (self.outcome(&acknowledged).await, self.moment().await);
        let (balances, due) = (self.balances().await, self.due());
        Report { outcome, balances, due, acknowledged, faults: self.faults, end, broken, unavailable }
    }

    /// Until both projections have come to the newest event.
    async fn caught_up(&self) {
        let began = Instant::now();
        let behind = "SELECT count(*) FROM checkpoints
            WHERE (transaction, position) < (SELECT transaction, position FROM events ORDER BY 1 DESC, 2 DESC LIMIT 1)";
        while sqlx::query(behind).fetch_one(&self.pool).await.unwrap().get::<i64, _>(0) > 0 {
            assert!(began.elapsed() < Duration::from_secs(30), "the projections do not go on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    // ANCHOR: count
    /// Follows each command by its key, which is the correlation of its events, into the store and into the read model.
    async fn outcome(&self, acknowledged: &BTreeMap<Wish, Acknowledged>) -> Outcome {
        let question = "SELECT metadata->>'correlation', count(*), count(s.account)
            FROM events e LEFT JOIN statement s ON e.stream = 'account-' || s.account AND e.version = s.version
            GROUP BY 1";
        let rows = sqlx::query(question).fetch_all(&self.pool).await.unwrap();
        let found: BTreeMap<Uuid, (i64, i64)> =
            rows.iter().map(|row| (row.get::<String, _>(0).parse().unwrap(), (row.get(1), row.get(2)))).collect();
        let mut outcome = Outcome { acknowledged: acknowledged.len(), recorded: 0, applied: 0, lost: 0, twice: 0 };
        for wish in Wish::all() {
            let due = wish.moves().len() as i64;
            let (events, lines) = found.get(&wish.key()).copied().unwrap_or_default();
            outcome.recorded += usize::from(events == due);
            outcome.applied += usize::from(lines == due);
            outcome.lost += usize::from(acknowledged.contains_key(&wish) && (events < due || lines < due));
            outcome.twice += usize::from(events > due || lines > due);
        }
        outcome
    }

    /// What the read model says is on each account. Balances are sums, so what is applied twice is seen here.
    async fn balances(&self) -> BTreeMap<Uuid, i64> {
        let rows = sqlx::query("SELECT account, cents FROM balances").fetch_all(&self.pool).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// What the commands add up to.
    fn due(&self) -> BTreeMap<Uuid, i64> {
        let mut due = BTreeMap::from_iter(self.accounts.iter().map(|account| (*account, FUNDS)));
        for (account, cents) in Wish::all().flat_map(Wish::moves) {
            *due.get_mut(&self.accounts[account]).unwrap() += cents;
        }
        due
    }
    // ANCHOR_END: count
}

fn environment(database: &str) -> [(&str, &str); 2] {
    [("DATABASE_URL", database), ("OTEL_SDK_DISABLED", "true")]
}

/// Opens them, puts money on them, and waits until the read model knows.
async fn accounts(service: &str) -> Vec<Uuid> {
    let (client, mut accounts) = (client(), Vec::new());
    for _ in 0..ACCOUNTS {
        let key = Uuid::new_v4();
        let opening = serde_json::json!({ "customer": Uuid::new_v4(), "name": "Ann", "currency": "EUR" });
        let opened = post(&client, &format!("{service}/accounts"), key, &opening).await.unwrap();
        assert_eq!(opened.status(), 201);
        let account = Uuid::new_v5(&key, b"account");
        let deposit = serde_json::json!({ "cents": FUNDS });
        let url = format!("{service}/accounts/{account}/deposits");
        let position = position(post(&client, &url, Uuid::new_v4(), &deposit).await.unwrap()).await.unwrap();
        let (read, began) = (format!("{service}/accounts/{account}?after={position}"), Instant::now());
        while client.get(&read).send().await.unwrap().status() != 200 {
            assert!(began.elapsed() < Duration::from_secs(30), "the read model does not know the account");
        }
        accounts.push(account);
    }
    accounts
}

/// Of the server.
pub async fn address(server: &PgConnectOptions) -> SocketAddr {
    tokio::net::lookup_host((server.get_host(), server.get_port())).await.unwrap().next().unwrap()
}
