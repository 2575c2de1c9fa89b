package rootfs

import (
	"sync"
	"syscall"

	"sconectl/runtime/internal/kernel"
)

// A folder to look into, on the mount that it must be on.
type folder struct {
	path  string
	mount uint64
}

// queue hands folders to the workers and ends when none is left and nobody works.
type queue struct {
	lock    sync.Mutex
	ready   *sync.Cond
	folders []folder
	busy    int
}

func (q *queue) push(f folder) {
	q.lock.Lock()
	q.folders = append(q.folders, f)
	q.lock.Unlock()
	q.ready.Signal()
}

// pop returns the next folder; the caller calls done for each.
func (q *queue) pop() (folder, bool) {
	q.lock.Lock()
	defer q.lock.Unlock()
	for len(q.folders) == 0 {
		if q.busy == 0 {
			return folder{}, false
		}
		q.ready.Wait()
	}
	last := len(q.folders) - 1
	next := q.folders[last]
	q.folders = q.folders[:last]
	q.busy++
	return next, true
}

func (q *queue) done() {
	q.lock.Lock()
	q.busy--
	idle := q.busy == 0 && len(q.folders) == 0
	q.lock.Unlock()
	if idle {
		q.ready.Broadcast()
	}
}

// walk visits every folder of the root file system and of the places, and compares everything but the content of
// regular files.
func (c *check) walk(workers int) {
	q := &queue{}
	q.ready = sync.NewCond(&q.lock)
	q.folders = []folder{{"/", c.covers.Root}}
	c.see("/")
	for path, mount := range c.covers.Places {
		q.folders = append(q.folders, folder{path, mount})
	}
	var all sync.WaitGroup
	for range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			buffer := make([]byte, 32<<10)
			for {
				next, more := q.pop()
				if !more {
					return
				}
				c.visit(next, q, buffer)
				q.done()
			}
		}()
	}
	all.Wait()
}

// visit compares one folder and its names.
func (c *check) visit(f folder, q *queue, buffer []byte) {
	fd, err := kernel.Open(kernel.AtFdCwd, c.covers.Base+f.path, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		c.unreadable(f.path, err)
		return
	}
	defer syscall.Close(fd)
	stat, err := kernel.Stat(fd, "")
	if err != nil {
		c.unreadable(f.path, err)
		return
	}
	if stat.MountID != f.mount {
		c.differences.add(f.path, "mount", "the one of its parent", "another")
		return
	}
	// The folder at which a place is mounted belongs to the mount, which was judged.
	if _, place := c.covers.Places[f.path]; !place {
		if i, listed := c.index[f.path]; listed && c.entries[i].Kind == Dir {
			c.metadata(&c.entries[i], stat)
		}
	}
	prefix := f.path + "/"
	if f.path == "/" {
		prefix = "/"
	}
	err = kernel.Each(fd, buffer, func(name kernel.Name) { c.name(fd, f.mount, prefix+name.Name, name, q) })
	if err != nil {
		c.unreadable(f.path, err)
	}
}

// name compares one name of a folder that is open as fd.
func (c *check) name(fd int, mount uint64, path string, name kernel.Name, q *queue) {
	entry := c.see(path)
	if _, place := c.covers.Places[path]; place || c.covers.Closed[path] || path == Path {
		return
	}
	if entry == nil {
		c.unlisted(fd, path, name)
		return
	}
	if name.Type == kernel.TypeRegular && entry.Kind == File {
		c.lock.Lock()
		c.files = append(c.files, entry)
		c.lock.Unlock()
		return
	}
	if name.Type == kernel.TypeDir && entry.Kind == Dir {
		q.push(folder{path, mount})
		return
	}
	stat, err := kernel.Stat(fd, name.Name)
	if err != nil {
		c.unreadable(path, err)
		return
	}
	if stat.MountID != mount {
		c.differences.add(path, "mount", "the one of its parent", "another")
		return
	}
	switch format := stat.Mode & syscall.S_IFMT; {
	case entry.Kind == File && format == syscall.S_IFREG:
		// The folder gave no type; go on as above.
		c.lock.Lock()
		c.files = append(c.files, entry)
		c.lock.Unlock()
	case entry.Kind == Dir && format == syscall.S_IFDIR:
		q.push(folder{path, mount})
	case entry.Kind == Symlink && format == syscall.S_IFLNK:
		c.symlink(fd, name.Name, entry, stat)
	case entry.Kind == MountPoint && (format == syscall.S_IFDIR || format == syscall.S_IFREG):
		c.mountPoint(entry, stat)
	default:
		c.differences.add(path, "type", entry.describe(), describe(stat))
	}
}

func (c *check) unlisted(fd int, path string, name kernel.Name) {
	found := "something"
	if stat, err := kernel.Stat(fd, name.Name); err == nil {
		found = describe(stat)
	}
	c.differences.add(path, "it is not in the image", "nothing", found)
}

func (c *check) symlink(fd int, name string, entry *Entry, stat *kernel.Statx) {
	target, err := kernel.Readlink(fd, name)
	if err != nil {
		c.unreadable(entry.Path, err)
		return
	}
	if target != entry.Target {
		c.differences.add(entry.Path, "target", Encode(entry.Target), Encode(target))
	}
	c.metadata(entry, stat)
}

// mountPoint demands an empty place of root's that nobody else can write: the image made it, or an engine did.
func (c *check) mountPoint(entry *Entry, stat *kernel.Statx) {
	if found := uint32(stat.Mode) & 0o7777; found&^0o755 != 0 {
		c.differences.add(entry.Path, "mode", "at most 0755", mode(found))
	}
	if stat.UID != entry.UID || stat.GID != entry.GID {
		c.differences.add(entry.Path, "owner", user(entry.UID, entry.GID), user(stat.UID, stat.GID))
	}
	c.xattrs(entry)
	if stat.Mode&syscall.S_IFMT == syscall.S_IFREG {
		if stat.Size != 0 {
			c.differences.add(entry.Path, "content", "nothing", describe(stat))
		}
		return
	}
	fd, err := kernel.Open(kernel.AtFdCwd, c.covers.Base+entry.Path, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		c.unreadable(entry.Path, err)
		return
	}
	defer syscall.Close(fd)
	names, err := kernel.List(fd, make([]byte, 4096))
	if err != nil {
		c.unreadable(entry.Path, err)
		return
	}
	for _, name := range names {
		if path := entry.Path + "/" + name.Name; !c.covers.Closed[path] {
			c.unlisted(fd, path, name)
		}
	}
}
