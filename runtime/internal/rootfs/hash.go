package rootfs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"sconectl/runtime/internal/kernel"
)

// hash compares every regular file that the walk found, the largest first so that the workers end together. It returns
// how many bytes were read.
func (c *check) hash(workers int) int64 {
	slices.SortFunc(c.files, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Path, b.Path))
	})
	var next, size atomic.Int64
	var all sync.WaitGroup
	for range min(workers, len(c.files)) {
		all.Add(1)
		go func() {
			defer all.Done()
			h, buffer := sha256.New(), make([]byte, scratch)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(c.files) {
					return
				}
				size.Add(c.file(c.files[i], h, buffer))
			}
		}()
	}
	all.Wait()
	return size.Load()
}

// file compares one file through one descriptor: what statx tells and what is read belong together.
func (c *check) file(entry *Entry, h hash.Hash, buffer []byte) int64 {
	fd, err := kernel.Open(kernel.AtFdCwd, c.covers.Base+entry.Path, syscall.O_RDONLY)
	if err != nil {
		c.unreadable(entry.Path, err)
		return 0
	}
	defer syscall.Close(fd)
	stat, err := kernel.Stat(fd, "")
	if err != nil {
		c.unreadable(entry.Path, err)
		return 0
	}
	if !c.onRootMount(entry.Path, stat.MountID) {
		c.differences.add(entry.Path, "mount", "the one of its folder", "another")
		return 0
	}
	if stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		c.differences.add(entry.Path, "type", entry.describe(), describe(stat))
		return 0
	}
	c.metadata(entry, stat)
	if stat.Size != uint64(entry.Size) {
		c.differences.add(entry.Path, "size", strconv.FormatInt(entry.Size, 10)+" bytes", strconv.FormatUint(stat.Size, 10)+" bytes")
		return 0
	}
	h.Reset()
	var read int64
	for {
		n, err := kernel.Read(fd, buffer)
		if err != nil {
			c.unreadable(entry.Path, err)
			return read
		}
		h.Write(buffer[:n])
		read += int64(n)
		// The end, without asking for it once more where a short read has told it already.
		if n == 0 || read > entry.Size || (read == entry.Size && n < len(buffer)) {
			break
		}
	}
	if read != entry.Size {
		c.differences.add(entry.Path, "size", strconv.FormatInt(entry.Size, 10)+" bytes", "a file that changes")
		return read
	}
	if found := [sha256.Size]byte(h.Sum(nil)); found != entry.SHA256 {
		c.differences.add(entry.Path, "SHA-256", hex.EncodeToString(entry.SHA256[:]), hex.EncodeToString(found[:]))
	}
	return read
}

// onRootMount tells whether a mount id is the one that the walk was on at this path.
func (c *check) onRootMount(path string, mount uint64) bool {
	if mount == c.covers.Root {
		return true
	}
	for place, id := range c.covers.Places {
		if mount == id && len(path) > len(place) && path[:len(place)+1] == place+"/" {
			return true
		}
	}
	return false
}
