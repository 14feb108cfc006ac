//! The lock of a site in a bucket: one object, renewed as long as its holder lives.
//!
//! A process that was killed cannot give anything free, so the lock expires when no sign of life
//! has come for a while. That alone would let two run at once: a laptop that was closed over lunch
//! wakes up and goes on where it stood. So the holder proves, before every record and directly
//! before every call, that its last renewal is fresh, and renews first when it is not; a holder
//! that finds the lock taken stops there. By default:
//!
//! ```text
//! 0 s          20 s         30 s                                  90 s
//! renewed ──── renews ───── a proof is asked for before a call ── anybody may take the lock
//! ```
//!
//! The holder counts from before it asked for the renewal, by the clock of its own that says more.
//! Whoever waits counts by S3's clock alone (`Date` against `Last-Modified` of the same answer), so
//! two machines' clocks are never compared. Between the last call that a holder can begin and the
//! first of the next holder lies a minute, which is longer than a request may take.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use ulid::Ulid;

use super::bucket::failed;
use super::error::{JournalError, LockError};
use super::lock::LockOwner;
use super::storage::{Broken, Lease};
use crate::aws::{Etag, Fault, FaultKind, Object, Objects, Put};
use crate::clock::{Clock, Moment};
use crate::spec::SiteName;

const SCHEMA: u32 = 1;

/// How often a lost race is run again before somebody else's lock is believed.
const RACES: u32 = 5;

/// The longest that a lock's text may make others wait.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long signs of life are good for, in real seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockTimes {
    /// From one renewal to the next.
    pub beat: Duration,
    /// For how long a renewal proves that the lock is ours.
    pub proof: Duration,
    /// After how long without a renewal others may take it.
    pub expiry: Duration,
}

impl LockTimes {
    /// These times with another expiry, and all else in proportion.
    pub fn expiring_after(expiry: Duration) -> Self {
        Self {
            beat: expiry * 2 / 9,
            proof: expiry / 3,
            expiry,
        }
    }
}

impl Default for LockTimes {
    fn default() -> Self {
        Self::expiring_after(Duration::from_secs(90))
    }
}

/// Whether somebody holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Hold {
    Held,
    Released,
    Broken,
}

/// The lock's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockText {
    schema: u32,
    state: Hold,
    /// Like no other: which taking of the lock this is.
    lease: Ulid,
    /// Counts the renewals.
    beat: u64,
    /// After how long without a renewal the lock is free.
    expires_after_secs: u64,
    /// Who holds it, or held it last; none when nobody could read who did.
    owner: Option<LockOwner>,
}

/// A lock as it lies in the bucket.
struct Seen {
    etag: Etag,
    age: Option<Duration>,
    text: Result<LockText, String>,
}

impl Seen {
    fn of(object: Object) -> Self {
        let text = serde_json::from_slice(&object.body).map_err(|error| error.to_string());
        Self {
            etag: object.etag,
            age: object.age,
            text: text.and_then(|text: LockText| match text.schema {
                SCHEMA => Ok(text),
                other => Err(format!(
                    "its schema is {other}, this underpass knows {SCHEMA}"
                )),
            }),
        }
    }

    fn holder(&self) -> Option<&LockText> {
        let text = self.text.as_ref().ok()?;
        let expiry = Duration::from_secs(text.expires_after_secs).min(LONGEST);
        let expired = self.age.is_some_and(|age| age > expiry);
        (text.state == Hold::Held && !expired).then_some(text)
    }
}

/// The place of a site's lock.
#[derive(Clone, Debug)]
pub(super) struct BucketLock {
    pub(super) objects: Objects,
    pub(super) site: SiteName,
    pub(super) times: LockTimes,
}

impl BucketLock {
    fn name(&self) -> String {
        format!("{}/lock.json", self.site)
    }

    fn unreadable(&self, problem: &str) -> LockError {
        LockError::Unreadable {
            place: self.objects.place(&self.name()),
            problem: problem.to_owned(),
        }
    }

    async fn look(&self) -> Result<Option<Seen>, LockError> {
        let name = self.name();
        let object = self.objects.get(&name).await;
        let object = object.map_err(failed(&self.objects, "read", &name))?;
        Ok(object.map(Seen::of))
    }

    /// Writes the lock, if it is still as it was seen.
    async fn write(&self, text: &LockText, before: Option<&Etag>) -> Result<Put, LockError> {
        let name = self.name();
        let mut body =
            serde_json::to_vec_pretty(text).map_err(|error| self.unreadable(&error.to_string()))?;
        body.push(b'\n');
        let writer = text.lease.to_string();
        let put = match before {
            None => self.objects.put_if_absent(&name, &body, &writer).await,
            Some(etag) => self.objects.put_if_match(&name, &body, &writer, etag).await,
        };
        Ok(put.map_err(failed(&self.objects, "write", &name))?)
    }

    /// Takes the lock when it is free, was given free, or has expired.
    pub(super) async fn take(&self, id: Ulid, owner: &LockOwner) -> Result<BucketLease, LockError> {
        let text = LockText {
            schema: SCHEMA,
            state: Hold::Held,
            lease: id,
            beat: 0,
            expires_after_secs: self.times.expiry.as_secs().max(1),
            owner: Some(owner.clone()),
        };
        for _ in 0..RACES {
            let seen = self.look().await?;
            if let Some(Err(problem)) = seen.as_ref().map(|seen| seen.text.as_ref()) {
                return Err(self.unreadable(problem));
            }
            if let Some(holder) = seen.as_ref().and_then(Seen::holder) {
                return Err(self.held_by(holder.owner.clone()));
            }
            let asked = Moment::now();
            let before = seen.as_ref().map(|seen| &seen.etag);
            if let Put::Done(etag) = self.write(&text, before).await? {
                return Ok(BucketLease::new(self.clone(), text, etag, asked));
            }
        }
        Err(self.held_by(None))
    }

    fn held_by(&self, owner: Option<LockOwner>) -> LockError {
        LockError::Held {
            site: self.site.to_string(),
            owner: owner.map(Box::new),
        }
    }

    /// Takes the lock away and waits until its holder's last proof is worth nothing.
    pub(super) async fn break_it(&self, id: Ulid) -> Result<Option<Broken>, LockError> {
        for _ in 0..RACES {
            let Some(seen) = self.look().await? else {
                return Ok(None);
            };
            if seen.text.is_ok() && seen.holder().is_none() {
                return Ok(None);
            }
            let holder = seen.holder().cloned();
            let owner = holder.as_ref().and_then(|text| text.owner.clone());
            let times =
                holder.map(|text| Duration::from_secs(text.expires_after_secs).min(LONGEST));
            let times = LockTimes::expiring_after(times.unwrap_or(self.times.expiry));
            let text = LockText {
                schema: SCHEMA,
                state: Hold::Broken,
                lease: id,
                beat: 0,
                expires_after_secs: times.expiry.as_secs().max(1),
                owner: owner.clone(),
            };
            if let Put::Done(_) = self.write(&text, Some(&seen.etag)).await? {
                // The last call that the holder could begin on its last proof has ended by then.
                let silent = seen.age.unwrap_or_default();
                let rest = (times.proof * 2).saturating_sub(silent);
                Clock::system().sleep(rest).await;
                return Ok(Some(Broken { owner }));
            }
        }
        // Its holder lives and renews faster than we write, which nobody does for long.
        Err(self.held_by(None))
    }
}

/// A held lock, renewed in the background until it is released, lost or dropped.
#[derive(Debug)]
pub(super) struct BucketLease {
    pulse: Arc<Pulse>,
    beating: JoinHandle<()>,
}

/// What the holder and its heartbeat share.
#[derive(Debug)]
struct Pulse {
    lock: BucketLock,
    written: tokio::sync::Mutex<Written>,
    proof: Mutex<Proof>,
}

#[derive(Debug)]
struct Written {
    text: LockText,
    etag: Etag,
}

#[derive(Clone, Debug)]
enum Proof {
    /// The renewal that was asked for at this moment was granted.
    Renewed(Moment),
    /// It is somebody else's, or nobody's.
    Gone(Option<LockOwner>),
}

impl BucketLease {
    fn new(lock: BucketLock, text: LockText, etag: Etag, asked: Moment) -> Self {
        let pulse = Arc::new(Pulse {
            lock,
            written: tokio::sync::Mutex::new(Written { text, etag }),
            proof: Mutex::new(Proof::Renewed(asked)),
        });
        let beating = tokio::spawn(Arc::clone(&pulse).beat());
        Self { pulse, beating }
    }
}

impl Drop for BucketLease {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

impl Pulse {
    /// Renews until the lock is gone. An outage is not the end: the next proof decides.
    async fn beat(self: Arc<Self>) {
        let LockTimes { beat, .. } = self.lock.times;
        let clock = Clock::system();
        let mut pause = beat;
        loop {
            clock.sleep(pause).await;
            pause = match self.renew(|_| {}).await {
                Ok(()) => beat,
                Err(LockError::Lost { .. }) => return,
                Err(_) => beat / 4,
            };
        }
    }

    /// Writes the lock anew, with a change, while it is ours.
    async fn renew(&self, change: impl FnOnce(&mut LockText)) -> Result<(), LockError> {
        let mut written = self.written.lock().await;
        self.refuse_if_gone()?;
        change(&mut written.text);
        for _ in 0..RACES {
            written.text.beat += 1;
            let asked = Moment::now();
            let put = self.lock.write(&written.text, Some(&written.etag)).await?;
            if let Put::Done(etag) = put {
                written.etag = etag;
                self.set(Proof::Renewed(asked));
                return Ok(());
            }
            // An earlier renewal whose answer was lost and whose look was in vain is still ours.
            let seen = self.lock.look().await?;
            match seen {
                Some(Seen {
                    etag,
                    text: Ok(text),
                    ..
                }) if text.lease == written.text.lease && text.state == Hold::Held => {
                    written.etag = etag;
                }
                other => {
                    let now = other.as_ref().and_then(Seen::holder);
                    self.set(Proof::Gone(now.and_then(|text| text.owner.clone())));
                    break;
                }
            }
        }
        self.refuse_if_gone()?;
        Err(self.late("its object changes all the time"))
    }

    fn proof(&self) -> Proof {
        self.proof
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, proof: Proof) {
        *self.proof.lock().unwrap_or_else(PoisonError::into_inner) = proof;
    }

    fn is_fresh(&self) -> bool {
        matches!(self.proof(), Proof::Renewed(at) if at.passed() < self.lock.times.proof)
    }

    fn refuse_if_gone(&self) -> Result<(), LockError> {
        match self.proof() {
            Proof::Renewed(_) => Ok(()),
            Proof::Gone(owner) => Err(LockError::Lost {
                site: self.lock.site.to_string(),
                owner: owner.map(Box::new),
            }),
        }
    }

    fn late(&self, message: &str) -> LockError {
        let fault = Fault {
            action: "PutObject".to_owned(),
            kind: FaultKind::Lost,
            code: None,
            message: message.to_owned(),
            request_id: None,
        };
        LockError::Storage(JournalError::Bucket {
            doing: "renew the lock",
            place: self.lock.objects.place(&self.lock.name()),
            source: Box::new(fault),
        })
    }
}

#[async_trait]
impl Lease for BucketLease {
    async fn name_run(&self, run: Ulid) -> Result<(), LockError> {
        let named = |text: &mut LockText| {
            if let Some(owner) = &mut text.owner {
                owner.run = Some(run.to_string());
            }
        };
        self.pulse.renew(named).await
    }

    async fn check(&self) -> Result<(), LockError> {
        self.pulse.refuse_if_gone()?;
        if self.pulse.is_fresh() {
            return Ok(());
        }
        // A renewal that took long proves little: it counts from before it was asked for.
        for _ in 0..2 {
            self.pulse.renew(|_| {}).await?;
            if self.pulse.is_fresh() {
                return Ok(());
            }
        }
        Err(self.pulse.late("S3 answers too slowly to hold a lock"))
    }

    async fn release(&self) -> Result<(), LockError> {
        self.beating.abort();
        let released = self.pulse.renew(|text| text.state = Hold::Released).await;
        self.pulse.set(Proof::Gone(None));
        released
    }
}
