package tee

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"sconectl/runtime/internal/refusal"
)

type fake struct {
	field []byte
	err   error
}

func (fake) Name() string                     { return "fake" }
func (f fake) InitDataField() ([]byte, error) { return f.field, f.err }
func (fake) Evidence([64]byte, [sha256.Size]byte) (*Evidence, error) {
	return nil, errors.New("not asked")
}

func Test61InitDataMustBeWhatTheTeeCarries(t *testing.T) {
	document := []byte("document")
	hash := sha256.Sum256(document)
	padded := func(length int) []byte { return append(hash[:], make([]byte, length-len(hash))...) }
	last := padded(64)
	last[63] = 1
	changed := padded(64)
	changed[0] ^= 1
	for name, c := range map[string]struct {
		field   []byte
		carried bool
	}{
		"HOST_DATA":                    {hash[:], true},
		"MRCONFIGID":                   {padded(48), true},
		"CONFIGID":                     {padded(64), true},
		"another hash":                 {changed, false},
		"something behind the hash":    {last, false},
		"all zero":                     {make([]byte, 64), false},
		"nothing":                      {nil, false},
		"a hash that is cut":           {hash[:16], false},
		"a hash that is cut and empty": {make([]byte, 16), false},
	} {
		got, err := CarriesInitData(fake{field: c.field}, document)
		if (err == nil) != c.carried {
			t.Errorf("%s: %v", name, err)
		}
		if got != hash {
			t.Errorf("%s: the hash is %x", name, got)
		}
		if err != nil {
			text := strings.Join(refusal.Of(err).Causes, "")
			if !strings.Contains(text, "expected ") || !strings.Contains(text, "found ") {
				t.Errorf("%s: %q", name, text)
			}
		}
	}
	if _, err := CarriesInitData(fake{err: errors.New("no report")}, document); err == nil {
		t.Error("a TEE without a report was taken")
	}
}
