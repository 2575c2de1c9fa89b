package tee

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"sconectl/runtime/internal/strictjson"
)

// agentAddress is where the guest components of Confidential Containers answer inside a guest (api-server-rest).
const agentAddress = "127.0.0.1:8006"

const (
	agentDialTime = 2 * time.Second
	// A quote comes from a service of the host, by way of the guest's kernel.
	agentTalkTime  = 30 * time.Second
	maxAgentHeader = 64 << 10
	// The event log, which is not used, is most of it.
	maxAgentAnswer = 4 << 20
)

// agent is the attestation agent of a CoCo guest. Only its own guest can have made what it answers, because the policy
// admits one container per guest (security-review.md H5). The request is made by hand, as that to the CAS: no proxy, no
// redirect, no second try.
type agent struct {
	address string
	// patience is how long an answer may take as a whole.
	patience time.Duration
}

// ask returns evidence with reportData inside, and of which TEE it is. `encoding=base64` exists in guest components from
// May 2026 on; older ones take the text itself, which is too long for them.
func (a *agent) ask(reportData [64]byte) (string, *Evidence, error) {
	raw, err := net.DialTimeout("tcp", a.address, agentDialTime)
	if err != nil {
		return "", nil, fmt.Errorf("%w: %v", errAbsent, err)
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(a.patience))
	body, err := a.get(raw, "/aa/evidence?runtime_data="+base64.RawURLEncoding.EncodeToString(reportData[:])+"&encoding=base64")
	if err != nil {
		return "", nil, err
	}
	return readAgentEvidence(body)
}

func (a *agent) get(conn net.Conn, path string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+a.address+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "sconectl-runtime")
	request.Close = true
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	limited := &io.LimitedReader{R: conn, N: maxAgentHeader + maxAgentAnswer}
	response, err := http.ReadResponse(bufio.NewReader(limited), request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if limited.N <= 0 {
		return nil, fmt.Errorf("its answer is longer than %d bytes", maxAgentAnswer)
	}
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers with HTTP status %d", response.StatusCode)
	}
	return body, nil
}

// errSnpJSON says why reports of SNP cannot come this way.
var errSnpJSON = errors.New("it gives the SNP report as JSON, without the reserved fields and with members that differ from one version " +
	"of the guest components to the next: the exact bytes that were signed cannot be told from it")

// readAgentEvidence reads the evidence of the attester for tdx: the quote in base64, and an event log.
func readAgentEvidence(body []byte) (string, *Evidence, error) {
	var text string
	err := strictjson.Parse(body, "evidence of the attestation agent", func(r *strictjson.Reader) error {
		return r.Object(func(name string) (err error) {
			switch name {
			case "quote":
				text, err = r.String()
			case "cc_eventlog":
				if !r.Null() {
					_, err = r.String()
				}
			case "attestation_report":
				err = errSnpJSON
			default:
				err = r.Unknown(name)
			}
			return err
		})
	})
	if errors.Is(err, errSnpJSON) {
		return "", nil, errSnpJSON
	}
	if err != nil {
		return "", nil, err
	}
	quote, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(quote) == 0 || base64.StdEncoding.EncodeToString(quote) != text {
		return "", nil, errors.New("its quote is not base64")
	}
	return "tdx", &Evidence{Quote: quote}, nil
}

func (a *agent) String() string { return "http://" + a.address + "/aa/evidence" }

func (*agent) hint() string {
	return "use guest components of May 2026 or later (encoding=base64), and one container per guest; " +
		"peer pods, paravisors and, this way, SNP are not supported"
}
