// Package tee is what the runtime needs from a TEE: the field that carries init data, and evidence over report_data.
package tee

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"sconectl/runtime/internal/refusal"
)

// Evidence is what the CAS gets to see.
type Evidence struct {
	// Quote are the TEE's own bytes, Aux what a verifier may need beside them.
	Quote, Aux []byte
}

// A Platform is the TEE that the process runs in.
type Platform interface {
	// Name is sgx, tdx, snp or sim.
	Name() string
	// InitDataField is the field that carries the hash of init data, from a local report.
	InitDataField() ([]byte, error)
	// Evidence states what runs here, with report_data inside.
	Evidence(reportData [64]byte, rootfs [sha256.Size]byte) (*Evidence, error)
}

// CarriesInitData refuses init data that the TEE does not carry, before a byte of it is parsed: H = SHA-256(document),
// zero-padded to the field (protocol.md step 2; security-review.md C3). It returns H.
func CarriesInitData(platform Platform, document []byte) ([sha256.Size]byte, error) {
	hash := sha256.Sum256(document)
	field, err := platform.InitDataField()
	if err != nil {
		return hash, err
	}
	// The field of every TEE is at least as long as the hash; a shorter one would be a bug that weakens the check.
	expected := make([]byte, max(len(field), len(hash)))
	copy(expected, hash[:])
	if !bytes.Equal(field, expected) {
		return hash, refusal.New(refusal.InitData, "the platform does not carry this init data").
			Differs("init data hash", hex.EncodeToString(field), hex.EncodeToString(expected)).
			Advise("start the container with init data and platform of one mesh: both come from target/initdata/<service>, or from one chart")
	}
	return hash, nil
}
