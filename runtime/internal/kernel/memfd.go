package kernel

import (
	"syscall"
	"unsafe"
)

const (
	memfdCloexec = 1
	memfdSealing = 2
	// Demanded by kernels with vm.memfd_noexec=2, unknown before Linux 6.3.
	memfdNoExec = 8
	addSeals    = 1033
	getSeals    = 1034
	// F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE.
	allSeals = 0xf
)

// Sealed makes a memory file that nobody can change any more.
func Sealed(name string, content []byte) (int, error) {
	pointer, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	fd, _, errno := syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(pointer)), memfdCloexec|memfdSealing|memfdNoExec, 0)
	if errno == syscall.EINVAL {
		fd, _, errno = syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(pointer)), memfdCloexec|memfdSealing, 0)
	}
	if errno != 0 {
		return -1, errno
	}
	for rest := content; len(rest) > 0; {
		n, err := syscall.Write(int(fd), rest)
		if err != nil && err != syscall.EINTR {
			return -1, err
		}
		rest = rest[max(n, 0):]
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, addSeals, allSeals); errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// IsSealed tells whether a descriptor is such a memory file.
func IsSealed(fd int) bool {
	seals, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), getSeals, 0)
	return errno == 0 && seals&allSeals == allSeals
}

// Inherit makes a descriptor survive execve, as the given number.
func Inherit(fd, as int) error {
	if fd != as {
		return syscall.Dup3(fd, as, 0)
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_SETFD, 0); errno != 0 {
		return errno
	}
	return nil
}
