package lp

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// The same vector is in test/ground/vectors.test.ts.
func Test28HashesCoverLengthPrefixedFields(t *testing.T) {
	if got := hex.EncodeToString(Sequence("d", []byte("ab"), nil)); got != "0000000164"+"000000026162"+"00000000" {
		t.Errorf("got %s", got)
	}
	got := hex.EncodeToString(Sum(sha256.New(), "sconectl sim enclave v1", make([]byte, 32), make([]byte, 32)))
	if got != "842e35a42d1ee354e68d42a750f2ad8245e403e95db29373b49d79993a62d280" {
		t.Errorf("got %s", got)
	}
}
