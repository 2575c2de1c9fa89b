package answer

import (
	"slices"
	"strings"
	"testing"

	"sconectl/runtime/internal/refusal"
)

const good = `{"argv":[{"text":"python3"},{"host_arg":1}],"environment":{"API_USER":{"text":"u"},"TZ":{"host_env":"TZ"}},` +
	`"files":[{"content":"c2VjcmV0","gid":65532,"mode":"0400","path":"/etc/x","uid":65532}],"head":"note","index":7,` +
	`"protected":[],"pwd":"/python","session_hash":"ab","volumes":[]}`

type host map[string]string

func (h host) Host(name string) (string, bool) {
	value, found := h[name]
	return value, found
}

func TestAnAnswerIsRead(t *testing.T) {
	answer, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err, refusal.Of(err).Causes)
	}
	if f := answer.Files[0]; f.Path != "/etc/x" || f.Mode != 0o400 || string(f.Content) != "secret" || f.UID != 65532 {
		t.Errorf("got %+v", f)
	}
	if answer.Pwd != "/python" || answer.Index != 7 || answer.Head != "note" || answer.SessionHash != "ab" {
		t.Errorf("got %+v", answer)
	}
	argv, environment, err := answer.Resolve([]string{"/opt/scone/runtime", "one"}, host{"TZ": "UTC"})
	if err != nil || !slices.Equal(argv, []string{"python3", "one"}) || !slices.Equal(environment, []string{"API_USER=u", "TZ=UTC"}) {
		t.Errorf("%q %q %v", argv, environment, err)
	}
}

func Test68AnAnswerOfAnotherFormIsRefusedWithoutItsValues(t *testing.T) {
	change := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("nothing like %s", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	for why, text := range map[string]string{
		"nothing":                      "",
		"a list":                       "[]",
		"a name twice":                 change(`"index":7`, `"index":7,"index":8`),
		"a name of another case":       change(`"argv"`, `"Argv"`),
		"an unknown name":              change(`"index":7`, `"index":7,"expires":1`),
		"a proof that nobody asked":    change(`"index":7`, `"index":7,"token_proof":"AA=="`),
		"no argv":                      change(`"argv":[{"text":"python3"},{"host_arg":1}],`, ``),
		"an empty argv":                change(`[{"text":"python3"},{"host_arg":1}]`, `[]`),
		"a plain string":               change(`{"text":"python3"}`, `"python3"`),
		"two members":                  change(`{"text":"python3"}`, `{"text":"python3","host_arg":1}`),
		"no member":                    change(`{"text":"python3"}`, `{}`),
		"an unknown member":            change(`{"text":"python3"}`, `{"value":"x"}`),
		"argument 0":                   change(`{"host_arg":1}`, `{"host_arg":0}`),
		"a NUL in argv":                change(`python3`, `python3\u0000`),
		"a NUL in pwd":                 change(`/python"`, `/python\u0000"`),
		"a relative pwd":               change(`"/python"`, `"python"`),
		"a variable without a name":    change(`"API_USER"`, `""`),
		"a variable with =":            change(`"API_USER"`, `"API=USER"`),
		"a variable with NUL":          change(`"API_USER"`, `"API\u0000"`),
		"a variable twice":             change(`"API_USER":{"text":"u"}`, `"API_USER":{"text":"u"},"API_USER":{"text":"v"}`),
		"volumes":                      change(`"volumes":[]`, `"volumes":[{"name":"data"}]`),
		"protected regions":            change(`"protected":[]`, `"protected":[{"region":"/x","key":"AA=="}]`),
		"a file without mode":          change(`"mode":"0400",`, ``),
		"a file with setuid":           change(`"0400"`, `"4400"`),
		"a file with a mode of digits": change(`"0400"`, `"400"`),
		"content that is no base64":    change(`c2VjcmV0`, `c2VjcmV0=`),
		"content with spare bits":      change(`c2VjcmV0`, `c2VjcmV=`),
		"an index as text":             change(`"index":7`, `"index":"7"`),
		"something behind the end":     good + "{}",
	} {
		answer, err := Parse([]byte(text))
		if err == nil {
			t.Errorf("%s: taken as %+v", why, answer)
			continue
		}
		said := err.Error() + strings.Join(refusal.Of(err).Causes, "") + refusal.Of(err).Hint
		for _, secret := range []string{"python3", "c2VjcmV0", "AA=="} {
			if strings.Contains(said, secret) {
				t.Errorf("%s: the refusal holds %s: %s", why, secret, said)
			}
		}
	}
}

func Test72TextsAndHostValuesAreNeverRescanned(t *testing.T) {
	text := strings.NewReplacer(`"text":"python3"`, `"text":"@@1"`, `"text":"u"`, `"text":"$$SCONE::password$$ @@1 ${TZ}"`).Replace(good)
	answer, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	argv, environment, err := answer.Resolve([]string{"runtime", "@@1 $$SCONE::password$$"}, host{"TZ": `@@1{"host_arg":1}`})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(argv, []string{"@@1", "@@1 $$SCONE::password$$"}) {
		t.Errorf("got %q", argv)
	}
	if !slices.Equal(environment, []string{"API_USER=$$SCONE::password$$ @@1 ${TZ}", `TZ=@@1{"host_arg":1}`}) {
		t.Errorf("got %q", environment)
	}
}

func Test49HostValuesThatTheContainerLacksAreRefusedByName(t *testing.T) {
	answer, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		arguments []string
		host      host
		cause     string
	}{
		{[]string{"runtime"}, host{"TZ": ""}, "arguments of the container: expected at least 1, found 0"},
		{nil, host{"TZ": ""}, "arguments of the container: expected at least 1, found 0"},
		{[]string{"runtime", "one"}, host{"tz": ""}, "variable of the container: expected TZ, found none of that name"},
	} {
		_, _, err := answer.Resolve(c.arguments, c.host)
		if err == nil || refusal.Of(err).Causes[0] != c.cause || refusal.Of(err).Hint == "" {
			t.Errorf("%q: %v", c.arguments, err)
		}
	}
	if _, environment, err := answer.Resolve([]string{"runtime", ""}, host{"TZ": ""}); err != nil || environment[1] != "TZ=" {
		t.Errorf("an empty value was refused: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := Parse(body)
		if err != nil {
			if refusal.Of(err).Code != refusal.Format {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		_, _, _ = answer.Resolve([]string{"runtime"}, host{})
	})
}
