package rootfs

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"sconectl/runtime/internal/refusal"
)

// A Difference is one way in which a path is not as listed.
type Difference struct {
	// Path is raw bytes.
	Path                  string
	What, Expected, Found string
}

// shown is how many differences a refusal names.
const shown = 20

// kept is how many differences stay in memory until only those that are shown are kept: a host may add a million files.
const kept = 4096

// differences collects what the workers find.
type differences struct {
	lock  sync.Mutex
	first []Difference
	count int
	// wrong are the paths at which there is something else than the list says, so that what should be below is not named.
	wrong map[string]bool
}

func (d *differences) add(path, what, expected, found string) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.count++
	switch what {
	case "type", "mount", "reading it":
		d.wrong[path] = true
	}
	d.first = append(d.first, Difference{path, what, expected, found})
	if len(d.first) >= kept {
		d.sort()
		d.first = d.first[:shown]
	}
}

func (d *differences) sort() {
	slices.SortFunc(d.first, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.What, b.What), cmp.Compare(a.Found, b.Found))
	})
}

// refusal is nil where nothing differs; its text does not depend on the order in which the workers ran.
func (d *differences) refusal() error {
	if d.count == 0 {
		return nil
	}
	d.sort()
	things := "1 difference"
	if d.count > 1 {
		things = fmt.Sprintf("%d differences", d.count)
	}
	problem := refusal.New(refusal.Image, "the root file system is not the one of the image: %s", things)
	for _, difference := range d.first[:min(shown, len(d.first))] {
		problem.Differs(Encode(difference.Path)+": "+difference.What, difference.Expected, difference.Found)
	}
	if d.count > shown {
		problem.Because("and %d more", d.count-shown)
	}
	return problem.Advise("start the image as it was built, with a fresh root file system; if the change was meant, build the image again (`sconectl apply -f service.yml`) and apply the mesh")
}
