// Package answer reads what the CAS releases to a service and puts host values in where the session names them.
package answer

import (
	"encoding/base64"
	"fmt"
	"path"
	"strings"

	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/strictjson"
)

// Answer is the configuration of the program.
type Answer struct {
	Argv        []Element
	Pwd         string
	Environment []Variable
	Files       []File
	// SessionHash, Index and Head say which session version was released by which record of the ledger.
	SessionHash, Head string
	Index             int64
}

// Element is a text, or a host value that the session names. Exactly one of the three is set.
type Element struct {
	text    *string
	hostArg int64
	hostEnv *string
}

// Variable is one variable of the program's environment.
type Variable struct {
	Name  string
	Value Element
}

// File is an injected file. Path is its place in the image.
type File struct {
	Path     string
	Mode     uint32
	UID, GID uint32
	Content  []byte
}

// Parse reads the answer. It takes no name twice, none of another case, and none that is unknown.
func Parse(body []byte) (*Answer, error) {
	answer := &Answer{}
	given := map[string]bool{}
	err := strictjson.Parse(body, "answer of the CAS", func(r *strictjson.Reader) error {
		return r.Object(func(name string) error {
			given[name] = true
			return answer.read(r, name)
		})
	})
	if err == nil {
		err = answer.check(given)
	}
	if err != nil {
		// The cause names fields, never values: those may be secret.
		return nil, refusal.New(refusal.Format, "the answer of the CAS is not in its form").Because("%v", err).
			Advise("use a CAS and a runtime of one version")
	}
	return answer, nil
}

func (a *Answer) read(r *strictjson.Reader, name string) (err error) {
	switch name {
	case "argv":
		err = r.Array(func() error {
			element, err := readElement(r)
			a.Argv = append(a.Argv, element)
			return err
		})
	case "pwd":
		a.Pwd, err = r.String()
	case "environment":
		err = r.Object(func(name string) error {
			element, err := readElement(r)
			a.Environment = append(a.Environment, Variable{name, element})
			return err
		})
	case "files":
		err = r.Array(func() error {
			file, err := readFile(r)
			a.Files = append(a.Files, file)
			return err
		})
	case "protected", "volumes":
		// Not in what this runtime said it can do; a CAS that sends one all the same is not obeyed by halves.
		err = r.Array(func() error { return fmt.Errorf("%s holds something, which this runtime cannot do", name) })
	case "session_hash":
		a.SessionHash, err = r.String()
	case "index":
		a.Index, err = r.Index()
	case "head":
		a.Head, err = r.String()
	default:
		err = r.Unknown(name)
	}
	return err
}

func (a *Answer) check(given map[string]bool) error {
	for _, name := range []string{"argv", "pwd", "environment", "files", "protected", "volumes", "session_hash", "index", "head"} {
		if !given[name] {
			return fmt.Errorf("%s is missing", name)
		}
	}
	if len(a.Argv) == 0 {
		return fmt.Errorf("argv is empty")
	}
	if !path.IsAbs(a.Pwd) || strings.ContainsRune(a.Pwd, 0) {
		return fmt.Errorf("pwd is not an absolute path")
	}
	for _, variable := range a.Environment {
		if variable.Name == "" || strings.ContainsAny(variable.Name, "=\x00") {
			return fmt.Errorf("environment holds a name that no variable can have")
		}
	}
	return nil
}

func readElement(r *strictjson.Reader) (Element, error) {
	var element Element
	members := 0
	err := r.Object(func(name string) error {
		members++
		switch name {
		case "text", "host_env":
			text, err := r.String()
			if strings.ContainsRune(text, 0) {
				return fmt.Errorf("an element holds a NUL")
			}
			if name == "text" {
				element.text = &text
			} else {
				element.hostEnv = &text
			}
			return err
		case "host_arg":
			number, err := r.Integer(1, 1<<20)
			element.hostArg = number
			return err
		}
		return r.Unknown(name)
	})
	if err == nil && members != 1 {
		err = fmt.Errorf("an element has %d members instead of one", members)
	}
	return element, err
}

func readFile(r *strictjson.Reader) (File, error) {
	var file File
	given := map[string]bool{}
	err := r.Object(func(name string) (err error) {
		given[name] = true
		switch name {
		case "path":
			file.Path, err = r.String()
		case "mode":
			file.Mode, err = readMode(r)
		case "uid":
			file.UID, err = r.Uint32()
		case "gid":
			file.GID, err = r.Uint32()
		case "content":
			var text string
			if text, err = r.String(); err != nil {
				return err
			}
			if file.Content, err = base64.StdEncoding.DecodeString(text); err != nil || base64.StdEncoding.EncodeToString(file.Content) != text {
				err = fmt.Errorf("the content of a file is not base64")
			}
		default:
			err = r.Unknown(name)
		}
		return err
	})
	if err == nil && len(given) != 5 {
		err = fmt.Errorf("a file lacks path, mode, uid, gid or content")
	}
	return file, err
}

// readMode takes four octal digits of permissions; injected files have no setuid bits.
func readMode(r *strictjson.Reader) (uint32, error) {
	text, err := r.String()
	if err != nil {
		return 0, err
	}
	var mode uint32
	for _, c := range []byte(text) {
		if c < '0' || c > '7' {
			return 0, fmt.Errorf("a file has a mode that is not octal")
		}
		mode = mode<<3 | uint32(c-'0')
	}
	if len(text) != 4 || mode > 0o777 {
		return 0, fmt.Errorf("a file has no mode of four octal digits up to 0777")
	}
	return mode, nil
}

// Host gives the host values that a session may name.
type Host interface {
	// Host is a variable that the container was started with.
	Host(name string) (string, bool)
}

// Resolve returns argv and environment (as name=value) of the program. Texts stay as they are, whatever they look like;
// a host value is put in once and never looked into (security-review.md H10). arguments are those of the container,
// the program's name first.
func (a *Answer) Resolve(arguments []string, host Host) (argv, environment []string, err error) {
	for i, element := range a.Argv {
		value, err := element.resolve(arguments, host)
		if err != nil {
			return nil, nil, err.Advise("start the container with it, or take it out of the session (argument %d of the command)", i)
		}
		argv = append(argv, value)
	}
	for _, variable := range a.Environment {
		value, err := variable.Value.resolve(arguments, host)
		if err != nil {
			return nil, nil, err.Advise("start the container with it, or take it out of the session (variable %s)", variable.Name)
		}
		environment = append(environment, variable.Name+"="+value)
	}
	if argv[0] == "" {
		return nil, nil, refusal.New(refusal.Command, "the command of the session is empty")
	}
	return argv, environment, nil
}

func (e Element) resolve(arguments []string, host Host) (string, *refusal.Refusal) {
	switch {
	case e.text != nil:
		return *e.text, nil
	case e.hostEnv != nil:
		if value, found := host.Host(*e.hostEnv); found {
			return value, nil
		}
		return "", refusal.New(refusal.Run, "the session names a variable of the host that the container lacks").
			Differs("variable of the container", *e.hostEnv, "none of that name")
	case e.hostArg > 0 && e.hostArg < int64(len(arguments)):
		return arguments[e.hostArg], nil
	}
	return "", refusal.New(refusal.Run, "the session names an argument of the host that the container lacks").
		Differs("arguments of the container", fmt.Sprintf("at least %d", e.hostArg), fmt.Sprint(max(0, len(arguments)-1)))
}
