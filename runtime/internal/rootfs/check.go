package rootfs

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/refusal"
)

// maxList bounds rootfs.json: about half a million entries.
const maxList = 128 << 20

// Covers are the accepted mounts as the walk needs them. Paths are raw bytes.
type Covers struct {
	// Base is the folder that counts as /; empty for the root of the process.
	Base string
	// Root is the mount id of the root file system.
	Root uint64
	// Closed are mount points that were judged as a whole.
	Closed map[string]bool
	// Places are mounts that may hold nothing but listed entries, with their mount ids.
	Places map[string]uint64
}

// Result is what was verified.
type Result struct {
	Entries int
	Bytes   int64
}

// Load reads rootfs.json from the root file system itself, by mount id, and refuses it unless its digest is the one
// that init data names. It comes before everything that the list decides. base is as in Covers, root a mount id.
func Load(base string, root uint64, digest [sha256.Size]byte) (*List, error) {
	content, err := readOnMount(base, root, Path)
	if err != nil {
		return nil, err
	}
	if found := sha256.Sum256(content); found != digest {
		return nil, refusal.New(refusal.Image, "this is not the image that init data is for").
			Differs("SHA-256 of "+Path, hex.EncodeToString(digest[:]), hex.EncodeToString(found[:])).
			Advise("image and init data come from different builds: apply the mesh again and start the image it names")
	}
	list, err := Parse(content)
	if err != nil {
		return nil, refusal.New(refusal.Image, "%s cannot be read", Path).Because("%v", err).
			Advise("build the image again with the version of sconectl that applies the mesh")
	}
	return list, nil
}

// readOnMount opens each part of the path on its own, so that no mount and no link leads elsewhere, and demands what the
// list implies of itself: root's, 0444.
func readOnMount(base string, root uint64, at string) ([]byte, error) {
	const hint = "start an image that sconectl built, and mount nothing over /opt/scone"
	fd, err := kernel.Open(kernel.AtFdCwd, base+"/", kernel.OPath|syscall.O_DIRECTORY)
	if err != nil {
		return nil, refusal.New(refusal.Image, "/ cannot be opened").Because("%v", err)
	}
	parts := strings.Split(strings.TrimPrefix(at, "/"), "/")
	for i, part := range parts {
		flags := kernel.OPath | syscall.O_DIRECTORY
		if i == len(parts)-1 {
			flags = syscall.O_RDONLY
		}
		next, err := kernel.Open(fd, part, flags)
		syscall.Close(fd)
		if err != nil {
			return nil, refusal.New(refusal.Image, "%s cannot be opened", at).Because("%v", err).Advise(hint)
		}
		fd = next
		stat, err := kernel.Stat(fd, "")
		if err == nil && stat.MountID != root {
			syscall.Close(fd)
			return nil, refusal.New(refusal.Ground, "a mount covers %s", at).
				Differs("/"+strings.Join(parts[:i+1], "/"), "a part of the root file system", "another mount").Advise(hint)
		}
		if err == nil && i == len(parts)-1 && (uint32(stat.Mode) != syscall.S_IFREG|0o444 || stat.UID != 0 || stat.GID != 0) {
			syscall.Close(fd)
			return nil, refusal.New(refusal.Image, "%s is not as it was built", at).
				Differs(at, "file 0444 0:0", describe(stat)).Advise(hint)
		}
	}
	defer syscall.Close(fd)
	content, err := kernel.ReadAll(fd, maxList)
	if err != nil {
		return nil, refusal.New(refusal.Image, "%s cannot be read", at).Because("%v", err).Advise(hint)
	}
	return content, nil
}

// CheckUser refuses to run as somebody else than the image says.
func (l *List) CheckUser() error {
	uid, gid := uint32(syscall.Getuid()), uint32(syscall.Getgid())
	if uid == l.UID && gid == l.GID && uid == uint32(syscall.Geteuid()) && gid == uint32(syscall.Getegid()) {
		return nil
	}
	return refusal.New(refusal.Ground, "the program would run as another user than the image says").
		Differs("user", user(l.UID, l.GID), user(uid, gid)).
		Advise("start the container as user %s (runAsUser, --user), or set build.user and build again", user(l.UID, l.GID))
}

// Digest is what the list says of the file at a path, when the file is the very one whose metadata is given. It counts
// only after Check.
func (l *List) Digest(path string, file *kernel.Statx) ([sha256.Size]byte, bool) {
	i := slices.IndexFunc(l.Entries, func(entry Entry) bool { return entry.Path == path && entry.Kind == File })
	if i < 0 {
		return [sha256.Size]byte{}, false
	}
	found, err := kernel.Stat(kernel.AtFdCwd, path)
	same := err == nil && found.MountID == file.MountID && found.DevMajor == file.DevMajor && found.DevMinor == file.DevMinor && found.Ino == file.Ino
	return l.Entries[i].SHA256, same
}

// Check compares the root file system with the list, with all cores. It returns after every worker has ended (M4).
func (l *List) Check(covers Covers) (*Result, error) {
	if err := checkAttributes(); err != nil {
		return nil, err
	}
	c := &check{covers: covers, entries: l.Entries, seen: make([]bool, len(l.Entries)), index: make(map[string]int, len(l.Entries)+1), differences: differences{wrong: map[string]bool{}}}
	for i := range l.Entries {
		c.index[l.Entries[i].Path] = i
	}
	// More workers than cores: while the storage makes one wait, another computes.
	workers := min(4*runtime.NumCPU(), 64)
	c.walk(workers)
	size := c.hash(workers)
	c.missing()
	if err := c.differences.refusal(); err != nil {
		return nil, err
	}
	return &Result{Entries: len(l.Entries), Bytes: size}, nil
}

// checkAttributes refuses a kernel, or a seccomp profile in its place, that has no answer about extended attributes: no
// file would seem to have any. There is nothing that an empty path could mean.
func checkAttributes() error {
	_, err := kernel.XattrNames("")
	if err == syscall.ENOENT {
		return nil
	}
	found := "no error"
	if err != nil {
		found = err.Error()
	}
	return refusal.New(refusal.Ground, "extended attributes of files cannot be read").
		Differs("llistxattr of no file", syscall.ENOENT.Error(), found).
		Advise("start the container with the engine's default seccomp profile")
}

// check is one comparison in progress.
type check struct {
	covers  Covers
	entries []Entry
	index   map[string]int

	lock sync.Mutex
	seen []bool
	// files are the listed regular files that were found, to be hashed.
	files []*Entry

	differences differences
}

// see marks an entry as found and returns it.
func (c *check) see(path string) *Entry {
	i, listed := c.index[path]
	if !listed {
		return nil
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.seen[i] = true
	return &c.entries[i]
}

// missing reports the entries that were not found, except the optional ones and what lies below an accepted mount. Of a
// folder that is missing or wrong itself, only the folder is named.
func (c *check) missing() {
	wrong := c.differences.wrong
	for i := range c.entries {
		entry := &c.entries[i]
		if c.seen[i] || entry.Optional || c.hidden(entry.Path) {
			continue
		}
		if !wrong[entry.Path[:max(1, strings.LastIndexByte(entry.Path, '/'))]] {
			c.differences.add(entry.Path, "it is missing", entry.describe(), "nothing")
		}
		wrong[entry.Path] = true
	}
}

func (c *check) hidden(path string) bool {
	for path != "" {
		if _, place := c.covers.Places[path]; place || c.covers.Closed[path] {
			return true
		}
		path = path[:strings.LastIndexByte(path, '/')]
	}
	return false
}

// metadata compares what statx tells, and the extended attributes.
func (c *check) metadata(entry *Entry, stat *kernel.Statx) {
	if found := uint32(stat.Mode) & 0o7777; found != entry.Mode && !(entry.Path == "/" && entry.Mode == 0o755 && found == 0o555) {
		c.differences.add(entry.Path, "mode", mode(entry.Mode), mode(found))
	}
	if stat.UID != entry.UID || stat.GID != entry.GID {
		c.differences.add(entry.Path, "owner", user(entry.UID, entry.GID), user(stat.UID, stat.GID))
	}
	c.xattrs(entry)
}

// xattrs compares the attributes that change what a file is or who may use it. What a security module of the host adds
// for itself says nothing about the image (conventions.md, rootfs.json).
func (c *check) xattrs(entry *Entry) {
	names, err := kernel.XattrNames(c.covers.Base + entry.Path)
	if err != nil {
		c.unreadable(entry.Path, err)
		return
	}
	found := 0
	for _, name := range names {
		switch {
		case name == "security.selinux", name == "security.ima", name == "security.evm", strings.HasPrefix(name, "trusted."):
			continue
		}
		expected, listed := entry.Xattrs[name]
		if !listed {
			c.differences.add(entry.Path, "extended attribute "+name, "none", "one")
			continue
		}
		found++
		value, err := kernel.Xattr(c.covers.Base+entry.Path, name)
		if err != nil {
			c.unreadable(entry.Path, err)
		} else if string(value) != expected {
			c.differences.add(entry.Path, "extended attribute "+name, hex.EncodeToString([]byte(expected)), hex.EncodeToString(value))
		}
	}
	if found < len(entry.Xattrs) {
		c.differences.add(entry.Path, "extended attributes", strconv.Itoa(len(entry.Xattrs)), strconv.Itoa(found))
	}
}

func (c *check) unreadable(path string, err error) {
	c.differences.add(path, "reading it", "success", err.Error())
}

// describe is for people: kind, mode, owner, size.
func (e *Entry) describe() string {
	switch e.Kind {
	case Symlink:
		return "symlink to " + Encode(e.Target)
	case Dir:
		return "folder " + mode(e.Mode) + " " + user(e.UID, e.GID)
	case MountPoint:
		return "an empty mount point"
	}
	return "file " + mode(e.Mode) + " " + user(e.UID, e.GID) + ", " + strconv.FormatInt(e.Size, 10) + " bytes"
}

func describe(stat *kernel.Statx) string {
	kind := "something else"
	switch stat.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		kind = "file"
	case syscall.S_IFDIR:
		kind = "folder"
	case syscall.S_IFLNK:
		return "symlink"
	case syscall.S_IFCHR, syscall.S_IFBLK:
		kind = "device"
	case syscall.S_IFIFO:
		kind = "named pipe"
	case syscall.S_IFSOCK:
		kind = "socket"
	}
	text := kind + " " + mode(uint32(stat.Mode)&0o7777) + " " + user(stat.UID, stat.GID)
	if kind == "file" {
		text += ", " + strconv.FormatUint(stat.Size, 10) + " bytes"
	}
	return text
}

func mode(bits uint32) string {
	text := strconv.FormatUint(uint64(bits), 8)
	return "0000"[min(4, len(text)):] + text
}

func user(uid, gid uint32) string {
	return strconv.FormatUint(uint64(uid), 10) + ":" + strconv.FormatUint(uint64(gid), 10)
}

// scratch is the size of a worker's buffer: it stays in the core's cache beside what it hashes.
var scratch = max(256<<10, os.Getpagesize())
