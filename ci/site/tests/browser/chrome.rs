//! A real Chromium, driven by chromedriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How large the window is.
#[derive(Clone, Copy)]
pub enum Screen {
    Desktop,
    Phone,
}

/// A browser with a profile of its own; ends with the value.
pub struct Chrome {
    driver: Child,
    client: Client,
    _profile: TempDir,
}

impl Drop for Chrome {
    fn drop(&mut self) {
        // The driver takes its browser with it when the session is closed; what did not get that far ends here.
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

impl Chrome {
    pub async fn start(screen: Screen) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is not on the path: `cargo xtask test` brings it");
        let port = port(&mut driver);
        let profile = tempfile::tempdir().unwrap();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(screen, &profile))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromedriver starts chromium");
        Self { driver, client, _profile: profile }
    }

    pub async fn close(self) {
        self.client.clone().close().await.ok();
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The value of a JavaScript expression.
    pub async fn eval(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.client.execute(&script, vec![]).await.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The value of a JavaScript promise.
    pub async fn resolve(&self, expression: &str) -> Value {
        let script =
            format!("const done = arguments[0]; ({expression}).then(done, error => done({{ failed: String(error) }}))");
        let value = self.client.execute_async(&script, vec![]).await;
        let value = value.unwrap_or_else(|error| panic!("{expression}: {error}"));
        assert_eq!(value["failed"], Value::Null, "{expression}");
        value
    }

    /// Waits until a JavaScript expression is true.
    pub async fn until(&self, expression: &str) {
        for _ in 0..200 {
            if self.eval(&format!("Boolean({expression})")).await == Value::Bool(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("in five seconds it did not become true: {expression}");
    }

    pub async fn click(&self, selector: &str) {
        let element = self.client.find(Locator::Css(selector)).await;
        element.unwrap_or_else(|error| panic!("{selector}: {error}")).click().await.unwrap();
    }

    /// Picks a theme as a reader does; mdBook leaves its list open.
    pub async fn theme(&self, name: &str) {
        if self.eval("getComputedStyle(document.getElementById('mdbook-theme-list')).display").await == "none" {
            self.click("#mdbook-theme-toggle").await;
        }
        self.click(&format!("#mdbook-theme-{name}")).await;
        self.until(&format!("document.documentElement.classList.contains('{name}')")).await;
    }

    /// Types into whatever has the focus.
    pub async fn press(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    pub async fn address(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// What the console has said since the last call, warnings and errors.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(BrowserLog).await.unwrap();
        let text = |entry: &Value| format!("{} {}", entry["level"], entry["message"]);
        entries.as_array().expect("the log is a list").iter().map(text).collect()
    }
}

fn capabilities(screen: Screen, profile: &TempDir) -> Capabilities {
    let mut args = vec![
        "--headless".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--window-size=1400,1000".to_owned(),
    ];
    args.push(format!("--user-data-dir={}", profile.path().display()));
    let mut options = json!({ "args": args });
    if let Screen::Phone = screen {
        options["mobileEmulation"] = json!({ "deviceMetrics": { "width": 375, "height": 800, "pixelRatio": 2.0 } });
    }
    let all = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "WARNING" } });
    all.as_object().cloned().unwrap_or_default()
}

/// The driver picks a free port and says which.
fn port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let said = lines.find(|line| line.contains("started successfully on port")).expect("chromedriver starts");
    let number = said.trim_end_matches('.').rsplit(' ').next().and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("chromedriver names no port: {said}"))
}

/// chromedriver's own command: the browser's console.
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
