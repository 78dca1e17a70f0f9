//! The fault proxy does what it is told, to connections that stand as well as to new ones.

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
