// Package launch turns the process into the program: it hardens the process, reads every setting back, and executes
// (protocol.md step 9; security-review.md H15). Whatever is not in force is a refusal.
package launch

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"syscall"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/refusal"
)

// coreLimit stops core dumps into files, which are never that small, and into pipes, for which only the value 1 counts.
const coreLimit = 1

// umask of the program.
const umask = 0o022

// Program is what to execute. Argv[0] stays as written; environment is name=value.
type Program struct {
	Argv, Environment []string
	Pwd               string
}

// Execute does not return when it succeeds. The caller must be locked to the main thread of the process: no_new_privs
// and the signal mask belong to a thread, and execve keeps those of the one that calls it.
func Execute(proc *procfs.Proc, program Program) error {
	if err := enter(program.Pwd); err != nil {
		return err
	}
	file, err := resolve(program)
	if err != nil {
		return err
	}
	if err := harden(proc); err != nil {
		return err
	}
	err = syscall.Exec(file, program.Argv, program.Environment)
	return refusal.New(refusal.Command, "%q cannot be executed", file).Because("%v", err).
		Advise("name a program of the image in build.command that its user may execute; a script needs a first line with its interpreter")
}

// enter makes a folder the working directory. A seccomp profile that only pretends would leave the host's in force.
func enter(pwd string) error {
	folder, err := syscall.Open(pwd, kernel.OPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	var expected, found *kernel.Statx
	if err == nil {
		defer syscall.Close(folder)
		expected, err = kernel.Stat(folder, "")
	}
	if err == nil {
		err = syscall.Chdir(pwd)
	}
	if err == nil {
		found, err = kernel.Stat(kernel.AtFdCwd, ".")
	}
	if err != nil {
		return refusal.New(refusal.Command, "the working directory %q cannot be entered", pwd).Because("%v", err).
			Advise("set build.pwd to a folder of the image, build again and apply the mesh")
	}
	if found.MountID != expected.MountID || found.Ino != expected.Ino {
		return notInForce("working directory", strconv.Quote(pwd), "another folder", nil)
	}
	return nil
}

// resolve finds the file of argv[0] as execvp(3) does, by the program's own PATH and below its working directory.
// Elements of PATH that are not absolute would depend on that directory and are passed over.
func resolve(program Program) (string, error) {
	name := program.Argv[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	search := ""
	for _, variable := range program.Environment {
		if value, found := strings.CutPrefix(variable, "PATH="); found {
			search = value
		}
	}
	for folder := range strings.SplitSeq(search, ":") {
		if !path.IsAbs(folder) {
			continue
		}
		var stat syscall.Stat_t
		file := path.Join(folder, name)
		if syscall.Stat(file, &stat) == nil && stat.Mode&syscall.S_IFMT == syscall.S_IFREG && stat.Mode&0o111 != 0 {
			return file, nil
		}
	}
	return "", refusal.New(refusal.Command, "there is no program %q", name).
		Differs("file of the command", "one in PATH", "none in "+strconv.Quote(search)).
		Advise("name a program of the image in build.command, or set PATH in the environment of the session")
}

func harden(proc *procfs.Proc) error {
	if err := forbidCores(proc); err != nil {
		return err
	}
	if err := forbidPrivileges(proc); err != nil {
		return err
	}
	if err := dropCapabilities(proc); err != nil {
		return err
	}
	if err := resetPersonality(); err != nil {
		return err
	}
	if err := setUmask(proc); err != nil {
		return err
	}
	if err := closeDescriptors(proc); err != nil {
		return err
	}
	return resetSignals(proc)
}

func forbidCores(proc *procfs.Proc) error {
	if err := LimitCores(); err != nil {
		return err
	}
	// A third witness that is no system call of the kind that a seccomp profile answers in the kernel's place.
	limits, err := proc.Read("limits", 1<<16)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(limits)) {
		if rest, found := strings.CutPrefix(line, "Max core file size"); found {
			if fields := strings.Fields(rest); len(fields) == 3 && fields[0] == "1" && fields[1] == "1" {
				return nil
			}
			return notInForce("core limit", "1 1", strings.TrimSpace(rest), nil)
		}
	}
	return notInForce("core limit", "1 1", "no such line in /proc/self/limits", nil)
}

// LimitCores sets the limit on core dumps and reads it back; it holds for the runtime itself too.
func LimitCores() error {
	failure := kernel.SetCoreLimit(coreLimit)
	soft, hard, err := kernel.CoreLimit()
	if err == nil {
		err = failure
	}
	if err != nil || soft != coreLimit || hard != coreLimit {
		return notInForce("core limit", "1 1", strconv.FormatUint(soft, 10)+" "+strconv.FormatUint(hard, 10), err).
			Advise("let the container engine leave the hard limit on core dumps at 1 or above (--ulimit core=1): a limit of 0 does not stop dumps into a pipe")
	}
	return nil
}

func forbidPrivileges(proc *procfs.Proc) error {
	failure := kernel.SetNoNewPrivileges()
	set, err := kernel.NoNewPrivileges()
	if err == nil {
		err = failure
	}
	status, readErr := proc.Status("NoNewPrivs")
	if readErr != nil {
		return readErr
	}
	if err != nil || !set || status != "1" {
		return notInForce("no_new_privs", "1", fmt.Sprintf("%s in /proc/self/status and %t by prctl", status, set), err)
	}
	return nil
}

// dropCapabilities takes away what the container was started with: what a program may do follows from its user alone.
func dropCapabilities(proc *procfs.Proc) error {
	failure := kernel.DropCapabilities()
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapAmb"} {
		status, err := proc.Status(set)
		if err != nil {
			return err
		}
		if strings.Trim(status, "0") != "" {
			return notInForce("the empty set "+set, "0", status, failure)
		}
	}
	return nil
}

// resetPersonality takes back what whoever started the container may have set, and execve would hand on: addresses that
// are not random, data that can be executed. Another value in between finds a seccomp profile that answers in the
// kernel's place, since it would give the same answer to both questions.
func resetPersonality() error {
	for _, wanted := range []uint32{kernel.PersonalityUname26, kernel.PersonalityLinux} {
		failure := kernel.SetPersonality(wanted)
		found, err := kernel.Personality()
		if err == nil {
			err = failure
		}
		if err != nil || found != wanted {
			return notInForce("personality", strconv.FormatUint(uint64(wanted), 16), strconv.FormatUint(uint64(found), 16), err)
		}
	}
	return nil
}

func setUmask(proc *procfs.Proc) error {
	syscall.Umask(umask)
	status, err := proc.Status("Umask")
	if err != nil {
		return err
	}
	if status != "0022" {
		return notInForce("umask", "0022", status, nil)
	}
	return nil
}

// closeDescriptors leaves the program nothing but the standard streams.
func closeDescriptors(proc *procfs.Proc) error {
	failure := kernel.CloseOnExec(3)
	names, err := proc.Names("fd")
	if err != nil {
		return err
	}
	for _, name := range names {
		fd, err := strconv.Atoi(name)
		if err != nil || fd < 3 {
			continue
		}
		closes, err := kernel.ClosesOnExec(fd)
		// The descriptor of the listing itself is gone by now.
		if err == syscall.EBADF || closes {
			continue
		}
		return notInForce("descriptors", "0, 1, 2", name, failure)
	}
	return nil
}

// resetSignals undoes what the host or the Go runtime set. Nothing of the Go runtime may wait for a signal afterwards.
func resetSignals(proc *procfs.Proc) error {
	var failure error
	for signal := 1; signal <= kernel.HighestSignal; signal++ {
		if signal == int(syscall.SIGKILL) || signal == int(syscall.SIGSTOP) {
			continue
		}
		if err := kernel.DefaultSignal(signal); err != nil {
			failure = err
		}
	}
	if err := kernel.UnblockSignals(); err != nil {
		failure = err
	}
	for _, field := range []string{"SigBlk", "SigIgn", "SigCgt"} {
		status, err := proc.Status(field)
		if err != nil {
			return err
		}
		if strings.Trim(status, "0") != "" {
			return notInForce(field, "0", status, failure)
		}
	}
	return nil
}

func notInForce(what, expected, found string, err error) *refusal.Refusal {
	problem := refusal.New(refusal.Run, "the process cannot be hardened: %s is not in force", what).
		Differs(what, expected, found)
	if err != nil {
		problem.Because("%v", err)
	}
	return problem.Advise("start the container with the engine's default seccomp profile")
}
