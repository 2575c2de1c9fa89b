//go:build sim

package main

import (
	"sconectl/runtime/internal/environ"
	"sconectl/runtime/internal/keyhash"
	"sconectl/runtime/internal/procfs"
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

func platform(environment *environ.Environment, proc *procfs.Proc) (tee.Platform, error) {
	return sim.New(environment.Own(sim.Variable), proc)
}
