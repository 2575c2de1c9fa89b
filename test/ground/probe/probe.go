// The probe is the program of test images: it prints, as JSON, what it was started with.
package main

import (
	"encoding/json"
	"os"
	"strings"
)

func main() {
	found := map[string]any{"args": os.Args, "env": os.Environ()}
	found["cwd"], _ = os.Getwd()
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		switch name {
		case "NoNewPrivs", "Umask", "Uid", "Groups", "SigBlk", "SigIgn", "CapInh", "CapPrm", "CapEff", "CapAmb":
			found[name] = strings.Join(strings.Fields(value), " ")
		}
	}
	personality, _ := os.ReadFile("/proc/self/personality")
	found["personality"] = strings.TrimSpace(string(personality))
	limits, _ := os.ReadFile("/proc/self/limits")
	for line := range strings.Lines(string(limits)) {
		if rest, is := strings.CutPrefix(line, "Max core file size"); is {
			found["core"] = strings.Join(strings.Fields(rest)[:2], " ")
		}
	}
	var descriptors []string
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		target, err := os.Readlink("/proc/self/fd/" + entry.Name())
		// Descriptors of this program's own: its event queue, the cgroup limits that Go watches, the listing itself.
		own := strings.HasPrefix(target, "anon_inode:") || strings.HasPrefix(target, "/sys/fs/cgroup/") || strings.HasSuffix(target, "/fd")
		if err == nil && !own {
			descriptors = append(descriptors, entry.Name())
		}
	}
	found["descriptors"] = descriptors
	files := map[string]string{}
	for _, path := range os.Args[1:] {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		info, _ := os.Stat(path)
		files[path] = info.Mode().String() + " " + string(content)
	}
	found["files"] = files
	text, _ := json.Marshal(found)
	_, _ = os.Stdout.Write(append(text, '\n'))
	os.Exit(7)
}
