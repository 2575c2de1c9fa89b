package ground

import (
	"strings"
	"testing"
)

func TestMountinfoOfAContainerIsRead62(t *testing.T) {
	mounts, err := parseMountinfo([]byte(
		`584 480 0:44 / / ro,relatime - overlay overlay rw,lowerdir=/a:/b` + "\n" +
			`590 584 0:51 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw` + "\n" +
			`591 584 254:1 /var/lib/x\040y/hosts /etc/hosts rw,relatime shared:1 master:2 - ext4 /dev/vda1 rw` + "\n" +
			`592 584 0:52 / /a\134b\011c rw - tmpfs  ro,size=1k` + "\n" +
			`593 584 0:4 mnt:[4026532281] /run/netns/x rw - nsfs nsfs rw` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if m := mounts[0]; m.id != 584 || m.path != "/" || !m.readOnly || m.kind != "overlay" {
		t.Errorf("got %+v", m)
	}
	if m := mounts[2]; m.root != "/var/lib/x y/hosts" || m.path != "/etc/hosts" || m.readOnly || m.source != "/dev/vda1" {
		t.Errorf("got %+v", m)
	}
	if m := mounts[3]; m.path != "/a\\b\tc" || !m.readOnly || m.source != "" {
		t.Errorf("got %+v", m)
	}
}

func TestMountinfoOfAnotherFormIsRefused62(t *testing.T) {
	good := `590 584 0:51 / /proc rw,nosuid - proc proc rw`
	for why, text := range map[string]string{
		"nothing":             "",
		"no line end":         good,
		"an empty line":       good + "\n\n",
		"an id twice":         good + "\n" + good + "\n",
		"a cut line":          "590 584 0:51 / /proc rw,nosuid -\n",
		"no separator":        strings.Replace(good, " - ", " ", 1) + "\n",
		"more behind the end": good + " x\n",
		"no id":               "x" + good + "\n",
		"an id with zeros":    "0" + good + "\n",
		"no parent":           strings.Replace(good, "584", "-", 1) + "\n",
		"a relative path":     strings.Replace(good, "/proc", "proc", 1) + "\n",
		"a relative root":     strings.Replace(good, " / ", " x ", 1) + "\n",
		"no type":             strings.Replace(good, "- proc", "- ", 1) + "\n",
		"odd options":         strings.Replace(good, "rw,nosuid", "nosuid,rw", 1) + "\n",
		"an escape that ends": strings.Replace(good, "/proc", `/proc\04`, 1) + "\n",
		"an escape of no use": strings.Replace(good, "/proc", `/proc\x41`, 1) + "\n",
		"an escape too large": strings.Replace(good, "/proc", `/proc\777`, 1) + "\n",
	} {
		if mounts, err := parseMountinfo([]byte(text)); err == nil {
			t.Errorf("%s: taken as %+v", why, mounts)
		}
	}
}

func FuzzMountinfo(f *testing.F) {
	f.Add("590 584 0:51 / /proc rw,nosuid - proc proc rw\n")
	f.Fuzz(func(t *testing.T, text string) {
		mounts, err := parseMountinfo([]byte(text))
		if err == nil && len(mounts) != strings.Count(text, "\n") {
			t.Errorf("%d mounts in %q", len(mounts), text)
		}
	})
}
