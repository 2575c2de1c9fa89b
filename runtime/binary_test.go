package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// built is the program as `sconectl apply` builds it, with the given build tag.
func built(t *testing.T, tag string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "runtime")
	command := exec.Command("go", "build", "-tags", tag, "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", file, ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOPROXY=off")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// A variable that chose the TEE, its addresses or its checks would be the host's to set.
func Test47And63ProductionProgramsKnowNoOtherVariableAndNoOtherTee(t *testing.T) {
	documented := []string{"SCONE_INITDATA", "SCONE_CAS_ADDR", "SCONE_LOG", "SCONE_VERSION"}
	guest, enclave := []string{"127.0.0.1:8006", "/sys/kernel/config", "/dev/tdx_guest"}, []string{"/dev/attestation", "my_target_info"}
	simulation := []string{"SCONE_SIM_PLATFORM", "NOT CONFIDENTIAL", "BEGIN CERTIFICATE-----\nMI", "sconectl sim enclave v1"}
	for tag, words := range map[string]struct{ holds, lacks []string }{
		"":    {guest, append(slices.Clone(enclave), simulation...)},
		"sgx": {enclave, append(slices.Clone(guest), simulation...)},
	} {
		program := built(t, tag)
		for _, word := range words.holds {
			if !bytes.Contains(program, []byte(word)) {
				t.Errorf("tag %q: %q is absent", tag, word)
			}
		}
		for _, word := range words.lacks {
			if bytes.Contains(program, []byte(word)) {
				t.Errorf("tag %q: %q is there", tag, word)
			}
		}
		// Texts lie one behind the other in a Go program: the beginning of each match counts.
		for _, match := range regexp.MustCompile(`SCONE(CTL)?_[A-Z_]+`).FindAll(program, -1) {
			if !slices.ContainsFunc(documented, func(name string) bool { return strings.HasPrefix(string(match), name) }) {
				t.Errorf("tag %q: it knows %s", tag, match)
			}
		}
	}
}

// Only environ reads the environment, and it takes documented names from it.
func Test47OnlyOnePackageReadsTheEnvironment(t *testing.T) {
	readers := regexp.MustCompile(`\b(os|syscall)\.(Getenv|LookupEnv|Environ|ExpandEnv)\b|\bProxyFromEnvironment\b|\bhttp\.(Get|DefaultClient|DefaultTransport|Client|Transport)\b`)
	seen := 0
	err := filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range readers.FindAll(content, -1) {
			seen++
			if path != filepath.Join("internal", "environ", "environ.go") {
				t.Errorf("%s uses %s", path, match)
			}
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Errorf("%d, %v", seen, err)
	}
}
