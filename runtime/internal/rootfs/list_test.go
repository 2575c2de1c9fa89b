package rootfs

import (
	"fmt"
	"strings"
	"testing"
)

func document(mounts, entries string) string {
	return fmt.Sprintf(`{"entries":[{"gid":0,"mode":"0755","path":"/","type":"dir","uid":0}%s],"mounts":[%s],"user":{"gid":2,"uid":1},"v":1}`, entries, mounts)
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func TestTheListIsRead(t *testing.T) {
	list, err := Parse([]byte(document(
		`{"below":true,"empty":true,"fs":["tmpfs","*"],"kind":"dir","only":"mountpoints","path":"/sys/cpu*/x%2A","required":true,"ro":true}`,
		`,{"gid":0,"mode":"4755","path":"/a%FFb","sha256":"`+zeros+`","size":3,"type":"file","uid":0,"xattrs":{"security.capability":"AQ=="}}`+
			`,{"gid":0,"mode":"0777","optional":true,"path":"/b","target":"/a%25","type":"symlink","uid":0}`+
			`,{"gid":0,"mode":"0644","path":"/c","size":0,"type":"mountpoint","uid":0}`)))
	if err != nil {
		t.Fatal(err)
	}
	if list.UID != 1 || list.GID != 2 || len(list.Entries) != 4 || len(list.Mounts) != 1 {
		t.Fatalf("got %+v", list)
	}
	if m := list.Mounts[0]; m.Path != "/sys/cpu"+AnyNumber+"/x*" || !m.Below || !m.Empty || !m.Places || !m.Required || !m.ReadOnly || len(m.Types) != 2 {
		t.Errorf("got %+v", m)
	}
	if e := list.Entries[1]; e.Path != "/a\xffb" || e.Kind != File || e.Mode != 0o4755 || e.Size != 3 || e.Xattrs["security.capability"] != "\x01" {
		t.Errorf("got %+v", e)
	}
	if e := list.Entries[2]; e.Kind != Symlink || e.Target != "/a%" || !e.Optional {
		t.Errorf("got %+v", e)
	}
}

func TestAListOfAnotherFormIsRefused68(t *testing.T) {
	entry := func(text string) string { return document("", ","+text) }
	for why, text := range map[string]string{
		"nothing":               "",
		"no entries":            `{"entries":[],"mounts":[],"user":{"gid":2,"uid":1},"v":1}`,
		"does not begin with /": `{"entries":[{"gid":0,"mode":"0755","path":"/a","type":"dir","uid":0}],"mounts":[],"user":{"gid":2,"uid":1},"v":1}`,
		"another version":       strings.Replace(document("", ""), `"v":1`, `"v":2`, 1),
		"an unknown name":       strings.Replace(document("", ""), `"v":1`, `"v":1,"plain":true`, 1),
		"an unknown type":       entry(`{"gid":0,"mode":"0755","path":"/a","type":"device","uid":0}`),
		"no type":               entry(`{"gid":0,"mode":"0755","path":"/a","uid":0}`),
		"no owner":              entry(`{"gid":0,"mode":"0755","path":"/a","type":"dir"}`),
		"a file without digest": entry(`{"gid":0,"mode":"0644","path":"/a","size":1,"type":"file","uid":0}`),
		"a file without size":   entry(`{"gid":0,"mode":"0644","path":"/a","sha256":"` + zeros + `","type":"file","uid":0}`),
		"a short digest":        entry(`{"gid":0,"mode":"0644","path":"/a","sha256":"00","size":1,"type":"file","uid":0}`),
		"an upper-case digest":  entry(`{"gid":0,"mode":"0644","path":"/a","sha256":"` + strings.Repeat("AB", 32) + `","size":1,"type":"file","uid":0}`),
		"a link without target": entry(`{"gid":0,"mode":"0777","path":"/a","type":"symlink","uid":0}`),
		"a mode of three":       entry(`{"gid":0,"mode":"755","path":"/a","type":"dir","uid":0}`),
		"a mode with an 8":      entry(`{"gid":0,"mode":"0785","path":"/a","type":"dir","uid":0}`),
		"optional: false":       entry(`{"gid":0,"mode":"0755","optional":false,"path":"/a","type":"dir","uid":0}`),
		"a relative path":       entry(`{"gid":0,"mode":"0755","path":"a","type":"dir","uid":0}`),
		"..":                    entry(`{"gid":0,"mode":"0755","path":"/a/../b","type":"dir","uid":0}`),
		"an empty part":         entry(`{"gid":0,"mode":"0755","path":"/a//b","type":"dir","uid":0}`),
		"a slash at the end":    entry(`{"gid":0,"mode":"0755","path":"/a/","type":"dir","uid":0}`),
		"a path twice":          entry(`{"gid":0,"mode":"0755","path":"/","type":"dir","uid":0}`),
		"no order":              entry(`{"gid":0,"mode":"0755","path":"/b","type":"dir","uid":0},{"gid":0,"mode":"0755","path":"/a","type":"dir","uid":0}`),
		"needless encoding":     entry(`{"gid":0,"mode":"0755","path":"/%61","type":"dir","uid":0}`),
		"lower-case encoding":   entry(`{"gid":0,"mode":"0755","path":"/%ff","type":"dir","uid":0}`),
		"a NUL":                 entry(`{"gid":0,"mode":"0755","path":"/%00","type":"dir","uid":0}`),
		"raw bytes":             entry(`{"gid":0,"mode":"0755","path":"/é","type":"dir","uid":0}`),
		"a mount point of size": entry(`{"gid":0,"mode":"0644","path":"/a","size":1,"type":"mountpoint","uid":0}`),
		"a mount of no kind":    document(`{"fs":["tmpfs"],"path":"/a"}`, ""),
		"a mount of odd kind":   document(`{"fs":["tmpfs"],"kind":"any","path":"/a"}`, ""),
		"a mount of no type":    document(`{"fs":[],"kind":"dir","path":"/a"}`, ""),
		"an unknown limit":      document(`{"fs":["tmpfs"],"kind":"dir","only":"x","path":"/a"}`, ""),
		"an unknown flag":       document(`{"fs":["tmpfs"],"kind":"dir","path":"/a","rw":true}`, ""),
		"a relative mount":      document(`{"fs":["tmpfs"],"kind":"dir","path":"a"}`, ""),
	} {
		if list, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: taken as %+v", why, list)
		}
	}
}

func FuzzPathEncoding(f *testing.F) {
	f.Add("/a b", "/a%20b")
	f.Add("/\xff~", "/%FF~")
	f.Fuzz(func(t *testing.T, raw, text string) {
		if !strings.ContainsRune(raw, 0) {
			if back, err := Decode(Encode(raw)); err != nil || back != raw {
				t.Errorf("%q became %q, %v", raw, back, err)
			}
		}
		if decoded, err := Decode(text); err == nil && Encode(decoded) != text {
			t.Errorf("%q is a second form of %q", text, Encode(decoded))
		}
	})
}
