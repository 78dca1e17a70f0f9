//! A network that misbehaves on command.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What the proxy does to traffic. It applies to connections as they are now, not only to new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Passes everything.
    Pass,
    /// Resets every connection before a byte is passed.
    Refuse,
    /// Accepts connections and passes nothing, as a black hole does. What came meanwhile is passed afterwards.
    Silent,
    /// Holds every chunk of the answer for this long.
    Delay(Duration),
    /// Closes the connection after this many bytes of the answer.
    Cut(usize),
    /// Passes the answer with every bit turned.
    Garble,
}

/// A TCP proxy in front of one address. Stops, and closes its connections, when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    answers: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a port of its own and forwards to `upstream`.
    pub async fn new(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on the loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (fault, answers) = (watch::channel(Fault::Pass).0, watch::channel(0).0);
        let weather = (fault.clone(), answers.clone());
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connection(client, upstream, weather.0.subscribe(), weather.1.clone()));
                while connections.try_join_next().is_some() {} // forget the finished ones
            }
        });
        Self { address, fault, answers, task }
    }

    /// Where to connect in place of the upstream.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the weather.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Changes with every chunk of an answer that has passed.
    pub(crate) fn answers(&self) -> watch::Receiver<u64> {
        self.answers.subscribe()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort(); // drops the JoinSet, which aborts every connection
    }
}

/// Errors end the connection, which is what a network does as well.
async fn connection(
    mut client: TcpStream,
    upstream: SocketAddr,
    mut fault: watch::Receiver<Fault>,
    answers: watch::Sender<u64>,
) {
    let now = *fault.borrow_and_update();
    if now == Fault::Refuse {
        return reset(&client);
    }
    let Ok(mut server) = TcpStream::connect(upstream).await else { return reset(&client) };
    // A proxy that waits for more to send adds 40 ms to an answer. What cannot be set is slow and not wrong.
    let _ = client.set_nodelay(true).and(server.set_nodelay(true));
    let refused = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::select! {
            () = ask(from_client, to_server, fault.clone()) => false,
            () = answer(from_server, to_client, fault.clone(), answers) => false,
            refused = fault.wait_for(|fault| *fault == Fault::Refuse) => refused.is_ok(),
        }
    };
    if refused {
        reset(&client);
    }
}

/// From client to server. A client that has said everything still waits for the answer.
async fn ask(mut client: ReadHalf<'_>, mut server: WriteHalf<'_>, mut fault: watch::Receiver<Fault>) {
    let mut chunk = [0; 8192];
    while let Ok(count @ 1..) = client.read(&mut chunk).await {
        if unless_silent(&mut fault).await.is_err() || server.write_all(&chunk[..count]).await.is_err() {
            return;
        }
    }
    if server.shutdown().await.is_ok() {
        std::future::pending().await
    }
}

/// From server to client, with the fault of the moment.
async fn answer(
    mut server: ReadHalf<'_>,
    mut client: WriteHalf<'_>,
    mut fault: watch::Receiver<Fault>,
    answers: watch::Sender<u64>,
) {
    let (mut chunk, mut passed) = ([0; 8192], 0);
    while let Ok(count @ 1..) = server.read(&mut chunk).await {
        if unless_silent(&mut fault).await.is_err() {
            return;
        }
        let now = *fault.borrow_and_update();
        let mut keep = count;
        match now {
            // Better weather ends the delay.
            Fault::Delay(delay) => drop(tokio::time::timeout(delay, fault.changed()).await),
            Fault::Cut(limit) => keep = count.min(limit.saturating_sub(passed)),
            Fault::Garble => chunk[..count].iter_mut().for_each(|byte| *byte = !*byte),
            Fault::Pass | Fault::Refuse | Fault::Silent => {}
        }
        passed += if matches!(now, Fault::Cut(_)) { keep } else { 0 };
        if client.write_all(&chunk[..keep]).await.is_err() || now == Fault::Cut(passed) {
            return;
        }
        answers.send_modify(|answers| *answers += 1);
    }
}

async fn unless_silent(fault: &mut watch::Receiver<Fault>) -> Result<(), watch::error::RecvError> {
    fault.wait_for(|fault| *fault != Fault::Silent).await.map(drop)
}

/// Closes with a reset in place of a polite end.
fn reset(stream: &TcpStream) {
    // Without lingering the kernel sends RST; where it cannot be set, an ordinary close does as well for a test.
    let _ = stream.set_zero_linger();
}
