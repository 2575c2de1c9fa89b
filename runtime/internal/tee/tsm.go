package tee

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"syscall"
)

// tsm is configfs-tsm (Documentation/ABI/testing/configfs-tsm-report of Linux, from 6.7 on). Its entries are made by
// root of the guest alone.
type tsm struct {
	system system
}

const (
	tsmFolder   = "tsm/report"
	tsmAttempts = 3
	// The kernel's own limit was 32 KiB at first and is larger by now.
	maxBlob = 1 << 20
)

// The names under which providers write the format of their reports.
var tsmProviders = map[string]string{"sev_guest": "snp", "tdx_guest": "tdx"}

var errChanged = errors.New("its generation changes while a report is made: something else uses the same entry")

// ask returns evidence with reportData inside, and of which TEE it is. Each attempt has an entry of its own, whose name
// nobody knows: another user of the entry could have his own report data signed for ours.
func (t *tsm) ask(reportData [64]byte) (string, *Evidence, error) {
	err := errChanged
	for range tsmAttempts {
		var kind string
		var evidence *Evidence
		if kind, evidence, err = t.attempt(reportData); !errors.Is(err, errChanged) {
			return kind, evidence, err
		}
	}
	return "", nil, err
}

func (t *tsm) attempt(reportData [64]byte) (kind string, evidence *Evidence, err error) {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", nil, err
	}
	entry := tsmEntry{t.system, tsmFolder + "/sconectl-" + hex.EncodeToString(random[:])}
	if err := t.system.mkdir(configfs, entry.folder); err != nil {
		// ENXIO: the guest's kernel has the interface, and no TEE behind it.
		if err == syscall.ENXIO {
			err = errAbsent
		}
		return "", nil, err
	}
	defer func() {
		if removed := t.system.rmdir(configfs, entry.folder); err == nil {
			err = removed
		}
	}()
	kind, evidence, err = entry.report(reportData)
	if errors.Is(err, errAbsent) {
		// A part of the interface is absent, not the interface.
		err = errors.New(err.Error())
	}
	return kind, evidence, err
}

type tsmEntry struct {
	system system
	folder string
}

func (e tsmEntry) report(reportData [64]byte) (string, *Evidence, error) {
	provider, generation, err := e.state()
	if err != nil {
		return "", nil, err
	}
	kind, known := tsmProviders[provider]
	if !known {
		return "", nil, fmt.Errorf("its provider is %q, not sev_guest or tdx_guest", provider)
	}
	// Level 0 is what the CAS demands; a guest that may not ask for it runs below a paravisor (L5, L10).
	switch err := e.write("privlevel", []byte("0")); {
	case err == nil:
		generation++
	case !errors.Is(err, errAbsent):
		return "", nil, fmt.Errorf("privilege level 0 is not given: %w", err)
	}
	if err := e.write("inblob", reportData[:]); err != nil {
		return "", nil, err
	}
	// The kernel takes inblob when it is closed, and close cannot fail there: only the count tells that it was taken.
	generation++
	if err := e.unchanged(provider, generation); err != nil {
		return "", nil, err
	}
	quote, err := e.read("outblob")
	if err != nil {
		return "", nil, err
	}
	aux, err := e.read("auxblob")
	if err != nil && !errors.Is(err, errAbsent) {
		return "", nil, err
	}
	if err := e.unchanged(provider, generation); err != nil {
		return "", nil, err
	}
	evidence := &Evidence{Quote: quote}
	// What tdx_guest might give one day is none of the forms that a CAS knows.
	if len(aux) > 0 && kind == "snp" {
		evidence.Aux = aux
	}
	return kind, evidence, nil
}

func (e tsmEntry) unchanged(provider string, generation uint64) error {
	foundProvider, foundGeneration, err := e.state()
	if err == nil && (foundProvider != provider || foundGeneration != generation) {
		return errChanged
	}
	return err
}

// state is the provider and how often options of the entry were written.
func (e tsmEntry) state() (string, uint64, error) {
	provider, err := e.read("provider")
	if err != nil {
		return "", 0, err
	}
	text, err := e.read("generation")
	if err != nil {
		return "", 0, err
	}
	generation, err := strconv.ParseUint(string(bytes.TrimSuffix(text, []byte("\n"))), 10, 64)
	if err != nil {
		return "", 0, errors.New("its generation is no number")
	}
	return string(bytes.TrimSuffix(provider, []byte("\n"))), generation, nil
}

func (e tsmEntry) read(name string) ([]byte, error) {
	content, err := e.system.read(configfs, e.folder+"/"+name, maxBlob)
	// The kernel found the blob to be of an older generation.
	if err == syscall.EWOULDBLOCK {
		return nil, errChanged
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return content, nil
}

func (e tsmEntry) write(name string, content []byte) error {
	if err := e.system.write(configfs, e.folder+"/"+name, content); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (*tsm) String() string { return configfs.at(tsmFolder) }

func (*tsm) hint() string {
	return "run in the guest as root with configfs mounted, as VMPL 0; paravisors and whole nodes in a CVM are not supported"
}
