//! A place to run the real binary in: an own folder, no credentials of the machine's, and, where a
//! test wants to look behind the scenes, a sandbox in this process that listens on loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use underpass::clock::{Clock, IdSource};
use underpass::sandbox::{Faults, GatewaySim, Sandbox, SandboxOptions, serve};

/// One user's folder.
pub(crate) struct Env {
    folder: tempfile::TempDir,
    sandbox: Option<Served>,
}

struct Served {
    sandbox: Sandbox,
    url: String,
    scale: f64,
    _runtime: tokio::runtime::Runtime,
}

/// What a command printed, and how it ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Asserts the exit code, showing everything when it is another.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Stdout as JSON with a `schema_version`.
    pub(crate) fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{error} in:\n{}\nstderr:\n{}", self.stdout, self.stderr)
        });
        assert!(
            value["schema_version"].is_u64(),
            "no schema_version in {value}"
        );
        value
    }
}

impl Env {
    /// A folder with the examples in it, and the sandbox inside each command (`--sandbox`).
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("underpass-test-")
            .tempdir()
            .unwrap();
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        fs::create_dir(folder.path().join("examples")).unwrap();
        for entry in fs::read_dir(examples).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "yaml") {
                fs::copy(
                    &path,
                    folder
                        .path()
                        .join("examples")
                        .join(path.file_name().unwrap()),
                )
                .unwrap();
            }
        }
        Self {
            folder,
            sandbox: None,
        }
    }

    /// The same, with a sandbox that this process serves over HTTP, `scale` times as fast as AWS.
    pub(crate) fn served(scale: f64, faults: Faults, gateway: GatewaySim) -> Self {
        Self::served_on(Clock::scaled(scale), faults, gateway)
    }

    /// The same with a clock of its own, such as one that differs from this machine's.
    pub(crate) fn served_on(clock: Clock, faults: Faults, gateway: GatewaySim) -> Self {
        let scale = clock.scale();
        let mut env = Self::new();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (sandbox, url) = runtime.block_on(async {
            let options = SandboxOptions {
                clock,
                ids: IdSource::seeded(7),
                faults,
                file: None,
                gateway,
            };
            let sandbox = Sandbox::open(options).unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(serve(sandbox.clone(), listener, std::future::pending()));
            (sandbox, url)
        });
        env.sandbox = Some(Served {
            sandbox,
            url,
            scale,
            _runtime: runtime,
        });
        env
    }

    /// The served sandbox.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox.as_ref().expect("made by Env::served").sandbox
    }

    /// Where the served sandbox listens.
    pub(crate) fn url(&self) -> &str {
        &self.sandbox.as_ref().expect("made by Env::served").url
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        underpass::files::write_public(&path, text.as_bytes()).unwrap();
        path
    }

    /// The command, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_underpass"));
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("CI", "true")
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        if let Some(served) = &self.sandbox {
            command
                .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
                .env("AWS_SECRET_ACCESS_KEY", "example")
                .env("AWS_ENDPOINT_URL", &served.url)
                .args(args)
                .args(["--time-scale", &served.scale.to_string()]);
        } else {
            command.args(args);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    /// Starts a command.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Every file below the folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

/// What a finished process printed.
pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
