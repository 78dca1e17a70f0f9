//! The fault proxy does what it is told, to connections that stand as well as to new ones.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use testkit::{Fault, FaultProxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers every chunk with the same chunk.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    address
}

async fn ask(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    stream.write_all(b"hello").await?;
    let mut answer = vec![0; 5];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn passes_then_refuses_then_passes_again() {
    let proxy = FaultProxy::new(echo().await).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut stream).await.unwrap(), b"hello");

    proxy.set(Fault::Refuse);
    assert!(ask(&mut stream).await.is_err(), "the connection that stood is reset");
    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(ask(&mut refused).await.is_err(), "a new one is reset as well");

    proxy.set(Fault::Pass);
    let mut again = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut again).await.unwrap(), b"hello");
}

#[tokio::test]
async fn delays_cuts_and_garbles_the_answer() {
    let proxy = FaultProxy::new(echo().await).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();

    proxy.set(Fault::Delay(Duration::from_millis(50)));
    let asked = Instant::now();
    assert_eq!(ask(&mut stream).await.unwrap(), b"hello");
    assert!(asked.elapsed() >= Duration::from_millis(50));

    proxy.set(Fault::Garble);
    assert_eq!(ask(&mut stream).await.unwrap(), b"hello".map(|byte| !byte));

    proxy.set(Fault::Cut(2));
    assert!(ask(&mut stream).await.is_err(), "five bytes were promised and two came");
}

#[tokio::test]
async fn a_black_hole_swallows_and_gives_back_in_better_weather() {
    let proxy = FaultProxy::new(echo().await).await;
    for fault in [Fault::Silent, Fault::Delay(Duration::from_secs(3600))] {
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        proxy.set(fault);
        let nothing = tokio::time::timeout(Duration::from_millis(50), ask(&mut stream)).await;
        assert!(nothing.is_err(), "{fault:?}");
        proxy.set(Fault::Pass);
        let mut answer = vec![0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, b"hello", "{fault:?}");
    }
}

#[tokio::test]
async fn half_a_connection_is_enough_for_an_answer() {
    let proxy = FaultProxy::new(echo().await).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "last words");
}

#[tokio::test]
async fn a_dropped_proxy_leaves_neither_port_nor_connection() {
    let proxy = FaultProxy::new(echo().await).await;
    let address = proxy.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(ask(&mut stream).await.unwrap(), b"hello");
    drop(proxy);
    assert!(matches!(stream.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn without_an_upstream_connections_are_reset() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = FaultProxy::new(gone).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(ask(&mut stream).await.is_err());
}
