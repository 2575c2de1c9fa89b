package channel

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sconectl/runtime/internal/keyhash"
	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/tee"
)

// A server plays the CAS: it answers each connection with fixed bytes.
type server struct {
	key      keyhash.KeyHash
	port     string
	received chan received
}

type received struct {
	state tls.ConnectionState
	err   error
	// offered are the key exchanges of the client, in its order.
	offered []tls.CurveID
	// raw is everything that came after the handshake.
	raw      []byte
	exporter []byte
}

func serve(t *testing.T, answer string, change func(*tls.Config)) *server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// Expired, without a name, self-signed: the key is what counts.
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
		NextProtos:   []string{"http/1.1"},
		MinVersion:   tls.VersionTLS12,
	}
	if change != nil {
		change(config)
	}
	var offered []tls.CurveID
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		offered = hello.SupportedCurves
		return nil, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	s := &server{key: keyhash.KeyHash{Version: keyhash.Simulation, Spki: sha256.Sum256(spki)}, port: port, received: make(chan received, 1)}
	go func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			r := talk(tls.Server(raw, config), answer)
			r.offered = offered
			s.received <- r
			raw.Close()
		}
	}()
	return s
}

func talk(conn *tls.Conn, answer string) (r received) {
	if r.err = conn.Handshake(); r.err != nil {
		return r
	}
	r.state = conn.ConnectionState()
	r.exporter, _ = r.state.ExportKeyingMaterial("EXPORTER-sconectl-service-v1", nil, 32)
	var seen strings.Builder
	request, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &seen)))
	if err == nil {
		_, err = io.Copy(io.Discard, request.Body)
	}
	r.err, r.raw = err, []byte(seen.String())
	_, _ = io.WriteString(conn, answer)
	_ = conn.Close()
	return r
}

func httpAnswer(status, body string) string {
	return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body
}

func attest(t *testing.T, s *server, keys ...keyhash.KeyHash) ([]byte, error) {
	t.Helper()
	if keys == nil {
		keys = []keyhash.KeyHash{s.key}
	}
	c, err := Dial("127.0.0.1", s.port, keys)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Attest("sim", &tee.Evidence{Quote: []byte("quote")}, []byte("init data"), []byte("claims"))
}

func said(err error) string {
	return strings.Join(append([]string{err.Error()}, refusal.Of(err).Causes...), "\n") + "\n" + refusal.Of(err).Hint
}

func TestOneRequestOverTls13WithTheHybridFirst(t *testing.T) {
	s := serve(t, httpAnswer("200 OK", `{"x":1}`), nil)
	body, err := attest(t, s)
	if err != nil || string(body) != `{"x":1}` {
		t.Fatalf("%q, %v", body, err)
	}
	r := <-s.received
	if r.err != nil || r.state.Version != tls.VersionTLS13 || r.state.DidResume || r.state.NegotiatedProtocol != "http/1.1" || len(r.offered) == 0 || r.offered[0] != tls.X25519MLKEM768 {
		t.Errorf("%v %+v %v", r.err, r.state, r.offered)
	}
	encode := base64.StdEncoding.EncodeToString
	expected := "POST /v1/attest HTTP/1.1\r\nHost: 127.0.0.1:" + s.port + "\r\nUser-Agent: sconectl-runtime\r\n"
	wanted := `{"claims":"` + encode([]byte("claims")) + `","evidence":{"tee":"sim","quote":"` + encode([]byte("quote")) + `"},"init_data":"` + encode([]byte("init data")) + `"}`
	if !strings.HasPrefix(string(r.raw), expected) || !strings.Contains(string(r.raw), "Connection: close\r\n") || !strings.HasSuffix(string(r.raw), "\r\n\r\n"+wanted) {
		t.Errorf("got %q", r.raw)
	}
}

func TestReportDataIsThatOfTheTypeScriptSide(t *testing.T) {
	content, err := os.ReadFile("../../testdata/binding.json")
	if err != nil {
		t.Fatal(err)
	}
	var vector struct {
		EKM        string
		Server     string `json:"server_spki_sha256"`
		InitData   string `json:"init_data_hash"`
		Claims     []byte
		ReportData string `json:"report_data"`
	}
	if err := json.Unmarshal(content, &vector); err != nil {
		t.Fatal(err)
	}
	bytes := func(text string) []byte {
		decoded, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return decoded
	}
	c := &Channel{exporter: bytes(vector.EKM), server: [32]byte(bytes(vector.Server))}
	if got := c.ReportData([32]byte(bytes(vector.InitData)), vector.Claims); hex.EncodeToString(got[:]) != vector.ReportData {
		t.Errorf("got %x", got)
	}
}

func Test26EvidenceIsBoundToTheConnectionAndTheServer(t *testing.T) {
	var first [64]byte
	for i := range 2 {
		s := serve(t, httpAnswer("200 OK", "{}"), nil)
		c, err := Dial("127.0.0.1", s.port, []keyhash.KeyHash{s.key})
		if err != nil {
			t.Fatal(err)
		}
		got := c.ReportData([32]byte{}, nil)
		if _, err := c.Attest("sim", &tee.Evidence{}, nil, nil); err != nil {
			t.Fatal(err)
		}
		c.Close()
		r := <-s.received
		same := &Channel{exporter: r.exporter, server: s.key.Spki}
		if same.ReportData([32]byte{}, nil) != got {
			t.Error("the server computes another value")
		}
		if i == 1 && got == first {
			t.Error("two connections have one value")
		}
		first = got
	}
}

func Test29AServerWithAnotherKeyGetsNothing(t *testing.T) {
	s := serve(t, httpAnswer("200 OK", "{}"), nil)
	other := keyhash.KeyHash{Version: keyhash.Simulation, Spki: sha256.Sum256([]byte("other"))}
	_, err := attest(t, s, other)
	if err == nil || refusal.Of(err).Code != refusal.CasIdentity || !strings.Contains(said(err), "key of the CAS: expected "+other.String()+", found "+s.key.String()) {
		t.Fatalf("got %v", said(err))
	}
	if r := <-s.received; len(r.raw) > 0 {
		t.Errorf("the server got %q", r.raw)
	}
}

func TestOneOfTwoKeysSuffices(t *testing.T) {
	s := serve(t, httpAnswer("200 OK", "{}"), nil)
	other := keyhash.KeyHash{Version: keyhash.Simulation, Spki: sha256.Sum256([]byte("other"))}
	if _, err := attest(t, s, other, s.key); err != nil {
		t.Error(said(err))
	}
}

func Test27OlderTlsAndOtherProtocolsAreRefused(t *testing.T) {
	for why, change := range map[string]func(*tls.Config){
		"TLS 1.2":        func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
		"HTTP/2":         func(c *tls.Config) { c.NextProtos = []string{"h2"} },
		"no ALPN":        func(c *tls.Config) { c.NextProtos = nil },
		"no certificate": func(c *tls.Config) { c.Certificates = nil },
	} {
		s := serve(t, httpAnswer("200 OK", "{}"), change)
		if _, err := attest(t, s); err == nil || refusal.Of(err).Hint == "" {
			t.Errorf("%s: %v", why, err)
		}
		if r := <-s.received; len(r.raw) > 0 {
			t.Errorf("%s: the server got %q", why, r.raw)
		}
	}
}

func Test27NothingIsResumed(t *testing.T) {
	s := serve(t, httpAnswer("200 OK", "{}"), nil)
	for range 3 {
		if _, err := attest(t, s); err != nil {
			t.Fatal(said(err))
		}
		if r := <-s.received; r.err != nil || r.state.DidResume {
			t.Errorf("%v, resumed: %t", r.err, r.state.DidResume)
		}
	}
}

func TestRedirectsAndOtherAnswersAreRefusals(t *testing.T) {
	for why, c := range map[string]struct{ answer, said string }{
		"a redirect":       {"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "HTTP status 307"},
		"no HTTP":          {"SSH-2.0-x\r\n", "gave no answer"},
		"nothing":          {"", "gave no answer"},
		"a cut body":       {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "gave no answer"},
		"a page":           {httpAnswer("502 Bad Gateway", "<html>"), "HTTP status 502"},
		"another document": {httpAnswer("403 Forbidden", `{"error":"no"}`), "HTTP status 403"},
		"the CAS's reason": {
			httpAnswer("403 Forbidden", `{"code":"E_ATTESTATION","message":"measurement not allowed","expected":"aa","found":"bb","causes":["one","two"],"hint":"apply again"}`),
			"E_ATTESTATION: the CAS refused to configure this service\nE_ATTESTATION: measurement not allowed\nexpected aa, found bb\none\ntwo\napply again",
		},
		"a reason with a place": {
			httpAnswer("400 Bad Request", `{"code":"E_FORMAT","message":"m","at":{"file":"f","line":1,"column":2},"causes":[]}`),
			"E_FORMAT: m",
		},
	} {
		s := serve(t, c.answer, nil)
		_, err := attest(t, s)
		if err == nil || !strings.Contains(said(err), c.said) {
			t.Errorf("%s: %v", why, said(err))
		}
		<-s.received
	}
}

func TestAnUnreachableCasIsNamedWithItsAddress(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	_, err = Dial("127.0.0.1", port, nil)
	if err == nil || refusal.Of(err).Code != refusal.Unreachable || !strings.Contains(said(err), "127.0.0.1:"+port) || !strings.Contains(said(err), "SCONE_CAS_ADDR") {
		t.Errorf("got %v", err)
	}
}

func TestLocalhostIsThisMachineWithoutAskingAnyone(t *testing.T) {
	// Whoever asks a name server or reads a file of names calls this resolver.
	previous := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = previous })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("a name server was asked")
	}}
	s := serve(t, httpAnswer("200 OK", "{}"), nil)
	for _, host := range []string{"localhost", "LocalHost", "localhost.", "cas.localhost"} {
		c, err := Dial(host, s.port, []keyhash.KeyHash{s.key})
		if err != nil {
			t.Fatalf("%s: %s", host, said(err))
		}
		if _, err := c.Attest("sim", &tee.Evidence{}, nil, nil); err != nil {
			t.Errorf("%s: %s", host, said(err))
		}
		c.Close()
		<-s.received
	}
	for _, host := range []string{"notlocalhost", "localhost.example"} {
		if _, err := Dial(host, s.port, []keyhash.KeyHash{s.key}); err == nil || !strings.Contains(said(err), "a name server was asked") {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestLocalhostIsTheOtherLoopbackTooAndARefusalNamesTheFirst(t *testing.T) {
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	conn, err := connect("localhost", port)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	listener.Close()
	if _, err := connect("localhost", port); err == nil || !strings.Contains(err.Error(), "127.0.0.1:"+port) {
		t.Error(err)
	}
}

func Test49AProxyOfTheHostIsNotAsked(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("SSL_CERT_FILE", "/nonexistent")
	s := serve(t, httpAnswer("200 OK", "{}"), nil)
	if _, err := attest(t, s); err != nil {
		t.Error(said(err))
	}
}
