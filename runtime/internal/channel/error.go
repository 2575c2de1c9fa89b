package channel

import (
	"fmt"

	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/strictjson"
)

// casError is the form in which a CAS refuses (src/api/errors.ts).
type casError struct {
	code, message, expected, found, hint string
	causes                               []string
}

// readError turns a negative answer into a refusal that keeps the CAS's code, words and hint.
func readError(status int, body []byte) error {
	answer := new(casError)
	if err := strictjson.Parse(body, "answer of the CAS", answer.read); err != nil || answer.code == "" {
		problem := refusal.New(refusal.Attestation, "the CAS answered with HTTP status %d and no reason", status)
		if err != nil {
			problem.Because("%v", err)
		}
		return problem.Advise("let the address lead to the attestation port of the CAS (18765 by default)")
	}
	problem := refusal.New(refusal.Attestation, "the CAS refused to configure this service")
	problem.Because("%s: %s", answer.code, answer.message)
	if answer.expected != "" || answer.found != "" {
		problem.Because("expected %s, found %s", answer.expected, answer.found)
	}
	problem.Causes = append(problem.Causes, answer.causes...)
	return problem.Advise("%s", answer.hint)
}

func (e *casError) read(r *strictjson.Reader) error {
	return r.Object(func(name string) (err error) {
		switch name {
		case "code":
			e.code, err = r.String()
		case "message":
			e.message, err = r.String()
		case "expected":
			e.expected, err = r.String()
		case "found":
			e.found, err = r.String()
		case "hint":
			e.hint, err = r.String()
		case "causes":
			err = r.Array(func() error {
				cause, err := r.String()
				e.causes = append(e.causes, cause)
				return err
			})
		case "at":
			err = readPosition(r)
		default:
			err = r.Unknown(name)
		}
		return err
	})
}

// readPosition skips a place in a text file: no answer to a service has one that it could use.
func readPosition(r *strictjson.Reader) error {
	return r.Object(func(name string) (err error) {
		switch name {
		case "file":
			_, err = r.String()
		case "line", "column":
			_, err = r.Index()
		default:
			err = fmt.Errorf("a position holds %q", name)
		}
		return err
	})
}
