package ground

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/rootfs"
)

func TestOneNumberStandsForTheStar(t *testing.T) {
	pattern := "/sys/cpu" + rootfs.AnyNumber + "/x"
	for at, fits := range map[string]bool{
		"/sys/cpu0/x": true, "/sys/cpu127/x": true, "/sys/cpu/x": false, "/sys/cpu1a/x": false, "/sys/cpu1/y": false,
		"/sys/cpu1/x/y": false, "/sys/cpu-1/x": false, "/sys/cpu1/1/x": false,
	} {
		if matches(pattern, at) != fits {
			t.Errorf("%s: %t", at, !fits)
		}
	}
	if !matches("/proc", "/proc") || matches("/proc", "/proc/x") || matches("/proc", "/pro") {
		t.Error("plain paths are compared wrongly")
	}
}

// judged says whether a mount fits the list, without looking at what lies there.
func judged(t *testing.T, line string, accepted ...rootfs.Mount) (reasons []reason) {
	t.Helper()
	all, err := parseMountinfo([]byte(line + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	// A second mount above keeps the judge from looking at this machine's files.
	above := all[0]
	above.id++
	_, reasons = (&Mounts{all: append(all, above)}).judge(all[0], accepted)
	return reasons
}

func Test62MountsAreJudgedByTypeAccessAndPlace(t *testing.T) {
	list := []rootfs.Mount{
		{Path: "/proc", Types: []string{"proc"}, Kind: "dir"},
		{Path: "/proc/sys", Types: []string{"proc"}, Kind: "dir", ReadOnly: true},
		{Path: "/proc/asound", Types: []string{"proc"}, Kind: "dir", ReadOnly: true},
		{Path: "/proc/asound", Types: []string{"tmpfs"}, Kind: "dir", ReadOnly: true},
		{Path: "/sys", Types: []string{"sysfs"}, Kind: "dir", ReadOnly: true},
		{Path: "/sys/fs/cgroup", Types: []string{"cgroup2", "cgroup"}, Kind: "dir", Below: true},
		{Path: "/etc/hosts", Types: []string{"*"}, Kind: "file"},
	}
	for line, expected := range map[string]string{
		"1 0 0:1 / /proc rw - proc proc rw":                         "",
		"1 0 0:1 / /proc rw - tmpfs tmpfs rw":                       "file system proc",
		"1 0 0:1 /1 /proc rw - proc proc rw":                        "that place of proc itself",
		"1 0 0:1 /sys /proc/sys ro - proc proc rw":                  "",
		"1 0 0:1 /sys /proc/sys rw - proc proc rw":                  "read-only",
		"1 0 0:1 /1/root /proc/sys ro - proc proc rw":               "that place of proc itself",
		"1 0 0:1 /asound /proc/asound ro - proc proc rw":            "",
		"1 0 0:1 / /proc/asound ro - tmpfs tmpfs ro":                "",
		"1 0 0:1 / /proc/asound ro - ext4 /dev/x ro":                "file system proc",
		"1 0 0:1 / /sys ro - sysfs sysfs rw":                        "",
		"1 0 0:1 / /sys rw - sysfs sysfs rw":                        "read-only",
		"1 0 0:1 /devices /sys ro - sysfs sysfs rw":                 "that place of sysfs itself",
		"1 0 0:1 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw":   "",
		"1 0 0:1 /x /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu":   "",
		"1 0 0:1 / /sys/fs/cgroup/cpu ro - tmpfs tmpfs rw":          "file system cgroup2 or cgroup",
		"1 0 0:1 / /sys/fs/cgroupx ro - cgroup cgroup rw":           "no mount here",
		"1 0 8:1 /x /etc/hosts rw - ext4 /dev/sda1 rw":              "",
		"1 0 8:1 /x /etc/passwd rw - ext4 /dev/sda1 rw":             "no mount here",
		"1 0 8:1 /x /python rw - ext4 /dev/sda1 rw":                 "no mount here",
		"1 0 8:1 /x /etc/hosts/x rw - ext4 /dev/sda1 rw":            "no mount here",
		"1 0 0:1 / /proc/self/mountinfo rw - tmpfs tmpfs rw":        "no mount here",
		"1 0 0:1 /1 /proc/1 rw - proc proc rw":                      "no mount here",
		`1 0 0:1 / /etc/hosts\040 rw - tmpfs tmpfs rw`:              "no mount here",
		"1 0 0:1 / /etc/hosts//deleted rw - tmpfs tmpfs rw":         "no mount here",
		"1 0 0:1 / /sys/fs/cgroup/../../../etc rw - cgroup none rw": "no mount here",
	} {
		got := ""
		if reasons := judged(t, line, list...); reasons != nil {
			got = reasons[0].expected
		}
		if got != expected {
			t.Errorf("%s: %q, want %q", line, got, expected)
		}
	}
}

func Test62EachUnacceptedMountIsNamedWithAHint(t *testing.T) {
	for path, word := range map[string]string{
		"/etc/passwd": "--user", "/run/scone/files": "tmpfs", "/var/run/secrets/kubernetes.io/serviceaccount": "automountServiceAccountToken",
		"/tmp": "--tmpfs /tmp", "/proc/kcore": "privileged", "/sbin/docker-init": "without --init", "/python": "remove the mount",
	} {
		if hint := hintFor(mount{path: path}); !strings.Contains(hint, word) {
			t.Errorf("%s: %q", path, hint)
		}
	}
}

// The tests below need mounts of their own: the binary runs itself in a mount namespace, in the first argument's role.
func TestMain(m *testing.M) {
	if role := os.Getenv("GROUND_TEST_ROLE"); role != "" {
		os.Exit(roles[role]())
	}
	os.Exit(m.Run())
}

var roles = map[string]func() int{
	"leftovers": leftoversRole,
	"covers":    coversRole,
}

// apart runs a role in a mount namespace and returns what it printed.
func apart(t *testing.T, role string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, for a mount namespace")
	}
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), "GROUND_TEST_ROLE="+role, "GROUND_TEST_FOLDER="+t.TempDir())
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS}
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return string(output)
}

func say(text string) { _, _ = os.Stdout.WriteString(text + "\n") }

func must(err error) {
	if err != nil {
		say("FAILED " + err.Error())
		os.Exit(1)
	}
}

func openMounts() *Mounts {
	proc, err := procfs.Open("/proc")
	must(err)
	mounts, err := Open(proc)
	must(err)
	return mounts
}

// leftoversRole plays /run/scone with a tmpfs below the folder.
func leftoversRole() int {
	scone := os.Getenv("GROUND_TEST_FOLDER") + "/scone"
	must(os.Mkdir(scone, 0o755))
	files := filepath.Join(scone, Injected)
	injected := filepath.Join(files, "0123456789abcdef")
	fill := func() {
		must(os.Mkdir(files, 0o700))
		must(os.WriteFile(injected, []byte("secret"), 0o400))
	}
	report := func(name string) {
		openMounts().clearLeftovers(scone)
		names, err := list(scone)
		must(err)
		say(name + ": " + strings.Join(names, " "))
		must(os.RemoveAll(files))
	}
	fill()
	report("no tmpfs")
	must(syscall.Mount("tmpfs", scone, "tmpfs", 0, ""))
	report("empty")
	fill()
	report("ours")
	fill()
	must(os.Chmod(files, 0o755))
	report("another mode")
	fill()
	must(os.Chown(injected, 1, 1))
	report("another owner")
	fill()
	must(os.WriteFile(files+"/notes", nil, 0o400))
	report("another name")
	fill()
	must(os.Remove(injected))
	must(os.Symlink("/etc/passwd", injected))
	report("a link")
	fill()
	must(os.Mkdir(files+"/fedcba9876543210", 0o700))
	report("a folder")
	must(os.Symlink("/tmp", files))
	report("a link as folder")
	return 0
}

func TestOnlyOurOwnLeftoversAreRemoved62(t *testing.T) {
	expected := "no tmpfs: files\nempty: \nours: \nanother mode: files\nanother owner: files\nanother name: files\na link: files\na folder: files\na link as folder: files\n"
	if got := apart(t, "leftovers"); got != expected {
		t.Errorf("got\n%s", got)
	}
}

// coversRole asks about mounts that lie above each other and about devices.
func coversRole() int {
	folder := os.Getenv("GROUND_TEST_FOLDER")
	inner := folder + "/inner"
	must(os.Mkdir(inner, 0o755))
	must(syscall.Mount("tmpfs", inner, "tmpfs", 0, ""))
	hidden := func() string {
		mounts := openMounts()
		rules := []rootfs.Mount{{Path: inner, Types: []string{"tmpfs"}, Kind: "dir", Empty: true}}
		top, _ := mounts.top(inner)
		if _, reasons := mounts.judge(top, rules); reasons != nil {
			return reasons[0].expected + ", " + reasons[0].found
		}
		return "accepted"
	}
	say("visible: " + hidden())
	must(os.WriteFile(inner+"/x", nil, 0o600))
	say("filled: " + hidden())
	must(syscall.Mount("tmpfs", folder, "tmpfs", 0, ""))
	must(os.Mkdir(inner, 0o755))
	say("covered: " + hidden())

	must(os.WriteFile(folder+"/zeros", make([]byte, 64), 0o644))
	say("devices: " + text(checkDevices()))
	must(syscall.Mount(folder+"/zeros", "/dev/urandom", "", syscall.MS_BIND, ""))
	say("urandom: " + text(checkDevices()))
	return 0
}

func text(err error) string {
	if err == nil {
		return "accepted"
	}
	return strings.Join(append([]string{err.Error()}, refusal.Of(err).Causes...), "; ")
}

func Test62CoveredMountsAndFilesInPlaceOfDevicesAreRefused(t *testing.T) {
	expected := `visible: accepted
filled: an empty folder, it holds x
covered: a mount that can be seen, another mount above it
devices: accepted
urandom: E_GROUND: /dev/urandom is not the device of that name; /dev/urandom: expected character device 1:9, found a file
`
	if got := apart(t, "covers"); got != expected {
		t.Errorf("got\n%s", got)
	}
}
