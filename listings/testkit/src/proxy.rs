//! A network that misbehaves on command.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    fault: Arc<watch::Sender<Fault>>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a port of its own and forwards to `upstream`.
    pub async fn new(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on the loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let fault = Arc::new(watch::channel(Fault::Pass).0);
        let faults = fault.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connection(client, upstream, faults.subscribe()));
                while connections.try_join_next().is_some() {} // forget the finished ones
            }
        });
        Self { address, fault, task }
    }

    /// Where to connect in place of the upstream.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the weather.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort(); // drops the JoinSet, which aborts every connection
    }
}

/// Errors end the connection, which is what a network does as well.
async fn connection(mut client: TcpStream, upstream: SocketAddr, mut fault: watch::Receiver<Fault>) {
    if *fault.borrow_and_update() == Fault::Refuse {
        reset(client);
        return;
    }
    let Ok(mut server) = TcpStream::connect(upstream).await else { return };
    let (mut from_client, mut from_server) = ([0; 8192], [0; 8192]);
    let mut passed = 0;
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => match read {
                Ok(count @ 1..) if server.write_all(&from_client[..count]).await.is_ok() => {}
                _ => return,
            },
            read = server.read(&mut from_server) => match read {
                Ok(count @ 1..) => {
                    let fault = *fault.borrow();
                    let chunk = spoil(fault, &mut from_server[..count], &mut passed).await;
                    if client.write_all(chunk).await.is_err() || fault == Fault::Cut(passed) {
                        return;
                    }
                }
                _ => return,
            },
            changed = fault.changed() => if changed.is_err() || *fault.borrow() == Fault::Refuse {
                reset(client);
                return;
            },
        }
    }
}

/// What is left of a chunk of the answer.
async fn spoil<'a>(fault: Fault, chunk: &'a mut [u8], passed: &mut usize) -> &'a [u8] {
    match fault {
        Fault::Pass | Fault::Refuse => {}
        Fault::Delay(delay) => tokio::time::sleep(delay).await,
        Fault::Cut(limit) => {
            let count = chunk.len().min(limit.saturating_sub(*passed));
            *passed = limit.min(*passed + count);
            return &chunk[..count];
        }
        Fault::Garble => chunk.iter_mut().for_each(|byte| *byte = !*byte),
    }
    chunk
}

/// Closes with a reset in place of a polite end.
fn reset(stream: TcpStream) {
    // Without lingering the kernel sends RST; where it cannot be set, an ordinary close does as well for a test.
    let _ = stream.set_zero_linger();
}
