package tee

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"sconectl/runtime/internal/refusal"
)

// An asker is an interface of a confidential guest: whom to ask for evidence.
type asker interface {
	fmt.Stringer
	// ask returns the TEE's name and evidence with reportData inside; errAbsent when there is no such interface.
	ask(reportData [64]byte) (string, *Evidence, error)
	// hint is what to change when it cannot be used.
	hint() string
}

// guest is a confidential virtual machine: tdx or snp.
type guest struct {
	kind   string
	from   asker
	system system
	// carried is what the local report said; evidence must say the same.
	carried []byte
}

var _ Platform = (*guest)(nil)

// findGuest finds the one interface of this guest. With two there would be a choice, and whoever offers the second could
// make it.
func findGuest(system system, askers ...asker) (Platform, error) {
	var looked, there []string
	var found *guest
	var unusable error
	for _, from := range askers {
		kind, _, err := from.ask(nonce())
		if errors.Is(err, errAbsent) {
			looked = append(looked, fmt.Sprintf("%s: %v", from, err))
			continue
		}
		there = append(there, from.String())
		if err != nil {
			unusable = failed(from, from.String(), err)
			continue
		}
		found = &guest{kind: kind, from: from, system: system}
	}
	switch {
	case len(there) > 1:
		problem := refusal.New(refusal.Tee, "%d interfaces to a TEE found", len(there)).
			Differs("interfaces", "exactly one", fmt.Sprint(len(there)))
		for _, name := range there {
			problem.Because("%s is there", name)
		}
		return nil, problem.Advise("mount configfs into the container only where no attestation agent answers")
	case unusable != nil:
		return nil, unusable
	case found == nil:
		problem := refusal.New(refusal.Tee, "no TEE found").Differs("TEE", "a TDX or SNP guest", "none")
		problem.Causes = append(problem.Causes, looked...)
		return nil, problem.Advise("build the image with --tee sim to try it without one; that is never confidential")
	}
	return found, nil
}

func (g *guest) Name() string { return g.kind }

// InitDataField is HOST_DATA or MRCONFIGID, from what this very guest's TEE said to its kernel.
//
// An SNP report comes from the firmware over a channel that the host cannot read or write, so it is taken as it is. A TDX
// quote is no local report: the kernel gets it from a service of the host, which could hand out one of another guest, or
// no genuine one. There only a TDREPORT will do.
func (g *guest) InitDataField() ([]byte, error) {
	var err error
	if g.kind == "tdx" {
		g.carried, err = localConfigID(g.system)
		return g.carried, err
	}
	report := nonce()
	_, stated, err := g.evidence(report)
	if err != nil {
		return nil, err
	}
	g.carried = bytes.Clone(stated.carried)
	return g.carried, nil
}

// Evidence is refused here already where the CAS would refuse it: when it is not of this guest, or not for this request.
func (g *guest) Evidence(reportData [64]byte, _ [sha256.Size]byte) (*Evidence, error) {
	evidence, stated, err := g.evidence(reportData)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(stated.carried, g.carried) {
		return nil, refusal.New(refusal.Tee, "the evidence is not of this guest").
			Differs("init data hash in the evidence", hex.EncodeToString(g.carried), hex.EncodeToString(stated.carried)).
			Advise("%s", g.from.hint())
	}
	return evidence, nil
}

func (g *guest) evidence(reportData [64]byte) (*Evidence, *statement, error) {
	kind, evidence, err := g.from.ask(reportData)
	if err != nil {
		return nil, nil, failed(g.from, g.from.String(), err)
	}
	read := readSnpReport
	if kind == "tdx" {
		read = readTdxQuote
	}
	stated, err := read(evidence.Quote)
	if err == nil && kind != g.kind {
		err = fmt.Errorf("the TEE was %s before and is %s now", g.kind, kind)
	}
	if err == nil {
		err = stated.holds(reportData)
	}
	if err != nil {
		return nil, nil, failed(g.from, g.from.String(), err)
	}
	return evidence, stated, nil
}

// Where Linux shows a TD's own registers (6.16 and later), and the device that gives a TDREPORT (6.2 and later).
const (
	tdxFolder   = "devices/virtual/misc/tdx_guest"
	tdxConfigID = tdxFolder + "/measurements/mrconfigid"
	tdxDevice   = "/dev/tdx_guest"
)

// localConfigID is MRCONFIGID as the TDX module tells it to this guest's kernel.
func localConfigID(system system) ([]byte, error) {
	value, err := system.read(sysfs, tdxConfigID, tdReportSize)
	if err == nil {
		if len(value) != tdMrConfigID.length {
			return nil, noLocalReport(sysfs.at(tdxConfigID), fmt.Errorf("it has %d bytes instead of %d", len(value), tdMrConfigID.length))
		}
		return value, nil
	}
	if !errors.Is(err, errAbsent) {
		return nil, noLocalReport(sysfs.at(tdxConfigID), err)
	}
	number, err := system.read(sysfs, tdxFolder+"/dev", 64)
	if err != nil {
		return nil, noLocalReport(sysfs.at(tdxFolder+"/dev"), err)
	}
	expected := nonce()
	report, err := system.tdReport(tdxDevice, string(bytes.TrimSuffix(number, []byte("\n"))), expected)
	if err != nil {
		return nil, noLocalReport(tdxDevice, err)
	}
	stated, err := readTdReport(report)
	if err == nil {
		err = stated.holds(expected)
	}
	if err != nil {
		return nil, noLocalReport(tdxDevice, err)
	}
	return stated.carried, nil
}

func noLocalReport(where string, err error) error {
	return refusal.New(refusal.Tee, "this TDX guest gives no local report").
		Because("%s: %v", where, err).
		Because("a quote will not do: the guest gets it from a service of the host").
		Advise("use a guest with Linux 6.16 or later, which shows %s, or give the container the device %s", sysfs.at(tdxConfigID), tdxDevice)
}

// holds refuses what was made for another request.
func (s *statement) holds(reportData [64]byte) error {
	if !bytes.Equal(s.reportData, reportData[:]) {
		return errors.New("it has other report data than was asked for")
	}
	return nil
}

// nonce is report data for a report that only this process looks at.
func nonce() (random [64]byte) {
	// It never fails: since Go 1.24 the program ends instead.
	_, _ = rand.Read(random[:])
	return random
}

// failed is the refusal for an interface that is there and gives no report that can be used.
func failed(from interface{ hint() string }, name string, err error) error {
	return refusal.New(refusal.Tee, "the TEE gives no report").Because("%s: %v", name, err).Advise("%s", from.hint())
}
