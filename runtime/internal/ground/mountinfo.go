// Package ground checks what surrounds the image at its start: every mount must be on the closed list of rootfs.json,
// and /run/scone must be an empty tmpfs of its own (protocol.md step 3; security-review.md C5). Mounts are told apart
// by mount id, since bind mounts can share the device number of the root.
package ground

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A mount is one line of /proc/self/mountinfo (proc_pid_mountinfo(5)). root, path, fs type and source are raw bytes.
type mount struct {
	id uint64
	// device is major:minor, the same for all mounts of one file system.
	device       string
	root, path   string
	readOnly     bool
	kind, source string
}

// parseMountinfo takes the whole file and nothing but the form that the kernel writes.
func parseMountinfo(content []byte) ([]mount, error) {
	text, ended := strings.CutSuffix(string(content), "\n")
	if !ended {
		return nil, fmt.Errorf("mountinfo does not end with a line")
	}
	var mounts []mount
	known := map[uint64]bool{}
	for _, line := range strings.Split(text, "\n") {
		mount, err := parseMount(line)
		if err != nil {
			return nil, fmt.Errorf("the line %q of mountinfo: %w", line, err)
		}
		if known[mount.id] {
			return nil, fmt.Errorf("the line %q of mountinfo: its id stands twice", line)
		}
		known[mount.id] = true
		mounts = append(mounts, mount)
	}
	return mounts, nil
}

func parseMount(line string) (mount, error) {
	fields := strings.Split(line, " ")
	separator := slices.Index(fields, "-")
	if separator < 6 || len(fields) != separator+4 {
		return mount{}, fmt.Errorf("it has the wrong number of fields")
	}
	id, err := strconv.ParseUint(fields[0], 10, 32)
	if err != nil || strconv.FormatUint(id, 10) != fields[0] {
		return mount{}, fmt.Errorf("it has no mount id")
	}
	if _, err := strconv.ParseUint(fields[1], 10, 32); err != nil {
		return mount{}, fmt.Errorf("it has no parent id")
	}
	parsed := mount{id: id, device: fields[2]}
	for _, part := range []struct {
		to   *string
		text string
	}{
		{&parsed.root, fields[3]},
		{&parsed.path, fields[4]},
		{&parsed.kind, fields[separator+1]},
		{&parsed.source, fields[separator+2]},
	} {
		if *part.to, err = unescape(part.text); err != nil {
			return mount{}, err
		}
	}
	// The root of a mount in another namespace can be relative ("/../x"), a mount point cannot.
	if !strings.HasPrefix(parsed.root, "/") && !strings.Contains(parsed.root, ":[") || !strings.HasPrefix(parsed.path, "/") || parsed.kind == "" {
		return mount{}, fmt.Errorf("a path is not absolute, or the type is missing")
	}
	// The kernel writes ro or rw first: of the mount, and of the file system behind it. Either makes it read-only.
	for _, options := range []string{fields[5], fields[separator+3]} {
		first, _, _ := strings.Cut(options, ",")
		switch first {
		case "ro":
			parsed.readOnly = true
		case "rw":
		default:
			return mount{}, fmt.Errorf("its options begin neither with ro nor with rw")
		}
	}
	return parsed, nil
}

// unescape undoes the kernel's \ooo for blanks, newlines, backslashes and such.
func unescape(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	raw := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			raw = append(raw, text[i])
			continue
		}
		if i+3 >= len(text) {
			return "", fmt.Errorf("an escape is cut")
		}
		value, err := strconv.ParseUint(text[i+1:i+4], 8, 8)
		if err != nil {
			return "", fmt.Errorf("an escape is not octal")
		}
		raw = append(raw, byte(value))
		i += 3
	}
	return string(raw), nil
}
