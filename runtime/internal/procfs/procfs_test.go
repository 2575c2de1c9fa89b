package procfs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sconectl/runtime/internal/refusal"
)

func TestTheKernelsProcIsRead(t *testing.T) {
	proc, err := Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	content, err := proc.Read("mountinfo", 16<<20)
	if err != nil || !strings.Contains(string(content), " /proc ") {
		t.Errorf("%v", err)
	}
	if _, err := proc.Read("mountinfo", 10); err == nil {
		t.Error("the limit did not hold")
	}
	if pid, err := proc.Status("Pid"); err != nil || pid != fmt.Sprint(os.Getpid()) {
		t.Errorf("%q, %v", pid, err)
	}
	if _, err := proc.Status("NoSuchField"); err == nil {
		t.Error("a missing line of status was taken")
	}
	fd, err := proc.Executable()
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	var opened, running syscall.Stat_t
	if err := syscall.Fstat(fd, &opened); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Stat("/proc/self/exe", &running); err != nil || opened.Ino != running.Ino {
		t.Errorf("another file, %v", err)
	}
	names, err := proc.Names("fd")
	if err != nil || len(names) < 3 {
		t.Errorf("%v, %v", names, err)
	}
}

func Test62AForgedProcIsRefused(t *testing.T) {
	forged := t.TempDir()
	if err := os.MkdirAll(filepath.Join(forged, "1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(forged, "1", "mountinfo"), []byte("1 0 0:1 / / rw - overlay overlay rw\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("1", filepath.Join(forged, "self")); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "proc")
	if err := os.Symlink("/proc", link); err != nil {
		t.Fatal(err)
	}
	for at, expected := range map[string]string{
		forged:          "is not procfs",
		link:            "cannot be opened",
		forged + "/not": "cannot be opened",
		"/proc/sys":     "cannot be read",
	} {
		_, err := Open(at)
		if err == nil || !strings.Contains(err.Error(), expected) || refusal.Of(err).Hint == "" {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// The binary runs itself in a mount namespace; every argument pair is what to bind where.
func TestMain(m *testing.M) {
	if os.Getenv("PROCFS_TEST_ROLE") == "" {
		os.Exit(m.Run())
	}
	for i := 1; i+1 < len(os.Args); i += 2 {
		if err := syscall.Mount(os.Args[i], strings.ReplaceAll(os.Args[i+1], "PID", fmt.Sprint(os.Getpid())), "", syscall.MS_BIND, ""); err != nil {
			fmt.Printf("mount: %v\n", err)
			os.Exit(0)
		}
	}
	proc, err := Open("/proc")
	if err == nil {
		_, err = proc.Read("mountinfo", 16<<20)
	}
	if err == nil {
		_, err = proc.ExecutablePath()
	}
	if err == nil {
		fmt.Println("accepted")
		os.Exit(0)
	}
	fmt.Printf("%v; %s\n", err, strings.Join(refusal.Of(err).Causes, "; "))
	os.Exit(0)
}

func Test62AMountOverAPartOfProcIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, for a mount namespace")
	}
	fake := filepath.Join(t.TempDir(), "mountinfo")
	if err := os.WriteFile(fake, []byte("1 0 0:1 / / rw - overlay overlay rw\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, c := range []struct{ what, from, to, expected string }{
		{"nothing", "", "", "accepted"},
		{"a file of the host over mountinfo", fake, "/proc/PID/mountinfo", "/proc/self/mountinfo is not procfs"},
		{"another file of procfs over mountinfo", "/proc/version", "/proc/PID/mountinfo", "something is mounted over /proc/self/mountinfo"},
		{"the folder of another process over ours", "/proc/1", "/proc/PID", "something is mounted over /proc/"},
		{"a folder of the host over ours", folder, "/proc/PID", "is not procfs"},
		{"a folder over /proc", folder, "/proc", "/proc is not procfs"},
		{"the folder of another process over /proc", "/proc/1", "/proc", "/proc/self cannot be read"},
	} {
		t.Run(c.what, func(t *testing.T) {
			var arguments []string
			if c.from != "" {
				arguments = []string{c.from, c.to}
			}
			command := exec.Command("/proc/self/exe", arguments...)
			command.Env = append(os.Environ(), "PROCFS_TEST_ROLE=1")
			command.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
			output, err := command.CombinedOutput()
			if err != nil || !strings.Contains(string(output), c.expected) {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}
