package ground

import (
	"strings"
	"syscall"

	"sconectl/runtime/internal/kernel"
)

// Injected is the folder in /run/scone that injected files are written to.
const Injected = "files"

// clearLeftovers removes what an earlier start of this container injected: Kubernetes restarts a container without
// emptying the volumes of its pod. It removes nothing but the folder as this runtime makes it, 0700 of its own user and
// with nothing but files of its own names, and only from a whole tmpfs. Whatever remains is refused as not empty.
func (m *Mounts) clearLeftovers(scone string) {
	top, found := m.top(scone)
	if !found || top.kind != "tmpfs" || top.root != "/" {
		return
	}
	root, err := kernel.Open(kernel.AtFdCwd, scone, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return
	}
	defer syscall.Close(root)
	folder, err := kernel.Open(root, Injected, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return
	}
	defer syscall.Close(folder)
	stat, err := kernel.Stat(folder, "")
	if err != nil || stat.MountID != top.id || stat.Mode&0o7777 != 0o700 || stat.UID != uint32(syscall.Geteuid()) {
		return
	}
	names, err := kernel.List(folder, make([]byte, 32<<10))
	if err != nil {
		return
	}
	for _, name := range names {
		stat, err := kernel.Stat(folder, name.Name)
		if err != nil || !isInjectedName(name.Name) || stat.Mode&syscall.S_IFMT != syscall.S_IFREG || stat.UID != uint32(syscall.Geteuid()) || stat.MountID != top.id {
			return
		}
	}
	for _, name := range names {
		_ = syscall.Unlinkat(folder, name.Name)
	}
	_ = kernel.RemoveFolder(root, Injected)
}

func isInjectedName(name string) bool {
	return len(name) == 16 && strings.Trim(name, "0123456789abcdef") == ""
}
