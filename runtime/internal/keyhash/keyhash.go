// Package keyhash reads key hashes: base58(version byte ‖ SHA-256(SPKI) ‖ first 4 bytes of the double SHA-256 of what
// stands before), in the canonical form only (protocol.md, "Sessions, names, forms").
package keyhash

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
)

// The version byte tells a production CAS from a simulated one.
const (
	Production byte = 0x0a
	Simulation byte = 0x6f
)

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

const length = 1 + sha256.Size + 4

// A KeyHash names the public key of a CAS.
type KeyHash struct {
	Version byte
	// Spki is the SHA-256 of the SubjectPublicKeyInfo, DER.
	Spki [sha256.Size]byte
}

// Parse reads a key hash and refuses every form but the canonical one.
func Parse(text string) (KeyHash, error) {
	decoded, err := decode58(text)
	if err != nil {
		return KeyHash{}, err
	}
	if len(decoded) != length || !bytes.Equal(checksum(decoded[:length-4]), decoded[length-4:]) || encode58(decoded) != text {
		return KeyHash{}, fmt.Errorf("%q is no key hash: its length or checksum is wrong", text)
	}
	hash := KeyHash{Version: decoded[0], Spki: [sha256.Size]byte(decoded[1 : length-4])}
	if hash.Version != Production && hash.Version != Simulation {
		return KeyHash{}, fmt.Errorf("%q has the unknown version byte 0x%02x", text, hash.Version)
	}
	return hash, nil
}

// String is the canonical text.
func (k KeyHash) String() string {
	body := append([]byte{k.Version}, k.Spki[:]...)
	return encode58(append(body, checksum(body)...))
}

func checksum(body []byte) []byte {
	once := sha256.Sum256(body)
	twice := sha256.Sum256(once[:])
	return twice[:4]
}

func decode58(text string) ([]byte, error) {
	// Longer than any key hash; keeps the quadratic conversion short.
	if len(text) > 2*length {
		return nil, fmt.Errorf("a text of %d characters is no key hash", len(text))
	}
	number, base := new(big.Int), big.NewInt(58)
	for _, character := range []byte(text) {
		digit := strings.IndexByte(alphabet, character)
		if digit < 0 {
			return nil, fmt.Errorf("%q holds a character that base 58 has not", text)
		}
		number.Add(number.Mul(number, base), big.NewInt(int64(digit)))
	}
	zeros := len(text) - len(strings.TrimLeft(text, "1"))
	return append(make([]byte, zeros), number.Bytes()...), nil
}

func encode58(data []byte) string {
	var reversed []byte
	number, base, digit := new(big.Int).SetBytes(data), big.NewInt(58), new(big.Int)
	for number.Sign() > 0 {
		number.DivMod(number, base, digit)
		reversed = append(reversed, alphabet[digit.Int64()])
	}
	for _, b := range data {
		if b != 0 {
			break
		}
		reversed = append(reversed, alphabet[0])
	}
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	return string(reversed)
}
