package ground

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"syscall"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/rootfs"
)

// Scone is the tmpfs that injected files live in.
const Scone = "/run/scone"

const maxMountinfo = 16 << 20

// shown is how many mounts a refusal names.
const shown = 20

// Mounts are the mounts of this process; Open reads them, Check judges them.
type Mounts struct {
	proc *procfs.Proc
	all  []mount
	// tops is the last mount at each path; top makes it.
	tops map[string]mount
	// Root is the mount id of /.
	Root uint64
}

// Open reads /proc/self/mountinfo and finds the mount of the root.
func Open(proc *procfs.Proc) (*Mounts, error) {
	content, err := proc.Read("mountinfo", maxMountinfo)
	if err != nil {
		return nil, err
	}
	all, err := parseMountinfo(content)
	if err != nil {
		return nil, refusal.New(refusal.Ground, "the mounts cannot be read").Because("%v", err).
			Advise("start the container on a Linux kernel, without a mount over /proc")
	}
	mounts := &Mounts{proc: proc, all: all}
	stat, err := kernel.Stat(kernel.AtFdCwd, "/")
	if err != nil {
		return nil, refusal.New(refusal.Ground, "/ cannot be read").Because("%v", err)
	}
	mounts.Root = stat.MountID
	top, found := mounts.top("/")
	if !found || top.id != stat.MountID {
		return nil, refusal.New(refusal.Ground, "the root file system is not a mount of its own").
			Differs("/", "a mount", "a folder of another mount").
			Advise("start the image with a container engine, not with chroot")
	}
	return mounts, nil
}

// top is the mount that covers all others with the same path.
func (m *Mounts) top(at string) (mount, bool) {
	if m.tops == nil {
		m.tops = make(map[string]mount, len(m.all))
		for _, each := range m.all {
			m.tops[each.path] = each
		}
	}
	top, found := m.tops[at]
	return top, found
}

// Check judges every mount by the list of the image and returns what the walk of the root file system needs to know.
func (m *Mounts) Check(accepted []rootfs.Mount) (rootfs.Covers, error) {
	m.clearLeftovers(Scone)
	covers := rootfs.Covers{Root: m.Root, Closed: map[string]bool{}, Places: map[string]uint64{}}
	seen := map[string]bool{}
	var refused []string
	var problem *refusal.Refusal
	for _, mount := range m.all {
		rule, reasons := m.judge(mount, accepted)
		if reasons != nil {
			name := rootfs.Encode(mount.path)
			if problem == nil {
				problem = refusal.New(refusal.Ground, "the mount at %s is not accepted", name).Advise("%s", hintFor(mount))
			}
			if refused = append(refused, name); len(refused) > shown {
				continue
			}
			for _, reason := range reasons {
				problem.Differs("mount at "+name, reason.expected, reason.found)
			}
			continue
		}
		seen[rule.Path] = true
		switch {
		case mount.path == "/":
		case rule.Places:
			covers.Places[mount.path] = mount.id
		default:
			covers.Closed[mount.path] = true
		}
	}
	if len(refused) > 1 {
		problem.Message = fmt.Sprintf("%d mounts are not accepted: %s", len(refused), strings.Join(refused[:min(shown, len(refused))], ", "))
	}
	if len(refused) > shown {
		problem.Because("and %d more", len(refused)-shown)
	}
	if problem != nil {
		return covers, problem
	}
	for _, rule := range accepted {
		if rule.Required && !seen[rule.Path] {
			return covers, missing(rule)
		}
	}
	if err := m.checkScone(); err != nil {
		return covers, err
	}
	return covers, checkDevices()
}

// A reason is why a mount does not fit a line of the list.
type reason struct{ expected, found string }

// judge finds the line of the list that a mount fits. Without one it returns why the nearest does not.
func (m *Mounts) judge(candidate mount, accepted []rootfs.Mount) (*rootfs.Mount, []reason) {
	var nearest []reason
	for i := range accepted {
		rule := &accepted[i]
		// The kernel writes an unlinked mount point with "//deleted" behind it, and never "..".
		if path.Clean(candidate.path) != candidate.path {
			break
		}
		exact := matches(rule.Path, candidate.path)
		if !exact && !(rule.Below && strings.HasPrefix(candidate.path, rule.Path+"/")) {
			continue
		}
		why := m.misfit(candidate, rule, exact)
		if why == nil {
			return rule, nil
		}
		nearest = append(nearest, *why)
	}
	if nearest == nil {
		nearest = []reason{{"no mount here", describe(candidate)}}
	}
	return nil, nearest
}

// misfit says why a mount does not fit a line that is for its path.
func (m *Mounts) misfit(candidate mount, rule *rootfs.Mount, exact bool) *reason {
	if !slices.Contains(rule.Types, candidate.kind) && !slices.Contains(rule.Types, "*") {
		return &reason{"file system " + strings.Join(rule.Types, " or "), describe(candidate)}
	}
	if !exact {
		return nil
	}
	if rule.ReadOnly && !candidate.readOnly {
		return &reason{"read-only", describe(candidate)}
	}
	// A piece of /proc may only lie where it is in /proc: another process's root or files would be a way out.
	if candidate.kind == "proc" || candidate.kind == "sysfs" {
		base := map[string]string{"proc": "/proc", "sysfs": "/sys"}[candidate.kind]
		if expected := path.Join("/", strings.TrimPrefix(candidate.path, base)); candidate.root != expected {
			return &reason{"that place of " + candidate.kind + " itself", describe(candidate)}
		}
	}
	if top, _ := m.top(candidate.path); top.id != candidate.id {
		// Another mount lies above; that one is what can be seen.
		return nil
	}
	return m.misfitInside(candidate, rule)
}

// misfitInside looks at what can be seen at the mount point.
func (m *Mounts) misfitInside(candidate mount, rule *rootfs.Mount) *reason {
	fd, err := kernel.Open(kernel.AtFdCwd, candidate.path, kernel.OPath)
	if err != nil {
		return &reason{"a readable mount", err.Error()}
	}
	defer syscall.Close(fd)
	stat, err := kernel.Stat(fd, "")
	if err != nil {
		return &reason{"a readable mount", err.Error()}
	}
	if stat.MountID != candidate.id {
		return &reason{"a mount that can be seen", "another mount above it"}
	}
	switch format := stat.Mode & syscall.S_IFMT; rule.Kind {
	case "dir":
		if format != syscall.S_IFDIR {
			return &reason{"a folder", describeFile(stat)}
		}
	case "null":
		if format != syscall.S_IFCHR || stat.RdevMajor != 1 || stat.RdevMinor != 3 {
			return &reason{"the null device", describeFile(stat)}
		}
	default:
		// Which device it may be, checkDevices says.
		isDevice := format == syscall.S_IFCHR && strings.HasPrefix(candidate.path, "/dev/") && candidate.path != "/dev/termination-log"
		if format != syscall.S_IFREG && !isDevice {
			return &reason{"a file", describeFile(stat)}
		}
	}
	if !rule.Empty {
		return nil
	}
	if rule.Kind != "dir" {
		if stat.Size != 0 {
			return &reason{"an empty file", fmt.Sprintf("%d bytes", stat.Size)}
		}
		return nil
	}
	names, err := list(candidate.path)
	if err != nil {
		return &reason{"a readable folder", err.Error()}
	}
	if len(names) > 0 {
		return &reason{"an empty folder", "it holds " + rootfs.Encode(names[0])}
	}
	return nil
}

func list(folder string) ([]string, error) {
	fd, err := kernel.Open(kernel.AtFdCwd, folder, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	entries, err := kernel.List(fd, make([]byte, 32<<10))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
	}
	slices.Sort(names)
	return names, nil
}

// checkScone demands more of /run/scone than any list could take back: a whole tmpfs, by type and by statfs.
func (m *Mounts) checkScone() error {
	top, found := m.top(Scone)
	if !found {
		return missing(rootfs.Mount{Path: Scone, Types: []string{"tmpfs"}})
	}
	fd, err := kernel.Open(kernel.AtFdCwd, Scone, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return refusal.New(refusal.Ground, "%s cannot be opened", Scone).Because("%v", err).Advise(sconeHint)
	}
	defer syscall.Close(fd)
	kind, err := kernel.FileSystem(fd)
	if err != nil || kind != kernel.TmpfsMagic || top.kind != "tmpfs" || top.root != "/" {
		return refusal.New(refusal.Ground, "%s is not a tmpfs of its own", Scone).
			Differs("mount at "+Scone, "a whole tmpfs", describe(top)).Advise(sconeHint)
	}
	for _, other := range m.all {
		if other.device == top.device && other.id != top.id {
			name := rootfs.Encode(other.path)
			return refusal.New(refusal.Ground, "%s is not a tmpfs of its own", Scone).
				Differs("mount at "+name, "another file system than that at "+Scone, "the same").Advise(sconeHint)
		}
	}
	return nil
}

// devices are those whose content a program trusts blindly; a file in place of /dev/urandom would choose its keys.
var devices = []struct {
	path         string
	major, minor uint32
}{
	{"/dev/null", 1, 3},
	{"/dev/zero", 1, 5},
	{"/dev/full", 1, 7},
	{"/dev/random", 1, 8},
	{"/dev/urandom", 1, 9},
	{"/dev/tty", 5, 0},
}

// links of /dev, as every engine makes them.
var links = []struct{ path, target string }{
	{"/dev/fd", "/proc/self/fd"},
	{"/dev/stdin", "/proc/self/fd/0"},
	{"/dev/stdout", "/proc/self/fd/1"},
	{"/dev/stderr", "/proc/self/fd/2"},
}

const devHint = "let the container engine make /dev; mount nothing into it"

func checkDevices() error {
	for _, link := range links {
		target, err := kernel.Readlink(kernel.AtFdCwd, link.path)
		if err == syscall.ENOENT {
			continue
		}
		found := "a symlink to " + rootfs.Encode(target)
		if err != nil {
			found = err.Error()
		}
		if err == syscall.EINVAL {
			found = "no symlink"
		}
		if target != link.target {
			return refusal.New(refusal.Ground, "%s is not what engines make of it", link.path).
				Differs(link.path, "a symlink to "+link.target, found).Advise(devHint)
		}
	}
	for _, device := range devices {
		stat, err := kernel.Stat(kernel.AtFdCwd, device.path)
		if err == syscall.ENOENT {
			continue
		}
		if err != nil {
			return refusal.New(refusal.Ground, "%s cannot be read", device.path).Because("%v", err)
		}
		if stat.Mode&syscall.S_IFMT != syscall.S_IFCHR || stat.RdevMajor != device.major || stat.RdevMinor != device.minor {
			return refusal.New(refusal.Ground, "%s is not the device of that name", device.path).
				Differs(device.path, fmt.Sprintf("character device %d:%d", device.major, device.minor), describeFile(stat)).
				Advise(devHint)
		}
	}
	return checkConsole()
}

// checkConsole demands a terminal where engines mount one: a bind could put any device of the machine there.
func checkConsole() error {
	stat, err := kernel.Stat(kernel.AtFdCwd, "/dev/console")
	if err == syscall.ENOENT {
		return nil
	}
	if err != nil {
		return refusal.New(refusal.Ground, "/dev/console cannot be read").Because("%v", err)
	}
	// The console itself, or a pseudo terminal of Unix 98 (devices.txt of the kernel).
	isTerminal := stat.RdevMajor == 5 && stat.RdevMinor == 1 || stat.RdevMajor >= 136 && stat.RdevMajor <= 143
	if stat.Mode&syscall.S_IFMT != syscall.S_IFCHR || !isTerminal {
		return refusal.New(refusal.Ground, "/dev/console is no terminal").
			Differs("/dev/console", "character device 5:1 or a pseudo terminal", describeFile(stat)).Advise(devHint)
	}
	return nil
}

// matches compares a path with a pattern in which AnyNumber stands for one decimal number.
func matches(pattern, at string) bool {
	for {
		before, after, wild := strings.Cut(pattern, rootfs.AnyNumber)
		if !wild {
			return pattern == at
		}
		rest, found := strings.CutPrefix(at, before)
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if !found || digits == 0 {
			return false
		}
		pattern, at = after, rest[digits:]
	}
}

func missing(rule rootfs.Mount) error {
	name := strings.ReplaceAll(rule.Path, rootfs.AnyNumber, "*")
	problem := refusal.New(refusal.Ground, "nothing is mounted at %s", name).
		Differs("mount at "+name, strings.Join(rule.Types, " or "), "none")
	if rule.Path == Scone {
		return problem.Advise(sconeHint)
	}
	return problem.Advise("let the container engine mount %s", name)
}

func describe(m mount) string {
	access := "read-write"
	if m.readOnly {
		access = "read-only"
	}
	return fmt.Sprintf("%s, %s, %s of %q", m.kind, access, rootfs.Encode(m.root), refusal.Plain(m.source))
}

func describeFile(stat *kernel.Statx) string {
	switch stat.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		return "a folder"
	case syscall.S_IFREG:
		return "a file"
	case syscall.S_IFLNK:
		return "a symlink"
	case syscall.S_IFCHR:
		return fmt.Sprintf("character device %d:%d", stat.RdevMajor, stat.RdevMinor)
	}
	return fmt.Sprintf("file type 0%o", stat.Mode&syscall.S_IFMT)
}

const sconeHint = "mount a fresh tmpfs at /run/scone that the program's user may write, and nothing inside: " +
	"with the options uid and gid of that user or mode=1777, in Kubernetes an emptyDir of medium Memory in a new pod"

// hintFor knows the mounts that people meet most.
func hintFor(m mount) string {
	switch {
	case m.path == Scone || strings.HasPrefix(m.path, Scone+"/"):
		return sconeHint
	case m.path == "/etc/passwd" || m.path == "/etc/group":
		return "start the image as its own user, without --user: who the program runs as is part of the image (build.user)"
	case strings.HasSuffix(m.path, "/docker-init") || strings.HasSuffix(m.path, "/podman-init"):
		return "start the image without --init: the runtime becomes the program, and nothing else runs beside it"
	case strings.HasPrefix(m.path, "/var/run/secrets/") || strings.HasPrefix(m.path, "/run/secrets"):
		return "set automountServiceAccountToken: false and mount no secrets: what the program may read comes from its session"
	case m.path == "/tmp" || m.path == "/var/tmp":
		return "mount an empty tmpfs there: --tmpfs " + m.path + ", in Kubernetes an emptyDir of medium Memory in a new pod"
	case strings.HasPrefix(m.path, "/proc") || strings.HasPrefix(m.path, "/sys") || strings.HasPrefix(m.path, "/dev"):
		return "start the container with the engine's default mounts, masked and read-only paths, and not privileged"
	}
	return "remove the mount; files belong into the image, secrets into the session (injection_files), data into a declared volume"
}
