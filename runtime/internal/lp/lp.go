// Package lp encodes length-prefixed fields: every hash of the protocol covers a sequence of them, the first being a
// domain string (protocol.md; threat model 28).
package lp

import (
	"encoding/binary"
	"hash"
)

// Append appends LP(field): a 4-byte big-endian length, then the bytes.
func Append(to []byte, field []byte) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(field)))
	return append(to, field...)
}

// Sequence is LP(domain) ‖ LP(field) ‖ ….
func Sequence(domain string, fields ...[]byte) []byte {
	sequence := Append(nil, []byte(domain))
	for _, field := range fields {
		sequence = Append(sequence, field)
	}
	return sequence
}

// Sum is the digest of LP(domain) ‖ LP(field) ‖ … under a fresh hash.
func Sum(h hash.Hash, domain string, fields ...[]byte) []byte {
	h.Write(Sequence(domain, fields...))
	return h.Sum(nil)
}
