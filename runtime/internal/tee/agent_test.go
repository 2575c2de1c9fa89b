package tee

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// serve plays api-server-rest: each connection gets what answer returns for the request.
func serve(t *testing.T, answer func(*http.Request) string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if request, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					_, _ = fmt.Fprint(conn, answer(request))
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func serveAgent(t *testing.T, answer string) string {
	t.Helper()
	return serve(t, func(*http.Request) string { return answer })
}

func ok(body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n" + body
}

// asked is the report data of a request, decoded as guest components do.
func asked(request *http.Request) (reportData [64]byte, err error) {
	query := request.URL.Query()
	decoded, err := base64.RawURLEncoding.DecodeString(query.Get("runtime_data"))
	if err != nil || query.Get("encoding") != "base64" || len(decoded) != 64 || len(query) != 2 {
		return reportData, fmt.Errorf("%v %v", query, err)
	}
	return [64]byte(decoded), nil
}

func TestATdByTheAttestationAgent(t *testing.T) {
	k := tdxKernel()
	k.provider = ""
	var requests []string
	address := serve(t, func(request *http.Request) string {
		requests = append(requests, request.Method+" "+request.URL.Path+" "+request.Host)
		reportData, err := asked(request)
		if err != nil {
			t.Error(err)
		}
		quote := base64.StdEncoding.EncodeToString(tdxQuote(4, reportData, mrConfigID()))
		return ok([]string{`{"cc_eventlog":null,"quote":"` + quote + `"}`, `{"quote":"` + quote + `"}`, `{"cc_eventlog":"AAAA","quote":"` + quote + `"}`}[len(requests)%3])
	})
	platform, err := findGuest(k, &tsm{k}, &agent{address, agentTalkTime})
	if err != nil {
		t.Fatal(said(t, err))
	}
	if _, err := CarriesInitData(platform, document); err != nil {
		t.Fatal(said(t, err))
	}
	for range 2 {
		evidence, err := platform.Evidence([64]byte{0xfb, 0xff, 3}, [32]byte{})
		if err != nil || string(evidence.Quote) != string(tdxQuote(4, [64]byte{0xfb, 0xff, 3}, mrConfigID())) || evidence.Aux != nil {
			t.Errorf("%v, %v", evidence, err)
		}
	}
	for _, request := range requests {
		if request != "GET /aa/evidence "+address {
			t.Error(request)
		}
	}
}

func TestTheSnpReportOfTheAgentIsRefusedByName(t *testing.T) {
	_, err := findGuest(&fakeKernel{}, &agent{serveAgent(t, ok(`{"attestation_report":{"version":3},"cert_chain":[]}`)), agentTalkTime})
	refuses(t, "SNP", err, "E_TEE", "it gives the SNP report as JSON", "SNP are not supported")
}

func Test11And35AnswersThatAreNoneAreRefused(t *testing.T) {
	reached := false
	elsewhere := serve(t, func(*http.Request) string { reached = true; return ok("{}") })
	quote := base64.StdEncoding.EncodeToString(tdxQuote(4, [64]byte{}, nil))
	for why, c := range map[string]struct{ answer, says string }{
		"a redirect":          {"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://" + elsewhere + "/\r\nContent-Length: 0\r\n\r\n", "HTTP status 307"},
		"an old agent":        {"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", "HTTP status 500"},
		"nothing":             {"", "EOF"},
		"no HTTP":             {"SSH-2.0-x\r\n", "malformed"},
		"cut":                 {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "unexpected EOF"},
		"no JSON":             {ok("<html>"), "an object was expected"},
		"the sample attester": {ok(`{"svn":"1","report_data":"eHh4eA=="}`), `"svn" is unknown`},
		"two quotes":          {ok(`{"quote":"` + quote + `","quote":"` + quote + `"}`), "stands twice"},
		"another case":        {ok(`{"Quote":"` + quote + `"}`), `"Quote" is unknown`},
		"something behind":    {ok(`{"quote":"` + quote + `"}x`), "behind its end"},
		"no base64":           {ok(`{"quote":"` + quote[:7] + `\n` + quote[7:] + `"}`), "its quote is not base64"},
		"base64url":           {ok(`{"quote":"` + strings.Repeat("_", 4) + `"}`), "its quote is not base64"},
		"no quote":            {ok(`{"cc_eventlog":null}`), "its quote is not base64"},
		"a recording":         {ok(`{"quote":"` + quote + `"}`), "other report data than was asked for"},
		"an SGX quote":        {ok(`{"quote":"` + base64.StdEncoding.EncodeToString(sgxQuote([64]byte{})) + `"}`), "TEE type 0x0 instead of 0x81"},
		"huge":                {ok(strings.Repeat(" ", maxAgentHeader+maxAgentAnswer+1)), "longer than"},
		"a huge header":       {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxAgentHeader+maxAgentAnswer), "EOF"},
	} {
		from := &agent{serveAgent(t, c.answer), agentTalkTime}
		_, _, err := (&guest{kind: "tdx", from: from, system: &fakeKernel{}}).evidence([64]byte{5})
		refuses(t, why, err, "E_TEE", c.says)
	}
	if reached {
		t.Error("a redirect was followed")
	}
}

func Test35ASlowAgentIsGivenUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	// It takes the request and dribbles for ever: each byte comes in time, the answer does not.
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for _, err := conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")); err == nil; _, err = conn.Write([]byte(" ")) {
			time.Sleep(5 * time.Millisecond)
		}
	}()
	begun := time.Now()
	_, _, err = (&agent{address: listener.Addr().String(), patience: 100 * time.Millisecond}).ask([64]byte{})
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(begun) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}
