// Package procfs opens /proc so that what is read from it comes from the kernel: the file system type is checked, and
// by mount id that nothing is mounted over the way to the file (security-review.md C5: a fake /proc would hide every
// other mount).
package procfs

import (
	"path"
	"strconv"
	"strings"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/refusal"
	"syscall"
)

// Proc is the verified folder of this process in /proc.
type Proc struct {
	// Mount is the id of the mount at /proc.
	Mount uint64
	at    string
	self  int
}

const hint = "let the container engine mount its own procfs at /proc, and nothing over /proc/self"

// Open verifies the procfs at the given path ("/proc").
func Open(at string) (*Proc, error) {
	root, err := kernel.Open(kernel.AtFdCwd, at, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return nil, refusal.New(refusal.Ground, "%s cannot be opened", at).Because("%v", err).Advise(hint)
	}
	defer syscall.Close(root)
	stat, err := kernel.Stat(root, "")
	if err == syscall.ENOSYS || err == syscall.EPERM {
		return nil, refusal.New(refusal.Ground, "the kernel does not tell mount ids").
			Differs("statx", "a mount id (Linux 5.8, allowed by the seccomp profile)", err.Error()).
			Advise("start the container on a newer kernel, with the engine's default seccomp profile")
	}
	if err != nil {
		return nil, refusal.New(refusal.Ground, "%s cannot be read", at).Because("%v", err).Advise(hint)
	}
	proc := &Proc{Mount: stat.MountID, at: at, self: -1}
	if err := proc.check(root, at); err != nil {
		return nil, err
	}
	// The link itself could be covered too; it must lie on the same mount.
	pid, err := kernel.Readlink(root, "self")
	if err != nil {
		return nil, proc.unreadable("self", err)
	}
	link, err := kernel.Stat(root, "self")
	if err != nil {
		return nil, proc.unreadable("self", err)
	}
	if number, err := strconv.Atoi(pid); err != nil || number <= 0 || strconv.Itoa(number) != pid || link.MountID != proc.Mount {
		return nil, proc.covered(path.Join(at, "self"))
	}
	self, err := kernel.Open(root, pid, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return nil, proc.unreadable(pid, err)
	}
	if err := proc.check(self, path.Join(at, pid)); err != nil {
		syscall.Close(self)
		return nil, err
	}
	proc.self = self
	return proc, nil
}

// Read returns a file of /proc/self, of at most limit bytes.
func (p *Proc) Read(name string, limit int) ([]byte, error) {
	fd, err := kernel.Open(p.self, name, syscall.O_RDONLY)
	if err != nil {
		return nil, p.unreadable(path.Join("self", name), err)
	}
	defer syscall.Close(fd)
	if err := p.check(fd, path.Join(p.at, "self", name)); err != nil {
		return nil, err
	}
	content, err := kernel.ReadAll(fd, limit)
	if err != nil {
		return nil, p.unreadable(path.Join("self", name), err)
	}
	return content, nil
}

// Names lists a folder of /proc/self.
func (p *Proc) Names(name string) ([]string, error) {
	fd, err := kernel.Open(p.self, name, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return nil, p.unreadable(path.Join("self", name), err)
	}
	defer syscall.Close(fd)
	if err := p.check(fd, path.Join(p.at, "self", name)); err != nil {
		return nil, err
	}
	entries, err := kernel.List(fd, make([]byte, 32<<10))
	if err != nil {
		return nil, p.unreadable(path.Join("self", name), err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
	}
	return names, nil
}

// Status is the value of one line of /proc/self/status, that is, of the main thread.
func (p *Proc) Status(field string) (string, error) {
	content, err := p.Read("status", 1<<20)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(content)) {
		if name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), ":"); found && name == field {
			return strings.TrimSpace(value), nil
		}
	}
	return "", refusal.New(refusal.Ground, "%s/self/status has no line %s", p.at, field).Advise(hint)
}

// Executable opens the program file of this process, wherever it lies by now.
func (p *Proc) Executable() (int, error) {
	if err := p.executableIsLink(); err != nil {
		return -1, err
	}
	// The link must be followed here: the kernel leads to the file itself, not to its name.
	fd, err := syscall.Openat(p.self, "exe", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, p.unreadable("self/exe", err)
	}
	return fd, nil
}

// ExecutablePath is a path to the program file of this process, for execve.
func (p *Proc) ExecutablePath() (string, error) {
	return path.Join(p.at, "self", "exe"), p.executableIsLink()
}

func (p *Proc) executableIsLink() error {
	stat, err := kernel.Stat(p.self, "exe")
	if err != nil {
		return p.unreadable("self/exe", err)
	}
	if stat.MountID != p.Mount || stat.Mode&syscall.S_IFMT != syscall.S_IFLNK {
		return p.covered(path.Join(p.at, "self", "exe"))
	}
	return nil
}

// check refuses a descriptor that is not on the procfs that was opened first.
func (p *Proc) check(fd int, name string) error {
	kind, err := kernel.FileSystem(fd)
	if err != nil {
		return refusal.New(refusal.Ground, "%s cannot be read", name).Because("%v", err).Advise(hint)
	}
	if kind != kernel.ProcMagic {
		return refusal.New(refusal.Ground, "%s is not procfs", name).
			Differs(name, "file system type proc (0x9fa0)", "type 0x"+strconv.FormatInt(kind, 16)).Advise(hint)
	}
	stat, err := kernel.Stat(fd, "")
	if err != nil {
		return refusal.New(refusal.Ground, "%s cannot be read", name).Because("%v", err).Advise(hint)
	}
	if stat.MountID != p.Mount {
		return p.covered(name)
	}
	return nil
}

func (p *Proc) covered(name string) error {
	return refusal.New(refusal.Ground, "something is mounted over %s", name).
		Differs(name, "the kernel's own file", "another mount or file").Advise(hint)
}

func (p *Proc) unreadable(name string, err error) error {
	return refusal.New(refusal.Ground, "%s cannot be read", path.Join(p.at, name)).Because("%v", err).Advise(hint)
}
