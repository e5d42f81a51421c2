//! A directory that takes part: what is there, and what it means when something cannot be had.

use std::collections::HashMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, QuotaViolation, StatusExt};

use crate::contract::{
    self, Expectation, FileKind, FolderReport, Mode, Observation, RootState, expectation, observation,
};
use crate::watch::Event;

/// What belongs to Onitu at the root of a folder.
pub const HIDDEN: &str = ".onitu";

/// Files that are not whole yet.
pub const STAGING: &str = ".onitu/shelf";

const PIECE: usize = 256 * 1024;

pub struct Folder {
    pub mapping: contract::FolderMapping,
    pub place: PathBuf,
    id: String,
    numbers: Arc<AtomicU64>,
    /// Held between a look at what is there and the change that rests on it.
    pub changing: Mutex<()>,
    /// The change stream that is open.
    pub watched_by: Mutex<Option<Sender<Event>>>,
}

impl Folder {
    /// Opens the root, which is made where it is new.
    pub fn open(mapping: contract::FolderMapping, root: &str, numbers: Arc<AtomicU64>) -> (Folder, FolderReport) {
        let place = Path::new(root).join(&mapping.path);
        let mut folder = Folder {
            mapping,
            place,
            id: String::new(),
            numbers,
            changing: Mutex::default(),
            watched_by: Mutex::default(),
        };
        let mut report =
            FolderReport { name: folder.mapping.name.clone(), path: folder.mapping.path.clone(), ..Default::default() };
        match folder.prepare() {
            Err(error) => {
                report.reason = format!("the root cannot be opened ({error}): is its disk there?");
                report.set_root_state(RootState::Missing);
            }
            Ok(()) if folder.mapping.root_id.as_ref().is_some_and(|id| *id != folder.id) => {
                report.reason = format!("{:?} is another directory than before: bring that one back", folder.place);
                report.set_root_state(RootState::Different);
                folder.id.clear();
            }
            Ok(()) => {
                report.root_id = folder.id.clone();
                report.set_root_state(RootState::Ok);
            }
        }
        (folder, report)
    }

    fn prepare(&mut self) -> io::Result<()> {
        if self.mapping.root_id.is_none() && self.is_writable() {
            fs::create_dir_all(&self.place)?;
        }
        self.place = self.place.canonicalize()?;
        self.id = native_id(&fs::metadata(&self.place)?);
        if self.is_writable() && self.mapping.root_id.as_ref().is_none_or(|id| *id == self.id) {
            let staging = self.place.join(STAGING);
            if staging.exists() {
                fs::remove_dir_all(&staging)?;
            }
            fs::create_dir_all(staging)?;
        }
        Ok(())
    }

    pub fn is_writable(&self) -> bool {
        self.mapping.mode() != Mode::Read
    }

    pub fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Makes sure that the root still lies where it was: otherwise nothing in it is known to be gone.
    pub fn assert_there(&self) -> Result<(), Status> {
        match fs::metadata(&self.place) {
            Ok(found) if native_id(&found) == self.id => Ok(()),
            _ => Err(unavailable(format!("the root of the folder {:?} is gone", self.mapping.name))),
        }
    }

    /// Returns where an entry lies, beneath the root, whatever links lie there.
    pub fn locate(&self, entry: &str) -> Result<PathBuf, Status> {
        check(entry)?;
        let place = self.place.join(entry);
        let above = place.parent().unwrap_or(&self.place);
        if above.canonicalize().map_err(meaning)? != above {
            return Err(Status::invalid_argument(format!("{} lies below a symbolic link", brief(entry))));
        }
        Ok(place)
    }

    fn find(&self, entry: &str) -> Result<Option<Metadata>, Status> {
        match self.locate(entry).and_then(|place| fs::symlink_metadata(place).map_err(meaning)) {
            Err(status) if status.code() == Code::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    /// Says what is at a path. Its number is taken before it looks: what happens meanwhile is newer.
    pub fn look(&self, entry: &str) -> Observation {
        let observed_seq = self.number();
        let state = match self.find(entry) {
            Ok(Some(found)) if found.is_dir() || found.is_file() => observation::State::Present(present(&found)),
            Ok(Some(_)) => observation::State::Inadmissible(contract::Inadmissible {
                reason: "is neither a file nor a directory".into(),
                ..Default::default()
            }),
            Ok(None) => observation::State::Absent(contract::Absent {}),
            Err(status) => observation::State::Unknown(contract::Unknown { reason: status.message().into() }),
        };
        Observation { path: entry.into(), observed_seq, state: Some(state), ..Default::default() }
    }

    /// Looks whether what is there is what was believed.
    pub fn expect(&self, entry: &str, believed: Option<&Expectation>) -> Result<Option<Metadata>, Status> {
        let found = self.find(entry)?;
        match (believed.and_then(|believed| believed.state.as_ref()), &found) {
            (Some(expectation::State::Absent(_)), None) => Ok(None),
            (Some(expectation::State::Revision(wanted)), Some(there)) if *wanted == revision(there) => Ok(found),
            (None, _) => Err(Status::invalid_argument(format!("{}: it is not said what is expected", brief(entry)))),
            _ => {
                Err(Status::failed_precondition(format!("{}: something else is there than was expected", brief(entry))))
            }
        }
    }

    /// Hands on the pieces of a file at a revision, which it must have before and after.
    pub fn read(
        &self,
        entry: &str,
        wanted: &str,
        mut offset: u64,
        mut piece: impl FnMut(&[u8]) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32; // No pipe keeps us waiting.
        let place = self.locate(entry)?;
        let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(place).map_err(meaning)?;
        let is_wanted = |file: &File| file.metadata().is_ok_and(|found| found.is_file() && revision(&found) == wanted);
        let changed = || Status::failed_precondition(format!("{} is no file of this revision", brief(entry)));
        if !is_wanted(&file) {
            return Err(changed());
        }
        let mut buffer = vec![0; PIECE];
        loop {
            let count = file.read_at(&mut buffer, offset).map_err(meaning)?;
            if count == 0 {
                return if is_wanted(&file) { Ok(()) } else { Err(changed()) };
            }
            piece(&buffer[..count])?;
            offset += count as u64;
        }
    }
}

/// Refuses what is no path of an entry.
pub fn check(entry: &str) -> Result<(), Status> {
    let is_part = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
    if entry.split('/').all(is_part) && entry.split('/').next() != Some(HIDDEN) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("{} is no path that can be used here", brief(entry))))
}

/// A path as messages have it, which are to be short.
pub fn brief(entry: &str) -> String {
    format!("{:?}", entry.chars().take(100).collect::<String>())
}

fn native_id(found: &Metadata) -> String {
    format!("{}:{}", found.dev(), found.ino())
}

/// Another one whenever the content may be. That of a directory does not depend on what is in it.
pub fn revision(found: &Metadata) -> String {
    if found.is_dir() {
        return native_id(found);
    }
    let (modified, changed) = ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
    format!("{}:{}:{}.{}:{}.{}", native_id(found), found.size(), modified.0, modified.1, changed.0, changed.1)
}

fn present(found: &Metadata) -> contract::Present {
    let mut there = contract::Present {
        revision: revision(found),
        native_id: Some(native_id(found)),
        kind: FileKind::Directory.into(),
        ..Default::default()
    };
    if found.is_file() {
        there.kind = FileKind::File.into();
        there.size = found.size();
        there.mtime_ns = Some(found.mtime() * 1_000_000_000 + found.mtime_nsec());
        // Within a tick of the disk's clock another write may leave the same time.
        let age = found.modified().map(|time| SystemTime::now().duration_since(time));
        there.racy = age.is_ok_and(|age| age.unwrap_or_else(|ahead| ahead.duration()).as_millis() < 10);
    }
    there
}

pub fn is_directory(seen: &Observation) -> bool {
    matches!(&seen.state, Some(observation::State::Present(there)) if there.kind() == FileKind::Directory)
}

/// What an error of the disk means to Onitu. What is not foreseen is tried again.
pub fn meaning(error: io::Error) -> Status {
    let message: String = error.to_string().chars().take(200).collect();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Status::not_found(message),
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty | ErrorKind::IsADirectory => {
            Status::failed_precondition(message)
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Status::permission_denied(message),
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => Status::invalid_argument(message),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            let full = ErrorDetails::with_quota_failure(vec![QuotaViolation::new("disk", &message)]);
            Status::with_error_details(Code::ResourceExhausted, message, full)
        }
        _ => unavailable(message),
    }
}

/// Details prove that the driver says so, and that no connection broke.
fn unavailable(message: String) -> Status {
    let details = ErrorDetails::with_error_info("DISK", "shelf", HashMap::new());
    Status::with_error_details(Code::Unavailable, message, details)
}

/// What of a stream is a file of its own until it is whole; it goes with this value, unless it has another name by then.
pub struct Staged(pub PathBuf);

impl Drop for Staged {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
