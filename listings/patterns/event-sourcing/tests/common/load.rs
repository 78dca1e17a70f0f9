//! Customers who know what they want, and send it again, with the same key, until they are told that it has happened.
#![allow(dead_code, reason = "each program uses its own part of it")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use event_sourcing::Position;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

/// How many commands there are, half of them deposits and half transfers.
pub const COMMANDS: usize = 200;
/// Between how many accounts.
pub const ACCOUNTS: usize = 8;
/// What is on each before the first command: enough for all transfers.
pub const FUNDS: i64 = 100_000;
/// How many are under way at a time.
const CUSTOMERS: usize = 8;
/// The longest time without what is waited for. Only ever used up by a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// One of the commands, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish(pub usize);

impl Wish {
    pub fn all() -> impl Iterator<Item = Self> {
        (0..COMMANDS).map(Self)
    }

    /// Its `Idempotency-Key`.
    pub fn key(self) -> Uuid {
        Uuid::from_u128(self.0 as u128 + 1)
    }

    /// What it changes: the account, by its number, and the cents. One event each.
    pub fn moves(self) -> Vec<(usize, i64)> {
        let (account, cents) = (self.0 / 2 % ACCOUNTS, self.0 as i64 + 1);
        match self.0 % 2 {
            0 => vec![(account, cents)],
            _ => vec![(account, -cents), ((account + 1) % ACCOUNTS, cents)],
        }
    }

    fn request(self, accounts: &[Uuid]) -> (String, Value) {
        match self.moves().as_slice() {
            [(account, cents)] => (format!("/accounts/{}/deposits", accounts[*account]), json!({ "cents": cents })),
            [(from, _), (to, cents), ..] => {
                ("/transfers".into(), json!({ "from": accounts[*from], "to": accounts[*to], "cents": cents }))
            }
            [] => unreachable!("it changes something"),
        }
    }
}

/// A command that was answered with 200.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledged {
    pub wish: Wish,
    /// Of its last event, as the answer has it.
    pub position: Position,
    /// When it was sent for the first time.
    pub sent: Instant,
    /// When the answer was there.
    pub at: Instant,
}

/// What customers have met with.
#[derive(Default)]
struct Seen {
    acknowledged: Mutex<Vec<Acknowledged>>,
    broken: AtomicUsize,
    unavailable: AtomicUsize,
}

/// Commands on their way to a service that may break and move.
pub struct Load {
    service: watch::Sender<String>,
    started: Arc<Semaphore>,
    seen: Arc<Seen>,
    customers: JoinSet<()>,
}

impl Load {
    /// Nothing is sent before [`start`](Self::start).
    pub fn on(service: String, accounts: &[Uuid]) -> Self {
        let (service, started) = (watch::Sender::new(service), Arc::new(Semaphore::new(0)));
        let (seen, next) = (Arc::new(Seen::default()), Arc::new(AtomicUsize::new(0)));
        let mut customers = JoinSet::new();
        for _ in 0..CUSTOMERS {
            let (service, accounts) = (service.subscribe(), accounts.to_vec());
            let (started, seen, next) = (started.clone(), seen.clone(), next.clone());
            customers.spawn(async move {
                let client = client();
                while let Ok(permit) = started.acquire().await {
                    permit.forget();
                    let wish = Wish(next.fetch_add(1, Ordering::Relaxed));
                    insist(&client, &service, wish, &accounts, &seen).await;
                }
            });
        }
        Self { service, started, seen, customers }
    }

    /// Lets customers send so many more commands.
    pub fn start(&self, commands: usize) {
        self.started.add_permits(commands);
    }

    /// The service is somewhere else now.
    pub fn moved(&self, service: String) {
        self.service.send_replace(service);
    }

    pub fn acknowledged(&self) -> usize {
        self.seen.acknowledged.lock().unwrap().len()
    }

    /// Attempts that got no answer.
    pub fn broken(&self) -> usize {
        self.seen.broken.load(Ordering::Relaxed)
    }

    /// Attempts that were answered with 503 and `Retry-After`.
    pub fn unavailable(&self) -> usize {
        self.seen.unavailable.load(Ordering::Relaxed)
    }

    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            let counts = (self.acknowledged(), self.broken(), self.unavailable());
            assert!(began.elapsed() < PATIENCE, "{what}: not in time; acknowledged, broken, unavailable: {counts:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until all are acknowledged.
    pub async fn end(mut self) -> BTreeMap<Wish, Acknowledged> {
        self.until("all are acknowledged", |load| load.acknowledged() == COMMANDS).await;
        self.started.close();
        while let Some(customer) = self.customers.join_next().await {
            customer.unwrap();
        }
        let acknowledged = std::mem::take(&mut *self.seen.acknowledged.lock().unwrap());
        acknowledged.into_iter().map(|acknowledged| (acknowledged.wish, acknowledged)).collect()
    }
}

/// Sends it until it is acknowledged.
async fn insist(client: &Client, service: &watch::Receiver<String>, wish: Wish, accounts: &[Uuid], seen: &Seen) {
    let (sent, (path, body)) = (Instant::now(), wish.request(accounts));
    loop {
        let url = service.borrow().clone();
        match post(client, &format!("{url}{path}"), wish.key(), &body).await {
            Ok(answer) if answer.status() == 200 => match position(answer).await {
                Ok(position) => {
                    let acknowledged = Acknowledged { wish, position, sent, at: Instant::now() };
                    return seen.acknowledged.lock().unwrap().push(acknowledged);
                }
                Err(_) => drop(seen.broken.fetch_add(1, Ordering::Relaxed)),
            },
            Ok(answer) => {
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                assert!([409, 503].contains(&status), "{wish:?}: {status} {:?}", answer.text().await);
                assert_eq!(headers.get("retry-after").map(|seconds| seconds.as_bytes()), Some(&b"1"[..]));
                seen.unavailable.fetch_add(usize::from(status == 503), Ordering::Relaxed);
            }
            Err(_) => drop(seen.broken.fetch_add(1, Ordering::Relaxed)),
        }
        tokio::time::sleep(Duration::from_millis(10)).await; // a test is in more of a hurry than `Retry-After` allows
    }
}

pub fn client() -> Client {
    Client::builder().timeout(PATIENCE / 2).build().unwrap()
}

/// A command.
pub async fn post(client: &Client, url: &str, key: Uuid, body: &Value) -> reqwest::Result<Response> {
    let request =
        client.post(url).header("idempotency-key", key.to_string()).header("content-type", "application/json");
    request.body(body.to_string()).send().await
}

/// What an answer says of the place of the event.
pub async fn position(answer: Response) -> reqwest::Result<Position> {
    let answer: Value = serde_json::from_str(&answer.text().await?).unwrap();
    Ok(answer["position"].as_str().unwrap().parse().unwrap())
}
