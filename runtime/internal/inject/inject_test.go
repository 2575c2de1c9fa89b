package inject

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sconectl/runtime/internal/answer"
	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/rootfs"
)

func files(more ...answer.File) []answer.File {
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	list := []answer.File{{Path: "/etc/x.key", Mode: 0o400, UID: uid, GID: gid, Content: []byte("secret")}, {Path: "/etc/a\xffb", Mode: 0o640, UID: uid, GID: gid}}
	return append(list, more...)
}

func image(scone string, files []answer.File) *rootfs.List {
	list := &rootfs.List{}
	for _, file := range files {
		list.Entries = append(list.Entries, rootfs.Entry{Path: file.Path, Kind: rootfs.Symlink, Target: scone + "/files/" + Name(file.Path)})
	}
	return list
}

func TestTheNameIsTheStartOfTheDigest(t *testing.T) {
	// printf %s /etc/x.key | sha256sum
	if got := Name("/etc/x.key"); got != "a5aae0105ed46843" {
		t.Errorf("got %s", got)
	}
}

func TestFilesAreWrittenForTheProgramsUserAlone(t *testing.T) {
	scone := t.TempDir()
	// As Kubernetes gives it: for all to write, handing its group on.
	if err := os.Chmod(scone, 0o777|os.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	if err := Files(scone, files(), image(scone, files())); err != nil {
		t.Fatal(err, refusal.Of(err).Causes)
	}
	for path, mode := range map[string]os.FileMode{"": os.ModeDir | 0o700, Name("/etc/x.key"): 0o400, Name("/etc/a\xffb"): 0o640} {
		info, err := os.Lstat(filepath.Join(scone, "files", path))
		if err != nil || info.Mode() != mode {
			t.Errorf("%q: %v, %v", path, info, err)
		}
	}
	if content, err := os.ReadFile(filepath.Join(scone, "files", Name("/etc/x.key"))); err != nil || string(content) != "secret" {
		t.Errorf("%q, %v", content, err)
	}
}

func TestWithoutFilesNothingIsMade(t *testing.T) {
	scone := t.TempDir()
	if err := Files(scone, nil, &rootfs.List{}); err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadDir(scone); err != nil || len(names) > 0 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestFilesAreRefusedByName(t *testing.T) {
	own := files()[0]
	other := own
	other.UID++
	for why, c := range map[string]struct {
		files   []answer.File
		prepare func(scone string) *rootfs.List
		said    string
	}{
		"no place in the image": {files(), func(string) *rootfs.List { return &rootfs.List{} }, "/etc/x.key: expected a symlink to "},
		"a link to elsewhere": {files(), func(scone string) *rootfs.List {
			list := image(scone, files())
			list.Entries[0].Target = "/tmp/x"
			return list
		}, "found /tmp/x"},
		"a file in place of the link": {files(), func(scone string) *rootfs.List {
			list := image(scone, files())
			list.Entries[0].Kind = rootfs.File
			return list
		}, "/etc/x.key: expected a symlink"},
		"another owner":  {[]answer.File{other}, func(scone string) *rootfs.List { return image(scone, files()) }, "owner: expected "},
		"one path twice": {files(own), func(scone string) *rootfs.List { return image(scone, files()) }, "file exists"},
		"a folder that is there": {files(), func(scone string) *rootfs.List {
			if err := os.Mkdir(filepath.Join(scone, "files"), 0o777); err != nil {
				t.Fatal(err)
			}
			return image(scone, files())
		}, "file exists"},
		"a link to a folder": {files(), func(scone string) *rootfs.List {
			if err := os.Symlink("/tmp", filepath.Join(scone, "files")); err != nil {
				t.Fatal(err)
			}
			return image(scone, files())
		}, "file exists"},
	} {
		scone := t.TempDir()
		err := Files(scone, c.files, c.prepare(scone))
		if err == nil {
			t.Errorf("%s: accepted", why)
			continue
		}
		said := err.Error() + " " + strings.Join(refusal.Of(err).Causes, " ")
		if !strings.Contains(said, c.said) || refusal.Of(err).Hint == "" || strings.Contains(said, "secret") {
			t.Errorf("%s: %s", why, said)
		}
	}
}
