//! A shop and its stock, with nothing global, and with a receiver of their own.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use telemetry::http::{Server, trace};
use telemetry::{ShutdownError, Telemetry, scope};
use testing::Orders;
use testkit::{Capture, FaultProxy, Receiver, serve};
use tracing::dispatcher::{DefaultGuard, set_default};

// ANCHOR: shop
/// What one test owns.
pub struct Shop {
    pub orders: Orders,
    telemetry: [Telemetry; 2],
    pub receiver: Receiver,
    /// The network between the shop and its stock.
    #[allow(dead_code, reason = "in most tests the network is well")]
    pub network: FaultProxy,
    /// The subscriber of this thread, and `#[tokio::test]` has no other.
    _subscriber: DefaultGuard,
}

impl Shop {
    /// A shop whose stock gives this answer, over real HTTP.
    pub async fn open(answer: StatusCode) -> Self {
        let receiver = Receiver::http().await;
        let telemetry = ["shop", "stock"].map(|service| receiver.telemetry(service).build().unwrap());
        let [shop, stock] = &telemetry;

        let server = Server::new(&stock.meter(scope("stock", "1.0.0")));
        let router = Router::new().route("/reservations", post(move || std::future::ready(answer)));
        let router = router.layer(from_fn_with_state(server, trace));
        let network = FaultProxy::new(serve(router, stock.dispatch()).await).await;

        let url = format!("http://{}/reservations", network.address()).parse().unwrap();
        let orders = Orders::new(url, &shop.meter(scope("shop", "1.0.0"))).unwrap();
        let _subscriber = set_default(&shop.dispatch());
        Self { orders, telemetry, receiver, network, _subscriber }
    }

    /// Sends what is waiting, and returns everything that was received.
    pub async fn close(self) -> Capture {
        let (delivered, capture) = self.close_within(Duration::from_secs(5)).await;
        delivered.unwrap();
        capture
    }
    // ANCHOR_END: shop

    /// The same, where the receiver may be ill: what the shop's shutdown says, and what was received.
    pub async fn close_within(self, patience: Duration) -> (Result<(), ShutdownError>, Capture) {
        let [shop, stock] = self.telemetry;
        let delivered = shop.shutdown_with_timeout(patience);
        drop(stock.shutdown_with_timeout(patience));
        (delivered, self.receiver.capture().await)
    }
}
