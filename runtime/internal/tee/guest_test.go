package tee

import (
	"errors"
	"slices"
	"testing"
)

func TestWithoutATeeTheRefusalNamesWhereItLooked(t *testing.T) {
	k := &fakeKernel{}
	_, err := findGuest(k, &tsm{k}, &agent{closedPort(t), agentTalkTime})
	refuses(t, "none", err, "E_TEE: no TEE found", "/sys/kernel/config/tsm/report: there is none", "/aa/evidence: there is none: ", "connection refused")
}

func TestTwoInterfacesAreRefused(t *testing.T) {
	k := snpKernel()
	_, err := findGuest(k, &tsm{k}, &agent{serveAgent(t, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), agentTalkTime})
	refuses(t, "two", err, "2 interfaces to a TEE found", "/sys/kernel/config/tsm/report is there", "/aa/evidence is there")
}

func Test61InitDataOfAnotherGuestIsRefused(t *testing.T) {
	other := slices.Clone(hash[:])
	other[31] ^= 1
	k := snpKernel()
	k.quote = func(reportData [64]byte) []byte { return snpReport(reportData, other) }
	_, err := CarriesInitData(found(t, k), document)
	refuses(t, "SNP", err, "E_INITDATA: the platform does not carry this init data")

	k = tdxKernel()
	config := mrConfigID()
	config[47] = 1
	k.reads["/sys/devices/virtual/misc/tdx_guest/measurements/mrconfigid"] = func() ([]byte, error) { return config, nil }
	_, err = CarriesInitData(found(t, k), document)
	refuses(t, "something behind the hash", err, "E_INITDATA: the platform does not carry this init data")
}

func Test16And24AFieldOfZerosIsNoWildcard(t *testing.T) {
	k := snpKernel()
	k.quote = func(reportData [64]byte) []byte { return snpReport(reportData, nil) }
	_, err := CarriesInitData(found(t, k), document)
	refuses(t, "24: HOST_DATA", err, "does not carry this init data")
	k = tdxKernel()
	k.reads["/sys/devices/virtual/misc/tdx_guest/measurements/mrconfigid"] = func() ([]byte, error) { return make([]byte, 48), nil }
	_, err = CarriesInitData(found(t, k), document)
	refuses(t, "16: MRCONFIGID", err, "does not carry this init data")
}

// The host hands the quote to the guest's kernel. One from another TD, genuine or not, must not decide whom to obey.
func Test61AQuoteIsNoLocalReport(t *testing.T) {
	k := tdxKernel()
	delete(k.reads, "/sys/devices/virtual/misc/tdx_guest/measurements/mrconfigid")
	_, err := CarriesInitData(found(t, k), document)
	refuses(t, "a quote alone", err, "this TDX guest gives no local report", "a quote will not do", "6.16")

	k = tdxKernel()
	k.reads["/sys/devices/virtual/misc/tdx_guest/measurements/mrconfigid"] = func() ([]byte, error) { return make([]byte, 48), nil }
	k.quote = func(reportData [64]byte) []byte { return tdxQuote(4, reportData, mrConfigID()) }
	_, err = CarriesInitData(found(t, k), document)
	refuses(t, "a quote that claims it", err, "does not carry this init data")
}

func Test61EvidenceOfAnotherGuestIsNotSent(t *testing.T) {
	for name, k := range map[string]*fakeKernel{"snp": snpKernel(), "tdx": tdxKernel()} {
		platform := found(t, k)
		if _, err := platform.Evidence([64]byte{}, [32]byte{}); err == nil {
			t.Errorf("%s: evidence without a local report before it", name)
		}
		if _, err := platform.InitDataField(); err != nil {
			t.Fatal(said(t, err))
		}
		if _, err := platform.Evidence([64]byte{}, [32]byte{}); err != nil {
			t.Error(name, said(t, err))
		}
		other := make([]byte, 48)
		k.quote = func(reportData [64]byte) []byte { return tdxQuote(4, reportData, other) }
		if name == "snp" {
			k.quote = func(reportData [64]byte) []byte { return snpReport(reportData, other) }
		}
		_, err := platform.Evidence([64]byte{}, [32]byte{})
		refuses(t, name, err, "the evidence is not of this guest")
	}
}

func TestTheDeviceGivesTheLocalReportOfOlderKernels(t *testing.T) {
	k := tdxKernel()
	k.reads = map[string]func() ([]byte, error){
		"/sys/devices/virtual/misc/tdx_guest/dev": func() ([]byte, error) { return []byte("10:122\n"), nil },
	}
	k.report = func(device, number string, reportData [64]byte) ([]byte, error) {
		if device != "/dev/tdx_guest" || number != "10:122" {
			return nil, errors.New(device + " " + number)
		}
		return tdReport(reportData, mrConfigID()), nil
	}
	if _, err := CarriesInitData(found(t, k), document); err != nil {
		t.Error(said(t, err))
	}
	for why, report := range map[string]func(reportData [64]byte) ([]byte, error){
		"a recording": func([64]byte) ([]byte, error) { return tdReport([64]byte{1}, mrConfigID()), nil },
		"SGX": func(d [64]byte) ([]byte, error) {
			report := tdReport(d, mrConfigID())
			report[0] = 0
			return report, nil
		},
		"cut":        func(d [64]byte) ([]byte, error) { return tdReport(d, mrConfigID())[:1023], nil },
		"no driver":  func([64]byte) ([]byte, error) { return nil, errors.New("inappropriate ioctl for device") },
		"no device":  func([64]byte) ([]byte, error) { return nil, errAbsent },
		"no content": func([64]byte) ([]byte, error) { return nil, nil },
	} {
		k.report = func(_, _ string, reportData [64]byte) ([]byte, error) { return report(reportData) }
		_, err := found(t, k).InitDataField()
		refuses(t, why, err, "this TDX guest gives no local report", "/dev/tdx_guest")
	}
	for why, read := range map[string]func() ([]byte, error){
		"covered": func() ([]byte, error) { return nil, errors.New("something is mounted over it") },
		"cut":     func() ([]byte, error) { return make([]byte, 47), nil },
	} {
		// Neither is a reason to try the device.
		k.reads["/sys/devices/virtual/misc/tdx_guest/measurements/mrconfigid"] = read
		_, err := found(t, k).InitDataField()
		refuses(t, why, err, "this TDX guest gives no local report", "mrconfigid: ")
	}
}
