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

// differences collects what the workers find.
type differences struct {
	lock sync.Mutex
	all  []Difference
}

func (d *differences) add(path, what, expected, found string) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.all = append(d.all, Difference{path, what, expected, found})
}

// refusal is nil where nothing differs; its text does not depend on the order in which the workers ran.
func (d *differences) refusal() error {
	if len(d.all) == 0 {
		return nil
	}
	slices.SortFunc(d.all, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.What, b.What), cmp.Compare(a.Found, b.Found))
	})
	things := "1 difference"
	if len(d.all) > 1 {
		things = fmt.Sprintf("%d differences", len(d.all))
	}
	problem := refusal.New(refusal.Image, "the root file system is not the one of the image: %s", things)
	for _, difference := range d.all[:min(shown, len(d.all))] {
		problem.Differs(Encode(difference.Path)+": "+difference.What, difference.Expected, difference.Found)
	}
	if len(d.all) > shown {
		problem.Because("and %d more", len(d.all)-shown)
	}
	return problem.Advise("start the image as it was built, with a fresh root file system; if the change was meant, build the image again (`sconectl apply -f service.yml`) and apply the mesh")
}
