package tee

import (
	"errors"
	"fmt"
	"path"
	"runtime"
	"syscall"
	"unsafe"

	"sconectl/runtime/internal/kernel"
)

// A place is where the kernel shows something, as a file system of its own. Everything below it must lie on that very
// mount: of what else could be mounted there the host might choose the bytes (security-review.md C3, C5).
type place struct {
	root string
	// magic is its type in statfs(2). Zero: the place is a LibOS's, which has neither types nor mounts.
	magic int64
}

var (
	sysfs       = place{"/sys", 0x62656572}
	configfs    = place{"/sys/kernel/config", 0x62656570}
	attestation = place{"/dev/attestation", 0}
)

// at is the path of a file below the place.
func (p place) at(name string) string { return path.Join(p.root, name) }

// A system is what this package asks the kernel of the guest or the LibOS for. Production has one, linux.
type system interface {
	// read returns a whole file below a place.
	read(at place, name string, limit int) ([]byte, error)
	// write writes an existing file below a place with one call.
	write(at place, name string, content []byte) error
	mkdir(at place, name string) error
	rmdir(at place, name string) error
	// tdReport asks the device with the given number, "major:minor", for a TDREPORT.
	tdReport(device, number string, reportData [64]byte) ([]byte, error)
}

// errAbsent means that there is no such interface, in contrast to one that cannot be used.
var errAbsent = errors.New("there is none")

type linux struct{}

// open opens a file below a place and makes sure that the kernel's own file is there.
func (linux) open(at place, name string, flags int) (int, error) {
	fd, err := kernel.Open(kernel.AtFdCwd, at.at(name), flags)
	if err == syscall.ENOENT || err == syscall.ENOTDIR {
		return -1, errAbsent
	}
	if err != nil {
		return -1, err
	}
	if at.magic == 0 {
		return fd, nil
	}
	if err := belongs(fd, at); err != nil {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

func belongs(fd int, at place) error {
	kind, err := kernel.FileSystem(fd)
	if err != nil {
		return err
	}
	if kind != at.magic {
		return fmt.Errorf("%w: the file system there has type 0x%x, not 0x%x", errAbsent, kind, at.magic)
	}
	root, err := kernel.Stat(kernel.AtFdCwd, at.root)
	if err != nil {
		return err
	}
	file, err := kernel.Stat(fd, "")
	if err != nil {
		return err
	}
	if root.MountID != file.MountID {
		return errors.New("something is mounted over it")
	}
	return nil
}

func (l linux) read(at place, name string, limit int) ([]byte, error) {
	fd, err := l.open(at, name, syscall.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	return kernel.ReadAll(fd, limit)
}

// write reports what close says too: some file systems tell only then that nothing was written.
func (l linux) write(at place, name string, content []byte) error {
	fd, err := l.open(at, name, syscall.O_WRONLY)
	if err != nil {
		return err
	}
	n, err := syscall.Write(fd, content)
	for err == syscall.EINTR {
		n, err = syscall.Write(fd, content)
	}
	if closed := syscall.Close(fd); err == nil {
		err = closed
	}
	if err == nil && n != len(content) {
		err = fmt.Errorf("%d of %d bytes were written", n, len(content))
	}
	return err
}

func (l linux) mkdir(at place, name string) error {
	return l.inFolder(at, name, func(folder int, name string) error { return syscall.Mkdirat(folder, name, 0o700) })
}

func (l linux) rmdir(at place, name string) error {
	return l.inFolder(at, name, kernel.RemoveFolder)
}

func (l linux) inFolder(at place, name string, do func(folder int, name string) error) error {
	folder, err := l.open(at, path.Dir(name), syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer syscall.Close(folder)
	return do(folder, path.Base(name))
}

// tdReport is TDX_CMD_GET_REPORT0 of uapi/linux/tdx-guest.h: _IOWR('T', 1, 64 bytes in and 1024 out).
func (linux) tdReport(device, number string, reportData [64]byte) ([]byte, error) {
	const getReport = 3<<30 | (64+tdReportSize)<<16 | 'T'<<8 | 1
	fd, err := kernel.Open(kernel.AtFdCwd, device, syscall.O_RDWR)
	if err == syscall.ENOENT || err == syscall.ENOTDIR {
		return nil, errAbsent
	}
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	stat, err := kernel.Stat(fd, "")
	if err != nil {
		return nil, err
	}
	if found := fmt.Sprintf("%d:%d", stat.RdevMajor, stat.RdevMinor); stat.Mode&syscall.S_IFMT != syscall.S_IFCHR || found != number {
		return nil, fmt.Errorf("it is not the character device %s", number)
	}
	request := make([]byte, 64+tdReportSize)
	copy(request, reportData[:])
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), getReport, uintptr(unsafe.Pointer(&request[0])))
	runtime.KeepAlive(request)
	if errno != 0 {
		return nil, errno
	}
	return request[64:], nil
}
