//! Two S3 look-alikes that others wrote, each with a bucket, and operators who share it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command as AsyncCommand};
use underpass::clock::Clock;

use crate::env::Env;
use crate::moto::moto;
use crate::sandbox_clients::environment;

pub(crate) const BUCKET: &str = "acme-vpn";
pub(crate) const JOURNAL: &str = "s3://acme-vpn/underpass";

/// A server with a bucket.
pub(crate) struct Store {
    pub(crate) url: String,
    runtime: tokio::runtime::Runtime,
    _server: Child,
    _folder: tempfile::TempDir,
}

impl Store {
    /// moto's S3.
    pub(crate) fn moto() -> Self {
        Self::new(|_| Box::pin(moto()))
    }

    /// moto's S3, one request at a time: its threads look first and write later, without a lock, so
    /// that under load two conditional writes win. S3 has no such gap, and moto has none like this.
    pub(crate) fn serial_moto() -> Self {
        Self::new(|folder| Box::pin(serial_moto(folder.to_owned())))
    }

    /// ministack's S3.
    pub(crate) fn ministack() -> Self {
        Self::new(|folder| Box::pin(ministack(folder.to_owned())))
    }

    fn new(
        start: impl FnOnce(&Path) -> futures_util::future::BoxFuture<'static, (Child, String)>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (server, url) = runtime.block_on(start(folder.path()));
        let store = Self {
            url,
            runtime,
            _server: server,
            _folder: folder,
        };
        let answer = store.send("PUT", BUCKET, "");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        store
    }

    /// Writes an object without any client of ours.
    pub(crate) fn write(&self, key: &str, body: &str) {
        let answer = self.send("PUT", &format!("{BUCKET}/{key}"), body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Reads an object without any client of ours.
    pub(crate) fn read(&self, key: &str) -> String {
        let answer = self.send("GET", &format!("{BUCKET}/{key}"), "");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        body.to_owned()
    }

    fn send(&self, method: &str, path: &str, body: &str) -> String {
        let address = self.url.trim_start_matches("http://");
        let request = format!(
            "{method} /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/us-east-1/s3/\
             aws4_request, SignedHeaders=host, Signature=unchecked\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.runtime.block_on(async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            String::from_utf8_lossy(&answer).into_owned()
        })
    }
}

async fn serial_moto(folder: PathBuf) -> (Child, String) {
    const SERVE: &str = "import sys; from werkzeug.serving import run_simple; \
        from moto.server import DomainDispatcherApplication, create_backend_app; \
        run_simple('127.0.0.1', int(sys.argv[1]), \
        DomainDispatcherApplication(create_backend_app), threaded=False)";
    let port = free_port().await;
    let mut python = AsyncCommand::new(environment().join("bin/python3"));
    python.args(["-c", SERVE, &port.to_string()]);
    listening(python, &folder, port).await
}

async fn ministack(folder: PathBuf) -> (Child, String) {
    let port = free_port().await;
    let program = environment().join("ministack/bin/ministack");
    assert!(
        program.exists(),
        "run .ci/tools once: {}",
        program.display()
    );
    let mut server = AsyncCommand::new(program);
    server
        .env("GATEWAY_PORT", port.to_string())
        .env("BIND_HOST", "127.0.0.1");
    listening(server, &folder, port).await
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Starts a server and waits until it listens.
async fn listening(mut server: AsyncCommand, folder: &Path, port: u16) -> (Child, String) {
    let server = server
        .current_dir(folder)
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let clock = Clock::system();
    for _ in 0..300 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return (server, format!("http://127.0.0.1:{port}"));
        }
        clock.sleep(Duration::from_millis(200)).await;
    }
    panic!("nothing listens on port {port} after a minute");
}

/// A command of somebody with a home of their own who shares the bucket.
pub(crate) fn operator(env: &Env, store: &Store, home: &str, args: &[&str]) -> Command {
    let mut command = env.command(args);
    command
        .env("AWS_ENDPOINT_URL_S3", &store.url)
        .env("AWS_REGION", "us-east-1")
        .env("USER", home)
        .args(["--journal", JOURNAL, "--home", home]);
    command
}
