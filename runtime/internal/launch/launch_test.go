package launch

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/refusal"
)

// The roles of the binary: with LAUNCH_TEST it hardens itself and executes a program; with the argument "program" it is
// that program and prints what it finds.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "program":
		os.Exit(program())
	case os.Getenv("LAUNCH_TEST") != "":
		os.Exit(launchRole())
	}
	os.Exit(m.Run())
}

// state is what the program finds.
type state struct {
	Args, Env, Fds []string
	Cwd            string
	Status         map[string]string
	Core           string
}

func program() int {
	var s state
	s.Args, s.Env = os.Args, os.Environ()
	s.Cwd, _ = os.Getwd()
	s.Status = map[string]string{}
	content, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(content)) {
		if name, value, found := strings.Cut(line, ":"); found {
			s.Status[name] = strings.TrimSpace(value)
		}
	}
	limits, _ := os.ReadFile("/proc/self/limits")
	for line := range strings.Lines(string(limits)) {
		if rest, found := strings.CutPrefix(line, "Max core file size"); found {
			s.Core = strings.Join(strings.Fields(rest)[:2], " ")
		}
	}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		target, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err == nil && !strings.HasPrefix(target, "anon_inode:") && !strings.HasSuffix(target, "/fd") {
			s.Fds = append(s.Fds, entry.Name())
		}
	}
	text, _ := json.Marshal(s)
	fmt.Println(string(text))
	return 0
}

func launchRole() int {
	runtime.LockOSThread()
	signal.Ignore(syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGPIPE, syscall.SIGUSR1)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM)
	syscall.Umask(0o077)
	// A descriptor of the host's that would survive execve.
	if _, err := syscall.Dup(1); err != nil {
		return 1
	}
	proc, err := procfs.Open("/proc")
	if err != nil {
		refusal.Of(err).Write(os.Stdout)
		return 1
	}
	var p Program
	if err := json.Unmarshal([]byte(os.Getenv("LAUNCH_TEST")), &p); err != nil {
		return 1
	}
	refusal.Of(Execute(proc, p)).Write(os.Stdout)
	return refusal.ExitCode
}

// run launches a program, behind another one where given.
func run(t *testing.T, p Program, before string) (string, error) {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("/bin/sh", "-c", "exec "+before+` "$0"`, self)
	command.Env = []string{"LAUNCH_TEST=" + string(text), "LD_PRELOAD_OF_HOST=x", "PYTHONPATH=/x"}
	output, err := command.Output()
	return string(output), err
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func Test73TheProgramStartsHardened(t *testing.T) {
	folder := t.TempDir()
	if err := os.Symlink(self(t), filepath.Join(folder, "python3")); err != nil {
		t.Fatal(err)
	}
	output, err := run(t, Program{
		Argv:        []string{"python3", "program", "print_env.py", ""},
		Environment: []string{"API_USER=u\n", "PATH=relative:/nowhere:" + folder, "LANG=C"},
		Pwd:         folder,
	}, "")
	if err != nil {
		t.Fatal(err, output)
	}
	var found state
	if err := json.Unmarshal([]byte(output), &found); err != nil {
		t.Fatal(err, output)
	}
	if !slices.Equal(found.Args, []string{"python3", "program", "print_env.py", ""}) {
		t.Errorf("arguments %q", found.Args)
	}
	if !slices.Equal(found.Env, []string{"API_USER=u\n", "PATH=relative:/nowhere:" + folder, "LANG=C"}) {
		t.Errorf("environment %q", found.Env)
	}
	if found.Cwd != folder {
		t.Errorf("working directory %q", found.Cwd)
	}
	if found.Core != "1 1" || found.Status["NoNewPrivs"] != "1" || found.Status["Umask"] != "0022" {
		t.Errorf("core %q, no_new_privs %q, umask %q", found.Core, found.Status["NoNewPrivs"], found.Status["Umask"])
	}
	if !slices.Equal(found.Fds, []string{"0", "1", "2"}) {
		t.Errorf("descriptors %q", found.Fds)
	}
	if found.Status["SigBlk"] != "0000000000000000" || found.Status["SigIgn"] != "0000000000000000" {
		t.Errorf("blocked %q, ignored %q", found.Status["SigBlk"], found.Status["SigIgn"])
	}
}

func Test73WhatIsNotInForceIsARefusal(t *testing.T) {
	p := Program{Argv: []string{"/proc/self/exe", "program"}, Pwd: "/"}
	if os.Getuid() != 0 {
		t.Skip("needs root, to take a capability away")
	}
	// Without CAP_SYS_RESOURCE a hard limit of 0 cannot be raised to 1.
	output, err := run(t, p, `prlimit --core=0:0 setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource`)
	if err == nil || !strings.Contains(output, "core limit: expected 1 1, found 0 0") || !strings.Contains(output, "Hint: ") {
		t.Errorf("%v: %s", err, output)
	}
}

func Test49TheCommandIsFoundByTheProgramsOwnPath(t *testing.T) {
	folder := t.TempDir()
	script := filepath.Join(folder, "script")
	for path, mode := range map[string]os.FileMode{script: 0o755, filepath.Join(folder, "plain"): 0o644} {
		if err := os.WriteFile(path, []byte("echo no interpreter\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := []string{"PATH=" + folder}
	for why, c := range map[string]struct {
		program  Program
		expected string
	}{
		"no PATH":              {Program{Argv: []string{"script"}, Pwd: "/"}, `file of the command: expected one in PATH, found none in ""`},
		"not there":            {Program{Argv: []string{"python3"}, Environment: path, Pwd: "/"}, "there is no program \"python3\""},
		"only below pwd":       {Program{Argv: []string{"script"}, Environment: []string{"PATH=:."}, Pwd: folder}, "there is no program"},
		"not executable":       {Program{Argv: []string{"plain"}, Environment: path, Pwd: "/"}, "there is no program"},
		"a folder":             {Program{Argv: []string{"folder"}, Environment: path, Pwd: "/"}, "there is no program"},
		"no interpreter":       {Program{Argv: []string{"script"}, Environment: path, Pwd: "/"}, "exec format error"},
		"a path that is not":   {Program{Argv: []string{"./not"}, Environment: path, Pwd: folder}, "no such file"},
		"a working directory":  {Program{Argv: []string{"script"}, Environment: path, Pwd: script}, "the working directory"},
		"an empty command":     {Program{Argv: []string{""}, Environment: path, Pwd: "/"}, "there is no program"},
		"a relative path to a": {Program{Argv: []string{"./script"}, Environment: path, Pwd: folder}, "exec format error"},
	} {
		output, err := run(t, c.program, "")
		if err == nil || !strings.Contains(output, c.expected) || !strings.Contains(output, "[sconectl|FATAL] E_COMMAND: ") || !strings.Contains(output, "Hint: ") {
			t.Errorf("%s: %v\n%s", why, err, output)
		}
	}
}

func Test73SignalsAreThoseOfAFreshProcess(t *testing.T) {
	// cat sets no signal itself, unlike a Go program.
	output, err := run(t, Program{Argv: []string{"cat", "/proc/self/status"}, Environment: []string{"PATH=/usr/bin:/bin"}, Pwd: "/"}, "env --ignore-signal=HUP --block-signal=TERM")
	if err != nil {
		t.Fatal(err, output)
	}
	for _, field := range []string{"SigBlk", "SigIgn", "SigCgt"} {
		if !strings.Contains(output, field+":\t0000000000000000\n") {
			t.Errorf("%s is set:\n%s", field, output)
		}
	}
}
