//go:build sim

package sim

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"

	"sconectl/runtime/internal/strictjson"
)

// Public by design: src/sim/README.md says why that is safe.
var (
	//go:embed pck.key.pem
	pckKey []byte
	//go:embed pck.chain.pem
	pckChain []byte
	//go:embed attestation.key.pem
	attestationKey []byte
	//go:embed platform.json
	platformFields []byte
)

// report holds what changes from one report to the next.
type report struct {
	mrEnclave, configID, reportData []byte
}

// makeQuote builds a quote of version 3 (Intel SGX ECDSA QuoteLibReference DCAP API, appendix A.4): header 48, report
// body 384, then the signature data behind its length: signature 64, attestation key 64, QE report 384, its signature
// 64, authentication data, certification data of type 5 (the PCK chain in PEM). Integers are little-endian.
//
// As on a genuine platform, all quotes have one attestation key, and the same report of the quoting enclave about it
// with the same signature: a verifier may remember what it has verified of them.
func makeQuote(r report) ([]byte, error) {
	hardware, err := readHardware()
	if err != nil {
		return nil, err
	}
	pck, err := readKey(pckKey)
	if err != nil {
		return nil, err
	}
	attestation, err := readKey(attestationKey)
	if err != nil {
		return nil, err
	}
	key, err := rawPoint(&attestation.PublicKey)
	if err != nil {
		return nil, err
	}
	signed := append(header(hardware), body(hardware, hardware.enclave, r)...)
	signature, err := sign(attestation, signed)
	if err != nil {
		return nil, err
	}
	binding := sha256.Sum256(append(append([]byte(nil), key...), authentication...))
	qe := body(hardware, hardware.qe, report{
		mrEnclave:  hardware.qe.mrEnclave,
		configID:   make([]byte, configIDLength),
		reportData: append(binding[:], make([]byte, 32)...),
	})
	qeSignature, err := sign(pck, qe)
	if err != nil {
		return nil, err
	}
	data := append(signature, key...)
	data = append(data, qe...)
	data = append(data, qeSignature...)
	data = binary.LittleEndian.AppendUint16(data, uint16(len(authentication)))
	data = append(data, authentication...)
	const pckChainType = 5
	data = binary.LittleEndian.AppendUint16(data, pckChainType)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(pckChain)))
	data = append(data, pckChain...)
	quote := binary.LittleEndian.AppendUint32(signed, uint32(len(data)))
	return append(quote, data...), nil
}

// authentication is what Intel's quoting enclaves use: 0 to 31.
var authentication = func() []byte {
	bytes := make([]byte, 32)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	return bytes
}()

// qeVendor is Intel's id 939a7233-f79c-4ca9-940a-0db3957f0607.
var qeVendor = []byte{0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07}

func header(h *hardware) []byte {
	const version, ecdsaP256, sgx = 3, 2, 0
	bytes := binary.LittleEndian.AppendUint16(nil, version)
	bytes = binary.LittleEndian.AppendUint16(bytes, ecdsaP256)
	bytes = binary.LittleEndian.AppendUint32(bytes, sgx)
	bytes = binary.LittleEndian.AppendUint16(bytes, h.qe.isvSvn)
	bytes = binary.LittleEndian.AppendUint16(bytes, h.pceSvn)
	bytes = append(bytes, qeVendor...)
	return append(bytes, make([]byte, 20)...)
}

// body is a report body (Intel SDM volume 3D, table "REPORT").
func body(h *hardware, e enclave, r report) []byte {
	bytes := make([]byte, 384)
	copy(bytes[0:16], h.cpuSvn)
	copy(bytes[16:20], e.miscSelect)
	copy(bytes[48:64], e.attributes)
	copy(bytes[64:96], r.mrEnclave)
	copy(bytes[128:160], e.mrSigner)
	copy(bytes[192:256], r.configID)
	binary.LittleEndian.PutUint16(bytes[256:], e.isvProdID)
	binary.LittleEndian.PutUint16(bytes[258:], e.isvSvn)
	copy(bytes[320:384], r.reportData)
	return bytes
}

// sign is r ‖ s, 32 bytes each, over SHA-256; of one key and message always the same (RFC 6979).
func sign(key *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	der, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		return nil, err
	}
	signature := make([]byte, 64)
	pair.R.FillBytes(signature[:32])
	pair.S.FillBytes(signature[32:])
	return signature, nil
}

// rawPoint is x ‖ y.
func rawPoint(key *ecdsa.PublicKey) ([]byte, error) {
	point, err := key.ECDH()
	if err != nil {
		return nil, err
	}
	return point.Bytes()[1:], nil
}

func readKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("an embedded key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("an embedded key is no EC key")
	}
	return ec, nil
}

// hardware is what a simulated processor reports about itself; src/sim/hardware.ts is the source.
type hardware struct {
	cpuSvn      []byte
	pceSvn      uint16
	qe, enclave enclave
}

type enclave struct {
	mrEnclave, mrSigner, miscSelect, attributes []byte
	isvProdID, isvSvn                           uint16
}

func readHardware() (*hardware, error) {
	h := new(hardware)
	return h, strictjson.Parse(platformFields, "embedded platform", func(r *strictjson.Reader) error {
		return r.Object(func(name string) (err error) {
			switch name {
			case "fmspc", "pceId", "ppid", "platformInstanceId":
				// Only the certificate carries these.
				_, err = r.String()
			case "tcbComponents":
				h.cpuSvn, err = hexField(r, 16)
			case "pceSvn":
				h.pceSvn, err = uint16Field(r)
			case "qe":
				err = h.qe.read(r)
			case "enclave":
				err = h.enclave.read(r)
			default:
				err = r.Unknown(name)
			}
			return err
		})
	})
}

func (e *enclave) read(r *strictjson.Reader) error {
	return r.Object(func(name string) (err error) {
		switch name {
		case "mrEnclave":
			e.mrEnclave, err = hexField(r, 32)
		case "mrSigner":
			e.mrSigner, err = hexField(r, 32)
		case "isvProdId":
			e.isvProdID, err = uint16Field(r)
		case "isvSvn":
			e.isvSvn, err = uint16Field(r)
		case "miscSelect":
			e.miscSelect, err = hexField(r, 4)
		case "attributes":
			e.attributes, err = hexField(r, 16)
		default:
			err = r.Unknown(name)
		}
		return err
	})
}

func hexField(r *strictjson.Reader, length int) ([]byte, error) {
	text, err := r.String()
	if err != nil {
		return nil, err
	}
	bytes, err := hex.DecodeString(text)
	if err == nil && len(bytes) != length {
		err = fmt.Errorf("a field has %d bytes instead of %d", len(bytes), length)
	}
	return bytes, err
}

func uint16Field(r *strictjson.Reader) (uint16, error) {
	value, err := r.Integer(0, 1<<16-1)
	return uint16(value), err
}
