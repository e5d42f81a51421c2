package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"lukechampine.com/blake3"

	"shelf/contract"
)

// driver answers the calls of Onitu. A call that it does not have answers UNIMPLEMENTED by itself.
type driver struct {
	contract.UnimplementedDriverServer
	mutex      sync.RWMutex
	generation uint64
	folders    map[string]*folder
	numbers    atomic.Uint64 // Of what is seen.
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
