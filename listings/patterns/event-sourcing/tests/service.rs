//! The bank as its customers see it.
#![allow(clippy::unwrap_used)]

mod common;

use std::future::Future;

use common::Bank;
use event_sourcing::bank::{Balances, Statement};
use event_sourcing::service::api;
use event_sourcing::{Subscription, scope};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgConnection;
use testkit::serve;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A bank that is open for business, with its projections at work.
struct Open {
    bank: Bank,
    address: String,
    customer: Client,
    projections: [JoinHandle<()>; 2],
}

impl Drop for Open {
    fn drop(&mut self) {
        self.projections.iter().for_each(JoinHandle::abort);
    }
}

/// What came back.
struct Answer {
    status: StatusCode,
    retry_after: Option<String>,
    body: Value,
}

impl Open {
    async fn new() -> Self {
        let bank = Bank::open().await;
        let router = api::router(bank.store.clone(), &bank.telemetry.meter(scope()));
        let address = format!("http://{}", serve(router, bank.telemetry.dispatch()).await);
        let balances = Subscription::new(bank.store.clone(), Balances::of(&bank.store));
        let statement = Subscription::new(bank.store.clone(), Statement::of(&bank.store));
        let forever = std::future::pending::<()>;
        let projections = [
            tokio::spawn(async move { balances.run(forever()).await.unwrap() }),
            tokio::spawn(async move { statement.run(forever()).await.unwrap() }),
        ];
        Self { bank, address, customer: Client::new(), projections }
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<Uuid>,
        body: &Value,
    ) -> impl Future<Output = Answer> + use<> {
        let mut request = self.customer.request(method, format!("{}{path}", self.address));
        request = request.header("content-type", "application/json").body(body.to_string());
        if let Some(key) = key {
            request = request.header("idempotency-key", key.to_string());
        }
        async {
            let answer = request.send().await.unwrap();
            let retry_after = answer.headers().get("retry-after").map(|wait| wait.to_str().unwrap().to_owned());
            let status = answer.status();
            let text = answer.text().await.unwrap();
            Answer { status, retry_after, body: serde_json::from_str(&text).unwrap_or(json!(text)) }
        }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(Uuid::new_v4()), &body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &Value::Null).await
    }

    async fn account(&self, currency: &str) -> String {
        let body = json!({ "customer": Uuid::new_v4(), "name": "Ann", "currency": currency });
        let opened = self.post("/accounts", body).await;
        assert_eq!(opened.status, 201, "{}", opened.body);
        opened.body["account"].as_str().unwrap().to_owned()
    }

    /// Until a statement waits for the transaction of this very connection to end.
    async fn somebody_waits_for(&self, other: &mut PgConnection) {
        let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(other).await.unwrap();
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND $1 = ANY (pg_blocking_pids(pid))";
        while sqlx::query_scalar::<_, i64>(waiting).bind(pid).fetch_one(self.bank.pool()).await.unwrap() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    async fn events(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(self.bank.pool()).await.unwrap()
    }
}

// ANCHOR: write_read
#[tokio::test]
async fn who_has_written_reads_what_they_wrote() {
    let open = Open::new().await;
    let (from, to) = (open.account("EUR").await, open.account("EUR").await);
    for cents in [300, 200] {
        let deposited = open.post(&format!("/accounts/{from}/deposits"), json!({ "cents": cents })).await;
        assert_eq!(deposited.status, 200);
    }
    let moved = open.post("/transfers", json!({ "from": from, "to": to, "cents": 450 })).await;
    let position = moved.body["position"].as_str().unwrap();
    let balance = open.get(&format!("/accounts/{to}?after={position}")).await;
    assert_eq!((balance.status, &balance.body["cents"]), (StatusCode::OK, &json!(450)));
    assert_eq!(open.get(&format!("/accounts/{from}?after={position}")).await.body["cents"], 50);
    let statement = loop {
        let statement = open.get(&format!("/accounts/{from}/statement")).await.body;
        if statement.as_array().unwrap().len() == 3 {
            break statement;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert_eq!((&statement[0]["cents"], &statement[2]["what"]), (&json!(-450), &json!("deposit")));
}
// ANCHOR_END: write_read

#[tokio::test]
async fn the_same_key_twice_is_one_deposit() {
    let open = Open::new().await;
    let account = open.account("EUR").await;
    let (path, key) = (format!("/accounts/{account}/deposits"), Uuid::new_v4());
    let first = open.send(Method::POST, &path, Some(key), &json!({ "cents": 5 })).await;
    let second = open.send(Method::POST, &path, Some(key), &json!({ "cents": 5 })).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(open.events().await, 2);
}

// ANCHOR: invalid
#[tokio::test]
async fn what_is_not_valid_does_not_reach_the_store() {
    let open = Open::new().await;
    let (euros, dollars) = (open.account("EUR").await, open.account("USD").await);
    let deposits = format!("/accounts/{euros}/deposits");
    let nobody = Uuid::new_v4();
    let transfer = |to: &str, cents: i64| json!({ "from": euros, "to": to, "cents": cents });
    let opening = |currency: &str| json!({ "customer": nobody, "name": "Ann", "currency": currency });
    for (path, body, status) in [
        (&*deposits, json!({ "cents": 0 }), 422),
        (&*deposits, json!({ "cents": -5 }), 422),
        (&*deposits, json!({ "cents": "5" }), 422),
        (&*deposits, json!({ "cents": 5, "dollars": 1 }), 422),
        ("/accounts/7/deposits", json!({ "cents": 5 }), 400),
        (&*format!("/accounts/{nobody}/deposits"), json!({ "cents": 5 }), 404),
        ("/accounts", opening("euro"), 422),
        ("/transfers", transfer(&euros, 5), 422),
        ("/transfers", transfer(&dollars, 5), 422),
        ("/transfers", transfer(&nobody.to_string(), 5), 422),
    ] {
        let answer = open.post(path, body).await;
        assert_eq!((answer.status.as_u16(), answer.retry_after), (status, None), "{path}: {}", answer.body);
    }
    let without_a_key = open.send(Method::POST, &deposits, None, &json!({ "cents": 5 })).await;
    assert_eq!(without_a_key.status, 400);
    assert_eq!(without_a_key.body["detail"], "send a UUID as Idempotency-Key, the same with each attempt");
    assert_eq!(open.get(&format!("/accounts/{euros}?after=yesterday")).await.status, 400);
    assert_eq!(open.get(&format!("/accounts/{nobody}")).await.status, 404);
    let long = open.post(&deposits, json!({ "cents": 5, "why": "x".repeat(5_000) })).await;
    assert_eq!(long.status, 413);
    assert_eq!(open.events().await, 2, "the two openings");
}
// ANCHOR_END: invalid

// ANCHOR: conflict
#[tokio::test]
async fn after_three_conflicts_there_is_a_409_that_may_be_sent_again() {
    let open = Open::new().await;
    let account = open.account("EUR").await;
    let deposits = format!("/accounts/{account}/deposits");
    // Three others have written and not committed yet: the versions 2, 3 and 4.
    let mut others = Vec::new();
    for version in 2..5_i64 {
        let mut other = open.bank.connection().await;
        sqlx::query("BEGIN").execute(&mut other).await.unwrap();
        let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
            VALUES (gen_random_uuid(), $1, $2, 'money_deposited', 1, '{\"cents\":1}', '{}', '{}')";
        let insert = sqlx::query(insert).bind(format!("account-{account}")).bind(version);
        insert.execute(&mut other).await.unwrap();
        others.push(other);
    }
    let key = Uuid::new_v4();
    let deposit = tokio::spawn(open.send(Method::POST, &deposits, Some(key), &json!({ "cents": 5 })));
    for other in &mut others {
        open.somebody_waits_for(other).await; // whose version they want
        sqlx::query("COMMIT").execute(other).await.unwrap();
    }
    let refused = deposit.await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.retry_after.as_deref()), (409, Some("1")), "{}", refused.body);
    assert_eq!(open.send(Method::POST, &deposits, Some(key), &json!({ "cents": 5 })).await.status, 200);
    assert_eq!(open.events().await, 5);
}
// ANCHOR_END: conflict

// ANCHOR: another
#[tokio::test]
async fn a_key_that_comes_again_with_another_request_is_refused() {
    let open = Open::new().await;
    let (account, other) = (open.account("EUR").await, open.account("EUR").await);
    let deposits = |account| format!("/accounts/{account}/deposits");
    let with = async |key, path: &str, body: Value| open.send(Method::POST, path, Some(key), &body).await;
    let (key, transferred) = (Uuid::new_v4(), Uuid::new_v4());
    let transfer = |cents: i64| json!({ "from": account, "to": other, "cents": cents });
    assert_eq!(with(key, &deposits(&account), json!({ "cents": 5 })).await.status, 200);
    let first = with(transferred, "/transfers", transfer(5)).await.body;
    for (key, path, body) in [
        (key, deposits(&account), json!({ "cents": 6 })),
        (key, deposits(&other), json!({ "cents": 5 })),
        (key, deposits(&Uuid::new_v4().to_string()), json!({ "cents": 5 })),
        (key, "/transfers".into(), transfer(5)),
        (key, "/accounts".into(), json!({ "customer": Uuid::new_v4(), "name": "Ann", "currency": "EUR" })),
        (transferred, "/transfers".into(), transfer(4)),
    ] {
        let refused = with(key, &path, body).await;
        let detail = "this Idempotency-Key was sent before, with another request";
        assert_eq!((refused.status.as_u16(), &refused.body["detail"]), (422, &json!(detail)), "{path}");
    }
    // There is nothing left to move; the first time there was, and it gets the same answer.
    assert_eq!(with(transferred, "/transfers", transfer(5)).await.body, first);
    assert_eq!(open.events().await, 5, "two openings, a deposit, and a transfer");
}
// ANCHOR_END: another

#[tokio::test]
async fn what_sending_again_does_not_help_is_not_asked_to_be_sent_again() {
    let open = Open::new().await;
    let account = open.account("EUR").await;
    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), $1, 2, 'account_frozen', 1, '{}', '{}', '{}')";
    sqlx::query(insert).bind(format!("account-{account}")).execute(open.bank.pool()).await.unwrap();
    let answer = open.post(&format!("/accounts/{account}/deposits"), json!({ "cents": 5 })).await;
    assert_eq!((answer.status.as_u16(), answer.retry_after), (500, None), "{}", answer.body);
    let failed = open.bank.receiver.eventually("a record of the cause", |capture| {
        capture.logs.iter().find(|log| log.event_name.as_deref() == Some("request.failed")).cloned()
    });
    let cause = failed.await.attributes["exception.message"].to_string();
    assert!(cause.contains("unknown kind of event"), "{cause}");
}

#[tokio::test]
async fn many_who_deposit_at_once_lose_nothing() {
    let open = Open::new().await;
    let account = open.account("EUR").await;
    let deposits = format!("/accounts/{account}/deposits");
    let mut open_ones: Vec<Uuid> = (0..20).map(|_| Uuid::new_v4()).collect();
    while !open_ones.is_empty() {
        let sent: Vec<_> = (open_ones.iter())
            .map(|key| (*key, tokio::spawn(open.send(Method::POST, &deposits, Some(*key), &json!({ "cents": 5 })))))
            .collect();
        open_ones.clear();
        for (key, answer) in sent {
            match answer.await.unwrap().status.as_u16() {
                200 => {}
                409 => open_ones.push(key), // as it is told to
                status => panic!("{status}"),
            }
        }
    }
    open.bank.settle().await;
    let head = open.bank.store.head().await.unwrap();
    assert_eq!(open.get(&format!("/accounts/{account}?after={head}")).await.body["cents"], 100);
}

#[tokio::test]
async fn who_is_forgotten_has_no_name_any_more() {
    let open = Open::new().await;
    let customer = Uuid::new_v4();
    let body = json!({ "customer": customer, "name": "Ann", "currency": "EUR" });
    assert_eq!(open.post("/accounts", body).await.status, 201);
    let keys = "SELECT count(*) FROM keys";
    assert_eq!(sqlx::query_scalar::<_, i64>(keys).fetch_one(open.bank.pool()).await.unwrap(), 1);
    assert_eq!(open.send(Method::DELETE, &format!("/customers/{customer}"), None, &Value::Null).await.status, 204);
    assert_eq!(sqlx::query_scalar::<_, i64>(keys).fetch_one(open.bank.pool()).await.unwrap(), 0);
}
