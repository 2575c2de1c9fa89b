package tee

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
)

var (
	document = []byte("document")
	hash     = sha256.Sum256(document)
)

func mrConfigID() []byte { return append(slices.Clone(hash[:]), make([]byte, 16)...) }

func snpKernel() *fakeKernel {
	return &fakeKernel{
		provider: "sev_guest",
		quote:    func(reportData [64]byte) []byte { return snpReport(reportData, hash[:]) },
		aux:      []byte("table of certificates"),
	}
}

func tdxKernel() *fakeKernel {
	return &fakeKernel{
		provider: "tdx_guest",
		quote:    func(reportData [64]byte) []byte { return tdxQuote(4, reportData, mrConfigID()) },
		reads: map[string]func() ([]byte, error){
			"/sys/devices/virtual/misc/tdx_guest/measurements/mrconfigid": func() ([]byte, error) { return mrConfigID(), nil },
		},
	}
}

func found(t *testing.T, k *fakeKernel) Platform {
	t.Helper()
	platform, err := findGuest(k, &tsm{k})
	if err != nil {
		t.Fatal(said(t, err))
	}
	return platform
}

func TestAnSnpGuestByConfigfs(t *testing.T) {
	k := snpKernel()
	platform := found(t, k)
	if platform.Name() != "snp" {
		t.Errorf("it is %s", platform.Name())
	}
	if _, err := CarriesInitData(platform, document); err != nil {
		t.Error(said(t, err))
	}
	evidence, err := platform.Evidence([64]byte{1, 2, 3}, [32]byte{})
	if err != nil {
		t.Fatal(said(t, err))
	}
	if !bytes.Equal(evidence.Quote, snpReport([64]byte{1, 2, 3}, hash[:])) || string(evidence.Aux) != "table of certificates" {
		t.Errorf("got %x and %q", evidence.Quote, evidence.Aux)
	}
	if len(k.entries) != 0 {
		t.Errorf("entries are left: %v", k.entries)
	}
	slices.Sort(k.made)
	if len(slices.Compact(k.made)) != 3 {
		t.Errorf("not each report has an entry of its own: %v", k.made)
	}
}

func TestATdByConfigfs(t *testing.T) {
	for _, version := range []uint16{4, 5} {
		k := tdxKernel()
		k.quote = func(reportData [64]byte) []byte { return tdxQuote(version, reportData, mrConfigID()) }
		platform := found(t, k)
		if _, err := CarriesInitData(platform, document); err != nil || platform.Name() != "tdx" {
			t.Error(platform.Name(), err)
		}
		evidence, err := platform.Evidence([64]byte{9}, [32]byte{})
		if err != nil || evidence.Aux != nil || !bytes.Equal(evidence.Quote, tdxQuote(version, [64]byte{9}, mrConfigID())) {
			t.Error(evidence, err)
		}
	}
}

func TestPrivilegeLevel0IsAskedFor(t *testing.T) {
	k := snpKernel()
	var level string
	k.meddle = func(e *fakeEntry) { level = e.level }
	found(t, k)
	if level != "0" {
		t.Errorf("privlevel is %q", level)
	}
	k = snpKernel()
	k.noLevel = true
	found(t, k)

	k = snpKernel()
	k.levelErr = syscall.EINVAL
	_, err := findGuest(k, &tsm{k})
	refuses(t, "below a paravisor", err, "E_TEE", "privilege level 0 is not given", "paravisors")
	if len(k.entries) != 0 {
		t.Error("an entry is left")
	}
}

func Test26AReportThatSomebodyElseAskedForIsNotTaken(t *testing.T) {
	// A second writer of the entry: the count tells, and every attempt has another entry.
	k := snpKernel()
	k.meddle = func(e *fakeEntry) { e.inblob, e.generation = [64]byte{0xff}, e.generation+1 }
	_, err := findGuest(k, &tsm{k})
	refuses(t, "always changing", err, "its generation changes")
	if k.outblobs != 3 || len(k.made) != 3 || len(k.entries) != 0 {
		t.Errorf("%d reports, %d entries, %d left", k.outblobs, len(k.made), len(k.entries))
	}

	// Twice only: the third counts.
	k = snpKernel()
	k.meddle = func(e *fakeEntry) {
		if k.outblobs < 3 {
			e.generation++
		}
	}
	found(t, k)

	// The kernel itself says that the blob is old.
	k = snpKernel()
	k.stale = 2
	found(t, k)
	k = snpKernel()
	k.stale = 3
	_, err = findGuest(k, &tsm{k})
	refuses(t, "always stale", err, "its generation changes")

	// The count stays, the content does not: a kernel that lies, or a race that the count cannot show.
	k = snpKernel()
	platform := found(t, k)
	k.quote = func([64]byte) []byte { return snpReport([64]byte{7}, hash[:]) }
	_, err = platform.Evidence([64]byte{1}, [32]byte{})
	refuses(t, "another's report data", err, "other report data than was asked for")
	_, err = platform.InitDataField()
	refuses(t, "another's report data", err, "other report data than was asked for")
}

func TestAWriteThatConfigfsDroppedIsNoticed(t *testing.T) {
	k := snpKernel()
	k.loseInblob = true
	_, err := findGuest(k, &tsm{k})
	refuses(t, "lost", err, "its generation changes")
	if k.outblobs != 0 {
		t.Error("a report was read")
	}
}

func TestOtherProvidersAndBrokenEntriesAreRefused(t *testing.T) {
	k := snpKernel()
	k.provider = "arm_cca_guest"
	_, err := findGuest(k, &tsm{k})
	refuses(t, "CCA", err, `its provider is "arm_cca_guest"`)

	k = snpKernel()
	platform := found(t, k)
	k.provider, k.quote = "tdx_guest", func(d [64]byte) []byte { return tdxQuote(4, d, mrConfigID()) }
	_, err = platform.Evidence([64]byte{}, [32]byte{})
	refuses(t, "another provider", err, "the TEE was snp before and is tdx now")

	k = snpKernel()
	k.quote = func([64]byte) []byte { return make([]byte, maxBlob+1) }
	_, err = findGuest(k, &tsm{k})
	refuses(t, "too large", err, "outblob: file too large")

	// Configfs is there and root is demanded: found, and no reason to look elsewhere.
	k = snpKernel()
	k.mkdirErr = syscall.EACCES
	_, err = findGuest(k, &tsm{k})
	refuses(t, "not root", err, "the TEE gives no report", "permission denied", "as root")

	// A part that is absent is not an interface that is absent.
	_, _, err = (&tsm{&halfKernel{snpKernel()}}).ask([64]byte{})
	if err == nil || errors.Is(err, errAbsent) {
		t.Error(err)
	}
}

// halfKernel has entries without a generation.
type halfKernel struct{ *fakeKernel }

func (k *halfKernel) read(at place, name string, limit int) ([]byte, error) {
	if strings.HasSuffix(name, "/generation") {
		return nil, errAbsent
	}
	return k.fakeKernel.read(at, name, limit)
}
