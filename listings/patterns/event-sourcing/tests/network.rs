//! Networks that break at a bad moment, or say nothing any more.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::crash::address;
use common::customer::{account, deposit, has};
use common::gate::Gate;
use common::running::Running;
use common::{Bank, count, in_time, saying, tagged};
use event_sourcing::bank::TellerError;
use event_sourcing::{Append, AppendError, EventStore, ExecuteError, connect, scope};
use sqlx::Row;
use testkit::{Fault, FaultProxy};
use uuid::Uuid;

impl Bank {
    /// The same store, behind a network that can be broken.
    async fn behind_a_proxy(&self) -> (EventStore, FaultProxy) {
        let proxy = FaultProxy::new(address(&self.options).await).await;
        let options = self.options.clone().host("127.0.0.1").port(proxy.address().port());
        let pool = connect(options, 3).await.unwrap();
        (EventStore::new(pool, &self.telemetry.meter(scope())), proxy)
    }

    /// And with little patience.
    async fn behind_a_silent_proxy(&self) -> (EventStore, FaultProxy) {
        let (store, proxy) = self.behind_a_proxy().await;
        (store.patience(Duration::from_secs(1)), proxy)
    }
}

/// Appends, waits until PostgreSQL is at the gate, breaks the network, and opens the gate.
async fn append_and_cut(
    store: &EventStore,
    proxy: &FaultProxy,
    append: &Append,
    mut gate: Gate,
    fault: Fault,
) -> AppendError {
    let (store, append) = (store.clone(), append.clone());
    let appending = tokio::spawn(async move { store.append(append).await });
    gate.waiting(1).await;
    proxy.set(fault);
    gate.open().await;
    let error = in_time(appending).await.unwrap().unwrap_err();
    proxy.set(Fault::Pass);
    error
}

// ANCHOR: cut
#[tokio::test]
async fn symptom_a_connection_that_is_cut_leaves_it_open_whether_the_events_are_recorded() {
    for (append, gate, fault, recorded) in [
        // In front of the statement; after the statement; after the commit.
        (tagged(1), "tag", Fault::Refuse, false),
        (saying("a", 0, 2), "insert", Fault::Cut(0), true),
        (tagged(3), "commit", Fault::Cut(0), true),
    ] {
        let bank = Bank::open().await;
        let (store, proxy) = bank.behind_a_proxy().await;
        let gate = Gate::at(&bank, gate).await;
        let error = append_and_cut(&store, &proxy, &append, gate, fault).await;
        assert!(matches!(error, AppendError::Unknown(_)), "{error}");
        assert_eq!(count(bank.pool()).await, i64::from(recorded));

        // The same again tells, and makes sure.
        let appended = in_time(store.append(append)).await.unwrap();
        assert_eq!((appended.again, count(bank.pool()).await), (recorded, 1));
    }
}
// ANCHOR_END: cut

// ANCHOR: resolves
#[tokio::test]
async fn a_command_finds_out_by_itself_whether_its_events_were_recorded() {
    for answer_is_lost in [true, false] {
        let bank = Bank::open().await;
        let (account, (store, proxy)) = (account(&bank).await, bank.behind_a_proxy().await);
        let mut gate = Gate::at_insert(&bank, "events").await;
        let working = store.clone();
        let command = tokio::spawn(async move { deposit(&working, account, Uuid::new_v4()).await });
        let waiting = gate.waiting(1).await[0];
        store.pool().set_connect_options(bank.options.clone()); // new connections do not go through the proxy
        if answer_is_lost {
            proxy.set(Fault::Cut(0));
        } else {
            gate.turn_away(waiting).await;
        }
        gate.open().await;
        let appended = in_time(command).await.unwrap().unwrap();
        assert_eq!((appended.again, count(bank.pool()).await), (answer_is_lost, 2));
    }
}

#[tokio::test]
async fn a_command_that_cannot_find_out_does_not_say_that_nothing_has_happened() {
    let bank = Bank::open().await;
    let (account, (store, proxy)) = (account(&bank).await, bank.behind_a_proxy().await);
    let mut gate = Gate::at_insert(&bank, "events").await;
    let (working, command) = (store.clone(), Uuid::new_v4());
    let first = tokio::spawn(async move { deposit(&working, account, command).await });
    gate.waiting(1).await;
    proxy.set(Fault::Cut(0)); // and stays so: the account cannot be loaded again
    gate.open().await;
    let error = in_time(first).await.unwrap().unwrap_err();
    assert!(matches!(error, TellerError::Execute(ExecuteError::Append(AppendError::Unknown(_)))), "{error:?}");
    assert_eq!(bank.recorded(2).await, bank.store.head().await.unwrap());

    proxy.set(Fault::Pass);
    assert!(deposit(&store, account, command).await.unwrap().again);
}
// ANCHOR_END: resolves

// ANCHOR: silence
#[tokio::test]
async fn symptom_a_network_that_goes_silent_leaves_it_open_as_well() {
    for (append, gate) in [(tagged(1), "tag"), (saying("a", 0, 2), "insert"), (tagged(3), "commit")] {
        let bank = Bank::open().await;
        let (store, proxy) = bank.behind_a_silent_proxy().await;
        let gate = Gate::at(&bank, gate).await;
        let error = append_and_cut(&store, &proxy, &append, gate, Fault::Silent).await;
        assert!(matches!(error, AppendError::Unknown(_)), "{error}");
        in_time(store.append(append)).await.unwrap();
        assert_eq!(count(bank.pool()).await, 1);
    }
}

#[tokio::test]
async fn connections_that_nobody_answers_on_do_not_use_up_the_pool() {
    let bank = Bank::open().await;
    let (store, proxy) = bank.behind_a_silent_proxy().await;
    let account = account(&bank).await;
    let mut gate = Gate::at_insert(&bank, "events").await;
    let append = |number: u32| {
        let (store, append) = (store.clone(), saying(&number.to_string(), 0, 1));
        tokio::spawn(async move { store.append(append).await })
    };
    let appends: Vec<_> = (0..store.pool().options().get_max_connections()).map(append).collect();
    gate.waiting(appends.len()).await;
    proxy.set(Fault::Silent); // and stays so: the network has forgotten these connections
    for append in appends {
        let error = in_time(append).await.unwrap().unwrap_err();
        assert!(matches!(error, AppendError::Unknown(_)), "{error}");
    }
    gate.open().await;
    store.pool().set_connect_options(bank.options.clone()); // new connections do not go through the proxy
    in_time(async { while deposit(&store, account, Uuid::new_v4()).await.is_err() {} }).await;
}
// ANCHOR_END: silence

// ANCHOR: deaf
#[tokio::test]
async fn a_projection_goes_on_after_its_connections_have_gone_silent() {
    let bank = Bank::open().await;
    let (account, (store, proxy)) = (account(&bank).await, bank.behind_a_silent_proxy().await);
    let running = Running::start(&store, bank.telemetry.dispatch());
    has(&bank, account, 0).await;
    proxy.set(Fault::Silent); // and stays so
    store.pool().set_connect_options(bank.options.clone());
    deposit(&bank.store, account, Uuid::new_v4()).await.unwrap();
    has(&bank, account, 500).await;
    running.stop().await;
}

#[tokio::test]
async fn a_projection_whose_bell_alone_has_gone_silent_hangs_another() {
    let bank = Bank::open().await;
    let (account, (store, proxy)) = (account(&bank).await, bank.behind_a_silent_proxy().await);
    let running = Running::start(&store, bank.telemetry.dispatch());
    in_time(async { while bank.listening().await < 1 {} }).await;
    store.pool().set_connect_options(bank.options.clone());
    let (one, other) =
        in_time(async { tokio::try_join!(store.pool().acquire(), store.pool().acquire()) }).await.unwrap();
    tokio::try_join!(one.close(), other.close()).unwrap(); // of three; the third listens
    proxy.set(Fault::Silent); // as a firewall does that has seen nothing for minutes

    in_time(async {
        while bank.listening().await < 2 {
            tokio::time::sleep(Duration::from_secs(3)).await; // until it looks once a second
            deposit(&bank.store, account, Uuid::new_v4()).await.unwrap();
        }
    })
    .await; // the deaf one is still there: PostgreSQL does not know, either
    running.stop().await;
}
// ANCHOR_END: deaf

impl Bank {
    /// How many sessions listen.
    async fn listening(&self) -> i64 {
        let sessions =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        sqlx::query(sessions).fetch_one(self.pool()).await.unwrap().get(0)
    }
}
