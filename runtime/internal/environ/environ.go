// Package environ is step 0 and half of step 1 of the protocol: nothing that the host put into the environment reaches
// the Go runtime of the process that works (GODEBUG downgrades TLS, GOTRACEBACK prints stacks; security-review.md H15).
//
// The process works only when its environment is exactly GOTRACEBACK=none and a subset of its own documented variables.
// Otherwise it executes itself with that; no marker says so, hence the host can forge none. The other variables, of
// which a session may name some (`host_env`), travel as data in a sealed memory file at descriptor 3. A host that puts
// one there itself states host values, which it could state as variables just as well.
package environ

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"syscall"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/refusal"
)

// The documented variables of every flavour.
const (
	// InitData is the init data document, base64.
	InitData = "SCONE_INITDATA"
	// CasAddress moves the address of the CAS, never its key: host or host:port.
	CasAddress = "SCONE_CAS_ADDR"
	// Log is how much the runtime says: error (default), warn, info, debug.
	Log = "SCONE_LOG"
	// Version, when 1, prints a line with the runtime's version.
	Version = "SCONE_VERSION"
)

// traceback must be in the environment at the start of a Go program: later the level can only be raised.
const traceback = "GOTRACEBACK=none"

// handed is the descriptor of the memory file, and magic what it begins with.
const (
	handed = 3
	magic  = "sconectl host environment v1\x00"
	// Linux allows arguments and environment of a few MiB at most.
	maxHanded = 16 << 20
)

// Environment is what the host stated.
type Environment struct {
	own  map[string]string
	host map[string]string
}

// Own is one of the runtime's documented variables; an empty value counts as absent.
func (e *Environment) Own(name string) string {
	return e.own[name]
}

// Host is a variable that the container was started with, for a session that names it.
func (e *Environment) Host(name string) (string, bool) {
	value, found := e.host[name]
	return value, found
}

// Take returns the environment, or executes this program again with a clean one and does not return. The variables
// documented for this flavour are own. Afterwards the process has no environment.
func Take(proc *procfs.Proc, arguments, own []string) (*Environment, error) {
	found := os.Environ()
	kept := keep(found, own)
	if !slices.Equal(sorted(found), kept) {
		return nil, again(proc, arguments, kept, found)
	}
	os.Clearenv()
	environment := &Environment{own: index(kept), host: map[string]string{}}
	if values, sealed := takeHanded(); sealed {
		environment.host = index(values)
	}
	return environment, nil
}

// keep is the clean environment for what was found, sorted.
func keep(found, own []string) []string {
	kept := []string{traceback}
	for _, variable := range found {
		name, _, assigned := strings.Cut(variable, "=")
		if assigned && slices.Contains(own, name) {
			kept = append(kept, variable)
		}
	}
	return sorted(kept)
}

func again(proc *procfs.Proc, arguments, kept, found []string) error {
	program, err := proc.ExecutablePath()
	if err != nil {
		return err
	}
	memory, err := kernel.Sealed("sconectl-environment", []byte(magic+strings.Join(found, "\x00")))
	if err == nil {
		err = kernel.Inherit(memory, handed)
	}
	if err == nil {
		err = syscall.Exec(program, arguments, kept)
	}
	return refusal.New(refusal.Run, "the runtime cannot execute itself with a clean environment").
		Because("%v", err).
		Advise("start the container with the engine's default seccomp profile, which allows memfd_create and execve, and without a limit on the size of files")
}

// takeHanded reads the memory file and closes it. Whatever else the host left at that descriptor is no business of ours.
func takeHanded() ([]string, bool) {
	if !kernel.IsSealed(handed) {
		return nil, false
	}
	defer syscall.Close(handed)
	content := make([]byte, 0, 4096)
	for chunk := make([]byte, 64<<10); len(content) <= maxHanded; {
		n, err := syscall.Pread(handed, chunk, int64(len(content)))
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, false
		}
		if n == 0 {
			values, found := bytes.CutPrefix(content, []byte(magic))
			return strings.Split(string(values), "\x00"), found
		}
		content = append(content, chunk[:n]...)
	}
	return nil, false
}

// index maps names to values; of two equal names the first counts, as for getenv(3).
func index(variables []string) map[string]string {
	values := make(map[string]string, len(variables))
	for _, variable := range variables {
		name, value, assigned := strings.Cut(variable, "=")
		if _, known := values[name]; assigned && name != "" && !known {
			values[name] = value
		}
	}
	return values
}

func sorted(variables []string) []string {
	return slices.Sorted(slices.Values(variables))
}
