//go:build sim

package main

import (
	"syscall"

	"sconectl/runtime/internal/environ"
	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/keyhash"
	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/rootfs"
	"sconectl/runtime/internal/sim"
	"sconectl/runtime/internal/tee"
)

// The flavour of this binary: simulation.
const (
	flavour    = "sim"
	casVersion = keyhash.Simulation
	// help is what a start by hand needs besides init data; banner is printed at each start.
	help   = sim.Help
	banner = sim.Banner
)

// platformVariables are documented variables of this flavour alone.
var platformVariables = []string{sim.Variable}

// program is where the runtime lies in an image.
const program = "/opt/scone/runtime"

func platform(environment *environ.Environment, proc *procfs.Proc) (tee.Platform, error) {
	return sim.New(environment.Own(sim.Variable), proc)
}

// verified spares the simulated platform from hashing this program, where it is the image's own.
func verified(platform tee.Platform, proc *procfs.Proc, list *rootfs.List) {
	simulated, isSimulated := platform.(*sim.Platform)
	fd, err := proc.Executable()
	if err != nil || !isSimulated {
		return
	}
	defer syscall.Close(fd)
	running, err := kernel.Stat(fd, "")
	if err != nil {
		return
	}
	if digest, same := list.Digest(program, running); same {
		simulated.Verified(digest)
	}
}
