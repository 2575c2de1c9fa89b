// The runtime is the entry point of every image: it verifies the ground it stands on and the image's files, asks the CAS
// that init data names for the program's configuration, and executes the program. The steps are those of protocol.md,
// "Service start".
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"sconectl/runtime/internal/refusal"
)

// version is the one of package.json; a test compares them.
const version = "0.1.0"

// init runs on the main thread, and main stays there until execve: no_new_privs belongs to a thread.
func init() {
	runtime.LockOSThread()
}

func main() {
	defer refuseOnPanic()
	debug.SetTraceback("none")
	signal.Ignore(syscall.SIGQUIT, syscall.SIGABRT)
	syscall.Umask(0o077)
	err := start()
	refusal.Of(err).Write(os.Stderr)
	os.Exit(refusal.ExitCode)
}

// refuseOnPanic keeps a panic's value, which could hold a secret, out of the log.
func refuseOnPanic() {
	if recover() != nil {
		refusal.New(refusal.Internal, "the runtime has a bug and stopped").
			Advise("report it, with the version (SCONE_VERSION=1) and how the container was started").
			Write(os.Stderr)
		os.Exit(refusal.ExitCode)
	}
}

func say(level, format string, values ...any) {
	fmt.Fprintf(os.Stderr, "[sconectl|%s] %s\n", level, refusal.Plain(fmt.Sprintf(format, values...)))
}
