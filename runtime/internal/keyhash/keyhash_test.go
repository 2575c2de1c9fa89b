package keyhash

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// test/ground/vectors.test.ts reads the same file.
func readVectors(t *testing.T) (vectors struct {
	Good []struct {
		Spki string `json:"spki_sha256"`
		Mode string
		Text string
	}
	Bad map[string]string
}) {
	t.Helper()
	content, err := os.ReadFile("../../testdata/keyhash.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Good) < 8 || len(vectors.Bad) < 12 {
		t.Fatal("vectors are missing")
	}
	return vectors
}

func TestKeyHashesAreThoseOfTheTypeScriptSide(t *testing.T) {
	for _, vector := range readVectors(t).Good {
		got, err := Parse(vector.Text)
		if err != nil {
			t.Errorf("%s: %v", vector.Text, err)
			continue
		}
		if mode := map[byte]string{Production: "production", Simulation: "simulation"}[got.Version]; mode != vector.Mode {
			t.Errorf("%s: mode %s", vector.Text, mode)
		}
		if hex.EncodeToString(got.Spki[:]) != vector.Spki || got.String() != vector.Text {
			t.Errorf("%s: got %x, %s", vector.Text, got.Spki, got)
		}
	}
}

func TestEveryFormButTheCanonicalOneIsRefused(t *testing.T) {
	for why, text := range readVectors(t).Bad {
		if got, err := Parse(text); err == nil {
			t.Errorf("%s: %q was taken as %v", why, text, got)
		}
	}
}

func TestEveryChangedCharacterIsRefused(t *testing.T) {
	text := readVectors(t).Good[0].Text
	for i := range text {
		for _, other := range alphabet {
			changed := text[:i] + string(other) + text[i+1:]
			if _, err := Parse(changed); (err == nil) != (changed == text) {
				t.Fatalf("%q: %v", changed, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1")
	f.Fuzz(func(t *testing.T, text string) {
		if hash, err := Parse(text); err == nil && hash.String() != text {
			t.Errorf("%q is a second form of %s", text, hash)
		}
	})
}
