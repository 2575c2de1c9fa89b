// Package initdata reads init data: the measured launch configuration of a service, in its one byte form. What does not
// render to the same bytes again is refused, so that no two readers see two documents in one (security-review.md H6).
package initdata

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"syscall"
	"unicode/utf8"

	"sconectl/runtime/internal/kernel"
	"sconectl/runtime/internal/keyhash"
	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/strictjson"
)

// Path is where a container engine may mount init data; the other source is the variable SCONE_INITDATA.
const Path = "/run/scone-init/initdata.toml"

const (
	head = "version = \"0.1.0\"\nalgorithm = \"sha256\"\n\n[data]\n\"sconectl.json\" = '''"
	tail = "'''\n"
	// between stands in front of the policy, where there is one.
	between = "'''\n\"policy.rego\" = '''"
	// As in src/initdata/document.ts.
	maxLength = 64 << 10
	maxKeys   = 2
	// The default attestation port of a CAS.
	defaultPort = "18765"
)

const hint = "take the file that `sconectl apply` wrote below target/initdata, unchanged"

// InitData is what a service is told and its TEE carries: whose code it is, and for whom.
type InitData struct {
	// CasURL is host or host:port of the CAS's attestation port. Availability only: the keys are what counts.
	CasURL string
	// CasKeys are the key hashes of the CAS as written, Keys the same decoded.
	CasKeys []string
	Keys    []keyhash.KeyHash
	// ConfigID is <namespace>/<service>/<binary>.
	ConfigID string
	// Rootfs is the rootfs digest.
	Rootfs [sha256.Size]byte
	// Policy is what the guest's agent enforces, in Rego; empty in documents for TEEs without such an agent.
	Policy string
}

// Missing is the refusal for a start without init data; rest names what else a start by hand needs.
func Missing(rest string) *refusal.Refusal {
	return refusal.New(refusal.InitData, "no init data: there is neither %s nor the variable SCONE_INITDATA", Path).
		Advise("start the image with `sconectl run` or its Helm chart; by hand: SCONE_INITDATA=$(base64 -w0 target/initdata/<service>.toml)%s and a tmpfs on /run/scone", rest)
}

// Find returns the document from exactly one of its two sources; it parses nothing. variable is the value of
// SCONE_INITDATA. Without any it returns nil.
func Find(path, variable string) ([]byte, error) {
	file, err := fromFile(path)
	if err != nil {
		return nil, err
	}
	if file != nil && variable != "" {
		return nil, refusal.New(refusal.InitData, "init data comes from two sources").
			Differs("sources of init data", "one", path+" and the variable SCONE_INITDATA").
			Advise("remove one of the two")
	}
	if file != nil || variable == "" {
		return file, nil
	}
	document, err := base64.StdEncoding.Strict().DecodeString(variable)
	if err != nil || base64.StdEncoding.EncodeToString(document) != variable {
		return nil, refusal.New(refusal.InitData, "the variable SCONE_INITDATA is not base64").
			Advise("set it to the output of `base64 -w0 target/initdata/<service>.toml`")
	}
	if len(document) > maxLength {
		return nil, tooLong(len(document))
	}
	return document, nil
}

// fromFile follows links, since a ConfigMap consists of them: the bytes are compared with what the TEE carries.
func fromFile(path string) ([]byte, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err == syscall.ENOENT || err == syscall.ENOTDIR {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer syscall.Close(fd)
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil {
		return nil, unreadable(path, err)
	}
	if stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return nil, refusal.New(refusal.InitData, "%s is not a file", path).Advise(hint)
	}
	document, err := kernel.ReadAll(fd, maxLength)
	if err == syscall.EFBIG {
		return nil, tooLong(int(stat.Size))
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	// An empty file is a source too, and no init data.
	return append([]byte{}, document...), nil
}

// Parse reads the document. Call it only after the TEE was seen to carry its hash (C3).
func Parse(document []byte) (*InitData, error) {
	text, found := strings.CutPrefix(string(document), head)
	text, ended := strings.CutSuffix(text, tail)
	if !found || !ended || len(document) > maxLength {
		return nil, malformed("it does not begin or end as it must")
	}
	var data InitData
	text, policy, stated := strings.Cut(text, between)
	if stated && !isPolicy(policy) {
		return nil, malformed("policy.rego is empty, or holds ''' or a control character")
	}
	data.Policy = policy
	var rootfs string
	if err := strictjson.Parse([]byte(text), "init data", func(r *strictjson.Reader) error { return data.read(r, &rootfs) }); err != nil {
		return nil, malformed(err.Error())
	}
	if data.render(rootfs) != string(document) {
		return nil, malformed("it does not render to the same bytes again")
	}
	digest, err := hex.DecodeString(rootfs)
	if err != nil || len(digest) != sha256.Size || hex.EncodeToString(digest) != rootfs {
		return nil, malformed("rootfs is not 64 digits of lower-case hex")
	}
	data.Rootfs = [sha256.Size]byte(digest)
	for _, value := range append([]string{data.CasURL, data.ConfigID}, data.CasKeys...) {
		if !plain(value) {
			return nil, malformed("a value holds something else than A-Z a-z 0-9 . _ : / @ -")
		}
	}
	if len(data.CasKeys) < 1 || len(data.CasKeys) > maxKeys {
		return nil, malformed("it does not name one or two keys of the CAS")
	}
	for _, text := range data.CasKeys {
		key, err := keyhash.Parse(text)
		if err != nil {
			return nil, malformed("cas_key: " + err.Error())
		}
		data.Keys = append(data.Keys, key)
	}
	return &data, nil
}

func (d *InitData) read(r *strictjson.Reader, rootfs *string) error {
	return r.Object(func(name string) (err error) {
		switch name {
		case "v":
			_, err = r.Integer(1, 1)
		case "mode":
			var mode string
			if mode, err = r.String(); err == nil && mode != "service" {
				err = fmt.Errorf("its mode is %q, not \"service\"", mode)
			}
		case "cas_url":
			d.CasURL, err = r.String()
		case "cas_key":
			err = r.Array(func() error {
				key, err := r.String()
				d.CasKeys = append(d.CasKeys, key)
				return err
			})
		case "config_id":
			d.ConfigID, err = r.String()
		case "rootfs":
			*rootfs, err = r.String()
		default:
			err = r.Unknown(name)
		}
		return err
	})
}

// render is the one byte form. Values that need an escape come out different from what was read.
func (d *InitData) render(rootfs string) string {
	var keys []string
	for _, key := range d.CasKeys {
		keys = append(keys, `"`+key+`"`)
	}
	policy := ""
	if d.Policy != "" {
		policy = between + d.Policy
	}
	return head + `{"v":1,"mode":"service","cas_url":"` + d.CasURL + `","cas_key":[` + strings.Join(keys, ",") +
		`],"config_id":"` + d.ConfigID + `","rootfs":"` + rootfs + `"}` + policy + tail
}

// isPolicy tells whether a text can stand in the document so that TOML readers, too, see where it ends.
func isPolicy(text string) bool {
	return text != "" && utf8.ValidString(text) && !strings.Contains(text, "'''") && !strings.HasSuffix(text, "'") &&
		!strings.ContainsFunc(text, func(r rune) bool { return (r < 0x20 && r != '\n' && r != '\t') || r == 0x7f })
}

// Fits refuses a document without a policy where nothing else measures the container: on tdx and snp the guest's agent
// admits containers, so that without a policy the host could start another one in this very guest (security-review.md
// C1). Elsewhere nobody enforces a policy, and one would only pretend.
func (d *InitData) Fits(tee string) error {
	demanded := tee == "tdx" || tee == "snp"
	if demanded == (d.Policy != "") {
		return nil
	}
	expected, found := "none, since nothing enforces it there", "one"
	if demanded {
		expected, found = "one that admits this container alone", "none"
	}
	return refusal.New(refusal.InitData, "init data is not for the TEE that it was found in (%s)", tee).
		Differs("policy.rego for "+tee, expected, found).
		Advise("apply the mesh for the TEE that the service runs in")
}

// Address is the host and port of the CAS: as stated here, or as the host moved it by SCONE_CAS_ADDR.
func (d *InitData) Address(moved string) (host, port string, err error) {
	stated, where := d.CasURL, "cas_url of init data"
	if moved != "" {
		stated, where = moved, "the variable SCONE_CAS_ADDR"
	}
	host, port = stated, defaultPort
	if at := strings.LastIndexByte(stated, ':'); at >= 0 {
		host, port = stated[:at], stated[at+1:]
	}
	if host == "" || strings.ContainsAny(host, ":/@[]") || !isPort(port) {
		return "", "", refusal.New(refusal.InitData, "%s is no address", where).
			Differs(where, "host or host:port", stated).
			Advise("name the attestation port of the CAS, for instance cas.example:18765")
	}
	return host, port, nil
}

func isPort(text string) bool {
	value := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' || len(text) > 5 {
			return false
		}
		value = 10*value + int(c-'0')
	}
	return value > 0 && value < 65536
}

func plain(value string) bool {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@-"
	return value != "" && strings.Trim(value, allowed) == ""
}

func malformed(cause string) error {
	return refusal.New(refusal.InitData, "init data is not in its one byte form").Because("%s", cause).Advise(hint)
}

func tooLong(length int) error {
	return refusal.New(refusal.InitData, "init data is longer than %d bytes", maxLength).Because("it has %d", length).Advise(hint)
}

func unreadable(path string, err error) error {
	return refusal.New(refusal.InitData, "%s cannot be read", path).Because("%v", err).Advise("make it readable for the program's user")
}

// Claims are the exact bytes of what the runtime states about itself (protocol.md step 6). No value needs an escape.
// can is a JSON list.
func (d *InitData) Claims(tee, version, can string) []byte {
	return []byte(`{"v":1,"tee":"` + tee + `","config_id":"` + d.ConfigID + `","rootfs":"` + hex.EncodeToString(d.Rootfs[:]) +
		`","runtime":{"version":"` + version + `","can":` + can + `}}`)
}
