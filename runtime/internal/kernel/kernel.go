// Package kernel holds the system calls that the standard library does not offer: metadata with mount ids, extended
// attributes without following links, sealed memory files, limits and process settings with their read-back.
package kernel

import (
	"syscall"
	"unsafe"
)

// Numbers that are equal on every architecture.
const sysCloseRange = 436

// Flags of open and the *at calls.
const (
	AtFdCwd           = -100
	AtSymlinkNoFollow = 0x100
	AtEmptyPath       = 0x1000
	OPath             = 0x200000
)

// Magic numbers of statfs(2).
const (
	ProcMagic  = 0x9fa0
	TmpfsMagic = 0x01021994
)

// Statx is what statx(2) tells about one file.
type Statx struct {
	Mask           uint32
	Blksize        uint32
	Attributes     uint64
	Nlink          uint32
	UID            uint32
	GID            uint32
	Mode           uint16
	_              uint16
	Ino            uint64
	Size           uint64
	Blocks         uint64
	AttributesMask uint64
	_              [4]timestamp
	RdevMajor      uint32
	RdevMinor      uint32
	DevMajor       uint32
	DevMinor       uint32
	// MountID is the id of /proc/self/mountinfo. Unlike the device number, two bind mounts never share it.
	MountID uint64
	_       [13]uint64
}

type timestamp struct {
	_ int64
	_ uint32
	_ int32
}

const (
	statxBasic   = 0x7ff
	statxMountID = 0x1000
)

// Stat returns the metadata of path below the descriptor dir, never following a link at its end; an empty path means
// the descriptor itself. A kernel that gives no mount id (before 5.8) is an ENOSYS.
func Stat(dir int, path string) (*Statx, error) {
	flags := AtSymlinkNoFollow
	if path == "" {
		flags |= AtEmptyPath
	}
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return nil, err
	}
	stat := new(Statx)
	err = again(func() syscall.Errno {
		_, _, errno := syscall.Syscall6(sysStatx, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(flags), statxBasic|statxMountID, uintptr(unsafe.Pointer(stat)), 0)
		return errno
	})
	if err != nil {
		return nil, err
	}
	if stat.Mask&statxMountID == 0 || stat.Mask&statxBasic != statxBasic {
		return nil, syscall.ENOSYS
	}
	return stat, nil
}

// Open opens path below the descriptor dir, never following a link at its end and never blocking.
func Open(dir int, path string, flags int) (int, error) {
	var fd int
	err := again(func() syscall.Errno {
		var err error
		fd, err = syscall.Openat(dir, path, flags|syscall.O_NOFOLLOW|syscall.O_CLOEXEC|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
		return errnoOf(err)
	})
	return fd, err
}

// Read fills as much of buffer as one call gives; 0 is the end.
func Read(fd int, buffer []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, buffer)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// ReadAll reads a descriptor to its end; more than limit bytes is an EFBIG.
func ReadAll(fd, limit int) ([]byte, error) {
	content, buffer := []byte(nil), make([]byte, 64<<10)
	for {
		n, err := Read(fd, buffer)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return content, nil
		}
		if len(content)+n > limit {
			return nil, syscall.EFBIG
		}
		content = append(content, buffer[:n]...)
	}
}

// Readlink is the target of a symlink below the descriptor dir.
func Readlink(dir int, path string) (string, error) {
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return "", err
	}
	// One byte more than a path can have, so that a full buffer means a target that was cut.
	buffer := make([]byte, 4097)
	n, _, errno := syscall.Syscall6(syscall.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)), 0, 0)
	if errno != 0 {
		return "", errno
	}
	if int(n) == len(buffer) {
		return "", syscall.ENAMETOOLONG
	}
	return string(buffer[:n]), nil
}

// FileSystem is the magic number of the file system that a descriptor lies on.
func FileSystem(fd int) (int64, error) {
	var stat syscall.Statfs_t
	err := again(func() syscall.Errno { return errnoOf(syscall.Fstatfs(fd, &stat)) })
	return int64(stat.Type), err
}

// Names of the directory behind a descriptor, without "." and "..", with the type byte that the directory gives.
type Name struct {
	Name string
	Type byte
}

// Type bytes of directory entries.
const (
	TypeUnknown = 0
	TypeDir     = 4
	TypeRegular = 8
	TypeLink    = 10
)

// List reads a whole directory. The buffer is scratch space of at least 4 KiB.
func List(fd int, buffer []byte) ([]Name, error) {
	var names []Name
	err := Each(fd, buffer, func(name Name) { names = append(names, name) })
	return names, err
}

// Each reads a directory and keeps nothing of it: there is no limit on what a host can put into one.
func Each(fd int, buffer []byte, take func(Name)) error {
	for {
		n, err := syscall.Getdents(fd, buffer)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n <= 0 {
			return nil
		}
		for rest := buffer[:n]; len(rest) > 0; {
			entry := (*syscall.Dirent)(unsafe.Pointer(&rest[0]))
			name := rest[unsafe.Offsetof(entry.Name):entry.Reclen]
			for i, b := range name {
				if b == 0 {
					name = name[:i]
					break
				}
			}
			if text := string(name); text != "." && text != ".." {
				take(Name{text, entry.Type})
			}
			rest = rest[entry.Reclen:]
		}
	}
}

func again(call func() syscall.Errno) error {
	for {
		switch errno := call(); errno {
		case 0:
			return nil
		case syscall.EINTR:
		default:
			return errno
		}
	}
}

func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if errno, ok := err.(syscall.Errno); ok {
		return errno
	}
	return syscall.EINVAL
}

// RemoveFolder removes an empty folder below the descriptor dir.
func RemoveFolder(dir int, path string) error {
	const removeDir = 0x200
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return err
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_UNLINKAT, uintptr(dir), uintptr(unsafe.Pointer(name)), removeDir); errno != 0 {
		return errno
	}
	return nil
}
