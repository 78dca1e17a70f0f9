//! Decisions of the domain, without a store; and what must be true of any story.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::Bank;
use event_sourcing::bank::{Account, AccountEvent, Customer, Deposited, Opened, Received, Refusal, Sent, Teller};
use event_sourcing::{Aggregate, Event, Metadata, Sealed, Vault, given};
use proptest::prelude::*;
use uuid::Uuid;

fn opened(currency: &str) -> AccountEvent {
    let name: Sealed = serde_json::from_str(r#""c2VhbGVk""#).unwrap();
    AccountEvent::Opened(Opened { owner: "ann".into(), name, currency: currency.into() })
}

fn deposited(cents: i64) -> AccountEvent {
    AccountEvent::Deposited(Deposited { cents })
}

// ANCHOR: given
#[test]
fn money_can_be_deposited_into_an_open_account() {
    given::<Account>([opened("EUR")]).when(|account| account.deposit(500)).then([deposited(500)]);
    given::<Account>([]).when(|account| account.deposit(500)).then_refused(Refusal::NotOpen);
    given::<Account>([opened("EUR")]).when(|account| account.deposit(0)).then_refused(Refusal::Amount);
    given::<Account>([opened("EUR")]).when(|account| account.deposit(i64::MAX)).then_refused(Refusal::Amount);
}

#[test]
fn nobody_sends_more_than_there_is() {
    let (transfer, to) = (Uuid::from_u128(7), Uuid::from_u128(2));
    let sent = AccountEvent::Sent(Sent { transfer, to, cents: 500 });
    let story = || [opened("EUR"), deposited(500)];
    given::<Account>(story()).when(|account| account.send(transfer, to, 500)).then([sent.clone()]);
    given::<Account>(story())
        .when(|account| account.send(transfer, to, 501))
        .then_refused(Refusal::Funds { cents: 500 });
    given::<Account>([opened("EUR"), deposited(500), sent])
        .when(|account| account.send(transfer, to, 1))
        .then_refused(Refusal::Funds { cents: 0 });
}
// ANCHOR_END: given

#[test]
fn a_transfer_keeps_the_currency() {
    let mut dollars = Account::default();
    dollars.apply(opened("USD"));
    let refusal = Refusal::Currency { from: "USD".into(), to: "EUR".into() };
    let (transfer, from) = (Uuid::from_u128(7), Uuid::from_u128(1));
    given::<Account>([opened("EUR")])
        .when(|account| account.receive(transfer, from, &dollars, 5))
        .then_refused(refusal);
}

#[test]
fn an_account_is_opened_once_and_in_a_currency() {
    let AccountEvent::Opened(Opened { name, .. }) = opened("EUR") else { unreachable!() };
    given::<Account>([]).when(|account| account.open("ann", name.clone(), "EUR")).then([opened("EUR")]);
    given::<Account>([opened("EUR")])
        .when(|account| account.open("ann", name.clone(), "EUR"))
        .then_refused(Refusal::AlreadyOpen);
    for wrong in ["", "eur", "EURO", "E R"] {
        let refusal = Refusal::NoCurrency(wrong.into());
        given::<Account>([]).when(|account| account.open("ann", name.clone(), wrong)).then_refused(refusal);
    }
}

#[test]
fn every_event_is_read_as_it_was_written() {
    let transfer = Uuid::from_u128(7);
    let received = AccountEvent::Received(Received { transfer, from: Uuid::from_u128(1), cents: 5 });
    let sent = AccountEvent::Sent(Sent { transfer, to: Uuid::from_u128(2), cents: 5 });
    for event in [opened("EUR"), deposited(5), sent, received] {
        assert_eq!(AccountEvent::decode(event.kind(), &event.encode().unwrap()).unwrap(), event);
    }
}

// ANCHOR: upcast
#[tokio::test]
async fn an_event_of_schema_1_is_read_as_one_of_today() {
    let bank = Bank::open().await;
    let (account, old) = (Uuid::new_v4(), r#"{"owner":"ann","name":"c2VhbGVk"}"#);
    let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
        VALUES (gen_random_uuid(), $1, 1, 'account_opened', 1, $2::text::json, '{}', '{}')";
    sqlx::query(insert).bind(format!("account-{account}")).bind(old).execute(bank.pool()).await.unwrap();
    assert_eq!(bank.all().await[0].decode::<AccountEvent>().unwrap(), opened("EUR"));
    assert_eq!(bank.store.load::<Account>(account).await.unwrap().state.currency, "EUR");
}

#[tokio::test]
async fn an_event_from_the_future_stops_with_its_name() {
    let bank = Bank::open().await;
    let account = Uuid::new_v4();
    for (version, kind, schema) in [(1, "account_opened", 3), (2, "account_closed", 1)] {
        let insert = "INSERT INTO events (id, stream, version, kind, schema, data, metadata, tags)
            VALUES (gen_random_uuid(), $1, $2, $3, $4, '{}', '{}', '{}')";
        let insert = sqlx::query(insert).bind(format!("account-{account}")).bind(version).bind(kind).bind(schema);
        insert.execute(bank.pool()).await.unwrap();
    }
    let events = bank.all().await;
    let said = |place: usize| events[place].decode::<AccountEvent>().unwrap_err().to_string();
    assert_eq!(said(0), "account_opened has schema 3, which is newer than this program");
    assert_eq!(said(1), r#"unknown kind of event "account_closed""#);
    let error = bank.store.load::<Account>(account).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("account-{account}, event 1: ")), "{error}");
}
// ANCHOR_END: upcast

async fn teller(bank: &Bank) -> Teller {
    Teller::new(bank.store.clone())
}

async fn open(teller: &Teller, owner: Uuid) -> Uuid {
    let (account, customer) = (Uuid::new_v4(), Customer { number: owner, name: "Ann".into() });
    teller.open(account, &customer, "EUR", Uuid::new_v4(), Metadata::default()).await.unwrap();
    account
}

// ANCHOR: three
#[tokio::test]
async fn a_customer_who_asks_for_eight_accounts_at_once_gets_three() {
    let bank = Bank::open().await;
    let ann = Uuid::new_v4();
    let asked = (0..8).map(|_| {
        let (store, customer) = (bank.store.clone(), Customer { number: ann, name: "Ann".into() });
        tokio::spawn(async move {
            let teller = Teller::new(store);
            let mut tries = 0;
            loop {
                let opened = teller.open(Uuid::new_v4(), &customer, "EUR", Uuid::new_v4(), Metadata::default()).await;
                match opened {
                    Ok(_) => return true,
                    Err(error) if error.to_string().contains("may not have more") => return false,
                    Err(error) => tries += usize::from(!error.to_string().is_empty()),
                }
                assert!(tries < 20, "conflicts end");
            }
        })
    });
    let mut accounts = 0;
    for opened in asked.collect::<Vec<_>>() {
        accounts += usize::from(opened.await.unwrap());
    }
    assert_eq!(accounts, 3);
}
// ANCHOR_END: three

#[tokio::test]
async fn a_command_sent_twice_is_carried_out_once() {
    let bank = Bank::open().await;
    let teller = teller(&bank).await;
    let (from, to) = (open(&teller, Uuid::new_v4()).await, open(&teller, Uuid::new_v4()).await);
    let (deposit, transfer) = (Uuid::new_v4(), Uuid::new_v4());
    for again in [false, true] {
        let deposited = teller.deposit(from, 500, deposit, Metadata::default()).await.unwrap();
        assert_eq!(deposited.again, again);
    }
    for again in [false, true] {
        // The second time there is nothing left to send, and still it is no refusal.
        let moved = teller.transfer(from, to, 500, transfer, Metadata::default()).await.unwrap();
        assert_eq!(moved.again, again);
    }
    let cents = async |account: Uuid| bank.store.load::<Account>(account).await.unwrap().state.cents;
    assert_eq!((cents(from).await, cents(to).await), (0, 500));
}

// ANCHOR: forget
#[tokio::test]
async fn who_is_forgotten_cannot_be_read_and_the_money_can() {
    let bank = Bank::open().await;
    let (teller, ann) = (teller(&bank).await, Uuid::new_v4());
    let account = open(&teller, ann).await;
    teller.deposit(account, 500, Uuid::new_v4(), Metadata::default()).await.unwrap();
    let vault = Vault::of(&bank.store);
    let AccountEvent::Opened(opened) = bank.all().await[0].decode().unwrap() else { panic!("opened") };
    assert_eq!(vault.open(&ann.to_string(), &opened.name).await.unwrap(), Some("Ann".into()));

    teller.forget(ann).await.unwrap();
    assert_eq!(vault.open(&ann.to_string(), &opened.name).await.unwrap(), None);
    assert_eq!(bank.store.load::<Account>(account).await.unwrap().state.cents, 500);
    let everything = format!("{:?}", bank.all().await);
    assert!(!everything.contains("Ann"), "{everything}");
}
// ANCHOR_END: forget

#[tokio::test]
async fn what_was_sealed_for_one_is_not_opened_for_another() {
    let bank = Bank::open().await;
    let vault = Vault::of(&bank.store);
    let sealed = vault.seal("ann", "Ann").await.unwrap();
    vault.seal("bob", "Bob").await.unwrap();
    assert_eq!(vault.open("bob", &sealed).await.unwrap_err().to_string(), "this was not sealed with the key of bob");
    let broken: Sealed = serde_json::from_str(r#""AAAA""#).unwrap();
    assert!(vault.open("ann", &broken).await.is_err());
}

/// What customers do.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Deposit(usize, i64),
    Transfer(usize, usize, i64),
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let account = 0..3_usize;
    let wish = prop_oneof![
        (account.clone(), -5..1_000_i64).prop_map(|(account, cents)| Wish::Deposit(account, cents)),
        (account.clone(), account, -5..1_000_i64).prop_map(|(from, to, cents)| Wish::Transfer(from, to, cents)),
    ];
    prop::collection::vec(wish, 1..30)
}

// ANCHOR: conserved
#[test]
fn whatever_customers_wish_money_is_conserved_and_a_replay_is_the_live_state() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(wishes in wishes())| {
        runtime.block_on(async {
            let bank = Bank::open().await;
            let teller = teller(&bank).await;
            let mut accounts = Vec::new();
            for _ in 0..3 {
                accounts.push(open(&teller, Uuid::new_v4()).await);
            }
            let (mut live, mut deposited) = (vec![0; 3], 0);
            for wish in wishes {
                let command = Uuid::new_v4();
                match wish {
                    Wish::Deposit(account, cents) => {
                        if teller.deposit(accounts[account], cents, command, Metadata::default()).await.is_ok() {
                            live[account] += cents;
                            deposited += cents;
                        }
                    }
                    Wish::Transfer(from, to, cents) => {
                        let (sender, receiver) = (accounts[from], accounts[to]);
                        if teller.transfer(sender, receiver, cents, command, Metadata::default()).await.is_ok() {
                            live[from] -= cents;
                            live[to] += cents;
                        }
                    }
                }
                prop_assert!(live.iter().all(|cents| *cents >= 0), "nobody owes anything");
            }
            // ANCHOR: replayed
            let mut replayed = BTreeMap::<String, Account>::new();
            for recorded in bank.all().await {
                replayed.entry(recorded.stream.to_string()).or_default().apply(recorded.decode().unwrap());
            }
            for (account, cents) in accounts.iter().zip(&live) {
                prop_assert_eq!(replayed[&format!("account-{account}")].cents, *cents);
                prop_assert_eq!(bank.store.load::<Account>(*account).await.unwrap().state.cents, *cents);
            }
            prop_assert_eq!(live.iter().sum::<i64>(), deposited);
            // ANCHOR_END: replayed
            Ok(())
        })?;
    });
}
// ANCHOR_END: conserved
