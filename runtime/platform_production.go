//go:build !sim

package main

import (
	"sconectl/runtime/internal/environ"
	"sconectl/runtime/internal/keyhash"
	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/refusal"
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

// platform finds the TEE. No path to one was built and tried yet, and there is no other that would do.
func platform(*environ.Environment, *procfs.Proc) (tee.Platform, error) {
	return nil, refusal.New(refusal.Tee, "no TEE found").
		Differs("TEE", "sgx, tdx or snp", "none that this version supports").
		Advise("build the image with --tee sim to try it without one; that is never confidential")
}
