//! A projection at work.

use event_sourcing::bank::Balances;
use event_sourcing::{EventStore, Subscription};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::in_time;

/// Keeps the balances until it is told to stop.
pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub fn start(store: &EventStore, dispatch: Dispatch) -> Self {
        let stop = CancellationToken::new();
        let (stopped, subscription) = (stop.clone(), Subscription::new(store.clone(), Balances::of(store)));
        let run = async move { subscription.run(stopped.cancelled()).await.unwrap() };
        Self { stop, task: tokio::spawn(run.with_subscriber(dispatch)) }
    }

    pub async fn stop(self) {
        self.stop.cancel();
        in_time(self.task).await.unwrap();
    }
}
