package tee

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"
)

// gramine is a fake of /dev/attestation as Gramine's libos/src/fs/dev/attestation.c makes it.
func gramine() *fakeKernel {
	var reportData [64]byte
	var target []byte
	mine := bytes.Repeat([]byte{7}, 512)
	return &fakeKernel{
		reads: map[string]func() ([]byte, error){
			"/dev/attestation/attestation_type": func() ([]byte, error) { return []byte("dcap"), nil },
			"/dev/attestation/my_target_info":   func() ([]byte, error) { return mine, nil },
			"/dev/attestation/report": func() ([]byte, error) {
				if !bytes.Equal(target, mine) {
					return nil, errors.New("a report for another enclave")
				}
				return sgxReport(reportData), nil
			},
			"/dev/attestation/quote": func() ([]byte, error) { return sgxQuote(reportData), nil },
		},
		writes: map[string]func([]byte) error{
			"/dev/attestation/user_report_data": func(content []byte) error { reportData = [64]byte(content); return nil },
			"/dev/attestation/target_info":      func(content []byte) error { target = bytes.Clone(content); return nil },
		},
	}
}

var inManifest = base64.StdEncoding.EncodeToString(document)

func TestAnEnclaveBelowGramine(t *testing.T) {
	platform, err := findEnclave(gramine(), inManifest)
	if err != nil {
		t.Fatal(said(t, err))
	}
	if _, err := CarriesInitData(platform, document); err != nil || platform.Name() != "sgx" {
		t.Error(err)
	}
	evidence, err := platform.Evidence([64]byte{4}, [32]byte{})
	if err != nil || !bytes.Equal(evidence.Quote, sgxQuote([64]byte{4})) || evidence.Aux != nil {
		t.Errorf("%v, %v", evidence, err)
	}
}

func Test61BelowGramineOnlyTheManifestCarriesInitData(t *testing.T) {
	// A document from elsewhere, that is, from a file: the runtime takes it, the enclave does not carry it.
	platform, err := findEnclave(gramine(), inManifest)
	if err != nil {
		t.Fatal(said(t, err))
	}
	_, err = CarriesInitData(platform, []byte("another document"))
	refuses(t, "another document", err, "E_INITDATA: the platform does not carry this init data")
	for _, variable := range []string{"", "no base64!", inManifest + "\n", "="} {
		_, err := findEnclave(gramine(), variable)
		refuses(t, variable, err, "E_INITDATA: init data is not in the manifest", "a file below /run/scone-init is not measured")
	}
}

func TestOtherLibOsesAndSettingsAreRefused(t *testing.T) {
	_, err := findEnclave(&fakeKernel{}, inManifest)
	refuses(t, "none", err, "E_TEE: no TEE found", "/dev/attestation/attestation_type: there is none")
	for _, kind := range []string{"none", "epid", "DCAP", "", "dcap\n"} {
		k := gramine()
		k.reads["/dev/attestation/attestation_type"] = func() ([]byte, error) { return []byte(kind), nil }
		_, err := findEnclave(k, inManifest)
		refuses(t, kind, err, "Gramine gives no DCAP quotes", "expected dcap")
	}
	for why, report := range map[string]func() ([]byte, error){
		"key separation": func() ([]byte, error) {
			report := sgxReport([64]byte{})
			report[48] |= 0x80
			return report, nil
		},
		"a recording": func() ([]byte, error) { return sgxReport([64]byte{1}), nil },
		"cut":         func() ([]byte, error) { return sgxReport([64]byte{})[:384], nil },
		"denied":      func() ([]byte, error) { return nil, errors.New("permission denied") },
	} {
		k := gramine()
		k.reads["/dev/attestation/report"] = report
		platform, err := findEnclave(k, inManifest)
		if err != nil {
			t.Fatal(said(t, err))
		}
		_, err = platform.InitDataField()
		refuses(t, why, err, "the TEE gives no report", "/dev/attestation")
	}
	for why, quote := range map[string]func() ([]byte, error){
		"a recording":   func() ([]byte, error) { return sgxQuote([64]byte{1}), nil },
		"a TDX quote":   func() ([]byte, error) { return tdxQuote(4, [64]byte{}, nil), nil },
		"no quoting":    func() ([]byte, error) { return nil, errors.New("permission denied") },
		"none at all":   func() ([]byte, error) { return nil, nil },
		"without a tee": func() ([]byte, error) { return nil, errAbsent },
	} {
		k := gramine()
		k.reads["/dev/attestation/quote"] = quote
		platform, err := findEnclave(k, inManifest)
		if err != nil {
			t.Fatal(said(t, err))
		}
		_, err = platform.Evidence([64]byte{}, [32]byte{})
		refuses(t, why, err, "the TEE gives no report", "/dev/attestation/quote")
	}
	for _, file := range []string{"user_report_data", "target_info"} {
		k := gramine()
		k.writes["/dev/attestation/"+file] = func([]byte) error { return errors.New("read-only") }
		platform, err := findEnclave(k, inManifest)
		if err != nil {
			t.Fatal(said(t, err))
		}
		_, err = platform.InitDataField()
		refuses(t, file, err, "read-only")
	}
	k := gramine()
	k.reads["/dev/attestation/my_target_info"] = func() ([]byte, error) { return make([]byte, 511), nil }
	platform, err := findEnclave(k, inManifest)
	if err != nil {
		t.Fatal(said(t, err))
	}
	_, err = platform.InitDataField()
	refuses(t, "target info", err, "my_target_info has 511 bytes")
}
