//! The shop of these tests: checkout, the flaky provider behind it, and a receiver for what both of them say.
#![allow(dead_code, reason = "each test program uses its own part of it")]

pub mod child;

use std::net::SocketAddr;
use std::time::Duration;

use circuit_breaker::service::payments::{self, Payments};
use circuit_breaker::service::upstream::{self, Mode, Weather};
use circuit_breaker::service::{admin, checkout};
use circuit_breaker::{CircuitBreaker, Config, ManualClock, Wait, scope};
use reqwest::{Body, Method, Request, Response, Url};
use telemetry::Telemetry;
use testkit::{Capture, Receiver, serve};

/// How long the breaker of these tests stays open.
pub const WAIT: Duration = Duration::from_secs(5);

/// A shop that is open for business. Both services export to the same receiver.
pub struct Shop {
    /// First, because it says its last word while the receiver still listens.
    telemetry: [Telemetry; 2],
    pub receiver: Receiver,
    pub weather: Weather,
    pub clock: ManualClock,
    pub breaker: CircuitBreaker,
    provider: SocketAddr,
    checkout: SocketAddr,
    admin: SocketAddr,
    customers: reqwest::Client,
}

impl Shop {
    /// With the settings of production, a clock that the test holds, and a wait without jitter.
    pub async fn open() -> Self {
        Self::open_with_timeout(payments::TIMEOUT).await
    }

    /// The same with another patience for the provider.
    pub async fn open_with_timeout(timeout: Duration) -> Self {
        let receiver = Receiver::grpc().await;
        let provider = receiver.telemetry("payments").build().unwrap();
        let weather = Weather::default();
        let router = upstream::router(weather.clone(), &provider.meter(scope()));
        let upstream = serve(router, provider.dispatch()).await;
        Self::in_front_of(upstream, receiver, weather, provider, |config| config, timeout).await
    }

    /// In front of any address, with settings and a timeout of its own.
    pub async fn before(upstream: SocketAddr, timeout: Duration, settings: impl FnOnce(Config) -> Config) -> Self {
        let receiver = Receiver::grpc().await;
        let nobody = receiver.telemetry("nobody").build().unwrap();
        Self::in_front_of(upstream, receiver, Weather::default(), nobody, settings, timeout).await
    }

    async fn in_front_of(
        upstream: SocketAddr,
        receiver: Receiver,
        weather: Weather,
        provider: Telemetry,
        settings: impl FnOnce(Config) -> Config,
        timeout: Duration,
    ) -> Self {
        let telemetry = receiver.telemetry("checkout").build().unwrap();
        let clock = ManualClock::default();
        let config = Config {
            clock: std::sync::Arc::new(clock.clone()),
            wait_in_open_state: Wait::fixed(WAIT),
            ..payments::settings()
        };
        let url = format!("http://{upstream}").parse().unwrap();
        let meter = telemetry.meter(scope());
        let client = payments::client(timeout).unwrap();
        let payments = Payments::new(url, settings(config), client, &meter).unwrap();
        let breakers = payments.breakers().clone();
        let breaker = breakers.all().remove(0);
        let admin = serve(admin::router(breakers), telemetry.dispatch()).await;
        let checkout = serve(checkout::router(payments, &meter), telemetry.dispatch()).await;
        // Every customer has a connection of their own, which ends when they leave.
        let customers = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let telemetry = [telemetry, provider];
        Self { telemetry, receiver, weather, clock, breaker, provider: upstream, checkout, admin, customers }
    }

    pub fn checkout_url(&self) -> Url {
        format!("http://{}/checkout", self.checkout).parse().unwrap()
    }

    pub fn provider_url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.provider).parse().unwrap()
    }

    pub fn admin_url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.admin).parse().unwrap()
    }

    /// Any request of a customer.
    pub fn send(&self, request: Request) -> impl Future<Output = Response> + Send + use<> {
        let answer = self.customers.execute(request);
        async { answer.await.unwrap() }
    }

    /// A customer's order; the status of the answer.
    pub async fn order(&self) -> u16 {
        self.send(order(self.checkout_url())).await.status().as_u16()
    }

    /// An order whose trace the caller has decided not to record: it counts, and leaves no span.
    pub async fn order_unsampled(&self) -> u16 {
        let mut request = order(self.checkout_url());
        let parent = "00-11111111111111111111111111111111-2222222222222222-00";
        request.headers_mut().insert("traceparent", parent.parse().unwrap());
        self.send(request).await.status().as_u16()
    }

    /// Brings the breaker to one failure below its threshold: five of nine calls succeeded. None leaves a span.
    pub async fn nearly_trip(&self) {
        for _ in 0..5 {
            assert_eq!(self.order_unsampled().await, 200);
        }
        self.weather.set(Mode::Error);
        for _ in 0..4 {
            assert_eq!(self.order_unsampled().await, 502);
        }
    }

    /// Closes the shop and returns all that was said in it.
    pub async fn close(self) -> Capture {
        for telemetry in self.telemetry {
            telemetry.shutdown().unwrap();
        }
        self.receiver.capture().await
    }
}

/// `POST` of a good order.
pub fn order(url: Url) -> Request {
    post(url, r#"{"order":"A-1","cents":4200}"#)
}

/// `POST` of any JSON.
pub fn post(url: Url, body: impl Into<Body>) -> Request {
    let mut request = Request::new(Method::POST, url);
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *request.body_mut() = Some(body.into());
    request
}

/// Waits for something that no answer announces.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(tokio::time::Instant::now() < patience, "{what}: not within ten seconds");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
