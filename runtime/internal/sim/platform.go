//go:build sim

// Package sim is the simulated platform: a TEE that protects nothing, so that everything else can be tried without
// hardware. Its keys are public. It exists only in binaries built with the tag sim (security-review.md C6).
package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"syscall"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/lp"
	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/tee"
)

// Variable states the simulated CONFIGID, 128 hex digits, as a hypervisor would set the real one: apart from init data.
const Variable = "SCONE_SIM_PLATFORM"

// Help is what a start by hand needs besides init data.
const Help = " SCONE_SIM_PLATFORM=$(cat target/initdata/<service>.configid)"

// Banner is printed at each start.
const Banner = "NOT CONFIDENTIAL (simulation): this start protects nothing, its platform keys are public"

const configIDLength = 64

// Platform is the simulated TEE.
type Platform struct {
	configID [configIDLength]byte
	// program is the SHA-256 of the running binary, computed when it is needed and not known by then.
	program func() ([]byte, error)
}

var _ tee.Platform = (*Platform)(nil)

// New makes the platform from the value of SCONE_SIM_PLATFORM.
func New(variable string, proc *procfs.Proc) (*Platform, error) {
	platform := new(Platform)
	decoded, err := hex.DecodeString(variable)
	if err != nil || len(decoded) != configIDLength || strings.ToLower(variable) != variable {
		return nil, refusal.New(refusal.Tee, "the variable %s is no simulated platform: expected 128 digits of lower-case hex, found %d characters", Variable, len(variable)).
			Advise("start it with `sconectl run` or its chart, or set%s", Help)
	}
	platform.configID = [configIDLength]byte(decoded)
	platform.program = sync.OnceValues(func() ([]byte, error) { return programHash(proc) })
	return platform, nil
}

// Verified tells the digest of the running binary to a platform that would compute it again: the check of the root file
// system has just read that file.
func (p *Platform) Verified(program [sha256.Size]byte) {
	p.program = func() ([]byte, error) { return program[:], nil }
}

// Name is the word in claims and evidence.
func (*Platform) Name() string { return "sim" }

// InitDataField is CONFIGID.
func (p *Platform) InitDataField() ([]byte, error) {
	return p.configID[:], nil
}

// Evidence is a DCAP quote under the simulation root.
func (p *Platform) Evidence(reportData [64]byte, rootfs [sha256.Size]byte) (*tee.Evidence, error) {
	program, err := p.program()
	if err != nil {
		return nil, err
	}
	quote, err := makeQuote(report{
		mrEnclave:  measurement(program, rootfs[:]),
		configID:   p.configID[:],
		reportData: reportData[:],
	})
	if err != nil {
		return nil, err
	}
	return &tee.Evidence{Quote: quote}, nil
}

// measurement is the simulated MRENCLAVE (architecture.md, Words; src/measurement/sim.ts).
func measurement(program, rootfs []byte) []byte {
	return lp.Sum(sha256.New(), "sconectl sim enclave v1", program, rootfs)
}

func programHash(proc *procfs.Proc) ([]byte, error) {
	fd, err := proc.Executable()
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	h, buffer := sha256.New(), make([]byte, 256<<10)
	for {
		n, err := kernel.Read(fd, buffer)
		if err != nil {
			return nil, refusal.New(refusal.Run, "the runtime cannot read its own program file").Because("%v", err).
				Advise("make /opt/scone/runtime readable for the program's user")
		}
		if n == 0 {
			return h.Sum(nil), nil
		}
		h.Write(buffer[:n])
	}
}
