// Package refusal is the one form in which the runtime says no: a stable code, what differed, expected and found, and
// what to change. No refusal ever holds a secret.
package refusal

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ExitCode is what the process ends with when it refuses to start the program.
const ExitCode = 101

// The codes are those of src/core/errors.ts.
const (
	Attestation = "E_ATTESTATION"
	CasIdentity = "E_CAS_IDENTITY"
	Unreachable = "E_CAS_UNREACHABLE"
	Command     = "E_COMMAND"
	Format      = "E_FORMAT"
	Ground      = "E_GROUND"
	Image       = "E_IMAGE"
	InitData    = "E_INITDATA"
	Internal    = "E_INTERNAL"
	Mode        = "E_MODE"
	NotYet      = "E_NOT_YET"
	Run         = "E_RUN"
	Tee         = "E_TEE"
)

// A Refusal ends the start.
type Refusal struct {
	Code    string
	Message string
	Causes  []string
	Hint    string
}

// New makes a refusal.
func New(code, format string, values ...any) *Refusal {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, values...)}
}

// Because appends a "Caused by:" line.
func (r *Refusal) Because(format string, values ...any) *Refusal {
	r.Causes = append(r.Causes, fmt.Sprintf(format, values...))
	return r
}

// Differs appends a "Caused by:" line that names what differed, what was expected and what was found.
func (r *Refusal) Differs(what, expected, found string) *Refusal {
	return r.Because("%s: expected %s, found %s", what, expected, found)
}

// Advise sets the hint: what to change.
func (r *Refusal) Advise(format string, values ...any) *Refusal {
	r.Hint = fmt.Sprintf(format, values...)
	return r
}

func (r *Refusal) Error() string {
	return r.Code + ": " + r.Message
}

// Write prints the refusal: one FATAL line, a line for each cause, the hint.
func (r *Refusal) Write(w io.Writer) {
	var text strings.Builder
	text.WriteString("[sconectl|FATAL] " + Plain(r.Error()) + "\n")
	for _, cause := range r.Causes {
		text.WriteString("Caused by: " + Plain(cause) + "\n")
	}
	if r.Hint != "" {
		text.WriteString("Hint: " + Plain(r.Hint) + "\n")
	}
	_, _ = io.WriteString(w, text.String())
}

// Of returns the refusal in err, or wraps an error that should have been one.
func Of(err error) *Refusal {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	return New(Internal, "%v", err)
}

// Plain replaces what a terminal or a log reader could take for something else than text: control characters, marks that
// turn the direction of writing or are not seen at all, and bytes that are no UTF-8. Names of files and answers of
// servers come from untrusted sides.
func Plain(text string) string {
	var plain strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if !strconv.IsPrint(r) || (r == utf8.RuneError && size == 1) {
			for i := range size {
				fmt.Fprintf(&plain, `\x%02x`, text[i])
			}
		} else {
			plain.WriteString(text[:size])
		}
		text = text[size:]
	}
	return plain.String()
}
