package tee

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"sconectl/runtime/internal/refusal"
)

// A fakeKernel answers like the interfaces of Linux and Gramine, as their documentation says. Nil functions are absent.
type fakeKernel struct {
	// reads and writes are files other than those of configfs.
	reads  map[string]func() ([]byte, error)
	writes map[string]func([]byte) error
	report func(device, number string, reportData [64]byte) ([]byte, error)

	// configfs-tsm: provider of reports, and what the guest has besides.
	provider string
	quote    func(reportData [64]byte) []byte
	aux      []byte
	mkdirErr error
	noLevel  bool
	levelErr error
	// loseInblob drops what is written there, as configfs does without an error. meddle runs between write and read.
	loseInblob bool
	meddle     func(*fakeEntry)
	stale      int
	entries    map[string]*fakeEntry
	made       []string
	outblobs   int
}

type fakeEntry struct {
	generation int
	inblob     [64]byte
	level      string
}

func (k *fakeKernel) split(name string) (*fakeEntry, string, error) {
	entry := k.entries[path.Dir(name)]
	if entry == nil {
		return nil, "", errAbsent
	}
	return entry, path.Base(name), nil
}

func (k *fakeKernel) read(at place, name string, limit int) ([]byte, error) {
	if at != configfs {
		if answer := k.reads[at.at(name)]; answer != nil {
			return answer()
		}
		return nil, errAbsent
	}
	entry, file, err := k.split(name)
	if err != nil {
		return nil, err
	}
	switch file {
	case "provider":
		return []byte(k.provider + "\n"), nil
	case "generation":
		return []byte(strconv.Itoa(entry.generation) + "\n"), nil
	case "outblob":
		k.outblobs++
		if k.meddle != nil {
			k.meddle(entry)
		}
		if k.stale > 0 {
			k.stale--
			return nil, syscall.EWOULDBLOCK
		}
		if quote := k.quote(entry.inblob); len(quote) <= limit {
			return quote, nil
		}
		return nil, syscall.EFBIG
	case "auxblob":
		if k.provider == "sev_guest" {
			return k.aux, nil
		}
	}
	return nil, errAbsent
}

func (k *fakeKernel) write(at place, name string, content []byte) error {
	if at != configfs {
		if take := k.writes[at.at(name)]; take != nil {
			return take(content)
		}
		return errAbsent
	}
	entry, file, err := k.split(name)
	if err != nil {
		return err
	}
	switch {
	case file == "privlevel" && !k.noLevel && k.provider == "sev_guest":
		if k.levelErr != nil {
			return k.levelErr
		}
		entry.level = string(content)
	case file == "inblob" && len(content) == 64:
		if k.loseInblob {
			return nil
		}
		entry.inblob = [64]byte(content)
	default:
		return errAbsent
	}
	entry.generation++
	return nil
}

func (k *fakeKernel) mkdir(at place, name string) error {
	if k.mkdirErr != nil {
		return k.mkdirErr
	}
	if at != configfs || k.provider == "" {
		return errAbsent
	}
	if k.entries[name] != nil {
		return syscall.EEXIST
	}
	if k.entries == nil {
		k.entries = map[string]*fakeEntry{}
	}
	k.entries[name] = &fakeEntry{}
	k.made = append(k.made, name)
	return nil
}

func (k *fakeKernel) rmdir(_ place, name string) error {
	if k.entries[name] == nil {
		return errAbsent
	}
	delete(k.entries, name)
	return nil
}

func (k *fakeKernel) tdReport(device, number string, reportData [64]byte) ([]byte, error) {
	if k.report == nil {
		return nil, errAbsent
	}
	return k.report(device, number, reportData)
}

// The structures below are written field after field, without the tables of the package.

func snpReport(reportData [64]byte, hostData []byte) []byte {
	report := make([]byte, 1184)
	binary.LittleEndian.PutUint32(report, 3)
	copy(report[80:], reportData[:])
	copy(report[192:224], hostData)
	return report
}

func tdxQuote(version uint16, reportData [64]byte, configID []byte) []byte {
	quote := binary.LittleEndian.AppendUint16(nil, version)
	quote = binary.LittleEndian.AppendUint16(quote, 2)
	quote = binary.LittleEndian.AppendUint32(quote, 0x81)
	quote = append(quote, make([]byte, 40)...)
	size := 584
	if version == 5 {
		size = 648
		quote = binary.LittleEndian.AppendUint16(quote, 3)
		quote = binary.LittleEndian.AppendUint32(quote, 648)
	}
	body := make([]byte, size)
	copy(body[184:232], configID)
	copy(body[520:584], reportData[:])
	return append(append(quote, body...), "signature data"...)
}

func tdReport(reportData [64]byte, configID []byte) []byte {
	report := make([]byte, 1024)
	report[0] = 0x81
	copy(report[128:192], reportData[:])
	copy(report[576:624], configID)
	return report
}

func sgxReport(reportData [64]byte) []byte {
	report := make([]byte, 432)
	report[48] = 5
	copy(report[320:384], reportData[:])
	return report
}

func sgxQuote(reportData [64]byte) []byte {
	header := make([]byte, 48)
	header[0], header[2] = 3, 2
	return append(append(header, sgxReport(reportData)[:384]...), "signature data"...)
}

// said is everything that a refusal says; the test fails without one.
func said(t *testing.T, err error) string {
	t.Helper()
	var problem *refusal.Refusal
	if !errors.As(err, &problem) {
		t.Fatalf("no refusal: %v", err)
	}
	if problem.Hint == "" {
		t.Errorf("no hint: %v", err)
	}
	return fmt.Sprintf("%s\n%s\n%s", problem.Error(), strings.Join(problem.Causes, "\n"), problem.Hint)
}

func refuses(t *testing.T, why string, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no refusal", why)
		return
	}
	text := said(t, err)
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s: %q is not in %q", why, word, text)
		}
	}
}
