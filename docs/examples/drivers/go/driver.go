package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"lukechampine.com/blake3"

	"shelf/contract"
)

const (
	hidden  = ".onitu"          // What belongs to Onitu at the root of a folder.
	staging = hidden + "/shelf" // Files that are not whole yet.
)

// driver answers the calls of Onitu. A call that it does not have answers UNIMPLEMENTED by itself.
type driver struct {
	contract.UnimplementedDriverServer
	mutex      sync.RWMutex
	generation uint64
	folders    map[string]*folder
	numbers    atomic.Uint64 // Of what is seen.
}

// folder is a directory that takes part. What is done there stays beneath its root, whatever links lie in it.
type folder struct {
	*contract.FolderMapping
	*os.Root
	numbers  *atomic.Uint64
	changing sync.Mutex // Held between a look at what is there and the change that rests on it.
	endWatch func()     // Ends the change stream that is open; guarded by the mutex of the driver.
}

var capabilities = &contract.Capabilities{
	Watch: true, WholeFiles: true, Staging: true, StatFiles: true, ComputedDigests: []string{"blake3"}, MtimePrecisionNs: 1,
	MakeDirectory: true, DeleteFile: true, MoveFile: true, MoveDirectory: true, NativeIds: true, Sync: true,
	Conditional: contract.Conditional_CONDITIONAL_BEST_EFFORT,
}

func (d *driver) GetManifest(context.Context, *contract.GetManifestRequest) (*contract.GetManifestResponse, error) {
	root := &contract.Option{
		Key: "root", Name: "Root", Description: "The directory to keep in sync", Type: contract.OptionType_OPTION_TYPE_STRING,
	}
	return &contract.GetManifestResponse{Manifest: &contract.Manifest{
		Name: "shelf", Description: "Files in a directory of this machine", Options: []*contract.Option{root},
		Capabilities: capabilities, Limits: &contract.Limits{MaxWholeFile: 1 << 62},
	}}, nil
}

func (d *driver) Configure(_ context.Context, request *contract.ConfigureRequest) (*contract.ConfigureResponse, error) {
	options := request.GetOptions().GetFields()
	for key := range options {
		if key != "root" {
			return nil, status.Errorf(codes.InvalidArgument, "Unknown option '%s'", key)
		}
	}
	if options["root"].GetStringValue() == "" {
		return nil, status.Error(codes.InvalidArgument, "the option 'root' must be the path of a directory")
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if request.Generation <= d.generation {
		return nil, status.Errorf(codes.FailedPrecondition, "generation %d is served already", d.generation)
	}
	d.generation, d.folders = request.Generation, map[string]*folder{}
	d.numbers.Store(request.Generation << 40)
	answer := &contract.ConfigureResponse{Capabilities: capabilities}
	for _, mapping := range request.Folders {
		opened := &folder{FolderMapping: mapping, numbers: &d.numbers, endWatch: func() {}}
		d.folders[mapping.Name] = opened
		place := filepath.Join(options["root"].GetStringValue(), filepath.FromSlash(mapping.Path))
		answer.Folders = append(answer.Folders, opened.open(place))
	}
	return answer, nil
}

// open opens the root, which it makes where it is new.
func (f *folder) open(place string) *contract.FolderReport {
	report := &contract.FolderReport{Name: f.FolderMapping.Name, Path: path.Clean(f.Path)}
	missing := func(err error) *contract.FolderReport {
		report.RootState = contract.RootState_ROOT_STATE_MISSING
		report.Reason = fmt.Sprintf("the root cannot be opened (%v): is its disk there?", err)
		return report
	}
	if f.RootId == nil && f.isWritable() {
		if err := os.MkdirAll(place, 0o777); err != nil {
			return missing(err)
		}
	}
	root, err := os.OpenRoot(place)
	if err != nil {
		return missing(err)
	}
	info, err := root.Stat(".")
	if err == nil && f.isWritable() {
		err = errors.Join(root.RemoveAll(staging), root.MkdirAll(staging, 0o700))
	}
	if err != nil {
		return missing(err)
	}
	if f.RootId != nil && *f.RootId != nativeID(info) {
		report.RootState = contract.RootState_ROOT_STATE_DIFFERENT
		report.Reason = fmt.Sprintf("%s is another directory than before: bring that one back", place)
		return report
	}
	f.Root, report.RootState, report.RootId = root, contract.RootState_ROOT_STATE_OK, nativeID(info)
	return report
}

func (f *folder) isWritable() bool { return f.Mode != contract.Mode_MODE_READ }

// folder returns a folder, if its root still lies where it was: otherwise nothing in it is known to be gone.
func (d *driver) folder(name string) (*folder, error) {
	d.mutex.RLock()
	defer d.mutex.RUnlock()
	found, isThere := d.folders[name]
	if !isThere {
		return nil, status.Errorf(codes.NotFound, "no folder %.100q is configured", name)
	}
	return found, found.lost()
}

func (f *folder) lost() error {
	if f.Root != nil {
		there, err := os.Stat(f.Root.Name())
		if opened, failed := f.Stat("."); err == nil && failed == nil && os.SameFile(there, opened) {
			return nil
		}
	}
	return fmt.Errorf("the root of the folder %.100q is gone", f.FolderMapping.Name)
}

// check refuses what is no path of an entry.
func check(entry string) error {
	if entry == "." || !fs.ValidPath(entry) || strings.ContainsRune(entry, 0) || isHidden(entry) {
		return status.Errorf(codes.InvalidArgument, "%.300q is no path that can be used here", entry)
	}
	return nil
}

func isHidden(entry string) bool { return entry == hidden || strings.HasPrefix(entry, hidden+"/") }

func nativeID(info fs.FileInfo) string {
	system := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d", system.Dev, system.Ino)
}

// revision is another one whenever the content may be. That of a directory does not depend on what is in it.
func revision(info fs.FileInfo) string {
	if info.IsDir() {
		return nativeID(info)
	}
	changed := info.Sys().(*syscall.Stat_t).Ctim
	return fmt.Sprintf("%s:%d:%d:%d.%d", nativeID(info), info.Size(), info.ModTime().UnixNano(), changed.Sec, changed.Nsec)
}

// look says what is at a path. Its number is taken before it looks: what happens meanwhile is newer.
func (f *folder) look(entry string) *contract.Observation {
	seen := &contract.Observation{Path: entry, ObservedSeq: f.numbers.Add(1)}
	info, err := f.Lstat(entry)
	switch {
	case err != nil && isMissing(err):
		seen.State = &contract.Observation_Absent{Absent: &contract.Absent{}}
	case err != nil:
		seen.State = &contract.Observation_Unknown{Unknown: &contract.Unknown{Reason: err.Error()}}
	case !info.IsDir() && !info.Mode().IsRegular():
		reason := &contract.Inadmissible{Reason: "is neither a file nor a directory"}
		seen.State = &contract.Observation_Inadmissible{Inadmissible: reason}
	default:
		native, modified := nativeID(info), info.ModTime().UnixNano()
		there := &contract.Present{Kind: contract.FileKind_FILE_KIND_DIRECTORY, Revision: revision(info), NativeId: &native}
		if !info.IsDir() { // Within a tick of the disk's clock another write may leave the same time.
			there.Kind, there.Size, there.MtimeNs = contract.FileKind_FILE_KIND_FILE, uint64(info.Size()), &modified
			there.Racy = time.Since(info.ModTime()).Abs() < 10*time.Millisecond
		}
		seen.State = &contract.Observation_Present{Present: there}
	}
	return seen
}

// expect looks whether what is there is what was believed; nil is nothing.
func (f *folder) expect(entry string, believed *contract.Expectation) (fs.FileInfo, error) {
	info, err := f.Lstat(entry)
	if err != nil && !isMissing(err) {
		return nil, err
	}
	switch {
	case believed.GetAbsent() != nil && err != nil:
		return nil, nil
	case believed.GetRevision() != "" && err == nil && believed.GetRevision() == revision(info):
		return info, nil
	case believed.GetState() == nil:
		return nil, status.Errorf(codes.InvalidArgument, "%.300q: it is not said what is expected there", entry)
	}
	return nil, status.Errorf(codes.FailedPrecondition, "%.300q: something else is there than was expected", entry)
}

func (d *driver) StatFiles(_ context.Context, request *contract.StatFilesRequest) (*contract.StatFilesResponse, error) {
	folder, err := d.folder(request.Folder)
	if err != nil {
		return nil, err
	}
	answer := &contract.StatFilesResponse{}
	for _, entry := range request.Paths {
		if err := check(entry); err != nil {
			return nil, err
		}
		seen := folder.look(entry)
		there := seen.GetPresent()
		if request.GetDigestAlgorithm() == "blake3" && there.GetKind() == contract.FileKind_FILE_KIND_FILE {
			hasher := blake3.New(32, nil)
			if err := folder.read(entry, there.Revision, 0, hasher); err == nil { // Else it changes, and has none now.
				there.Digests = []*contract.Digest{{Algorithm: "blake3", Value: hasher.Sum(nil)}}
			}
		}
		answer.Observations = append(answer.Observations, seen)
	}
	return answer, nil
}

// read reads a file at a revision, which it must have before and after.
func (f *folder) read(entry, wanted string, offset uint64, to io.Writer) error {
	if err := check(entry); err != nil {
		return err
	}
	file, err := f.OpenFile(entry, os.O_RDONLY|syscall.O_NONBLOCK, 0) // No pipe keeps us waiting.
	if err != nil {
		return err
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return err
	}
	if before.Mode().IsRegular() && revision(before) == wanted {
		content := io.NewSectionReader(file, int64(offset), max(0, before.Size()-int64(offset)))
		if _, err := io.CopyBuffer(to, struct{ io.Reader }{content}, make([]byte, 256<<10)); err != nil {
			return err
		}
		if after, err := file.Stat(); err == nil && revision(after) == wanted {
			return nil
		}
	}
	return status.Errorf(codes.FailedPrecondition, "%.300q is no file of this revision", entry)
}

// messages makes of everything that is written a message of the stream.
type messages struct {
	grpc.ServerStreamingServer[contract.GetFileResponse]
}

func (m messages) Write(data []byte) (int, error) {
	return len(data), m.Send(&contract.GetFileResponse{Data: data})
}

func (d *driver) GetFile(request *contract.GetFileRequest, stream grpc.ServerStreamingServer[contract.GetFileResponse]) error {
	folder, err := d.folder(request.Folder)
	if err != nil {
		return err
	}
	return folder.read(request.Path, request.Revision, request.Offset, messages{stream})
}

// change does something with entries of a folder, and says what the last of them is then.
func (d *driver) change(name string, do func(*folder) error, entries ...string) (*contract.Observation, error) {
	folder, err := d.folder(name)
	if err != nil {
		return nil, err
	}
	if !folder.isWritable() {
		return nil, status.Errorf(codes.PermissionDenied, "nothing may be written in the folder %.100q", name)
	}
	for _, entry := range entries {
		if err := check(entry); err != nil {
			return nil, err
		}
	}
	if err := do(folder); err != nil {
		return nil, err
	}
	return folder.look(entries[len(entries)-1]), nil
}

func (d *driver) UploadFile(stream grpc.ClientStreamingServer[contract.UploadFileRequest, contract.UploadFileResponse]) error {
	first, err := stream.Recv()
	if err != nil && err != io.EOF {
		return err
	}
	upload := first.GetStart().GetUpload()
	seen, err := d.change(first.GetStart().GetFolder(), func(f *folder) error {
		staged := fmt.Sprintf("%s/%d", staging, f.numbers.Add(1))
		file, err := f.Create(staged)
		if err != nil {
			return err
		}
		defer f.Remove(staged) // Unless it has another name by then.
		defer file.Close()
		if err := receive(stream, upload, file); err != nil {
			return err
		}
		return f.publish(staged, upload)
	}, upload.GetPath())
	if err != nil {
		return err
	}
	return stream.SendAndClose(&contract.UploadFileResponse{Observation: seen})
}

// receive writes what comes, which must be what was announced.
func receive(stream grpc.ClientStreamingServer[contract.UploadFileRequest, contract.UploadFileResponse], upload *contract.Upload, file io.Writer) error {
	hasher, size := blake3.New(32, nil), uint64(0)
	for {
		message, err := stream.Recv()
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		size += uint64(len(message.GetData()))
		if _, err := io.MultiWriter(hasher, file).Write(message.GetData()); err != nil {
			return err
		}
	}
	wanted := upload.Digest
	if size != upload.Size || wanted.GetAlgorithm() == "blake3" && string(wanted.Value) != string(hasher.Sum(nil)) {
		return status.Errorf(codes.DataLoss, "%d bytes came, not the %d that were announced", size, upload.Size)
	}
	return nil
}

// publish makes a file that is whole visible, if what is at its path is still what was expected.
func (f *folder) publish(staged string, upload *contract.Upload) error {
	if attributes := upload.Attributes; attributes != nil && attributes.MtimeNs != nil {
		if err := f.Chtimes(staged, time.Time{}, time.Unix(0, *attributes.MtimeNs)); err != nil {
			return err
		}
	}
	f.changing.Lock()
	defer f.changing.Unlock()
	info, err := f.expect(upload.Path, upload.Expectation)
	if err != nil {
		return err
	}
	if info == nil { // Unlike a rename, a link never takes the place of what appears just now.
		return f.Link(staged, upload.Path)
	}
	if err := f.Chmod(staged, info.Mode().Perm()); err != nil {
		return err
	}
	return f.Rename(staged, upload.Path)
}

func (d *driver) MakeDirectory(_ context.Context, request *contract.MakeDirectoryRequest) (*contract.MakeDirectoryResponse, error) {
	entry := request.DirectoryCreation.GetPath()
	seen, err := d.change(request.Folder, func(f *folder) error { return f.Mkdir(entry, 0o777) }, entry)
	return &contract.MakeDirectoryResponse{Observation: seen}, err
}

func (d *driver) DeleteFile(_ context.Context, request *contract.DeleteFileRequest) (*contract.DeleteFileResponse, error) {
	entry := request.Deletion.GetPath()
	seen, err := d.change(request.Folder, func(f *folder) error {
		f.changing.Lock()
		defer f.changing.Unlock()
		if _, err := f.expect(entry, request.Deletion.Expectation); err != nil {
			return err
		}
		return f.Remove(entry)
	}, entry)
	return &contract.DeleteFileResponse{Observation: seen}, err
}

func (d *driver) MoveFile(_ context.Context, request *contract.MoveFileRequest) (*contract.MoveFileResponse, error) {
	entry, destination := request.Move.GetPath(), request.Move.GetDestination()
	seen, err := d.change(request.Folder, func(f *folder) error {
		f.changing.Lock()
		defer f.changing.Unlock()
		info, err := f.expect(entry, request.Move.Expectation)
		if err != nil {
			return err
		}
		taken, err := f.Lstat(destination)
		if err == nil && !(strings.EqualFold(entry, destination) && os.SameFile(info, taken)) {
			return status.Errorf(codes.FailedPrecondition, "%.300q: something is there", destination)
		}
		return f.Rename(entry, destination)
	}, entry, destination)
	return &contract.MoveFileResponse{Observation: seen}, err
}

func (d *driver) Sync(_ context.Context, request *contract.SyncRequest) (*contract.SyncResponse, error) {
	folder, err := d.folder(request.Folder)
	if err != nil {
		return nil, err
	}
	root, err := folder.Open(".")
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return &contract.SyncResponse{}, unix.Syncfs(int(root.Fd()))
}

func (d *driver) Close(context.Context, *contract.CloseRequest) (*contract.CloseResponse, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, folder := range d.folders {
		folder.endWatch()
	}
	return &contract.CloseResponse{}, nil
}
