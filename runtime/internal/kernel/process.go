package kernel

import (
	"syscall"
	"unsafe"
)

// prctl(2).
const (
	prSetDumpable   = 4
	prSetNoNewPrivs = 38
	prGetNoNewPrivs = 39
)

const rlimitCore = 4

// Personalities of personality(2).
const (
	// PersonalityLinux is what a process has by default: no flag.
	PersonalityLinux = 0
	// PersonalityUname26 changes nothing but the answer of uname(2).
	PersonalityUname26 = 0x20000

	askPersonality = 0xffffffff
)

// SetPersonality sets how this thread, and what it executes, is treated: address space randomisation, executable data.
func SetPersonality(persona uint32) error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PERSONALITY, uintptr(persona), 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// Personality reads the setting of this thread back.
func Personality() (uint32, error) {
	value, _, errno := syscall.RawSyscall(syscall.SYS_PERSONALITY, askPersonality, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return uint32(value), nil
}

// DropCapabilities empties the effective, permitted and inheritable sets of this thread; the ambient set follows.
func DropCapabilities() error {
	const version3 = 0x20080522
	header := struct {
		version uint32
		pid     int32
	}{version3, 0}
	var sets [2]struct{ effective, permitted, inheritable uint32 }
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0); errno != 0 {
		return errno
	}
	return nil
}

// HighestSignal is the last signal number of Linux.
const HighestSignal = 64

// SetUndumpable keeps other processes of the user from reading this one's memory until execve.
func SetUndumpable() error {
	return prctl(prSetDumpable, 0)
}

// SetNoNewPrivileges forbids this thread, and what it executes, to gain privileges.
func SetNoNewPrivileges() error {
	return prctl(prSetNoNewPrivs, 1)
}

// NoNewPrivileges reads the setting of this thread back.
func NoNewPrivileges() (bool, error) {
	value, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, prGetNoNewPrivs, 0, 0, 0, 0, 0)
	if errno != 0 {
		return false, errno
	}
	return value == 1, nil
}

func prctl(option, value uintptr) error {
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, option, value, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// SetCoreLimit sets the soft and the hard limit on core dumps.
func SetCoreLimit(bytes uint64) error {
	limit := syscall.Rlimit{Cur: bytes, Max: bytes}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, rlimitCore, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// CoreLimit reads the limits back. It starts from values that no success can leave, since a seccomp profile can make a
// call "succeed" without being made (security-review.md H15).
func CoreLimit() (soft, hard uint64, err error) {
	limit := syscall.Rlimit{Cur: ^uint64(0) - 1, Max: ^uint64(0) - 1}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, rlimitCore, 0, uintptr(unsafe.Pointer(&limit)), 0, 0); errno != 0 {
		return 0, 0, errno
	}
	return limit.Cur, limit.Max, nil
}

// DefaultSignal gives a signal its default action, behind the back of the Go runtime: for the moment before execve.
func DefaultSignal(signal int) error {
	// struct sigaction of the kernel: handler, flags, restorer and mask; all zero is SIG_DFL.
	var action [4]uint64
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// UnblockSignals empties the signal mask of this thread.
func UnblockSignals() error {
	const setMask = 2
	var mask uint64
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(&mask)), 0, 8, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// CloseOnExec marks every descriptor from first on: the Go runtime uses its own until the moment of execve.
func CloseOnExec(first int) error {
	const closeRangeCloexec = 4
	if _, _, errno := syscall.RawSyscall(sysCloseRange, uintptr(first), uintptr(^uint32(0)), closeRangeCloexec); errno != 0 {
		return errno
	}
	return nil
}

// ClosesOnExec tells whether a descriptor is marked.
func ClosesOnExec(fd int) (bool, error) {
	flags, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
	if errno != 0 {
		return false, errno
	}
	return flags&syscall.FD_CLOEXEC != 0, nil
}
