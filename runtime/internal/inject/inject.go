// Package inject writes the files that a session injects: into /run/scone/files, a folder of the program's user in the
// proven tmpfs, under the names that the image's symlinks lead to. Nothing is written anywhere else (protocol.md step 9).
package inject

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"syscall"

	"sconectl/runtime/internal/answer"
	"sconectl/runtime/internal/ground"
	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/rootfs"
)

const folder = ground.Injected

// Name is the name in /run/scone/files for a path of the image: the first 16 hex digits of its SHA-256. The build puts
// a symlink with that target at the path.
func Name(path string) string {
	digest := sha256.Sum256([]byte(path))
	return hex.EncodeToString(digest[:8])
}

// Files writes all files below the tmpfs at scone. It refuses a path at which the image has no symlink to the file: the
// program would look in vain. Folders on the way may be links themselves (/lib in a merged /usr).
func Files(scone string, files []answer.File) error {
	if len(files) == 0 {
		return nil
	}
	dir, err := makeFolder(scone)
	if err != nil {
		return err
	}
	defer syscall.Close(dir)
	for i := range files {
		file := &files[i]
		target := scone + "/" + folder + "/" + Name(file.Path)
		found, err := kernel.Readlink(kernel.AtFdCwd, file.Path)
		if err != nil {
			found = err.Error()
		}
		if found != target || !strings.HasPrefix(file.Path, "/") {
			return refusal.New(refusal.Image, "the image has no place for the injected file %s", rootfs.Encode(file.Path)).
				Differs(rootfs.Encode(file.Path), "a symlink to "+target, found).
				Advise("list the path under injection_files of the service manifest and build the image again")
		}
		if err := write(dir, file); err != nil {
			return err
		}
	}
	return nil
}

// makeFolder creates the folder and returns it open. The tmpfs may belong to root and hand its group on (Kubernetes
// does both); the folder belongs to the program's user alone.
func makeFolder(scone string) (int, error) {
	const hint = "mount the tmpfs at /run/scone so that the program's user may write it: with the options uid and gid of that user, since some engines give it the mode of the folder below and not the one of mode="
	path := scone + "/" + folder
	root, err := kernel.Open(kernel.AtFdCwd, scone, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return -1, failed(path, err, hint)
	}
	defer syscall.Close(root)
	if err := syscall.Mkdirat(root, folder, 0o700); err != nil {
		return -1, failed(path, err, hint)
	}
	dir, err := kernel.Open(root, folder, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return -1, failed(path, err, hint)
	}
	if err := syscall.Fchmod(dir, 0o700); err != nil {
		return -1, failed(path, err, hint)
	}
	stat, err := kernel.Stat(dir, "")
	if err != nil {
		return -1, failed(path, err, hint)
	}
	if stat.Mode&0o7777 != 0o700 || stat.UID != uint32(syscall.Getuid()) {
		return -1, refusal.New(refusal.Ground, "%s is not the program's own", path).
			Differs(path, "0700 of "+strconv.Itoa(syscall.Getuid()), strconv.FormatUint(uint64(stat.Mode&0o7777), 8)+" of "+strconv.FormatUint(uint64(stat.UID), 10)).
			Advise(hint)
	}
	return dir, nil
}

func write(dir int, file *answer.File) error {
	const hint = "give the tmpfs at /run/scone more room, or inject less"
	if file.UID != uint32(syscall.Getuid()) || file.GID != uint32(syscall.Getgid()) {
		return refusal.New(refusal.Run, "the injected file %s is for another user than the program's", rootfs.Encode(file.Path)).
			Differs("owner", strconv.FormatUint(uint64(file.UID), 10)+":"+strconv.FormatUint(uint64(file.GID), 10), strconv.Itoa(syscall.Getuid())+":"+strconv.Itoa(syscall.Getgid())).
			Advise("apply the mesh again: owner of the files and user of the image come from one build")
	}
	name := Name(file.Path)
	fd, err := syscall.Openat(dir, name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return failed(file.Path, err, hint)
	}
	for rest := file.Content; len(rest) > 0 && err == nil; {
		var n int
		if n, err = syscall.Write(fd, rest); err == syscall.EINTR {
			err = nil
		}
		rest = rest[max(n, 0):]
	}
	if err == nil {
		err = syscall.Fchmod(fd, file.Mode)
	}
	if closed := syscall.Close(fd); err == nil {
		err = closed
	}
	if err != nil {
		return failed(file.Path, err, hint)
	}
	return nil
}

func failed(path string, err error, hint string) error {
	return refusal.New(refusal.Run, "%s cannot be written", rootfs.Encode(path)).Because("%v", err).Advise("%s", hint)
}
