// Package strictjson reads JSON (RFC 8259) so that no second reader can see another document in the same bytes: names
// are compared exactly and may not repeat, text must be UTF-8 without lone surrogates, numbers are integers, nothing may
// follow the value. encoding/json takes "CAS_KEY" for "cas_key" and the last of two equal names (security-review.md H6).
package strictjson

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The same depth as src/core/json.ts.
const maxDepth = 64

// A Reader walks through one document; the caller says what must come next.
type Reader struct {
	bytes []byte
	at    int
	depth int
}

// Parse reads a whole document; what names it in errors.
func Parse(document []byte, what string, read func(*Reader) error) error {
	reader := &Reader{bytes: document}
	err := read(reader)
	if err == nil {
		reader.blanks()
		if reader.at != len(document) {
			err = reader.fail("something stands behind its end")
		}
	}
	if err != nil {
		return fmt.Errorf("the %s is not in its form: %w", what, err)
	}
	return nil
}

// Object reads an object and calls member for each name; member must read the value.
func (r *Reader) Object(member func(name string) error) error {
	if err := r.open('{', "an object"); err != nil {
		return err
	}
	defer func() { r.depth-- }()
	if r.take('}') {
		return nil
	}
	var few []string
	var many map[string]bool
	for {
		name, err := r.String()
		if err != nil {
			return err
		}
		if slices.Contains(few, name) || many[name] {
			return r.fail("the name %q stands twice", name)
		}
		if len(few) < 16 {
			few = append(few, name)
		} else {
			if many == nil {
				many = make(map[string]bool)
			}
			many[name] = true
		}
		if !r.take(':') {
			return r.fail("a colon is missing")
		}
		if err := member(name); err != nil {
			return err
		}
		if r.take('}') {
			return nil
		}
		if !r.take(',') {
			return r.fail("a comma or a brace is missing")
		}
	}
}

// Array reads an array and calls element for each value; element must read it.
func (r *Reader) Array(element func() error) error {
	if err := r.open('[', "an array"); err != nil {
		return err
	}
	defer func() { r.depth-- }()
	if r.take(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if r.take(']') {
			return nil
		}
		if !r.take(',') {
			return r.fail("a comma or a bracket is missing")
		}
	}
}

// Unknown is the error for a name that the document may not hold.
func (r *Reader) Unknown(name string) error {
	return r.fail("the name %q is unknown", name)
}

// String reads a text.
func (r *Reader) String() (string, error) {
	if !r.take('"') {
		return "", r.fail("a text was expected")
	}
	start := r.at
	for r.at < len(r.bytes) {
		switch c := r.bytes[r.at]; {
		case c == '"':
			text := r.bytes[start:r.at]
			r.at++
			if !utf8.Valid(text) {
				return "", r.fail("a text is not UTF-8")
			}
			return string(text), nil
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			return "", r.fail("a text holds a control character")
		}
		r.at++
	}
	return "", r.fail("a text has no end")
}

// escaped goes on with a text at its first escape.
func (r *Reader) escaped(start int) (string, error) {
	text := append([]byte(nil), r.bytes[start:r.at]...)
	for r.at < len(r.bytes) {
		c := r.bytes[r.at]
		r.at++
		switch {
		case c == '"':
			if !utf8.Valid(text) {
				return "", r.fail("a text is not UTF-8")
			}
			return string(text), nil
		case c == '\\':
			character, err := r.escape()
			if err != nil {
				return "", err
			}
			text = utf8.AppendRune(text, character)
		case c < 0x20:
			return "", r.fail("a text holds a control character")
		default:
			text = append(text, c)
		}
	}
	return "", r.fail("a text has no end")
}

// escape reads what follows a backslash.
func (r *Reader) escape() (rune, error) {
	if r.at >= len(r.bytes) {
		return 0, r.fail("a text has no end")
	}
	c := r.bytes[r.at]
	r.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		high, err := r.hex4()
		if err != nil || !utf16.IsSurrogate(high) {
			return high, err
		}
		if r.at+1 < len(r.bytes) && r.bytes[r.at] == '\\' && r.bytes[r.at+1] == 'u' {
			r.at += 2
			low, err := r.hex4()
			if err != nil {
				return 0, err
			}
			if pair := utf16.DecodeRune(high, low); pair != utf8.RuneError {
				return pair, nil
			}
		}
		return 0, r.fail("a text holds a lone surrogate")
	}
	return 0, r.fail("an unknown escape")
}

func (r *Reader) hex4() (rune, error) {
	if r.at+4 > len(r.bytes) {
		return 0, r.fail("a text has no end")
	}
	var value rune
	for _, c := range r.bytes[r.at : r.at+4] {
		switch {
		case c >= '0' && c <= '9':
			value = value<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			value = value<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			value = value<<4 | rune(c-'A'+10)
		default:
			return 0, r.fail("an unknown escape")
		}
	}
	r.at += 4
	return value, nil
}

// Integer reads a whole number from min to max.
func (r *Reader) Integer(min, max int64) (int64, error) {
	r.blanks()
	start := r.at
	if r.at < len(r.bytes) && r.bytes[r.at] == '-' {
		r.at++
	}
	digits := r.at
	for r.at < len(r.bytes) && r.bytes[r.at] >= '0' && r.bytes[r.at] <= '9' {
		r.at++
	}
	text := string(r.bytes[start:r.at])
	if r.at == digits || (r.bytes[digits] == '0' && (r.at > digits+1 || digits > start)) {
		return 0, r.fail("a whole number was expected")
	}
	if r.at < len(r.bytes) && (r.bytes[r.at] == '.' || r.bytes[r.at] == 'e' || r.bytes[r.at] == 'E') {
		return 0, r.fail("a whole number was expected")
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < min || value > max {
		return 0, r.fail("the number %s is not between %d and %d", text, min, max)
	}
	return value, nil
}

// Index reads a whole number that every JSON reader holds exactly.
func (r *Reader) Index() (int64, error) {
	return r.Integer(0, 1<<53-1)
}

// Uint32 reads a whole number of 32 bits.
func (r *Reader) Uint32() (uint32, error) {
	value, err := r.Integer(0, math.MaxUint32)
	return uint32(value), err
}

// True reads the word true: flags are either absent or true.
func (r *Reader) True() (bool, error) {
	r.blanks()
	if string(r.bytes[r.at:min(r.at+4, len(r.bytes))]) != "true" {
		return false, r.fail("true was expected")
	}
	r.at += 4
	return true, nil
}

// Null reads the word null if that comes next, and tells whether it did: for values that another program may leave open.
func (r *Reader) Null() bool {
	r.blanks()
	if string(r.bytes[r.at:min(r.at+4, len(r.bytes))]) != "null" {
		return false
	}
	r.at += 4
	return true
}

func (r *Reader) open(bracket byte, what string) error {
	if !r.take(bracket) {
		return r.fail("%s was expected", what)
	}
	if r.depth++; r.depth > maxDepth {
		return r.fail("it is nested deeper than %d", maxDepth)
	}
	return nil
}

func (r *Reader) take(character byte) bool {
	r.blanks()
	if r.at >= len(r.bytes) || r.bytes[r.at] != character {
		return false
	}
	r.at++
	return true
}

func (r *Reader) blanks() {
	for r.at < len(r.bytes) {
		switch r.bytes[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *Reader) fail(format string, values ...any) error {
	return fmt.Errorf("%s (at byte %d)", fmt.Sprintf(format, values...), r.at)
}
