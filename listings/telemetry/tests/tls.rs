//! `https://` works, with the certificates that the system trusts and with no others.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use common::example;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use testkit::Receiver;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A certificate for `localhost` by an authority of its own, whose certificate lies in `authority`.
fn certificate(authority: &Path) -> ServerConfig {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    std::fs::write(authority, params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);

    let key = KeyPair::generate().unwrap();
    let signed = CertificateParams::new(["localhost".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![signed.der().clone()], key).unwrap();
    config.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
    config
}

/// Ends TLS and forwards what was in it.
async fn tls(config: ServerConfig, upstream: SocketAddr) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut client = acceptor.accept(stream).await?;
                let mut server = TcpStream::connect(upstream).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

#[tokio::test]
async fn https_delivers_to_whom_the_system_trusts_and_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    for trusted in [true, false] {
        for receiver in [Receiver::grpc().await, Receiver::http().await] {
            let authority = folder.path().join("authority.pem");
            let upstream = receiver.endpoint().trim_start_matches("http://").parse().unwrap();
            let port = tls(certificate(&authority), upstream).await;
            let mut command = example("order");
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("https://localhost:{port}"));
            command.env("OTEL_EXPORTER_OTLP_PROTOCOL", receiver.protocol());
            if trusted {
                command.env("SSL_CERT_FILE", &authority);
            }
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{stderr}");
            assert_eq!(receiver.span_count().await, usize::from(trusted), "{} {stderr}", receiver.protocol());
            assert_eq!(stderr.contains("telemetry was not delivered"), !trusted, "{stderr}");
        }
    }
}
