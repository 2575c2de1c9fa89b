package initdata

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sconectl/runtime/internal/refusal"
)

type vectors struct {
	Good []struct {
		Fields struct {
			CasURL   string   `json:"cas_url"`
			CasKey   []string `json:"cas_key"`
			ConfigID string   `json:"config_id"`
			Rootfs   string
		}
		Hash     string
		Document []byte
	}
	Bad []struct {
		Why      string
		Document []byte
	}
}

// src/initdata reads the same file in test/ground/vectors.test.ts.
func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	content, err := os.ReadFile("../../testdata/initdata.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &v); err != nil || len(v.Good) < 2 || len(v.Bad) < 30 {
		t.Fatalf("vectors are missing: %v", err)
	}
	return v
}

func TestInitDataOfTheTypeScriptSideIsRead61(t *testing.T) {
	for _, vector := range readVectors(t).Good {
		data, err := Parse(vector.Document)
		if err != nil {
			t.Fatal(err, refusal.Of(err).Causes)
		}
		if data.CasURL != vector.Fields.CasURL || !slices.Equal(data.CasKeys, vector.Fields.CasKey) || data.ConfigID != vector.Fields.ConfigID || hex.EncodeToString(data.Rootfs[:]) != vector.Fields.Rootfs {
			t.Errorf("got %+v", data)
		}
		for i, key := range data.Keys {
			if key.String() != vector.Fields.CasKey[i] {
				t.Errorf("key %d is %s", i, key)
			}
		}
		if hash := sha256.Sum256(vector.Document); hex.EncodeToString(hash[:]) != vector.Hash {
			t.Errorf("the hash is %x", hash)
		}
	}
}

func TestEveryOtherFormOfInitDataIsRefused68(t *testing.T) {
	for _, vector := range readVectors(t).Bad {
		data, err := Parse(vector.Document)
		if err == nil {
			t.Errorf("%s: taken as %+v", vector.Why, data)
		} else if refusal.Of(err).Code != refusal.InitData {
			t.Errorf("%s: %v", vector.Why, err)
		}
	}
}

func TestEveryChangedByteOfInitDataIsRefusedOrSeen68(t *testing.T) {
	document := readVectors(t).Good[0].Document
	original, _ := Parse(document)
	for i := range document {
		changed := slices.Clone(document)
		changed[i] ^= 0x20
		data, err := Parse(changed)
		if err == nil && data.CasURL == original.CasURL && data.ConfigID == original.ConfigID && data.Rootfs == original.Rootfs && slices.Equal(data.CasKeys, original.CasKeys) {
			t.Errorf("byte %d: another document with the same fields", i)
		}
	}
}

func TestCasKeysMustBeKeyHashes(t *testing.T) {
	vector := readVectors(t).Good[0]
	key := vector.Fields.CasKey[0]
	changed := strings.ReplaceAll(string(vector.Document), key, key[:len(key)-1]+"2")
	if _, err := Parse([]byte(changed)); err == nil || !strings.Contains(strings.Join(refusal.Of(err).Causes, " "), "cas_key") {
		t.Errorf("got %v", err)
	}
}

func TestInitDataComesFromExactlyOneSource61(t *testing.T) {
	folder := t.TempDir()
	file, nowhere := filepath.Join(folder, "initdata.toml"), filepath.Join(folder, "nowhere")
	if err := os.WriteFile(file, []byte("document"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("initdata.toml", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString([]byte("document"))
	for name, c := range map[string]struct{ path, variable, document, refusal string }{
		"neither":               {nowhere, "", "", ""},
		"the file":              {file, "", "document", ""},
		"a link, as ConfigMaps": {filepath.Join(folder, "link"), "", "document", ""},
		"the variable":          {nowhere, encoded, "document", ""},
		"both":                  {file, encoded, "", "two sources"},
		"both, file a folder":   {folder, encoded, "", "not a file"},
		"no base64":             {nowhere, "a-b_", "", "not base64"},
		"base64 with a line":    {nowhere, encoded[:4] + "\n" + encoded[4:], "", "not base64"},
		"base64 with spare bits": {
			nowhere, "ZG9jdW1lbnQ", "", "not base64",
		},
		"too long":         {nowhere, base64.StdEncoding.EncodeToString(make([]byte, maxLength+1)), "", "longer than"},
		"below a file":     {filepath.Join(file, "x"), "", "", ""},
		"a folder instead": {folder, "", "", "not a file"},
	} {
		document, err := Find(c.path, c.variable)
		if c.refusal == "" {
			if err != nil || string(document) != c.document {
				t.Errorf("%s: %q, %v", name, document, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(file, encoded); err == nil {
		t.Error("an empty file did not count as a source")
	}
	if err := os.WriteFile(file, make([]byte, maxLength+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(file, ""); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a long file: %v", err)
	}
}

func TestTheHostMovesTheAddressOnly(t *testing.T) {
	for _, c := range []struct{ stated, moved, host, port string }{
		{"cas.scone-system", "", "cas.scone-system", "18765"},
		{"cas:1234", "", "cas", "1234"},
		{"cas:1234", "10.0.0.1", "10.0.0.1", "18765"},
		{"cas:1234", "other:65535", "other", "65535"},
		{"cas:", "", "", ""}, {":1", "", "", ""}, {"cas:0", "", "", ""}, {"cas:65536", "", "", ""}, {"cas:1x", "", "", ""},
		{"a:b:1", "", "", ""}, {"http://cas", "", "", ""}, {"user@cas", "", "", ""}, {"cas:000001", "", "", ""},
		{"cas:1234", "https://proxy:3128", "", ""}, {"cas:1234", "[::1]:5", "", ""},
	} {
		host, port, err := (&InitData{CasURL: c.stated}).Address(c.moved)
		if host != c.host || port != c.port || (err == nil) != (c.host != "") {
			t.Errorf("%+v: %q %q %v", c, host, port, err)
		}
	}
}

func TestMissingInitDataIsToldInTwoLines(t *testing.T) {
	var text strings.Builder
	Missing(" SCONE_X=…").Write(&text)
	if lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[1], "Hint: ") || !strings.Contains(lines[1], "sconectl run") {
		t.Errorf("got %q", lines)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(head + `{"v":1}` + tail))
	f.Fuzz(func(t *testing.T, document []byte) {
		data, err := Parse(document)
		if err == nil && data.render(hex.EncodeToString(data.Rootfs[:])) != string(document) {
			t.Errorf("%q is a second form", document)
		}
	})
}

func Test61OnlyGuestsThatEnforceAPolicyTakeOne(t *testing.T) {
	plain := string(readVectors(t).Good[0].Document)
	with := func(policy string) []byte {
		return []byte(strings.TrimSuffix(plain, "'''\n") + "'''\n\"policy.rego\" = '''" + policy + "'''\n")
	}
	data, err := Parse(with("package agent_policy\n\n\tdefault ExecProcessRequest := false\n"))
	if err != nil || data.Policy != "package agent_policy\n\n\tdefault ExecProcessRequest := false\n" {
		t.Fatal(err, data)
	}
	bare, err := Parse([]byte(plain))
	if err != nil || bare.Policy != "" {
		t.Fatal(err)
	}
	for tee, demanded := range map[string]bool{"tdx": true, "snp": true, "sgx": false, "sim": false} {
		if err := data.Fits(tee); (err == nil) != demanded {
			t.Errorf("%s with a policy: %v", tee, err)
		}
		if err := bare.Fits(tee); (err == nil) == demanded || (demanded && !strings.Contains(refusal.Of(err).Causes[0], "policy.rego for "+tee)) {
			t.Errorf("%s without a policy: %v", tee, err)
		}
	}
	// What a TOML reader would end elsewhere, or refuse.
	for _, policy := range []string{"", "a'''b", "a'", "a\r\n", "a\x00", "a\x7f", "\xff", "a'''\n\"policy.rego\" = '''b", "a'''\n\"x\" = '''b"} {
		if data, err := Parse(with(policy)); err == nil {
			t.Errorf("%q was taken as %q", policy, data.Policy)
		}
	}
}
