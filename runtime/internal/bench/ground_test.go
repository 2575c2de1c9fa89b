//go:build sim

package bench

import (
	"crypto/sha256"
	"flag"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/rootfs"
)

type groundResult struct {
	Bytes int64 `json:"bytes"`
	// Seconds of each check of the whole folder, and of processor time of all of them.
	Seconds   []float64 `json:"seconds"`
	Processor float64   `json:"processor"`
}

// ground checks a flat folder of files several times, as the runtime does at a start.
func ground(args []string) (any, error) {
	flags := flag.NewFlagSet("ground", flag.ContinueOnError)
	base := flags.String("folder", "", "the folder that counts as /")
	runs := flags.Int("runs", 5, "checks")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	list, err := describe(*base)
	if err != nil {
		return nil, err
	}
	stat, err := kernel.Stat(kernel.AtFdCwd, *base)
	if err != nil {
		return nil, err
	}
	var result groundResult
	before := processor()
	for range *runs {
		begun := time.Now()
		found, err := list.Check(rootfs.Covers{Base: *base, Root: stat.MountID})
		if err != nil {
			return nil, err
		}
		result.Seconds = append(result.Seconds, time.Since(begun).Seconds())
		result.Bytes = found.Bytes
	}
	result.Processor = processor() - before
	return result, nil
}

// processor is the time, user and system, that this process has used.
func processor() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func describe(base string) (*rootfs.List, error) {
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	list := &rootfs.List{Entries: []rootfs.Entry{{Path: "/", Kind: rootfs.Dir, Mode: 0o755, UID: uid, GID: gid}}}
	entries, err := os.ReadDir(base)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(base, entry.Name()))
		if err != nil {
			return nil, err
		}
		list.Entries = append(list.Entries, rootfs.Entry{
			Path: "/" + entry.Name(), Kind: rootfs.File, Mode: 0o644, UID: uid, GID: gid,
			Size: int64(len(content)), SHA256: sha256.Sum256(content),
		})
	}
	return list, nil
}
