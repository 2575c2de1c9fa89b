// Package channel is the one connection of a start: TLS 1.3 to the CAS whose key init data names, one request, one
// answer (protocol.md steps 5 to 8). It is made by hand, since an HTTP client follows redirects, asks proxies that the
// host names, and repeats requests on other connections (security-review.md M3).
package channel

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"sconectl/runtime/internal/keyhash"
	"sconectl/runtime/internal/lp"
	"sconectl/runtime/internal/refusal"
	"sconectl/runtime/internal/tee"
)

const (
	exporterLabel  = "EXPORTER-sconectl-service-v1"
	exporterLength = 32
	alpn           = "http/1.1"
	path           = "/v1/attest"

	dialTime = 10 * time.Second
	// The CAS closes a connection that sent no request 60 s after the handshake.
	talkTime  = 60 * time.Second
	maxAnswer = 64 << 20
	maxHeader = 64 << 10
)

// A Channel is a connection to the CAS that holds one of the expected keys.
type Channel struct {
	conn *tls.Conn
	host string
	// Exporter binds evidence to this connection.
	exporter []byte
	// Server is the SHA-256 of the server's SPKI.
	server [sha256.Size]byte
}

// Dial connects to host:port and refuses every server whose key is not among keys. Certificate chains, names and dates
// mean nothing here: the key is what init data, hence the TEE, vouches for.
func Dial(host, port string, keys []keyhash.KeyHash) (*Channel, error) {
	address := net.JoinHostPort(host, port)
	raw, err := connect(host, port)
	if err != nil {
		return nil, refusal.New(refusal.Unreachable, "ground verified, no CAS: nothing answers at %s", address).
			Because("%v", err).
			Advise("start the CAS (`sconectl cas start`), or let SCONE_CAS_ADDR name the address at which its attestation port can be reached from here; the key stays pinned")
	}
	c := &Channel{host: address}
	var pin error
	config := &tls.Config{
		MinVersion: tls.VersionTLS13,
		MaxVersion: tls.VersionTLS13,
		NextProtos: []string{alpn},
		// Go offers the hybrid first, whatever the order here.
		CurvePreferences:       []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256},
		SessionTicketsDisabled: true,
		// The pin below replaces the check of a chain, which nothing here could lead to a root.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			c.server, pin = checkServer(state, keys)
			return pin
		},
	}
	if net.ParseIP(host) == nil {
		config.ServerName = host
	}
	c.conn = tls.Client(raw, config)
	_ = raw.SetDeadline(time.Now().Add(dialTime))
	ctx, cancel := context.WithTimeout(context.Background(), dialTime)
	defer cancel()
	if err := c.conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		if pin != nil {
			return nil, pin
		}
		return nil, refusal.New(refusal.Unreachable, "there is no TLS 1.3 connection to the CAS at %s", address).
			Because("%v", err).
			Advise("let the address lead to the attestation port of the CAS (18765 by default), with no proxy that ends TLS between")
	}
	_ = raw.SetDeadline(time.Now().Add(talkTime))
	state := c.conn.ConnectionState()
	if c.exporter, err = state.ExportKeyingMaterial(exporterLabel, nil, exporterLength); err != nil {
		raw.Close()
		return nil, refusal.New(refusal.CasIdentity, "the connection to %s has no exporter value", address).Because("%v", err)
	}
	return c, nil
}

// checkServer compares what was negotiated, and the server's key with the keys of init data as decoded bytes.
func checkServer(state tls.ConnectionState, keys []keyhash.KeyHash) ([sha256.Size]byte, error) {
	if state.Version != tls.VersionTLS13 || state.DidResume || state.NegotiatedProtocol != alpn || len(state.PeerCertificates) == 0 {
		return [sha256.Size]byte{}, refusal.New(refusal.CasIdentity, "the server negotiated something that no CAS does").
			Differs("connection", "TLS 1.3, new, "+alpn+", with a certificate", fmt.Sprintf("TLS 0x%04x, resumed %t, %q, %d certificates", state.Version, state.DidResume, state.NegotiatedProtocol, len(state.PeerCertificates))).
			Advise("let the address lead to the attestation port of the CAS")
	}
	found := keyhash.KeyHash{Spki: sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo)}
	expected := ""
	for _, key := range keys {
		if subtle.ConstantTimeCompare(key.Spki[:], found.Spki[:]) == 1 {
			return found.Spki, nil
		}
		found.Version = key.Version
		if expected != "" {
			expected += " or "
		}
		expected += key.String()
	}
	return found.Spki, refusal.New(refusal.CasIdentity, "the server is not the CAS of init data").
		Differs("key of the CAS", expected, found.String()).
		Advise("let cas_url or SCONE_CAS_ADDR lead to that CAS, or attest the new one and apply the mesh again")
}

// connect resolves localhost by itself (RFC 6761, 6.3, rules 3 and 4): a container need not have an /etc/hosts, and a
// name server that the host chose is not to be asked.
func connect(host, port string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTime}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name != "localhost" && !strings.HasSuffix(name, ".localhost") {
		return dialer.Dial("tcp", net.JoinHostPort(host, port))
	}
	conn, err := dialer.Dial("tcp4", net.JoinHostPort("127.0.0.1", port))
	if err == nil {
		return conn, nil
	}
	if conn, six := dialer.Dial("tcp6", net.JoinHostPort("::1", port)); six == nil {
		return conn, nil
	}
	return nil, err
}

// Close ends the connection.
func (c *Channel) Close() { c.conn.Close() }

// ReportData binds evidence to this connection, this server, init data and claims (protocol.md step 6).
func (c *Channel) ReportData(initDataHash [sha256.Size]byte, claims []byte) [sha512.Size]byte {
	return [sha512.Size]byte(lp.Sum(sha512.New(), "sconectl service evidence v1", c.exporter, c.server[:], initDataHash[:], claims))
}

// Attest sends the one request of this connection and returns the body of a positive answer.
func (c *Channel) Attest(platform string, evidence *tee.Evidence, initData, claims []byte) ([]byte, error) {
	request, err := http.NewRequest(http.MethodPost, "https://"+c.host+path, bytes.NewReader(requestBody(platform, evidence, initData, claims)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "sconectl-runtime")
	request.Close = true
	if err := request.Write(c.conn); err != nil {
		return nil, c.broken(err)
	}
	limited := &io.LimitedReader{R: c.conn, N: maxHeader + maxAnswer}
	response, err := http.ReadResponse(bufio.NewReader(limited), request)
	if err != nil {
		return nil, c.broken(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, c.broken(err)
	}
	if limited.N <= 0 {
		return nil, c.broken(fmt.Errorf("the answer is longer than %d bytes", maxAnswer))
	}
	if response.StatusCode != http.StatusOK {
		return nil, readError(response.StatusCode, body)
	}
	return body, nil
}

// requestBody needs no escapes: everything in it is base64 or a TEE's name.
func requestBody(platform string, evidence *tee.Evidence, initData, claims []byte) []byte {
	encode := base64.StdEncoding.EncodeToString
	aux := ""
	if evidence.Aux != nil {
		aux = `,"aux":"` + encode(evidence.Aux) + `"`
	}
	return []byte(`{"claims":"` + encode(claims) + `","evidence":{"tee":"` + platform + `","quote":"` + encode(evidence.Quote) + `"` + aux +
		`},"init_data":"` + encode(initData) + `"}`)
}

func (c *Channel) broken(err error) error {
	return refusal.New(refusal.Unreachable, "the CAS at %s gave no answer", c.host).
		Because("%v", err).
		Advise("look into the log of the CAS; if it is overloaded or was restarted, start the service again")
}
