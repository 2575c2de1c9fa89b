// Package rootfs reads rootfs.json, the list of every entry of an image's root file system, and compares the root file
// system with it (protocol.md step 4; conventions.md, rootfs.json).
package rootfs

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"sconectl/runtime/internal/strictjson"
)

// Path is where the list lies in an image.
const Path = "/opt/scone/rootfs.json"

// Kind is the type of an entry.
type Kind byte

// The kinds of entries. A MountPoint is an empty directory or file that an engine may mount over.
const (
	Dir Kind = iota + 1
	File
	Symlink
	MountPoint
)

var kinds = map[string]Kind{"dir": Dir, "file": File, "symlink": Symlink, "mountpoint": MountPoint}

// Entry is one entry. Path and Target are raw bytes.
type Entry struct {
	Path     string
	Kind     Kind
	Mode     uint32
	UID, GID uint32
	Size     int64
	SHA256   [sha256.Size]byte
	Target   string
	Xattrs   map[string]string
	Optional bool
}

// Mount is one accepted mount. src/image/ground.ts says what each field means.
type Mount struct {
	// Path is raw bytes, with AnyNumber for one decimal number.
	Path                                     string
	Types                                    []string
	Kind                                     string
	ReadOnly, Empty, Below, Required, Places bool
}

// AnyNumber stands for one decimal number in the path of a Mount: a byte that no path can hold.
const AnyNumber = "\x00"

// List is the whole of rootfs.json.
type List struct {
	UID, GID uint32
	Mounts   []Mount
	Entries  []Entry
}

// Parse reads the list. The digest of its bytes must have been compared before.
func Parse(document []byte) (*List, error) {
	list := new(List)
	err := strictjson.Parse(document, "list of the root file system", func(r *strictjson.Reader) error {
		return r.Object(func(name string) (err error) {
			switch name {
			case "v":
				_, err = r.Integer(1, 1)
			case "user":
				err = list.readUser(r)
			case "mounts":
				err = r.Array(func() error { return list.readMount(r) })
			case "entries":
				err = r.Array(func() error { return list.readEntry(r) })
			default:
				err = r.Unknown(name)
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if len(list.Entries) == 0 || list.Entries[0].Path != "/" || list.Entries[0].Kind != Dir {
		return nil, fmt.Errorf("the list of the root file system does not begin with /")
	}
	return list, nil
}

func (l *List) readUser(r *strictjson.Reader) error {
	return r.Object(func(name string) (err error) {
		switch name {
		case "uid":
			l.UID, err = r.Uint32()
		case "gid":
			l.GID, err = r.Uint32()
		default:
			err = r.Unknown(name)
		}
		return err
	})
}

func (l *List) readMount(r *strictjson.Reader) error {
	var mount Mount
	err := r.Object(func(name string) (err error) {
		switch name {
		case "path":
			mount.Path, err = readPattern(r)
		case "fs":
			err = r.Array(func() error {
				kind, err := r.String()
				mount.Types = append(mount.Types, kind)
				return err
			})
		case "kind":
			mount.Kind, err = r.String()
			if err == nil && mount.Kind != "dir" && mount.Kind != "file" && mount.Kind != "null" {
				err = fmt.Errorf("a mount has the unknown kind %q", mount.Kind)
			}
		case "ro":
			mount.ReadOnly, err = r.True()
		case "empty":
			mount.Empty, err = r.True()
		case "below":
			mount.Below, err = r.True()
		case "required":
			mount.Required, err = r.True()
		case "only":
			var only string
			if only, err = r.String(); err == nil && only != "mountpoints" {
				err = fmt.Errorf("a mount is restricted to the unknown %q", only)
			}
			mount.Places = true
		default:
			err = r.Unknown(name)
		}
		return err
	})
	if err == nil && (mount.Path == "" || len(mount.Types) == 0 || mount.Kind == "") {
		err = fmt.Errorf("a mount lacks path, fs or kind")
	}
	l.Mounts = append(l.Mounts, mount)
	return err
}

// Fields of an entry, as bits: which were given, and which each kind needs.
const (
	hasPath = 1 << iota
	hasType
	hasMode
	hasUID
	hasGID
	hasSize
	hasDigest
	hasTarget

	hasAlways = hasPath | hasType | hasMode | hasUID | hasGID
)

var needed = map[Kind]int{
	Dir:        hasAlways,
	MountPoint: hasAlways,
	File:       hasAlways | hasSize | hasDigest,
	Symlink:    hasAlways | hasTarget,
}

func (l *List) readEntry(r *strictjson.Reader) error {
	var entry Entry
	given := 0
	err := r.Object(func(name string) (err error) {
		switch name {
		case "path":
			given |= hasPath
			entry.Path, err = readPath(r)
		case "type":
			given |= hasType
			var kind string
			kind, err = r.String()
			entry.Kind = kinds[kind]
		case "mode":
			given |= hasMode
			entry.Mode, err = readMode(r)
		case "uid":
			given |= hasUID
			entry.UID, err = r.Uint32()
		case "gid":
			given |= hasGID
			entry.GID, err = r.Uint32()
		case "size":
			given |= hasSize
			entry.Size, err = r.Integer(0, math.MaxInt64)
		case "sha256":
			given |= hasDigest
			err = readDigest(r, &entry.SHA256)
		case "target":
			given |= hasTarget
			entry.Target, err = readTarget(r)
		case "xattrs":
			entry.Xattrs, err = readXattrs(r)
		case "optional":
			entry.Optional, err = r.True()
		default:
			err = r.Unknown(name)
		}
		return err
	})
	if err != nil {
		return err
	}
	if need, known := needed[entry.Kind]; !known || given&need != need || (entry.Kind == MountPoint && entry.Size != 0) {
		return fmt.Errorf("the entry %q has an unknown type, or lacks a field of its type", Encode(entry.Path))
	}
	if n := len(l.Entries); n > 0 && l.Entries[n-1].Path >= entry.Path {
		return fmt.Errorf("the entry %q is not in its place: entries are sorted by path", Encode(entry.Path))
	}
	l.Entries = append(l.Entries, entry)
	return nil
}

func readMode(r *strictjson.Reader) (uint32, error) {
	text, err := r.String()
	if err != nil {
		return 0, err
	}
	var mode uint32
	for _, c := range []byte(text) {
		if c < '0' || c > '7' {
			return 0, fmt.Errorf("%q is no mode", text)
		}
		mode = mode<<3 | uint32(c-'0')
	}
	if len(text) != 4 {
		return 0, fmt.Errorf("%q is no mode", text)
	}
	return mode, nil
}

func readDigest(r *strictjson.Reader, digest *[sha256.Size]byte) error {
	text, err := r.String()
	if err != nil {
		return err
	}
	if n, err := hex.Decode(digest[:], []byte(text[:min(len(text), 2*sha256.Size)])); err != nil || 2*n != len(text) || n != sha256.Size || strings.ToLower(text) != text {
		return fmt.Errorf("%q is no SHA-256", text)
	}
	return nil
}

func readXattrs(r *strictjson.Reader) (map[string]string, error) {
	xattrs := map[string]string{}
	return xattrs, r.Object(func(name string) error {
		text, err := r.String()
		if err != nil {
			return err
		}
		value, err := base64.StdEncoding.DecodeString(text)
		xattrs[name] = string(value)
		return err
	})
}

func readPath(r *strictjson.Reader) (string, error) {
	text, err := r.String()
	if err != nil {
		return "", err
	}
	path, err := Decode(text)
	if err == nil && !isAbsolute(path) {
		err = fmt.Errorf("%q is no absolute path", text)
	}
	return path, err
}

// readPattern reads the path of a mount, in which * stands for one decimal number.
func readPattern(r *strictjson.Reader) (string, error) {
	text, err := r.String()
	if err != nil {
		return "", err
	}
	parts := strings.Split(text, "*")
	for i := range parts {
		if parts[i], err = Decode(parts[i]); err != nil {
			return "", err
		}
	}
	path := strings.Join(parts, AnyNumber)
	if !isAbsolute(path) {
		err = fmt.Errorf("%q is no absolute path", text)
	}
	return path, err
}

func isAbsolute(path string) bool {
	if path == "/" {
		return true
	}
	for i, part := range strings.Split(path, "/") {
		if (part == "") != (i == 0) || part == "." || part == ".." {
			return false
		}
	}
	return path != ""
}

func readTarget(r *strictjson.Reader) (string, error) {
	text, err := r.String()
	if err != nil {
		return "", err
	}
	return Decode(text)
}

const plainBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~/-"

var isPlain = func() (table [256]bool) {
	for _, c := range []byte(plainBytes) {
		table[c] = true
	}
	return table
}()

const upperHex = "0123456789ABCDEF"

// Encode writes raw path bytes as rootfs.json does: bytes outside [A-Za-z0-9._~/-] as %XX, upper case.
func Encode(raw string) string {
	var text strings.Builder
	for _, c := range []byte(raw) {
		if isPlain[c] {
			text.WriteByte(c)
		} else {
			text.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return text.String()
}

// Decode is the inverse of Encode and takes nothing that Encode would not write.
func Decode(text string) (string, error) {
	plain := true
	for i := 0; i < len(text) && plain; i++ {
		plain = isPlain[text[i]]
	}
	if plain {
		return text, nil
	}
	raw := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if isPlain[c] {
			raw = append(raw, c)
			continue
		}
		if c != '%' || i+2 >= len(text) {
			return "", fmt.Errorf("%q is no percent-encoded path", text)
		}
		high, low := strings.IndexByte(upperHex, text[i+1]), strings.IndexByte(upperHex, text[i+2])
		if high < 0 || low < 0 || isPlain[byte(high<<4|low)] || (high == 0 && low == 0) {
			return "", fmt.Errorf("%q is no percent-encoded path", text)
		}
		raw = append(raw, byte(high<<4|low))
		i += 2
	}
	return string(raw), nil
}
