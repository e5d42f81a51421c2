package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"shelf/contract"
)

const (
	hidden  = ".onitu"          // What belongs to Onitu at the root of a folder.
	staging = hidden + "/shelf" // Files that are not whole yet.
)

// folder is a directory that takes part. What is done there stays beneath its root, whatever links lie in it.
type folder struct {
	*contract.FolderMapping
	*os.Root
	numbers  *atomic.Uint64
	changing sync.Mutex // Held between a look at what is there and the change that rests on it.
	endWatch func()     // Ends the change stream that is open; guarded by the mutex of the driver.
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

func isDirectory(seen *contract.Observation) bool {
	return seen.GetPresent().GetKind() == contract.FileKind_FILE_KIND_DIRECTORY
}

// meaning returns what an error of the disk means to Onitu. What is not foreseen is tried again.
func meaning(err error) error {
	if _, isStatus := status.FromError(err); isStatus { // Or nil.
		return err
	}
	message := strings.ToValidUTF8(err.Error()[:min(len(err.Error()), 900)], "?")
	var number syscall.Errno
	errors.As(err, &number)
	switch {
	case isMissing(err):
		return status.Error(codes.NotFound, message)
	case errors.Is(err, fs.ErrExist), number == syscall.EISDIR:
		return status.Error(codes.FailedPrecondition, message)
	case errors.Is(err, fs.ErrPermission), number == syscall.EROFS:
		return status.Error(codes.PermissionDenied, message)
	case number == syscall.EINVAL, number == syscall.ENAMETOOLONG, number == syscall.EILSEQ:
		return status.Error(codes.InvalidArgument, message)
	case number == syscall.ENOSPC, number == syscall.EDQUOT:
		full := &errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{{Description: message}}}
		return refusal(codes.ResourceExhausted, message, full)
	}
	// Details prove that the driver says so, and that no connection broke.
	return refusal(codes.Unavailable, message, &errdetails.ErrorInfo{Reason: "DISK"})
}

func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func refusal(code codes.Code, message string, detail protoadapt.MessageV1) error {
	refused, err := status.New(code, message).WithDetails(detail)
	if err != nil {
		return status.Error(code, message)
	}
	return refused.Err()
}
