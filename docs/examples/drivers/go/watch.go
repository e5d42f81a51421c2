package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fsnotify/fsnotify"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"shelf/contract"
)

const (
	window = 16                    // Batches that may wait for their acknowledgement.
	most   = 500                   // Items of a batch: with the longest paths still less than 3 MiB.
	burst  = 50 * time.Millisecond // What happens at a path within it is looked at once.
	beat   = 5 * time.Second       // Between two signs of life; Onitu waits for 30.
)

type stream = grpc.BidiStreamingServer[contract.WatchChangesRequest, contract.WatchChangesResponse]

// watch is one change stream: a snapshot, then whatever happens. All of it happens in one goroutine.
type watch struct {
	*folder
	stream    stream
	ctx       context.Context
	said      chan *contract.WatchChangesRequest
	watcher   *fsnotify.Watcher // Also where nothing is watched: then it stays silent.
	live      bool
	quiet     <-chan time.Time // Ends a burst.
	beats     *time.Ticker
	ready     bool            // All fingerprints have come.
	acked     uint64          // The last batch that Onitu has committed.
	wanted    map[string]bool // Directories to list; whether with everything below.
	changed   map[string]bool // Where something happened.
	watched   map[string]bool // Directories.
	batch     *contract.ChangeBatch
	batches   uint64
	snapshots uint64
}

func (d *driver) WatchChanges(stream stream) error {
	first, err := stream.Recv()
	if err != nil && err != io.EOF {
		return err
	}
	start := first.GetStart()
	if start == nil {
		return status.Error(codes.InvalidArgument, "a change stream begins with its start")
	}
	folder, err := d.folder(start.Folder)
	if err != nil {
		return err
	}
	if start.Cursor != nil {
		return status.Error(codes.OutOfRange, "this driver keeps no place in a stream of changes")
	}
	watcher, err := fsnotify.NewBufferedWatcher(4096)
	if err != nil {
		return err
	}
	defer watcher.Close()
	ctx, end := context.WithCancel(stream.Context())
	defer end()
	d.mutex.Lock()
	if stream.Context().Err() == nil { // One that was cancelled already ends nobody.
		folder.endWatch()
		folder.endWatch = end
	}
	d.mutex.Unlock()
	w := &watch{
		folder: folder, stream: stream, ctx: ctx, said: make(chan *contract.WatchChangesRequest), watcher: watcher,
		live: start.Live, beats: time.NewTicker(beat), wanted: map[string]bool{"": true}, changed: map[string]bool{},
		watched: map[string]bool{}, batch: &contract.ChangeBatch{},
	}
	go w.listen()
	if err := w.wait(func() bool { return w.ready }); err != nil {
		return err
	}
	for {
		if err := w.tell(); err != nil || !w.live {
			return err
		}
		if err := w.wait(func() bool { return len(w.changed)+len(w.wanted) > 0 }); err != nil {
			return err
		}
		w.quiet = time.After(burst)
		if err := w.wait(func() bool { return w.quiet == nil }); err != nil {
			return err
		}
	}
}

func (w *watch) listen() {
	defer close(w.said)
	for {
		message, err := w.stream.Recv()
		if err != nil {
			return
		}
		select {
		case w.said <- message:
		case <-w.ctx.Done():
			return
		}
	}
}

// wait takes note of whatever comes, until something is so.
func (w *watch) wait(isSo func() bool) error {
	for !isSo() {
		select {
		case message, isOpen := <-w.said:
			if w.hear(message); !isOpen { // Whoever says no more acknowledges no more either.
				w.said, w.ready, w.acked = nil, true, 1<<62
			}
		case event := <-w.watcher.Events:
			if entry, err := filepath.Rel(w.Root.Name(), event.Name); err == nil && entry != "." && !isHidden(entry) {
				w.changed[entry] = true
				if event.Has(fsnotify.Create | fsnotify.Rename | fsnotify.Remove) {
					w.unwatch(entry)
				}
			}
		case <-w.watcher.Errors: // More happened than could be told.
			w.wanted[""] = true
		case <-w.quiet:
			w.quiet = nil
		case <-w.beats.C:
			sign := &contract.WatchChangesResponse_Heartbeat{Heartbeat: &contract.Heartbeat{}}
			if err := w.send(&contract.WatchChangesResponse{Message: sign}); err != nil {
				return err
			}
		case <-w.ctx.Done():
			return status.Error(codes.Aborted, "the change stream was ended, by another one or by Close")
		}
	}
	return nil
}

func (w *watch) hear(message *contract.WatchChangesRequest) {
	switch said := message.GetMessage().(type) {
	case *contract.WatchChangesRequest_Acknowledgement:
		w.acked = said.Acknowledgement.Batch
	case *contract.WatchChangesRequest_Fingerprints: // What is equal could be left out; here all is sent.
		w.ready = said.Fingerprints.Last
	case *contract.WatchChangesRequest_Rescan:
		for _, directory := range said.Rescan.Directories {
			w.wanted[directory] = w.wanted[directory] || said.Rescan.Recursive
		}
	}
}

// unwatch forgets a directory, which may be another one now, or have another name, and all below it.
func (w *watch) unwatch(entry string) {
	for directory := range w.watched {
		if directory == entry || strings.HasPrefix(directory, entry+"/") {
			_ = w.watcher.Remove(filepath.Join(w.Root.Name(), directory)) // If it is still there.
			delete(w.watched, directory)
		}
	}
}

// send sends a message, if the root is there: without it the stream ends, and nothing is taken for deleted.
func (w *watch) send(message *contract.WatchChangesResponse) error {
	if err := w.lost(); err != nil {
		return err
	}
	return w.stream.Send(message)
}

// tell reports what is where something happened, and takes a snapshot of what is to be listed.
func (w *watch) tell() error {
	for _, entry := range slices.Sorted(maps.Keys(w.changed)) {
		seen := w.look(entry)
		if isDirectory(seen) && !w.watched[entry] {
			w.wanted[entry] = true
		}
		w.batch.Observations = append(w.batch.Observations, seen)
		if err := w.flush(most); err != nil {
			return err
		}
	}
	clear(w.changed)
	if err := w.flush(1); err != nil || len(w.wanted) == 0 {
		return err
	}
	w.snapshots++
	begin := &contract.SnapshotBegin{Snapshot: w.snapshots, Whole: w.wanted[""]}
	message := &contract.WatchChangesResponse_SnapshotBegin{SnapshotBegin: begin}
	if err := w.send(&contract.WatchChangesResponse{Message: message}); err != nil {
		return err
	}
	wanted := w.wanted
	w.batch.Snapshot, w.wanted = w.snapshots, map[string]bool{}
	for _, directory := range slices.Sorted(maps.Keys(wanted)) {
		if err := w.list(directory, wanted[directory]); err != nil {
			return err
		}
	}
	if err := w.flush(1); err != nil {
		return err
	}
	w.batch.Snapshot = 0
	end := &contract.WatchChangesResponse_SnapshotEnd{SnapshotEnd: &contract.SnapshotEnd{Snapshot: w.snapshots}}
	return w.send(&contract.WatchChangesResponse{Message: end})
}

// list sends what is in a directory, and then what is in those below, if that is wanted or they are new.
func (w *watch) list(directory string, recursive bool) error {
	listing := &contract.DirectoryListing{Path: directory, ObservedSeq: w.numbers.Add(1)}
	inner, err := w.entries(directory)
	if listing.Complete = err == nil; err != nil { // What is missing from it is not taken for deleted.
		listing.Reason = status.Convert(meaning(err)).Message()
	}
	w.batch.Listings = append(w.batch.Listings, listing)
	if err := w.flush(most); err != nil {
		return err
	}
	for _, one := range inner {
		if recursive || w.live && !w.watched[one] {
			if err := w.list(one, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// entries sends what is in a directory, which is watched from here on, and returns the directories among it.
func (w *watch) entries(directory string) (inner []string, err error) {
	if directory != "" {
		if err := check(directory); err != nil {
			return nil, err
		}
	}
	if w.live {
		if err := w.watcher.Add(filepath.Join(w.Root.Name(), directory)); err != nil {
			return nil, err
		}
		w.watched[directory] = true
	}
	opened, err := w.Open(path.Join(".", directory))
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	for {
		names, ended := opened.Readdirnames(most)
		for _, name := range names {
			seen := w.look(path.Join(directory, name))
			if !utf8.ValidString(name) {
				return inner, fmt.Errorf("the name %q is not UTF-8: rename it", name)
			}
			if seen.Path == hidden || seen.GetAbsent() != nil { // It may be gone since the directory was read.
				continue
			}
			if isDirectory(seen) {
				inner = append(inner, seen.Path)
			}
			w.batch.Observations = append(w.batch.Observations, seen)
			if err := w.flush(most); err != nil {
				return inner, err
			}
		}
		if ended == io.EOF {
			return inner, nil
		} else if ended != nil {
			return inner, ended
		}
	}
}

// flush sends the batch if it has so many items; the next one belongs to the same snapshot.
func (w *watch) flush(items int) error {
	if len(w.batch.Observations)+len(w.batch.Listings) < items {
		return nil
	}
	if err := w.wait(func() bool { return w.batches < w.acked+window }); err != nil {
		return err
	}
	w.batches++
	full := w.batch
	full.Batch, w.batch = w.batches, &contract.ChangeBatch{Snapshot: full.Snapshot}
	return w.send(&contract.WatchChangesResponse{Message: &contract.WatchChangesResponse_Batch{Batch: full}})
}
