//go:build !sim

package main

import (
	"sconectl/runtime/internal/environ"
	"sconectl/runtime/internal/keyhash"
	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/rootfs"
	"sconectl/runtime/internal/tee"
)

// The flavour of this binary: TEEs of vendors.
const (
	flavour    = "production"
	casVersion = keyhash.Production
	help       = ""
	banner     = ""
)

// platformVariables are documented variables of this flavour alone.
var platformVariables []string

// platform finds the TEE; the build tag sgx says which kind is looked for.
func platform(environment *environ.Environment, _ *procfs.Proc) (tee.Platform, error) {
	return tee.Find(environment.Own(environ.InitData))
}

// verified is for the simulation: a TEE has measured what it has to.
func verified(tee.Platform, *procfs.Proc, *rootfs.List) {}
