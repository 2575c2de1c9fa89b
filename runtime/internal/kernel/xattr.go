package kernel

import (
	"strings"
	"syscall"
	"unsafe"
)

// The most that the kernel gives for a list of names and for one value (limits.h, XATTR_LIST_MAX, XATTR_SIZE_MAX).
const maxXattr = 64 << 10

// XattrNames lists the extended attributes of a path whose last part is not followed; a file system without them has
// none.
func XattrNames(path string) ([]string, error) {
	pointer, err := syscall.BytePtrFromString(path)
	if err != nil {
		return nil, err
	}
	// Nearly no file has any: ask for the length first.
	n, _, errno := syscall.Syscall(syscall.SYS_LLISTXATTR, uintptr(unsafe.Pointer(pointer)), 0, 0)
	if errno == syscall.ENOTSUP || (errno == 0 && n == 0) {
		return nil, nil
	}
	if errno != 0 {
		return nil, errno
	}
	buffer := make([]byte, maxXattr)
	n, _, errno = syscall.Syscall(syscall.SYS_LLISTXATTR, uintptr(unsafe.Pointer(pointer)), uintptr(unsafe.Pointer(&buffer[0])), maxXattr)
	if errno != 0 {
		return nil, errno
	}
	return strings.Split(strings.TrimSuffix(string(buffer[:n]), "\x00"), "\x00"), nil
}

// Xattr is the value of one extended attribute of a path whose last part is not followed.
func Xattr(path, name string) ([]byte, error) {
	file, err := syscall.BytePtrFromString(path)
	if err != nil {
		return nil, err
	}
	attribute, err := syscall.BytePtrFromString(name)
	if err != nil {
		return nil, err
	}
	buffer := make([]byte, maxXattr)
	n, _, errno := syscall.Syscall6(syscall.SYS_LGETXATTR, uintptr(unsafe.Pointer(file)), uintptr(unsafe.Pointer(attribute)), uintptr(unsafe.Pointer(&buffer[0])), maxXattr, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return buffer[:n], nil
}
