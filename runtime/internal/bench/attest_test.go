//go:build sim

package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"sconectl/runtime/internal/answer"
	"sconectl/runtime/internal/channel"
	"sconectl/runtime/internal/initdata"
	"sconectl/runtime/internal/procfs"
	"sconectl/runtime/internal/sim"
)

const can = `["files","argv-host","env-host"]`

type attestResult struct {
	// Seconds of the whole measurement.
	Seconds float64 `json:"seconds"`
	// Milliseconds of each attestation, from dialling until the answer was read.
	Milliseconds []float64 `json:"milliseconds"`
	Failed       int       `json:"failed"`
	Failure      string    `json:"failure,omitempty"`
}

// attest does steps 5 to 8 of a start again and again, with the runtime's own channel and simulated platform.
func attest(args []string) (any, error) {
	flags := flag.NewFlagSet("attest", flag.ContinueOnError)
	host := flags.String("host", "127.0.0.1", "address of the CAS")
	port := flags.String("port", "", "its attestation port")
	file := flags.String("initdata", "", "file with the init data")
	clients := flags.Int("clients", 1, "attestations at the same time")
	count := flags.Int("count", 100, "attestations")
	seconds := flags.Float64("seconds", 10, "no new one is begun after this time")
	raw := flags.Bool("raw", false, "do not read the answer: the server is an empty one")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	document, err := os.ReadFile(*file)
	if err != nil {
		return nil, err
	}
	data, err := initdata.Parse(document)
	if err != nil {
		return nil, err
	}
	proc, err := procfs.Open("/proc")
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(document)
	platform, err := sim.New(hex.EncodeToString(append(hash[:], make([]byte, 32)...)), proc)
	if err != nil {
		return nil, err
	}
	claims := data.Claims(platform.Name(), "bench", can)
	one := func() error {
		connection, err := channel.Dial(*host, *port, data.Keys)
		if err != nil {
			return err
		}
		defer connection.Close()
		evidence, err := platform.Evidence(connection.ReportData(hash, claims), data.Rootfs)
		if err != nil {
			return err
		}
		body, err := connection.Attest(platform.Name(), evidence, document, claims)
		if err != nil || *raw {
			return err
		}
		_, err = answer.Parse(body)
		return err
	}

	var result attestResult
	var lock sync.Mutex
	var all sync.WaitGroup
	var begun atomic.Int64
	start := time.Now()
	for range *clients {
		all.Add(1)
		go func() {
			defer all.Done()
			for begun.Add(1) <= int64(*count) && time.Since(start).Seconds() < *seconds {
				from := time.Now()
				err := one()
				taken := time.Since(from)
				lock.Lock()
				if err == nil {
					result.Milliseconds = append(result.Milliseconds, float64(taken.Nanoseconds())/1e6)
				} else {
					result.Failed++
					result.Failure = err.Error()
				}
				lock.Unlock()
			}
		}()
	}
	all.Wait()
	result.Seconds = time.Since(start).Seconds()
	return result, nil
}
