package tee

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"sconectl/runtime/internal/refusal"
)

// enclave is SGX below Gramine, which shows EREPORT and quotes as files (/dev/attestation).
//
// Gramine has no CONFIGID. The document is part of the manifest (`loader.env.SCONE_INITDATA`), the manifest of MRENCLAVE
// (security-review.md C2). What the enclave carries is therefore its environment, and only that: a file can be the
// host's. That the manifest lets the host set no variable is a property of the MRENCLAVE that the session lists.
type enclave struct {
	system   system
	document []byte
}

var _ Platform = (*enclave)(nil)

const maxAttestationFile = 64 << 10

// findEnclave finds Gramine. variable is the value of SCONE_INITDATA in the environment that the process began with.
//
// Nothing tells a LibOS from a folder that a host mounted, hence a program that looks for both this and a confidential
// guest could be led in a genuine guest to trust its environment. The two are different programs: build tag sgx.
func findEnclave(system system, variable string) (Platform, error) {
	kind, err := system.read(attestation, "attestation_type", maxAttestationFile)
	if errors.Is(err, errAbsent) {
		return nil, refusal.New(refusal.Tee, "no TEE found").
			Differs("TEE", "an SGX enclave below Gramine", "none").
			Because("%s: %v", attestation.at("attestation_type"), err).
			Advise("start the image with Gramine in an SGX enclave, with sgx.remote_attestation = \"dcap\" in the manifest")
	}
	e := &enclave{system: system}
	if err != nil {
		return nil, failed(e, attestation.at("attestation_type"), err)
	}
	if string(kind) != "dcap" {
		return nil, refusal.New(refusal.Tee, "Gramine gives no DCAP quotes").
			Differs("sgx.remote_attestation of the manifest", "dcap", string(kind)).
			Advise("%s", e.hint())
	}
	document, err := base64.StdEncoding.Strict().DecodeString(variable)
	if err != nil || len(document) == 0 || base64.StdEncoding.EncodeToString(document) != variable {
		return nil, refusal.New(refusal.InitData, "init data is not in the manifest").
			Differs("SCONE_INITDATA in loader.env", "the document in base64", fmt.Sprintf("%d characters that are not", len(variable))).
			Advise("put the document into the manifest and sign it; a file below /run/scone-init is not measured here")
	}
	e.document = document
	return e, nil
}

func (*enclave) Name() string { return "sgx" }

// InitDataField is the hash of the document in the measured environment, once a report has shown that this is an enclave
// of the kind whose environment is measured. Its MAC cannot be checked: Gramine does not give out the report key.
func (e *enclave) InitDataField() ([]byte, error) {
	expected := nonce()
	report, err := e.report(expected)
	if err == nil {
		var stated *statement
		if stated, err = readSgxReport(report); err == nil {
			err = stated.holds(expected)
		}
	}
	if err != nil {
		return nil, failed(e, attestation.root, err)
	}
	hash := sha256.Sum256(e.document)
	return hash[:], nil
}

// report is an EREPORT for this enclave itself.
func (e *enclave) report(reportData [64]byte) ([]byte, error) {
	target, err := e.system.read(attestation, "my_target_info", maxAttestationFile)
	if err != nil {
		return nil, err
	}
	if len(target) != sgxTargetSize {
		return nil, fmt.Errorf("my_target_info has %d bytes instead of %d", len(target), sgxTargetSize)
	}
	if err := e.system.write(attestation, "target_info", target); err != nil {
		return nil, err
	}
	if err := e.system.write(attestation, "user_report_data", reportData[:]); err != nil {
		return nil, err
	}
	return e.system.read(attestation, "report", maxAttestationFile)
}

func (e *enclave) Evidence(reportData [64]byte, _ [sha256.Size]byte) (*Evidence, error) {
	err := e.system.write(attestation, "user_report_data", reportData[:])
	if err != nil {
		return nil, failed(e, attestation.at("user_report_data"), err)
	}
	quote, err := e.system.read(attestation, "quote", maxAttestationFile)
	if err == nil {
		var stated *statement
		if stated, err = readSgxQuote(quote); err == nil {
			err = stated.holds(reportData)
		}
	}
	if err != nil {
		return nil, failed(e, attestation.at("quote"), err)
	}
	return &Evidence{Quote: quote}, nil
}

func (*enclave) hint() string {
	return "use Gramine without changes, sgx.remote_attestation = \"dcap\", and a running quoting service (aesmd, or out of process)"
}
