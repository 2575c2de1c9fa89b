package tee

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"sconectl/runtime/internal/kernel"
)

// here is a place that the real system calls work on: a folder on some file system of this machine.
func here(t *testing.T) place {
	t.Helper()
	root := t.TempDir()
	fd, err := kernel.Open(kernel.AtFdCwd, root, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	magic, err := kernel.FileSystem(fd)
	if err != nil {
		t.Fatal(err)
	}
	return place{root, magic}
}

func TestFilesAreReadWrittenAndFoldersMadeAndRemoved(t *testing.T) {
	at := here(t)
	if err := (linux{}).mkdir(at, "entry"); err != nil {
		t.Fatal(err)
	}
	if err := (linux{}).mkdir(at, "entry"); err != syscall.EEXIST {
		t.Error(err)
	}
	if err := (linux{}).write(at, "entry/inblob", []byte("x")); !errors.Is(err, errAbsent) {
		t.Errorf("a file was made: %v", err)
	}
	file := filepath.Join(at.root, "entry", "inblob")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (linux{}).write(at, "entry/inblob", []byte("content")); err != nil {
		t.Error(err)
	}
	if content, err := (linux{}).read(at, "entry/inblob", 7); err != nil || string(content) != "content" {
		t.Errorf("%q, %v", content, err)
	}
	if _, err := (linux{}).read(at, "entry/inblob", 6); err != syscall.EFBIG {
		t.Error(err)
	}
	if err := (linux{}).rmdir(at, "entry"); err != syscall.ENOTEMPTY {
		t.Error(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := (linux{}).rmdir(at, "entry"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(at.root, "entry")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func Test62OnlyTheKernelsOwnFilesCount(t *testing.T) {
	at := here(t)
	for _, name := range []string{"file", "target"} {
		if err := os.WriteFile(filepath.Join(at.root, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The host's folder where configfs would be: another type of file system is no interface.
	if _, err := (linux{}).read(place{at.root, 0x62656570}, "file", 10); !errors.Is(err, errAbsent) {
		t.Errorf("a fake was read: %v", err)
	}
	if err := (linux{}).mkdir(place{at.root, 0x62656570}, "entry"); !errors.Is(err, errAbsent) {
		t.Errorf("a fake was used: %v", err)
	}
	// The right type on another mount than the place's: namespaces have a file system of their own.
	fd, err := syscall.Open("/proc/self/ns/mnt", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	magic, err := kernel.FileSystem(fd)
	if err != nil {
		t.Fatal(err)
	}
	if err := belongs(fd, place{"/proc", magic}); err == nil || errors.Is(err, errAbsent) {
		t.Errorf("a file of another mount was taken: %v", err)
	}
	// Links could lead anywhere.
	if err := os.Symlink("target", filepath.Join(at.root, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := (linux{}).read(at, "link", 10); err == nil {
		t.Error("a link was followed")
	}
	if _, err := (linux{}).read(place{at.root, 0}, "file", 10); err != nil {
		t.Errorf("a LibOS has no types: %v", err)
	}
}

func TestTheRealSysfsIsReadAsTheSystemsOwn(t *testing.T) {
	content, err := (linux{}).read(sysfs, "kernel/uevent_seqnum", 64)
	if errors.Is(err, errAbsent) {
		t.Skip("no sysfs here")
	}
	if err != nil || len(bytes.TrimSpace(content)) == 0 {
		t.Errorf("%q, %v", content, err)
	}
}

func TestOnlyTheDeviceWithTheNumberIsAsked(t *testing.T) {
	if _, err := (linux{}).tdReport(filepath.Join(t.TempDir(), "none"), "10:1", [64]byte{}); !errors.Is(err, errAbsent) {
		t.Error(err)
	}
	// A device that is not the one, then one that is and is no TDX.
	_, err := (linux{}).tdReport("/dev/null", "10:1", [64]byte{})
	if err == nil || err.Error() != "it is not the character device 10:1" {
		t.Error(err)
	}
	if _, err := (linux{}).tdReport("/dev/null", "1:3", [64]byte{}); err != syscall.ENOTTY {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (linux{}).tdReport(file, "0:0", [64]byte{}); err == nil || err.Error() != "it is not the character device 0:0" {
		t.Error(fmt.Sprint(err))
	}
}
