//! The finished site, built once for all tests, and a server that watches what is asked of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use book::{Book, Edition};
use tower_http::services::ServeDir;

/// The repository.
pub fn root() -> &'static Path {
    Path::new("../..")
}

pub fn book() -> Book {
    Book::open(root()).unwrap()
}

/// The folder of the site, built by the `mdbook` on the path with the `site` of this build.
pub fn built() -> &'static Path {
    static SITE: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("site");
        let site = env!("CARGO_BIN_EXE_site");
        let status = Command::new("mdbook")
            .args(["build", "--dest-dir"])
            .arg(&folder)
            .arg(root())
            .env("MDBOOK_PREPROCESSOR__SITE__COMMAND", site)
            .env("MDBOOK_OUTPUT__SITE__COMMAND", format!("{site} render"))
            .status()
            .expect("mdbook is not on the path: `cargo xtask test` brings it");
        assert!(status.success(), "mdbook build failed, see above");
        folder.join("html")
    });
    &SITE
}

/// The pages of both editions as addresses below the site: `zh/patterns/retry/index.html`.
pub fn pages() -> Vec<String> {
    let book = book();
    Edition::ALL.into_iter().flat_map(|edition| pages_of(&book, edition)).collect()
}

pub fn pages_of(book: &Book, edition: Edition) -> Vec<String> {
    let below = if edition == Edition::Zh { "zh/" } else { "" };
    book.pages(edition).iter().map(|page| format!("{below}{}", page.path.replace(".md", ".html"))).collect()
}

/// What a browser asked for, with the status it got.
type Log = Arc<Mutex<Vec<(String, u16)>>>;

/// Serves the site on a port of its own. Its policy forbids every other host, so that asking one is an error, and every
/// cache, so that each page asks for all it needs.
pub struct Server {
    address: SocketAddr,
    log: Log,
}

impl Server {
    pub async fn start() -> Self {
        let log = Log::default();
        let writer = log.clone();
        let watch = from_fn(move |request: Request, next: Next| {
            let (writer, path) = (writer.clone(), request.uri().path().to_owned());
            async move {
                let mut response = next.run(request).await;
                writer.lock().unwrap().push((path, response.status().as_u16()));
                let policy = "default-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' data: blob:";
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
                response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback_service(ServeDir::new(built())).layer(watch);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, log }
    }

    pub fn url(&self, page: &str) -> String {
        format!("http://{}/{page}", self.address)
    }

    /// What has been asked for since the last call.
    pub fn asked(&self) -> Vec<(String, u16)> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}
