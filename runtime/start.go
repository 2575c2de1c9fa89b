package main

import (
	"os"
	"runtime"
	"slices"
	"time"

	"sconectl/runtime/internal/answer"
	"sconectl/runtime/internal/channel"
	"sconectl/runtime/internal/environ"
	"sconectl/runtime/internal/ground"
	"sconectl/runtime/internal/initdata"
	"sconectl/runtime/internal/inject"
	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/keyhash"
	"sconectl/runtime/internal/launch"
	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/rootfs"
	"sconectl/runtime/internal/tee"
)

// can is what this runtime does beyond fixed arguments and environment; the CAS refuses a session that needs more.
const can = `["files","argv-host","env-host"]`

// start returns only with a refusal.
func start() error {
	// Step 0: an environment without anything of the host's.
	proc, err := procfs.Open("/proc")
	if err != nil {
		return err
	}
	environment, err := environ.Take(proc, os.Args, append(slices.Clone(platformVariables), environ.InitData, environ.CasAddress, environ.Log, environ.Version))
	if err != nil {
		return err
	}
	verbose := slices.Contains([]string{"info", "debug", "trace"}, environment.Own(environ.Log))
	if environment.Own(environ.Version) == "1" {
		say("INFO", "runtime %s (%s), %s %s/%s", version, flavour, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	}

	// Steps 1 and 2: init data that the TEE carries.
	document, err := initdata.Find(initdata.Path, environment.Own(environ.InitData))
	if err != nil {
		return err
	}
	if document == nil {
		return initdata.Missing(help)
	}
	platform, err := platform(environment, proc)
	if err != nil {
		return err
	}
	if err := launch.LimitCores(); err != nil {
		return err
	}
	hash, err := tee.CarriesInitData(platform, document)
	if err != nil {
		return err
	}
	if banner != "" {
		say("WARN", "%s", banner)
	}
	data, err := initdata.Parse(document)
	if err != nil {
		return err
	}
	if err := data.Fits(platform.Name()); err != nil {
		return err
	}
	if err := sameMode(data.Keys); err != nil {
		return err
	}
	host, port, err := data.Address(environment.Own(environ.CasAddress))
	if err != nil {
		return err
	}

	// Steps 3 and 4: the ground and the root file system. Nothing goes on before all of it succeeded.
	list, err := verify(proc, data, verbose)
	if err != nil {
		return err
	}
	verified(platform, proc, list)

	// Steps 5 to 8: one connection, one request.
	if err := kernel.SetUndumpable(); err != nil {
		return refusal.New(refusal.Run, "the process cannot be made undumpable").Because("%v", err)
	}
	configuration, err := attest(platform, host, port, data, document, hash)
	if err != nil {
		return err
	}
	if verbose {
		say("INFO", "configured by session %s, ledger record %d", configuration.SessionHash, configuration.Index)
	}

	// Step 9: inject, harden, execute.
	argv, variables, err := configuration.Resolve(os.Args, environment)
	if err != nil {
		return err
	}
	if err := inject.Files(ground.Scone, configuration.Files); err != nil {
		return err
	}
	return launch.Execute(proc, launch.Program{Argv: argv, Environment: variables, Pwd: configuration.Pwd})
}

// sameMode refuses the key of a CAS of the other kind: this binary could not attest to it, whatever it says.
func sameMode(keys []keyhash.KeyHash) error {
	for _, key := range keys {
		if key.Version != casVersion {
			return refusal.New(refusal.Mode, "init data names a CAS of another mode than this image").
				Differs("key of the CAS", "one of a CAS for "+flavour, key.String()).
				Advise("build the image for the TEE of that CAS (--tee), or apply the mesh with a CAS for %s", flavour)
		}
	}
	return nil
}

// verify is steps 3 and 4. The list is read first, since it says which mounts are accepted; init data vouches for it.
func verify(proc *procfs.Proc, data *initdata.InitData, verbose bool) (*rootfs.List, error) {
	begun := time.Now()
	mounts, err := ground.Open(proc)
	if err != nil {
		return nil, err
	}
	list, err := rootfs.Load("", mounts.Root, data.Rootfs)
	if err != nil {
		return nil, err
	}
	if err := list.CheckUser(); err != nil {
		return nil, err
	}
	covers, err := mounts.Check(list.Mounts)
	if err != nil {
		return nil, err
	}
	result, err := list.Check(covers)
	if err != nil {
		return nil, err
	}
	if verbose {
		say("INFO", "ground verified: %d entries, %.1f MB in %d ms", result.Entries, float64(result.Bytes)/1e6, time.Since(begun).Milliseconds())
	}
	return list, nil
}

// attest is steps 5 to 8.
func attest(platform tee.Platform, host, port string, data *initdata.InitData, document []byte, hash [32]byte) (*answer.Answer, error) {
	connection, err := channel.Dial(host, port, data.Keys)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	claims := data.Claims(platform.Name(), version, can)
	evidence, err := platform.Evidence(connection.ReportData(hash, claims), data.Rootfs)
	if err != nil {
		return nil, err
	}
	body, err := connection.Attest(platform.Name(), evidence, document, claims)
	if err != nil {
		return nil, err
	}
	return answer.Parse(body)
}
