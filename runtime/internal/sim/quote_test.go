//go:build sim

package sim

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"testing"

	"sconectl/runtime/internal/procfs"
)

func newPlatform(t *testing.T, variable string) (*Platform, error) {
	t.Helper()
	proc, err := procfs.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	return New(variable, proc)
}

func verify(t *testing.T, key *ecdsa.PublicKey, message, signature []byte) {
	t.Helper()
	digest := sha256.Sum256(message)
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:64])) {
		t.Error("a signature is wrong")
	}
}

// The verifier of the CAS looks at a quote of this code in test/ground/channel.test.ts; here its layout is checked.
func TestTheQuoteHasTheLayoutOfDcapVersion3(t *testing.T) {
	variable := strings.Repeat("ab", 32) + strings.Repeat("00", 32)
	platform, err := newPlatform(t, variable)
	if err != nil {
		t.Fatal(err)
	}
	var reportData [64]byte
	var rootfs [32]byte
	copy(reportData[:], "report data")
	copy(rootfs[:], "rootfs")
	evidence, err := platform.Evidence(reportData, rootfs)
	if err != nil {
		t.Fatal(err)
	}
	quote := evidence.Quote
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(quote[at:])) }
	if u16(0) != 3 || u16(2) != 2 || binary.LittleEndian.Uint32(quote[4:]) != 0 || hex.EncodeToString(quote[12:28]) != "939a7233f79c4ca9940a0db3957f0607" {
		t.Errorf("header %x", quote[:48])
	}
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	programHash := sha256.Sum256(program)
	report := quote[48:432]
	if !bytes.Equal(report[64:96], measurement(programHash[:], rootfs[:])) {
		t.Errorf("MRENCLAVE %x", report[64:96])
	}
	if hex.EncodeToString(report[192:256]) != variable || !bytes.Equal(report[320:], reportData[:]) {
		t.Errorf("CONFIGID %x, report data %x", report[192:256], report[320:])
	}
	if report[48]&0x80 == 0 || report[48]&0x02 != 0 {
		t.Errorf("attributes %x: KSS must be set, debug not", report[48:64])
	}
	data := quote[436:]
	if int(binary.LittleEndian.Uint32(quote[432:])) != len(data) {
		t.Error("the length of the signature data is wrong")
	}
	signature, key, qe, qeSignature := data[:64], data[64:128], data[128:512], data[512:576]
	attestation := &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(key[:32]), Y: new(big.Int).SetBytes(key[32:])}
	verify(t, attestation, quote[:432], signature)
	length := int(binary.LittleEndian.Uint16(data[576:]))
	authentication := data[578 : 578+length]
	if binding := sha256.Sum256(append(append([]byte(nil), key...), authentication...)); !bytes.Equal(qe[320:352], binding[:]) || !bytes.Equal(qe[352:], make([]byte, 32)) {
		t.Error("the QE report does not bind the attestation key")
	}
	rest := data[578+length:]
	if binary.LittleEndian.Uint16(rest) != 5 || int(binary.LittleEndian.Uint32(rest[2:])) != len(rest)-6 {
		t.Error("the certification data is wrong")
	}
	block, _ := pem.Decode(rest[6:])
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	verify(t, leaf.PublicKey.(*ecdsa.PublicKey), qe, qeSignature)
}

func TestAllQuotesHaveOneAttestationKeyAndOneReportAboutIt(t *testing.T) {
	platform, err := newPlatform(t, strings.Repeat("00", 64))
	if err != nil {
		t.Fatal(err)
	}
	first, err := platform.Evidence([64]byte{}, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := platform.Evidence([64]byte{1}, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first.Quote[436:500], second.Quote[436:500]) {
		t.Error("two quotes have one signature")
	}
	if !bytes.Equal(first.Quote[500:], second.Quote[500:]) {
		t.Error("two quotes differ behind their signatures")
	}
}

func TestASimulatedPlatformIs128DigitsOfHex(t *testing.T) {
	for _, variable := range []string{"", "00", strings.Repeat("00", 63), strings.Repeat("00", 65), strings.Repeat("AB", 64), strings.Repeat("zz", 64), " " + strings.Repeat("0", 127)} {
		if platform, err := newPlatform(t, variable); err == nil {
			t.Errorf("%q: taken as %v", variable, platform)
		}
	}
}

func TestTheDigestOfTheBinaryIsTakenFromTheCheckOfTheImageWhereItWasRead(t *testing.T) {
	platform, err := newPlatform(t, strings.Repeat("00", 64))
	if err != nil {
		t.Fatal(err)
	}
	executable, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	own, known := sha256.Sum256(executable), sha256.Sum256([]byte("another binary"))
	for _, expected := range [][32]byte{own, known} {
		if expected == known {
			platform.Verified(known)
		}
		evidence, err := platform.Evidence([64]byte{}, [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(evidence.Quote[48+64:48+96], measurement(expected[:], make([]byte, 32))) {
			t.Errorf("the measurement is not that of %x", expected)
		}
	}
}
