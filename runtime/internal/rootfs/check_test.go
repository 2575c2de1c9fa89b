package rootfs

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/refusal"
)

// A place is a small root file system on disk and the list that fits it.
type place struct {
	t      *testing.T
	base   string
	list   *List
	covers Covers
}

func newPlace(t *testing.T) *place {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to make files of other owners")
	}
	p := &place{t: t, base: t.TempDir(), list: &List{UID: 0, GID: 0}}
	p.must(os.Chmod(p.base, 0o755))
	p.add(Entry{Path: "/", Kind: Dir, Mode: 0o755}, "")
	p.add(Entry{Path: "/dev", Kind: MountPoint, Mode: 0o755}, "")
	p.add(Entry{Path: "/etc", Kind: Dir, Mode: 0o755}, "")
	p.add(Entry{Path: "/etc/hosts", Kind: MountPoint, Mode: 0o644, Size: 0, Optional: false}, "file")
	p.add(Entry{Path: "/etc/mtab", Kind: Symlink, Mode: 0o777, Target: "/proc/mounts", Optional: true}, "absent")
	p.add(Entry{Path: "/opt", Kind: Dir, Mode: 0o755}, "")
	p.add(Entry{Path: "/opt/scone", Kind: Dir, Mode: 0o755}, "")
	p.add(Entry{Path: "/python", Kind: Dir, Mode: 0o755}, "")
	p.add(Entry{Path: "/python/a\xffb", Kind: File, Mode: 0o644}, "")
	p.add(Entry{Path: "/python/big", Kind: File, Mode: 0o644}, strings.Repeat("0123456789abcdef", 40_000))
	p.add(Entry{Path: "/python/link", Kind: Symlink, Mode: 0o777, Target: "big"}, "")
	p.add(Entry{Path: "/python/main.py", Kind: File, Mode: 0o755}, "print(1)\n")
	p.write(Path, "the list itself")
	stat, err := kernel.Stat(kernel.AtFdCwd, p.base)
	p.must(err)
	p.covers = Covers{Base: p.base, Root: stat.MountID, Closed: map[string]bool{}, Places: map[string]uint64{}}
	return p
}

func (p *place) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) at(path string) string { return p.base + path }

func (p *place) write(path, content string) {
	p.t.Helper()
	p.must(os.WriteFile(p.at(path), []byte(content), 0o644))
}

// add lists an entry and makes it: content is a file's, "file" makes a mount point a file, "absent" makes nothing.
func (p *place) add(entry Entry, content string) {
	p.t.Helper()
	switch at := p.at(entry.Path); {
	case content == "absent":
	case entry.Kind == Symlink:
		p.must(os.Symlink(entry.Target, at))
	case entry.Kind == File:
		p.must(os.WriteFile(at, []byte(content), 0o644))
		p.must(os.Chmod(at, os.FileMode(entry.Mode)))
		entry.Size, entry.SHA256 = int64(len(content)), sha256.Sum256([]byte(content))
	case entry.Kind == MountPoint && content == "file":
		p.must(os.WriteFile(at, nil, 0o644))
	case entry.Path != "/":
		p.must(os.Mkdir(at, 0o755))
	}
	p.list.Entries = append(p.list.Entries, entry)
}

// causes are the "Caused by:" lines of the refusal; none when the place is accepted.
func (p *place) causes() []string {
	p.t.Helper()
	_, err := p.list.Check(p.covers)
	if err == nil {
		return nil
	}
	if refusal.Of(err).Code != refusal.Image || refusal.Of(err).Hint == "" {
		p.t.Errorf("got %v", err)
	}
	return refusal.Of(err).Causes
}

func Test57TheRootFileSystemAsBuiltIsAccepted(t *testing.T) {
	p := newPlace(t)
	result, err := p.list.Check(p.covers)
	p.must(err)
	if result.Entries != 12 || result.Bytes != 640_009 {
		t.Errorf("got %+v", result)
	}
}

func Test57EveryDifferenceIsRefusedByName(t *testing.T) {
	capability := append([]byte{1, 0, 0, 2}, make([]byte, 16)...)
	capability[4] = 0x04
	for name, c := range map[string]struct {
		change func(p *place)
		// In each line: what, expected and found.
		causes []string
	}{
		"an edited file": {
			func(p *place) { p.write("/python/main.py", "print(2)\n") },
			[]string{fmt.Sprintf("/python/main.py: SHA-256: expected %x, found %x", sha256.Sum256([]byte("print(1)\n")), sha256.Sum256([]byte("print(2)\n")))},
		},
		"a longer file": {
			func(p *place) { p.write("/python/main.py", "print(1)\n\n") },
			[]string{"/python/main.py: size: expected 9 bytes, found 10 bytes"},
		},
		"one byte at the end of a big file": {
			func(p *place) { p.write("/python/big", strings.Repeat("0123456789abcdef", 39_999)+"0123456789abcdeF") },
			[]string{"/python/big: SHA-256: expected "},
		},
		"an emptied file": {
			func(p *place) { p.must(os.Truncate(p.at("/python/main.py"), 0)) },
			[]string{"/python/main.py: size: expected 9 bytes, found 0 bytes"},
		},
		"an added module": {
			func(p *place) { p.write("/python/json.py", "") },
			[]string{"/python/json.py: it is not in the image: expected nothing, found file 0644 0:0, 0 bytes"},
		},
		"an added folder": {
			func(p *place) { p.must(os.Mkdir(p.at("/python/__pycache__"), 0o755)) },
			[]string{"/python/__pycache__: it is not in the image: expected nothing, found folder 0755 0:0"},
		},
		"an added name that looks like a listed one": {
			func(p *place) { p.write("/python/a\xfeb", "") },
			[]string{"/python/a%FEb: it is not in the image: "},
		},
		"an added device": {
			func(p *place) { p.must(syscall.Mknod(p.at("/etc/null"), syscall.S_IFCHR|0o666, 1<<8|3)) },
			[]string{"/etc/null: it is not in the image: expected nothing, found device "},
		},
		"a removed file": {
			func(p *place) { p.must(os.Remove(p.at("/python/main.py"))) },
			[]string{"/python/main.py: it is missing: expected file 0755 0:0, 9 bytes, found nothing"},
		},
		"a removed folder": {
			func(p *place) { p.must(os.RemoveAll(p.at("/python"))) },
			[]string{"/python: it is missing: expected folder 0755 0:0, found nothing"},
		},
		"a removed mount point": {
			func(p *place) { p.must(os.Remove(p.at("/dev"))) },
			[]string{"/dev: it is missing: expected an empty mount point, found nothing"},
		},
		"another mode": {
			func(p *place) { p.must(os.Chmod(p.at("/python/main.py"), 0o777)) },
			[]string{"/python/main.py: mode: expected 0755, found 0777"},
		},
		"another mode of a folder": {
			func(p *place) { p.must(os.Chmod(p.at("/python"), 0o777)) },
			[]string{"/python: mode: expected 0755, found 0777"},
		},
		"a world-writable root": {
			func(p *place) { p.must(os.Chmod(p.base, 0o777)) },
			[]string{"/: mode: expected 0755, found 0777"},
		},
		"setuid": {
			func(p *place) { p.must(os.Chmod(p.at("/python/main.py"), 0o755|os.ModeSetuid)) },
			[]string{"/python/main.py: mode: expected 0755, found 4755"},
		},
		"another owner": {
			func(p *place) { p.must(os.Chown(p.at("/python/main.py"), 65532, 0)) },
			[]string{"/python/main.py: owner: expected 0:0, found 65532:0"},
		},
		"another owner of a link": {
			func(p *place) { p.must(os.Lchown(p.at("/python/link"), 0, 7)) },
			[]string{"/python/link: owner: expected 0:0, found 0:7"},
		},
		"a file capability": {
			func(p *place) {
				p.must(syscall.Setxattr(p.at("/python/main.py"), "security.capability", capability, 0))
			},
			[]string{"/python/main.py: extended attribute security.capability: expected none, found one"},
		},
		"an attribute of a folder": {
			func(p *place) { p.must(syscall.Setxattr(p.at("/python"), "user.x", []byte("y"), 0)) },
			[]string{"/python: extended attribute user.x: expected none, found one"},
		},
		"a file replaced by a link to the same bytes": {
			func(p *place) {
				p.must(os.Rename(p.at("/python/main.py"), p.at("/opt/main.py")))
				p.must(os.Symlink("/opt/main.py", p.at("/python/main.py")))
			},
			[]string{"/opt/main.py: it is not in the image: ", "/python/main.py: type: expected file 0755 0:0, 9 bytes, found symlink"},
		},
		"a folder replaced by a link": {
			func(p *place) {
				p.must(os.RemoveAll(p.at("/python")))
				p.must(os.Symlink("opt", p.at("/python")))
			},
			[]string{"/python: type: expected folder 0755 0:0, found symlink"},
		},
		"a file replaced by a named pipe": {
			func(p *place) {
				p.must(os.Remove(p.at("/python/main.py")))
				p.must(syscall.Mkfifo(p.at("/python/main.py"), 0o755))
			},
			[]string{"/python/main.py: type: expected file 0755 0:0, 9 bytes, found named pipe 0755 0:0"},
		},
		"another target": {
			func(p *place) {
				p.must(os.Remove(p.at("/python/link")))
				p.must(os.Symlink("main.py", p.at("/python/link")))
			},
			[]string{"/python/link: target: expected big, found main.py"},
		},
		"another target of an extra": {
			func(p *place) { p.must(os.Symlink("/etc/passwd", p.at("/etc/mtab"))) },
			[]string{"/etc/mtab: target: expected /proc/mounts, found /etc/passwd"},
		},
		"an extra of another type": {
			func(p *place) { p.write("/etc/mtab", "") },
			[]string{"/etc/mtab: type: expected symlink to /proc/mounts, found file 0644 0:0, 0 bytes"},
		},
		"a mount point that is a file with content": {
			func(p *place) { p.write("/etc/hosts", "127.0.0.1 evil\n") },
			[]string{"/etc/hosts: content: expected nothing, found file 0644 0:0, 15 bytes"},
		},
		"a mount point that holds something": {
			func(p *place) { p.write("/dev/x", "") },
			[]string{"/dev/x: it is not in the image: "},
		},
		"a mount point that all can write": {
			func(p *place) { p.must(os.Chmod(p.at("/dev"), 0o777)) },
			[]string{"/dev: mode: expected at most 0755, found 0777"},
		},
		"a mount point of another owner": {
			func(p *place) { p.must(os.Chown(p.at("/dev"), 65532, 65532)) },
			[]string{"/dev: owner: expected 0:0, found 65532:65532"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			c.change(p)
			got := p.causes()
			if !slices.EqualFunc(got, c.causes, strings.HasPrefix) {
				t.Errorf("got  %q\nwant %q", got, c.causes)
			}
		})
	}
}

func Test57HabitsOfEnginesAreAccepted(t *testing.T) {
	p := newPlace(t)
	p.must(os.Symlink("/proc/mounts", p.at("/etc/mtab")))
	p.must(os.Chmod(p.base, 0o555))
	p.must(os.Chmod(p.at("/etc/hosts"), 0o755))
	p.must(os.Chmod(p.at("/dev"), 0o555))
	p.must(syscall.Setxattr(p.at("/python/big"), "trusted.overlay.opaque", []byte("y"), 0))
	if causes := p.causes(); causes != nil {
		t.Errorf("got %q", causes)
	}
}

func Test57AListedAttributeMustBeThereWithItsValue(t *testing.T) {
	p := newPlace(t)
	i := slices.IndexFunc(p.list.Entries, func(e Entry) bool { return e.Path == "/python/big" })
	p.list.Entries[i].Xattrs = map[string]string{"user.x": "y"}
	if got := p.causes(); !slices.Equal(got, []string{"/python/big: extended attributes: expected 1, found 0"}) {
		t.Errorf("got %q", got)
	}
	p.must(syscall.Setxattr(p.at("/python/big"), "user.x", []byte("z"), 0))
	if got := p.causes(); !slices.Equal(got, []string{"/python/big: extended attribute user.x: expected 79, found 7a"}) {
		t.Errorf("got %q", got)
	}
	p.must(syscall.Setxattr(p.at("/python/big"), "user.x", []byte("y"), 0))
	if got := p.causes(); got != nil {
		t.Errorf("got %q", got)
	}
}

func Test62AMountThatNobodyJudgedIsRefused(t *testing.T) {
	p := newPlace(t)
	p.covers.Root++
	if got := p.causes(); len(got) == 0 || got[0] != "/: mount: expected the one of its parent, found another" {
		t.Errorf("got %q", got)
	}
}

func TestAcceptedMountsAreNotWalkedAndPlacesHoldOnlyWhatIsListed(t *testing.T) {
	p := newPlace(t)
	p.covers.Closed["/dev"] = true
	p.write("/dev/x", "")
	p.covers.Closed["/unlisted"] = true
	p.must(os.Mkdir(p.at("/unlisted"), 0o777))
	if got := p.causes(); got != nil {
		t.Errorf("got %q", got)
	}
	p.covers.Places["/python"] = p.covers.Root
	p.must(os.Chmod(p.at("/python"), 0o777))
	p.must(os.Remove(p.at("/python/big")))
	if got := p.causes(); got != nil {
		t.Errorf("got %q", got)
	}
	p.write("/python/main.py", "print(2)\n")
	p.write("/python/more", "")
	if got := p.causes(); len(got) != 2 || !strings.HasPrefix(got[0], "/python/main.py: SHA-256") || !strings.HasPrefix(got[1], "/python/more: it is not") {
		t.Errorf("got %q", got)
	}
}

func TestARefusalNamesTwentyDifferencesInOrderAndCountsTheRest(t *testing.T) {
	p := newPlace(t)
	for i := range 25 {
		p.write(fmt.Sprintf("/python/extra%02d", i), "")
	}
	first := p.causes()
	if len(first) != 21 || first[20] != "and 5 more" || !strings.HasPrefix(first[0], "/python/extra00: ") || !strings.HasPrefix(first[19], "/python/extra19: ") {
		t.Errorf("got %q", first)
	}
	for range 5 {
		if again := p.causes(); !slices.Equal(again, first) {
			t.Errorf("got %q, then %q", first, again)
		}
	}
}

func TestTheListItselfMustBeWhatInitDataNames(t *testing.T) {
	p := newPlace(t)
	content := document("", "")
	p.write(Path, content)
	digest := sha256.Sum256([]byte(content))
	cause := func(root uint64, digest [32]byte) string {
		_, err := Load(p.base, root, digest)
		if err == nil {
			return ""
		}
		return strings.Join(append([]string{err.Error()}, refusal.Of(err).Causes...), "\n")
	}
	if got := cause(p.covers.Root, digest); !strings.Contains(got, "expected file 0444 0:0, found file 0644 0:0") {
		t.Errorf("0644: %s", got)
	}
	p.must(os.Chmod(p.at(Path), 0o444))
	if got := cause(p.covers.Root, digest); got != "" {
		t.Errorf("as built: %s", got)
	}
	if got := cause(p.covers.Root, sha256.Sum256([]byte("v2"))); !strings.Contains(got, fmt.Sprintf("SHA-256 of /opt/scone/rootfs.json: expected %x, found %x", sha256.Sum256([]byte("v2")), digest)) {
		t.Errorf("of another build: %s", got)
	}
	if got := cause(p.covers.Root+1, digest); !strings.Contains(got, "a mount covers /opt/scone/rootfs.json\n/opt: expected") {
		t.Errorf("below a mount: %s", got)
	}
	p.must(os.Rename(p.at("/opt/scone"), p.at("/opt/other")))
	p.must(os.Symlink("other", p.at("/opt/scone")))
	if got := cause(p.covers.Root, digest); !strings.Contains(got, "cannot be opened") {
		t.Errorf("through a link: %s", got)
	}
}

func TestAnotherUserIsRefusedByName(t *testing.T) {
	own := &List{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	if err := own.CheckUser(); err != nil {
		t.Error(err)
	}
	other := &List{UID: uint32(os.Getuid()) + 1, GID: uint32(os.Getgid())}
	err := other.CheckUser()
	if err == nil || !strings.Contains(strings.Join(refusal.Of(err).Causes, ""), fmt.Sprintf("user: expected %d:%d, found %d:%d", other.UID, other.GID, own.UID, own.GID)) {
		t.Errorf("got %v", err)
	}
}

// 64 files of 1 MiB: `go test -bench . ./internal/rootfs`.
func BenchmarkCheck(b *testing.B) {
	base := b.TempDir()
	content := make([]byte, 1<<20)
	list := &List{Entries: []Entry{{Path: "/", Kind: Dir, Mode: 0o755, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}}}
	_ = os.Chmod(base, 0o755)
	for i := range 64 {
		path := fmt.Sprintf("/f%02d", i)
		if err := os.WriteFile(filepath.Join(base, path), content, 0o644); err != nil {
			b.Fatal(err)
		}
		list.Entries = append(list.Entries, Entry{Path: path, Kind: File, Mode: 0o644, UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), Size: 1 << 20, SHA256: sha256.Sum256(content)})
	}
	stat, err := kernel.Stat(kernel.AtFdCwd, base)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(64 << 20)
	for b.Loop() {
		if _, err := list.Check(Covers{Base: base, Root: stat.MountID}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestADigestIsGivenForTheVeryFileOnly(t *testing.T) {
	folder := t.TempDir()
	stat := func(path string) *kernel.Statx {
		found, err := kernel.Stat(kernel.AtFdCwd, path)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	listed, copied := filepath.Join(folder, "listed"), filepath.Join(folder, "copied")
	for _, path := range []string{listed, copied} {
		if err := os.WriteFile(path, []byte("program"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	digest := sha256.Sum256([]byte("program"))
	list := &List{Entries: []Entry{{Path: folder, Kind: Dir}, {Path: listed, Kind: File, SHA256: digest}}}
	if got, same := list.Digest(listed, stat(listed)); !same || got != digest {
		t.Errorf("%x, %t", got, same)
	}
	for why, path := range map[string]string{"a copy": copied, "a folder": folder} {
		if _, same := list.Digest(listed, stat(path)); same {
			t.Errorf("%s has the digest", why)
		}
	}
	if _, same := list.Digest(copied, stat(copied)); same {
		t.Error("a file without an entry has a digest")
	}
}
