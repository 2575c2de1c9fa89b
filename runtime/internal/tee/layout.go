package tee

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// A field is a part of a structure: offset and length in bytes.
type field struct{ offset, length int }

func (f field) of(bytes []byte) []byte { return bytes[f.offset : f.offset+f.length] }

func (f field) number(bytes []byte) uint64 {
	var padded [8]byte
	copy(padded[:], f.of(bytes))
	return binary.LittleEndian.Uint64(padded[:])
}

// Attestation report of SEV-SNP: AMD 56860 (SEV-SNP Firmware ABI), 7.3, table ATTESTATION_REPORT.
var (
	snpVersion    = field{0x000, 4}
	snpVmpl       = field{0x030, 4}
	snpReportData = field{0x050, 64}
	snpHostData   = field{0x0c0, 32}
)

const snpSize = 0x4a0

// Report of an SGX enclave: Intel SDM volume 3D, table "REPORT". Its body is 384 bytes, behind it lie key id and MAC.
var (
	sgxAttributes = field{48, 16}
	sgxConfigID   = field{192, 64}
	sgxReportData = field{320, 64}
)

const (
	sgxReportSize = 432
	sgxBodySize   = 384
	sgxTargetSize = 512
	// ATTRIBUTES.FLAGS.KSS, without which CONFIGID is nothing.
	sgxKss = 1 << 7
)

// Quotes: Intel TDX DCAP Quoting Library API, A.3.1; behind the header of version 5 a descriptor, A.4.2.
var (
	quoteVersion  = field{0, 2}
	quoteTeeType  = field{4, 4}
	quoteBodyType = field{48, 2}
	quoteBodySize = field{50, 4}
)

const (
	quoteHeaderSize = 48
	descriptorSize  = 6
	teeTypeSgx      = 0
	teeTypeTdx      = 0x81
)

// Body of a TD's quote: the same, A.3.2; TD 1.5 is longer.
var (
	tdMrConfigID = field{184, 48}
	tdReportData = field{520, 64}
)

const (
	td10Size = 584
	td15Size = 648
)

// TDREPORT_STRUCT: Intel TDX Module ABI. REPORTMACSTRUCT 256 bytes, TEE_TCB_INFO 239, 17 reserved, TDINFO 512.
var (
	tdReportType         = field{0, 1}
	tdReportMacData      = field{128, 64}
	tdReportInfoConfigID = field{512 + 64, 48}
)

const tdReportSize = 1024

// A statement is what the runtime itself reads of evidence.
type statement struct {
	// carried is the field for the hash of init data.
	carried    []byte
	reportData []byte
}

func readSnpReport(report []byte) (*statement, error) {
	if len(report) != snpSize {
		return nil, fmt.Errorf("an SNP report has %d bytes instead of %d", len(report), snpSize)
	}
	if version := snpVersion.number(report); !slices.Contains([]uint64{2, 3, 5}, version) {
		return nil, fmt.Errorf("an SNP report has version %d instead of 2, 3 or 5", version)
	}
	if vmpl := snpVmpl.number(report); vmpl != 0 {
		return nil, fmt.Errorf("an SNP report is for VMPL %d instead of 0", vmpl)
	}
	return &statement{snpHostData.of(report), snpReportData.of(report)}, nil
}

func readTdxQuote(quote []byte) (*statement, error) {
	if len(quote) < quoteHeaderSize+descriptorSize {
		return nil, fmt.Errorf("a quote has %d bytes", len(quote))
	}
	if kind := quoteTeeType.number(quote); kind != teeTypeTdx {
		return nil, fmt.Errorf("a quote is of TEE type 0x%x instead of 0x%x (TDX)", kind, teeTypeTdx)
	}
	start, size := quoteHeaderSize, td10Size
	switch version := quoteVersion.number(quote); version {
	case 4:
	case 5:
		kind, stated := quoteBodyType.number(quote), quoteBodySize.number(quote)
		start += descriptorSize
		if kind == 3 {
			size = td15Size
		}
		if (kind != 2 && kind != 3) || stated != uint64(size) {
			return nil, fmt.Errorf("a quote has a body of type %d with %d bytes", kind, stated)
		}
	default:
		return nil, fmt.Errorf("a quote has version %d instead of 4 or 5", version)
	}
	if len(quote) < start+size {
		return nil, fmt.Errorf("a quote has %d bytes, less than its body", len(quote))
	}
	body := quote[start : start+size]
	return &statement{tdMrConfigID.of(body), tdReportData.of(body)}, nil
}

func readTdReport(report []byte) (*statement, error) {
	if len(report) != tdReportSize {
		return nil, fmt.Errorf("a TDREPORT has %d bytes instead of %d", len(report), tdReportSize)
	}
	if kind := tdReportType.number(report); kind != teeTypeTdx {
		return nil, fmt.Errorf("a TDREPORT is of type 0x%x instead of 0x%x", kind, teeTypeTdx)
	}
	return &statement{tdReportInfoConfigID.of(report), tdReportMacData.of(report)}, nil
}

func readSgxReport(report []byte) (*statement, error) {
	if len(report) != sgxReportSize {
		return nil, fmt.Errorf("a report of the enclave has %d bytes instead of %d", len(report), sgxReportSize)
	}
	return readSgxBody(report[:sgxBodySize])
}

func readSgxQuote(quote []byte) (*statement, error) {
	if len(quote) < quoteHeaderSize+sgxBodySize {
		return nil, fmt.Errorf("a quote has %d bytes", len(quote))
	}
	if version, kind := quoteVersion.number(quote), quoteTeeType.number(quote); version != 3 || kind != teeTypeSgx {
		return nil, fmt.Errorf("a quote has version %d and TEE type 0x%x instead of 3 and 0 (SGX)", version, kind)
	}
	return readSgxBody(quote[quoteHeaderSize : quoteHeaderSize+sgxBodySize])
}

// readSgxBody refuses an enclave with key separation: Gramine has none (protocol.md, "Init data"; C2), so that would be
// another LibOS, of which nothing here knows who fills the environment.
func readSgxBody(body []byte) (*statement, error) {
	configID := sgxConfigID.of(body)
	if sgxAttributes.number(body)&sgxKss != 0 || slices.ContainsFunc(configID, func(b byte) bool { return b != 0 }) {
		return nil, fmt.Errorf("the enclave has key separation (KSS) or a CONFIGID, and Gramine has none")
	}
	return &statement{configID, sgxReportData.of(body)}, nil
}
