//go:build sim

// Package bench is the load of `npm run bench`: one binary made with `go test -c -tags sim`, of test files only, so that
// nothing of it reaches the runtime or changes the key under which a compiled runtime is kept.
package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// TestMain runs what the first argument names, and without one the (empty) tests of this package.
func TestMain(m *testing.M) {
	modes := map[string]func([]string) (any, error){"attest": attest, "ground": ground}
	if len(os.Args) < 2 || modes[os.Args[1]] == nil {
		os.Exit(m.Run())
	}
	result, err := modes[os.Args[1]](os.Args[2:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
