//! One change stream: a snapshot, then whatever happens. It has a thread of its own, to which everything comes as events.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tonic::Status;

use crate::contract::watch_changes_request::Message as Said;
use crate::contract::watch_changes_response::Message;
use crate::contract::{
    self, ChangeBatch, DirectoryListing, SnapshotBegin, SnapshotEnd, WatchChangesRequest, WatchChangesResponse,
    observation,
};
use crate::folder::{Folder, HIDDEN, is_directory, meaning};

/// Batches that may wait for their acknowledgement.
const WINDOW: u64 = 16;

/// Items of a batch: with the longest paths still less than 3 MiB.
const MOST: usize = 500;

/// What happens at a path within it is looked at once.
const BURST: Duration = Duration::from_millis(50);

/// Between two signs of life; Onitu waits for 30 s.
const BEAT: Duration = Duration::from_secs(5);

/// What a change stream is told.
pub enum Event {
    Said(WatchChangesRequest),
    SaidAll,
    Happened(notify::Result<notify::Event>),
    End,
}

pub struct Watch {
    folder: Arc<Folder>,
    is_live: bool,
    events: Sender<Event>,
    happened: Receiver<Event>,
    messages: tokio::sync::mpsc::Sender<Result<WatchChangesResponse, Status>>,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<String>,
    is_ready: bool,
    acknowledged: u64,
    wanted: BTreeMap<String, bool>,
    changed: BTreeSet<String>,
    beat: Instant,
    batch: ChangeBatch,
    batches: u64,
    snapshots: u64,
}

impl Watch {
    pub fn new(
        folder: Arc<Folder>,
        is_live: bool,
        events: Sender<Event>,
        happened: Receiver<Event>,
        messages: tokio::sync::mpsc::Sender<Result<WatchChangesResponse, Status>>,
    ) -> Self {
        Watch {
            folder,
            is_live,
            events,
            happened,
            messages,
            watcher: None,
            watched: BTreeSet::new(),
            is_ready: false, // Until all fingerprints have come.
            acknowledged: 0,
            wanted: BTreeMap::from([(String::new(), true)]), // Directories to list; whether with everything below.
            changed: BTreeSet::new(),                        // Where something happened.
            beat: Instant::now(),
            batch: ChangeBatch::default(),
            batches: 0,
            snapshots: 0,
        }
    }

    pub fn run(mut self) {
        if let Err(status) = self.follow() {
            let _ = self.messages.blocking_send(Err(status));
        }
    }

    fn follow(&mut self) -> Result<(), Status> {
        self.wait(|watch| watch.is_ready)?;
        if self.is_live {
            // It watches before it lists, so that nothing falls between.
            let events = self.events.clone();
            let watcher = notify::recommended_watcher(move |event| drop(events.send(Event::Happened(event))));
            self.watcher = Some(watcher.map_err(|error| Status::unknown(error.to_string()))?);
        }
        loop {
            self.tell()?;
            if !self.is_live {
                return Ok(());
            }
            self.wait(|watch| !watch.changed.is_empty() || !watch.wanted.is_empty())?;
            let quiet = Instant::now() + BURST;
            self.wait(|_| Instant::now() >= quiet)?;
        }
    }

    /// Takes note of whatever comes, until something is so.
    fn wait(&mut self, is_so: impl Fn(&Self) -> bool) -> Result<(), Status> {
        while !is_so(self) {
            match self.happened.recv_timeout(BURST) {
                Ok(Event::Said(request)) => self.hear(request),
                // Whoever says no more acknowledges no more either.
                Ok(Event::SaidAll) => (self.is_ready, self.acknowledged) = (true, u64::MAX - WINDOW),
                Ok(Event::Happened(Ok(event))) if !event.need_rescan() => self.note(&event),
                Ok(Event::Happened(_)) => drop(self.wanted.insert(String::new(), true)), // Events were lost.
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(Status::aborted("the change stream was ended, by another one or by Close"));
                }
            }
            if self.beat.elapsed() >= BEAT {
                self.beat = Instant::now();
                self.send(Message::Heartbeat(contract::Heartbeat {}))?;
            }
        }
        Ok(())
    }

    fn hear(&mut self, request: WatchChangesRequest) {
        match request.message {
            Some(Said::Acknowledgement(acknowledgement)) => self.acknowledged = acknowledgement.batch,
            // What is equal could be left out; here all is sent.
            Some(Said::Fingerprints(fingerprints)) => self.is_ready = fingerprints.last,
            Some(Said::Rescan(rescan)) => {
                for directory in rescan.directories {
                    *self.wanted.entry(directory).or_default() |= rescan.recursive;
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, event: &notify::Event) {
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        for path in &event.paths {
            let entry = path.strip_prefix(&self.folder.place).unwrap_or(Path::new("")).to_string_lossy().into_owned();
            if entry.is_empty() || entry.split('/').next() == Some(HIDDEN) {
                continue;
            }
            if matches!(
                event.kind,
                EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
            ) {
                self.unwatch(&entry);
            }
            self.changed.insert(entry);
        }
    }

    /// Forgets a directory, which may be another one now, or have another name, and all below it.
    fn unwatch(&mut self, entry: &str) {
        let below = format!("{entry}/");
        for directory in self.watched.extract_if(.., |one| one == entry || one.starts_with(&below)) {
            if let Some(watcher) = &mut self.watcher {
                let _ = watcher.unwatch(&self.folder.place.join(directory)); // If it is still there.
            }
        }
    }

    /// Sends a message, if the root is there: without it the stream ends, and nothing is taken for deleted.
    fn send(&self, message: Message) -> Result<(), Status> {
        self.folder.assert_there()?;
        let sent = self.messages.blocking_send(Ok(WatchChangesResponse { message: Some(message) }));
        sent.map_err(|_| Status::cancelled("nobody listens any more"))
    }

    /// Reports what is where something happened, and takes a snapshot of what is to be listed.
    fn tell(&mut self) -> Result<(), Status> {
        for entry in std::mem::take(&mut self.changed) {
            let seen = self.folder.look(&entry);
            if is_directory(&seen) && !self.watched.contains(&entry) {
                self.wanted.insert(entry, true);
            }
            self.batch.observations.push(seen);
            self.flush(MOST)?;
        }
        self.flush(1)?;
        let wanted = std::mem::take(&mut self.wanted);
        if wanted.is_empty() {
            return Ok(());
        }
        self.snapshots += 1;
        let whole = wanted.get("") == Some(&true);
        self.send(Message::SnapshotBegin(SnapshotBegin { snapshot: self.snapshots, whole, ordered: false }))?;
        self.batch.snapshot = self.snapshots;
        for (directory, is_recursive) in wanted {
            self.list(&directory, is_recursive)?;
        }
        self.flush(1)?;
        self.batch.snapshot = 0;
        self.send(Message::SnapshotEnd(SnapshotEnd { snapshot: self.snapshots }))
    }

    /// Sends what is in a directory, and then what is in those below, if that is wanted or they are new.
    fn list(&mut self, directory: &str, is_recursive: bool) -> Result<(), Status> {
        let observed_seq = self.folder.number();
        let mut inner = Vec::new();
        let listed = self.entries(directory, &mut inner);
        let reason = listed.as_ref().err().map_or_else(String::new, |status| status.message().into());
        // What is missing from a listing that is not complete is not taken for deleted.
        let listing = DirectoryListing { path: directory.into(), complete: listed.is_ok(), reason, observed_seq };
        self.batch.listings.push(listing);
        self.flush(MOST)?;
        for one in inner {
            if is_recursive || (self.is_live && !self.watched.contains(&one)) {
                self.list(&one, true)?;
            }
        }
        Ok(())
    }

    /// Sends what is in a directory, which is watched from here on, and notes the directories among it.
    fn entries(&mut self, directory: &str, inner: &mut Vec<String>) -> Result<(), Status> {
        let place = if directory.is_empty() { self.folder.place.clone() } else { self.folder.locate(directory)? };
        if let Some(watcher) = &mut self.watcher {
            let watched = watcher.watch(&place, RecursiveMode::NonRecursive);
            watched.map_err(|error| Status::unknown(error.to_string()))?;
            self.watched.insert(directory.into());
        }
        for found in fs::read_dir(place).map_err(meaning)? {
            let name = found.map_err(meaning)?.file_name();
            let Some(name) = name.to_str() else {
                return Err(Status::unknown(format!("the name {name:?} is not UTF-8: rename it")));
            };
            let entry = if directory.is_empty() { name.into() } else { format!("{directory}/{name}") };
            if entry == HIDDEN {
                continue;
            }
            let seen = self.folder.look(&entry);
            if matches!(seen.state, Some(observation::State::Absent(_))) {
                continue; // Gone since the directory was read.
            }
            if is_directory(&seen) {
                inner.push(entry);
            }
            self.batch.observations.push(seen);
            self.flush(MOST)?;
        }
        Ok(())
    }

    /// Sends the batch if it has so many items; the next one belongs to the same snapshot.
    fn flush(&mut self, items: usize) -> Result<(), Status> {
        if self.batch.observations.len() + self.batch.listings.len() < items {
            return Ok(());
        }
        self.wait(|watch| watch.batches < watch.acknowledged + WINDOW)?;
        self.batches += 1;
        let next = ChangeBatch { snapshot: self.batch.snapshot, ..Default::default() };
        let batch = ChangeBatch { batch: self.batches, ..std::mem::replace(&mut self.batch, next) };
        self.send(Message::Batch(batch))
    }
}
