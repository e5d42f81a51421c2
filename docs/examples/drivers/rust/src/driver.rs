//! The calls of Onitu.

use std::collections::HashMap;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::Write;
use std::option::Option;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use prost_types::value::Kind;
use tokio::task::block_in_place;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use crate::contract::{self, *};
use crate::folder::{Folder, STAGING, Staged, brief, check, meaning};
use crate::watch::{Event, Watch};

type Answer<T> = Result<Response<T>, Status>;

#[derive(Default)]
pub struct Driver {
    folders: RwLock<(u64, HashMap<String, Arc<Folder>>)>,
    numbers: Arc<AtomicU64>,
}

fn capabilities() -> Capabilities {
    Capabilities {
        watch: true,
        whole_files: true,
        staging: true,
        stat_files: true,
        computed_digests: vec!["blake3".into()],
        mtime_precision_ns: 1,
        make_directory: true,
        delete_file: true,
        move_file: true,
        move_directory: true,
        native_ids: true,
        sync: true,
        conditional: Conditional::BestEffort.into(),
        ..Default::default()
    }
}

impl Driver {
    fn folder(&self, name: &str) -> Result<Arc<Folder>, Status> {
        let folders = self.folders.read().unwrap_or_else(PoisonError::into_inner);
        let found = folders.1.get(name);
        let folder = found.ok_or_else(|| Status::not_found(format!("no folder {} is configured", brief(name))))?;
        folder.assert_there()?;
        Ok(folder.clone())
    }

    /// Returns a folder in which some paths may be changed.
    fn target(&self, name: &str, entries: &[&str]) -> Result<Arc<Folder>, Status> {
        let folder = self.folder(name)?;
        if !folder.is_writable() {
            return Err(Status::permission_denied(format!("nothing may be written in the folder {}", brief(name))));
        }
        entries.iter().try_for_each(|entry| check(entry))?;
        Ok(folder)
    }

    /// Changes something while nobody else does, and says what is at the last path then.
    fn change(
        &self,
        name: &str,
        entries: &[&str],
        act: impl FnOnce(&Folder) -> Result<(), Status>,
    ) -> Result<Option<Observation>, Status> {
        block_in_place(|| {
            let folder = self.target(name, entries)?;
            let guard = folder.changing.lock().unwrap_or_else(PoisonError::into_inner);
            act(&folder)?;
            drop(guard);
            Ok(entries.last().map(|entry| folder.look(entry)))
        })
    }
}

#[tonic::async_trait]
impl driver_server::Driver for Driver {
    async fn get_manifest(&self, _: Request<GetManifestRequest>) -> Answer<GetManifestResponse> {
        let root = contract::Option {
            key: "root".into(),
            name: "Root".into(),
            description: "The directory to keep in sync".into(),
            r#type: OptionType::String.into(),
            ..Default::default()
        };
        let manifest = Manifest {
            name: "shelf".into(),
            description: "Files in a directory of this machine".into(),
            options: vec![root],
            capabilities: Some(capabilities()),
            limits: Some(Limits { max_whole_file: 1 << 62, ..Default::default() }),
            ..Default::default()
        };
        Ok(Response::new(GetManifestResponse { manifest: Some(manifest) }))
    }

    async fn configure(&self, request: Request<ConfigureRequest>) -> Answer<ConfigureResponse> {
        let request = request.into_inner();
        let options = request.options.unwrap_or_default().fields;
        if let Some(unknown) = options.keys().find(|key| *key != "root") {
            return Err(Status::invalid_argument(format!("Unknown option '{unknown}'")));
        }
        let Some(Kind::StringValue(root)) = options.get("root").and_then(|value| value.kind.as_ref()) else {
            return Err(Status::invalid_argument("the option 'root' must be the path of a directory"));
        };
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        if request.generation <= folders.0 {
            return Err(Status::failed_precondition(format!("generation {} is served already", folders.0)));
        }
        *folders = (request.generation, HashMap::new());
        self.numbers.store(request.generation << 40, Ordering::SeqCst);
        let mut answer = ConfigureResponse { capabilities: Some(capabilities()), ..Default::default() };
        for mapping in request.folders {
            let (folder, report) = block_in_place(|| Folder::open(mapping, root, self.numbers.clone()));
            answer.folders.push(report);
            folders.1.insert(folder.mapping.name.clone(), Arc::new(folder));
        }
        Ok(Response::new(answer))
    }

    async fn stat_files(&self, request: Request<StatFilesRequest>) -> Answer<StatFilesResponse> {
        let request = request.into_inner();
        let folder = self.folder(&request.folder)?;
        request.paths.iter().try_for_each(|entry| check(entry))?;
        let look = |entry: &String| {
            let mut seen = folder.look(entry);
            if let Some(observation::State::Present(there)) = &mut seen.state {
                let mut hasher = blake3::Hasher::new();
                let mut hash = |piece: &[u8]| {
                    hasher.update(piece);
                    Ok(())
                };
                // A file that changes meanwhile has no digest for now.
                if request.digest_algorithm.as_deref() == Some("blake3")
                    && folder.read(entry, &there.revision, 0, &mut hash).is_ok()
                {
                    let value = hasher.finalize().as_bytes().to_vec();
                    there.digests.push(Digest { algorithm: "blake3".into(), value });
                }
            }
            seen
        };
        let observations = block_in_place(|| request.paths.iter().map(look).collect());
        Ok(Response::new(StatFilesResponse { observations }))
    }

    async fn get_file(&self, request: Request<GetFileRequest>) -> Answer<BoxStream<GetFileResponse>> {
        let request = request.into_inner();
        let folder = self.folder(&request.folder)?;
        let (messages, stream) = tokio::sync::mpsc::channel(4);
        tokio::task::spawn_blocking(move || {
            let send = |data: &[u8]| {
                let message = GetFileResponse { data: data.to_vec() };
                messages.blocking_send(Ok(message)).map_err(|_| Status::cancelled("nobody listens any more"))
            };
            if let Err(status) = folder.read(&request.path, &request.revision, request.offset, send) {
                let _ = messages.blocking_send(Err(status));
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn upload_file(&self, request: Request<Streaming<UploadFileRequest>>) -> Answer<UploadFileResponse> {
        let mut stream = request.into_inner();
        let Some(upload_file_request::Part::Start(start)) = stream.message().await?.and_then(|first| first.part) else {
            return Err(Status::invalid_argument("an upload begins with its start"));
        };
        let upload = start.upload.unwrap_or_default();
        let folder = self.target(&start.folder, &[&upload.path])?;
        let staged = Staged(folder.place.join(STAGING).join(folder.number().to_string()));
        let mut file = File::create_new(&staged.0).map_err(meaning)?;
        let (mut hasher, mut size) = (blake3::Hasher::new(), 0);
        while let Some(message) = stream.message().await? {
            if let Some(upload_file_request::Part::Data(data)) = message.part {
                size += data.len() as u64;
                block_in_place(|| {
                    hasher.update(&data);
                    file.write_all(&data).map_err(meaning)
                })?;
            }
        }
        let wanted = upload.digest.as_ref().filter(|digest| digest.algorithm == "blake3");
        if size != upload.size || wanted.is_some_and(|wanted| wanted.value != hasher.finalize().as_bytes()) {
            return Err(Status::data_loss(format!("{size} bytes came, not the {} that were announced", upload.size)));
        }
        if let Some(modified) = upload.attributes.as_ref().and_then(|attributes| attributes.mtime_ns) {
            file.set_times(FileTimes::new().set_modified(time(modified))).map_err(meaning)?;
        }
        let done = self.change(&start.folder, &[&upload.path], |folder| {
            let place = folder.locate(&upload.path)?;
            match folder.expect(&upload.path, upload.expectation.as_ref())? {
                // Unlike a rename, a link never takes the place of what appears just now.
                None => fs::hard_link(&staged.0, place),
                Some(old) => file
                    .set_permissions(Permissions::from_mode(old.mode() & 0o777))
                    .and_then(|()| fs::rename(&staged.0, place)),
            }
            .map_err(meaning)?;
            let _ = fs::remove_file(&staged.0);
            Ok(())
        });
        Ok(Response::new(UploadFileResponse { observation: done? }))
    }

    async fn make_directory(&self, request: Request<MakeDirectoryRequest>) -> Answer<MakeDirectoryResponse> {
        let request = request.into_inner();
        let entry = request.directory_creation.unwrap_or_default().path;
        let done =
            self.change(&request.folder, &[&entry], |folder| fs::create_dir(folder.locate(&entry)?).map_err(meaning));
        Ok(Response::new(MakeDirectoryResponse { observation: done? }))
    }

    async fn delete_file(&self, request: Request<DeleteFileRequest>) -> Answer<DeleteFileResponse> {
        let request = request.into_inner();
        let Deletion { path: entry, expectation } = request.deletion.unwrap_or_default();
        let done = self.change(&request.folder, &[&entry], |folder| {
            let place = folder.locate(&entry);
            match folder.expect(&entry, expectation.as_ref())? {
                Some(found) if found.is_dir() => fs::remove_dir(place?),
                _ => fs::remove_file(place?),
            }
            .map_err(meaning)
        });
        Ok(Response::new(DeleteFileResponse { observation: done? }))
    }

    async fn move_file(&self, request: Request<MoveFileRequest>) -> Answer<MoveFileResponse> {
        let request = request.into_inner();
        let Move { path: entry, expectation, destination } = request.r#move.unwrap_or_default();
        let done = self.change(&request.folder, &[&entry, &destination], |folder| {
            let found = folder.expect(&entry, expectation.as_ref())?;
            let (from, to) = (folder.locate(&entry)?, folder.locate(&destination)?);
            if let Ok(taken) = fs::symlink_metadata(&to) {
                let is_same = found.is_some_and(|found| found.ino() == taken.ino() && found.dev() == taken.dev());
                if !is_same || entry.to_lowercase() != destination.to_lowercase() {
                    return Err(Status::failed_precondition(format!("{}: something is there", brief(&destination))));
                }
            }
            fs::rename(from, to).map_err(meaning)
        });
        Ok(Response::new(MoveFileResponse { observation: done? }))
    }

    async fn sync(&self, request: Request<SyncRequest>) -> Answer<SyncResponse> {
        let folder = self.folder(&request.into_inner().folder)?;
        block_in_place(|| rustix::fs::syncfs(File::open(&folder.place)?).map_err(Into::into)).map_err(meaning)?;
        Ok(Response::new(SyncResponse {}))
    }

    async fn close(&self, _: Request<CloseRequest>) -> Answer<CloseResponse> {
        for folder in self.folders.read().unwrap_or_else(PoisonError::into_inner).1.values() {
            if let Some(open) = folder.watched_by.lock().unwrap_or_else(PoisonError::into_inner).take() {
                let _ = open.send(Event::End);
            }
        }
        Ok(Response::new(CloseResponse {}))
    }

    async fn watch_changes(
        &self,
        request: Request<Streaming<WatchChangesRequest>>,
    ) -> Answer<BoxStream<WatchChangesResponse>> {
        let mut requests = request.into_inner();
        let first = requests.message().await?.and_then(|first| first.message);
        let Some(watch_changes_request::Message::Start(start)) = first else {
            return Err(Status::invalid_argument("a change stream begins with its start"));
        };
        let folder = self.folder(&start.folder)?;
        if start.cursor.is_some() {
            return Err(Status::out_of_range("this driver keeps no place in a stream of changes"));
        }
        let (events, happened) = mpsc::channel();
        let (messages, stream) = tokio::sync::mpsc::channel(4);
        {
            let mut open = folder.watched_by.lock().unwrap_or_else(PoisonError::into_inner);
            // A stream that was cancelled before its turn came ends nobody: what has come of it by now says so.
            while let Some(came) = requests.message().now_or_never() {
                match came? {
                    Some(message) => drop(events.send(Event::Said(message))),
                    None => break,
                }
            }
            if let Some(before) = open.replace(events.clone()) {
                let _ = before.send(Event::End);
            }
        }
        let watch = Watch::new(folder, start.live, events.clone(), happened, messages);
        std::thread::spawn(move || watch.run());
        tokio::spawn(async move {
            loop {
                let event = match requests.message().await {
                    Ok(Some(message)) => Event::Said(message),
                    Ok(None) => Event::SaidAll,
                    Err(_) => Event::End,
                };
                let is_last = matches!(event, Event::SaidAll | Event::End);
                if events.send(event).is_err() || is_last {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

fn time(nanoseconds: i64) -> SystemTime {
    let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
    if nanoseconds < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}
