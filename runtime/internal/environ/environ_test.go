package environ

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/procfs"
)

// Called with the first argument "helper", the binary takes its environment as the runtime does and prints what it has.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != "helper" {
		os.Exit(m.Run())
	}
	proc, err := procfs.Open("/proc")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	environment, err := Take(proc, os.Args, []string{InitData, Log})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if len(os.Args) > 2 && os.Args[2] == "PANIC" {
		var nothing *Environment
		fmt.Println(nothing.own)
	}
	initial, err := proc.Read("environ", 1<<20)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("initial %q\nleft %q\nown %q %q\narguments %q\n", initial, os.Environ(), environment.Own(InitData), environment.Own(Log), os.Args)
	for _, name := range os.Args[2:] {
		value, found := environment.Host(name)
		fmt.Printf("host %s %q %t\n", name, value, found)
	}
	if kernel.IsSealed(handed) {
		fmt.Println("the memory file is still open")
	}
	os.Exit(0)
}

func take(t *testing.T, environment []string, names ...string) string {
	t.Helper()
	command := exec.Command("/proc/self/exe", append([]string{"helper"}, names...)...)
	command.Args[0] = "/opt/scone/runtime"
	command.Env = environment
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return string(output)
}

func Test73NothingOfTheHostsEnvironmentReachesTheRuntime(t *testing.T) {
	got := take(t, []string{"GODEBUG=tlsmlkem=0,inittrace=1", "GOTRACEBACK=crash", "GOGC=1", "LD_PRELOAD=/x.so", "PYTHONPATH=/x", "SSL_CERT_FILE=/x",
		"HTTPS_PROXY=http://x", "SCONE_LOG=debug", "SCONE_INITDATA=abc=", "SCONE_SIM_PLATFORM=00", "SCONE_LOGS=x", "scone_log=x", "PATH=/bin", "odd"},
		"PATH", "GODEBUG", "EMPTY", "SCONE_LOG")
	expected := `initial "GOTRACEBACK=none\x00SCONE_INITDATA=abc=\x00SCONE_LOG=debug\x00"
left []
own "abc=" "debug"
arguments ["/opt/scone/runtime" "helper" "PATH" "GODEBUG" "EMPTY" "SCONE_LOG"]
host PATH "/bin" true
host GODEBUG "tlsmlkem=0,inittrace=1" true
host EMPTY "" false
host SCONE_LOG "debug" true
`
	// The first process prints its inittrace; only what the second prints counts.
	if _, printed, _ := strings.Cut(got, "initial "); "initial "+printed != expected {
		t.Errorf("got\n%s", got)
	}
}

func Test73NoVariableSaysThatTheEnvironmentIsClean(t *testing.T) {
	for _, environment := range [][]string{{"GOTRACEBACK=none", "SCONE_LOG=info", "X=1"}, {"GOTRACEBACK=none", "GODEBUG="}, {"GOTRACEBACK=all"}, {}} {
		got := take(t, environment)
		if !strings.Contains(got, `initial "GOTRACEBACK=none\x00`) || strings.Contains(got, "X=1\\x00\"") || strings.Contains(got, "GODEBUG") {
			t.Errorf("%q: got\n%s", environment, got)
		}
	}
}

func Test73ACrashPrintsNoStack(t *testing.T) {
	command := exec.Command("/proc/self/exe", "helper", "PANIC")
	command.Env = []string{"GOTRACEBACK=system"}
	output, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "nil pointer") || strings.Contains(string(output), "goroutine") || strings.Contains(string(output), ".go:") {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestACleanEnvironmentIsTakenAtOnce(t *testing.T) {
	got := take(t, []string{"GOTRACEBACK=none", "SCONE_LOG=info"}, "PATH")
	if !strings.Contains(got, `own "" "info"`) || !strings.Contains(got, `host PATH "" false`) {
		t.Errorf("got\n%s", got)
	}
}

func TestHostValuesKeepTheirBytes(t *testing.T) {
	value := "a=b\n$$SCONE::x$$ @@1 \xff"
	got := take(t, []string{"ODD=" + value, "EMPTY="}, "ODD", "EMPTY")
	if !strings.Contains(got, fmt.Sprintf("host ODD %q true\nhost EMPTY \"\" true\n", value)) {
		t.Errorf("got\n%s", got)
	}
}

func TestAForeignDescriptorThreeIsNotTaken(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	defer read.Close()
	sealed, err := kernel.Sealed("test", []byte("something else"))
	if err != nil {
		t.Fatal(err)
	}
	foreign := os.NewFile(uintptr(sealed), "sealed")
	defer foreign.Close()
	for _, file := range []*os.File{read, foreign} {
		command := exec.Command("/proc/self/exe", "helper", "PATH")
		command.Env = []string{"GOTRACEBACK=none"}
		command.ExtraFiles = []*os.File{file}
		output, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(output), `host PATH "" false`) {
			t.Errorf("%v\n%s", err, output)
		}
	}
}

func TestTheFirstOfTwoEqualNamesCounts(t *testing.T) {
	values := index([]string{"A=1", "A=2", "=x", "odd", "B="})
	if len(values) != 2 || values["A"] != "1" || values["B"] != "" {
		t.Errorf("got %q", values)
	}
}

func TestOnlyDocumentedVariablesAreKept(t *testing.T) {
	got := keep([]string{"SCONE_LOG=b", "A=1", "SCONE_LOG", "=x", "SCONE_INITDATA=a"}, []string{InitData, Log})
	if !slices.Equal(got, []string{"GOTRACEBACK=none", "SCONE_INITDATA=a", "SCONE_LOG=b"}) {
		t.Errorf("got %q", got)
	}
}
