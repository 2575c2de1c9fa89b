package strictjson

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// anything reads one value of any form, as far as the reader knows forms.
func anything(r *Reader) error {
	r.blanks()
	if r.at == len(r.bytes) {
		return r.fail("nothing")
	}
	switch r.bytes[r.at] {
	case '{':
		return r.Object(func(string) error { return anything(r) })
	case '[':
		return r.Array(func() error { return anything(r) })
	case '"':
		_, err := r.String()
		return err
	case 't':
		_, err := r.True()
		return err
	}
	_, err := r.Integer(-1<<53+1, 1<<53-1)
	return err
}

func TestBothReadersOfSignedDocumentsAgree68(t *testing.T) {
	// test/ground/vectors.test.ts reads the same file with core/json.ts.
	content, err := os.ReadFile("../../testdata/json.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct{ Good, Bad [][]byte }
	if err := json.Unmarshal(content, &vectors); err != nil || len(vectors.Good) < 10 || len(vectors.Bad) < 50 {
		t.Fatalf("vectors are missing: %v", err)
	}
	for _, document := range vectors.Good {
		if err := Parse(document, "test", anything); err != nil {
			t.Errorf("%q: %v", document, err)
		}
	}
	for _, document := range vectors.Bad {
		if Parse(document, "test", anything) == nil {
			t.Errorf("%q was taken", document)
		}
	}
}

func TestNamesAreComparedExactly68(t *testing.T) {
	read := func(document string) (found []string) {
		err := Parse([]byte(document), "test", func(r *Reader) error {
			return r.Object(func(name string) error {
				if name != "cas_key" {
					return r.Unknown(name)
				}
				text, err := r.String()
				found = append(found, text)
				return err
			})
		})
		if err != nil {
			return []string{"refused"}
		}
		return found
	}
	for document, expected := range map[string]string{
		`{"cas_key":"good"}`:                  "good",
		`{"cas_key":"good","CAS_KEY":"evil"}`: "refused",
		`{"CAS_KEY":"evil"}`:                  "refused",
		`{"cas_key":"good","cas_key":"evil"}`: "refused",
		`{"cas\u005fkey":"good"}`:             "good",
		`{"cas_key":"good","cas_\u212Aey":1}`: "refused",
	} {
		if got := read(document); !slices.Equal(got, []string{expected}) {
			t.Errorf("%s: %v", document, got)
		}
	}
}

func TestTheTwentiethNameIsComparedToo68(t *testing.T) {
	names := strings.Split(strings.Repeat("x", 39), "")
	for i := range names {
		names[i] = `"` + strings.Repeat("n", i+1) + `":1`
	}
	if err := Parse([]byte("{"+strings.Join(names, ",")+"}"), "test", anything); err != nil {
		t.Error(err)
	}
	for i := range names {
		twice := append(slices.Clone(names), names[i])
		if Parse([]byte("{"+strings.Join(twice, ",")+"}"), "test", anything) == nil {
			t.Errorf("name %d was taken twice", i)
		}
	}
}

func TestTextsKeepTheirBytes(t *testing.T) {
	for document, expected := range map[string]string{
		`"plain"`:                   "plain",
		`"\u00e9\ud83d\ude00 \"\\"`: "é😀 \"\\",
		`"a\u0000b"`:                "a\x00b",
		`"$$SCONE::x$$ @@1 <&>"`:    "$$SCONE::x$$ @@1 <&>",
	} {
		var got string
		err := Parse([]byte(document), "test", func(r *Reader) (err error) {
			got, err = r.String()
			return err
		})
		if err != nil || got != expected {
			t.Errorf("%s: %q, %v", document, got, err)
		}
	}
}

func TestNumbersOutOfRangeAreRefused(t *testing.T) {
	for document, fits := range map[string]bool{
		"0": true, "4294967295": true, "4294967296": false, "-1": false, "-0": false, "1e0": false, "1.0": false,
		"18446744073709551616": false, "00": false, `"1"`: false, "1 ": true,
	} {
		err := Parse([]byte(document), "test", func(r *Reader) error {
			_, err := r.Uint32()
			return err
		})
		if (err == nil) != fits {
			t.Errorf("%s: %v", document, err)
		}
	}
}

func TestNullIsReadOnlyWhereItMayStand(t *testing.T) {
	for document, fits := range map[string]bool{"null": true, " null ": true, `"null"`: true, "nul": false, "nullx": false, "": false, "None": false} {
		err := Parse([]byte(document), "test", func(r *Reader) error {
			if r.Null() {
				return nil
			}
			_, err := r.String()
			return err
		})
		if (err == nil) != fits {
			t.Errorf("%q: %v", document, err)
		}
	}
	if Parse([]byte("null"), "test", func(r *Reader) error { _, err := r.String(); return err }) == nil {
		t.Error("null was taken for a text")
	}
}

func FuzzHostileBytes68(f *testing.F) {
	f.Add([]byte(`{"a":["\u00e9",1,true]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if Parse(document, "test", anything) == nil && !json.Valid(document) {
			t.Errorf("%q was taken, and is no JSON", document)
		}
	})
}
