package inject

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sconectl/runtime/internal/answer"
	"sconectl/runtime/internal/refusal"
)

func TestTheNameIsTheStartOfTheDigest(t *testing.T) {
	// printf %s /etc/x.key | sha256sum
	if got := Name("/etc/x.key"); got != "a5aae0105ed46843" {
		t.Errorf("got %s", got)
	}
}

// newImage is a folder with links to injected files, as the build makes them, and an empty tmpfs.
func newImage(t *testing.T) (image, scone string, files []answer.File) {
	t.Helper()
	image, scone = t.TempDir(), t.TempDir()
	must(t, os.Mkdir(filepath.Join(image, "usr"), 0o755))
	must(t, os.Symlink("usr", filepath.Join(image, "lib")))
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	files = []answer.File{
		{Path: image + "/lib/x.key", Mode: 0o400, UID: uid, GID: gid, Content: []byte("secret")},
		{Path: image + "/a\xffb", Mode: 0o640, UID: uid, GID: gid},
	}
	for _, file := range files {
		must(t, os.Symlink(scone+"/files/"+Name(file.Path), file.Path))
	}
	return image, scone, files
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreWrittenForTheProgramsUserAlone(t *testing.T) {
	_, scone, files := newImage(t)
	// As Kubernetes gives it: for all to write, handing its group on.
	must(t, os.Chmod(scone, 0o777|os.ModeSetgid))
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	if err := Files(scone, files); err != nil {
		t.Fatal(err, refusal.Of(err).Causes)
	}
	for path, mode := range map[string]os.FileMode{"": os.ModeDir | 0o700, Name(files[0].Path): 0o400, Name(files[1].Path): 0o640} {
		info, err := os.Lstat(filepath.Join(scone, "files", path))
		if err != nil || info.Mode() != mode {
			t.Errorf("%q: %v, %v", path, info, err)
		}
	}
	if content, err := os.ReadFile(files[0].Path); err != nil || string(content) != "secret" {
		t.Errorf("%q, %v", content, err)
	}
}

func TestWithoutFilesNothingIsMade(t *testing.T) {
	scone := t.TempDir()
	must(t, Files(scone, nil))
	if names, err := os.ReadDir(scone); err != nil || len(names) > 0 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestFilesAreRefusedByName(t *testing.T) {
	replace := func(path string, make func() error) func(t *testing.T) {
		return func(t *testing.T) {
			must(t, os.Remove(path))
			must(t, make())
		}
	}
	for why, prepare := range map[string]func(image, scone string, files []answer.File) (change func(t *testing.T), with []answer.File, said string){
		"no place in the image": func(image, scone string, files []answer.File) (func(t *testing.T), []answer.File, string) {
			return replace(files[0].Path, func() error { return nil }), files, "lib/x.key: expected a symlink to " + scone + "/files/" + Name(files[0].Path) + ", found no such file"
		},
		"a link to elsewhere": func(image, scone string, files []answer.File) (func(t *testing.T), []answer.File, string) {
			return replace(files[0].Path, func() error { return os.Symlink("/tmp/x", files[0].Path) }), files, "found /tmp/x"
		},
		"a file in place of the link": func(image, scone string, files []answer.File) (func(t *testing.T), []answer.File, string) {
			return replace(files[0].Path, func() error { return os.WriteFile(files[0].Path, nil, 0o644) }), files, "found invalid argument"
		},
		"another owner": func(image, scone string, files []answer.File) (func(t *testing.T), []answer.File, string) {
			files[0].UID++
			return func(*testing.T) {}, files, "owner: expected "
		},
		"one path twice": func(image, scone string, files []answer.File) (func(t *testing.T), []answer.File, string) {
			return func(*testing.T) {}, append(files, files[0]), "file exists"
		},
		"a folder that is there": func(image, scone string, files []answer.File) (func(t *testing.T), []answer.File, string) {
			return func(t *testing.T) { must(t, os.Mkdir(scone+"/files", 0o777)) }, files, "file exists"
		},
		"a link to a folder": func(image, scone string, files []answer.File) (func(t *testing.T), []answer.File, string) {
			return func(t *testing.T) { must(t, os.Symlink("/tmp", scone+"/files")) }, files, "file exists"
		},
	} {
		image, scone, files := newImage(t)
		change, with, expected := prepare(image, scone, files)
		change(t)
		err := Files(scone, with)
		if err == nil {
			t.Errorf("%s: accepted", why)
			continue
		}
		said := err.Error() + " " + strings.Join(refusal.Of(err).Causes, " ")
		if !strings.Contains(said, expected) || refusal.Of(err).Hint == "" || strings.Contains(said, "secret") {
			t.Errorf("%s: %s", why, said)
		}
	}
}
