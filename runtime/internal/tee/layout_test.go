package tee

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

// From the specifications, not from the code: generator and reader by one hand share mistakes. src/evidence has tables
// of its own (reportLayout, tdReportLayout, reportBodyLayout), which its layout.test.ts holds to the same numbers.
func TestOffsetsAreThoseOfTheSpecifications(t *testing.T) {
	for name, c := range map[string]struct {
		got            field
		offset, length int
	}{
		"AMD 56860 table ATTESTATION_REPORT: VERSION":        {snpVersion, 0, 4},
		"AMD 56860 table ATTESTATION_REPORT: VMPL":           {snpVmpl, 48, 4},
		"AMD 56860 table ATTESTATION_REPORT: REPORT_DATA":    {snpReportData, 80, 64},
		"AMD 56860 table ATTESTATION_REPORT: HOST_DATA":      {snpHostData, 192, 32},
		"TDX DCAP A.3.1: version":                            {quoteVersion, 0, 2},
		"TDX DCAP A.3.1: TEE type":                           {quoteTeeType, 4, 4},
		"TDX DCAP A.4.2: body type":                          {quoteBodyType, 48, 2},
		"TDX DCAP A.4.2: body size":                          {quoteBodySize, 50, 4},
		"TDX DCAP A.3.2: MRCONFIGID":                         {tdMrConfigID, 16 + 48 + 48 + 8 + 8 + 8 + 48, 48},
		"TDX DCAP A.3.2: REPORTDATA":                         {tdReportData, 184 + 3*48 + 4*48, 64},
		"TDX Module ABI, REPORTMACSTRUCT: type":              {tdReportType, 0, 1},
		"TDX Module ABI, REPORTMACSTRUCT: REPORTDATA":        {tdReportMacData, 4 + 12 + 16 + 48 + 48, 64},
		"TDX Module ABI, TDINFO_STRUCT behind 512: CONFIGID": {tdReportInfoConfigID, 256 + 239 + 17 + 8 + 8 + 48, 48},
		"SDM 3D table REPORT: ATTRIBUTES":                    {sgxAttributes, 48, 16},
		"SDM 3D table REPORT: CONFIGID":                      {sgxConfigID, 192, 64},
		"SDM 3D table REPORT: REPORTDATA":                    {sgxReportData, 320, 64},
	} {
		if c.got != (field{c.offset, c.length}) {
			t.Errorf("%s: %+v instead of %d, %d", name, c.got, c.offset, c.length)
		}
	}
	for name, c := range map[string][2]int{
		"SNP report": {snpSize, 1184}, "TD 1.0": {td10Size, 584}, "TD 1.5": {td15Size, 648}, "TDREPORT": {tdReportSize, 1024},
		"EREPORT": {sgxReportSize, 432}, "report body": {sgxBodySize, 384}, "TARGETINFO": {sgxTargetSize, 512},
		"quote header": {quoteHeaderSize, 48}, "descriptor": {descriptorSize, 6},
	} {
		if c[0] != c[1] {
			t.Errorf("%s has %d bytes instead of %d", name, c[0], c[1])
		}
	}
}

// vector reads evidence of a real machine, from beside the project or from where SCONECTL_VECTORS says.
func vector(t *testing.T, name string) []byte {
	t.Helper()
	folder := os.Getenv("SCONECTL_VECTORS")
	if folder == "" {
		folder = "../../../../shared/vectors"
	}
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		if os.Getenv("SCONECTL_REQUIRE") == "all" {
			t.Fatal(err)
		}
		t.Skipf("no genuine evidence here: %v", err)
	}
	return content
}

// What is expected was read from the files by offset with another tool.
func TestGenuineEvidenceIsReadAsItsVerifierReadsIt(t *testing.T) {
	for name, c := range map[string]struct {
		read                func([]byte) (*statement, error)
		carried, reportData string
	}{
		"snp/report-milan.bin": {readSnpReport, "0000000000000000000000000000000000000000000000000000000000000000", "ec6c52d7533cc2c4f45be7849cf112ab82b2009fe7bd43e71ed08c14400ad7e20000000000000000000000000000000000000000000000000000000000000000"},
		"tdx/quote-v4.bin":     {readTdxQuote, "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "9a9d48e7f6799642d3d1b34e1e5e1742d4bb02dd6ddd551862c1211d35c304f9eca3efdbb481601c163cf52493d6e44aed55d51ec39b7e518fadb92c2b523f20"},
		"tdx/quote-v5.bin":     {readTdxQuote, "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "6d6ab13b046cff606ac0074be13981b07b6325dba10b5facc96febf551c0c3be2b75f92fe1f88f4bb996969ad0174b4b7a70261b7b85c844f4b33a4674fd049f"},
		"sgx/quote-v3.bin":     {readSgxQuote, "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "48656c6c6f2c20776f726c6421000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"},
	} {
		t.Run(name, func(t *testing.T) {
			evidence := vector(t, name)
			stated, err := c.read(evidence)
			if err != nil {
				t.Fatal(err)
			}
			if hex.EncodeToString(stated.carried) != c.carried || hex.EncodeToString(stated.reportData) != c.reportData {
				t.Errorf("carried %x, report data %x", stated.carried, stated.reportData)
			}
			// The shortest of the bodies, behind the shortest header.
			for length := range 48 + 384 {
				if _, err := c.read(evidence[:length]); err == nil {
					t.Errorf("cut to %d bytes it was read", length)
				}
			}
		})
	}
}

func Test11And12StructuresOfOtherKindsAreRefused(t *testing.T) {
	change := func(bytes []byte, offset int, value byte) []byte {
		bytes[offset] = value
		return bytes
	}
	var none [64]byte
	for why, c := range map[string]struct {
		read  func([]byte) (*statement, error)
		bytes []byte
	}{
		"SNP version 4":             {readSnpReport, change(snpReport(none, nil), 0, 4)},
		"SNP version 2^24 + 3":      {readSnpReport, change(snpReport(none, nil), 3, 1)},
		"22: VMPL 1":                {readSnpReport, change(snpReport(none, nil), 48, 1)},
		"an SNP report, longer":     {readSnpReport, append(snpReport(none, nil), 0)},
		"an SNP report, cut":        {readSnpReport, snpReport(none, nil)[:1183]},
		"a quote as SNP report":     {readSnpReport, tdxQuote(4, none, nil)},
		"an SNP report as quote":    {readTdxQuote, snpReport(none, nil)},
		"a TDX quote of version 3":  {readTdxQuote, tdxQuote(3, none, nil)},
		"a TDX quote of version 6":  {readTdxQuote, tdxQuote(6, none, nil)},
		"an SGX quote as TDX quote": {readTdxQuote, sgxQuote(none)},
		"v4, less than a body":      {readTdxQuote, tdxQuote(4, none, nil)[:48+583]},
		"v5, less than a body":      {readTdxQuote, tdxQuote(5, none, nil)[:54+647]},
		"v5, body type 1 (SGX)":     {readTdxQuote, change(tdxQuote(5, none, nil), 48, 1)},
		"v5, body type 2, size 648": {readTdxQuote, change(tdxQuote(5, none, nil), 48, 2)},
		"v5, body type 4":           {readTdxQuote, change(tdxQuote(5, none, nil), 48, 4)},
		"v5, another size":          {readTdxQuote, change(tdxQuote(5, none, nil), 53, 1)},
		"no bytes as quote":         {readTdxQuote, nil},
		"a TDREPORT as quote":       {readTdxQuote, tdReport(none, nil)},
		"a TDX quote as SGX quote":  {readSgxQuote, tdxQuote(4, none, nil)},
		"an SGX quote, cut":         {readSgxQuote, sgxQuote(none)[:431]},
		"an SGX quote of version 4": {readSgxQuote, change(sgxQuote(none), 0, 4)},
		"an SGX report, cut":        {readSgxReport, sgxReport(none)[:431]},
		"an enclave with KSS":       {readSgxReport, change(sgxReport(none), 48, 5|1<<7)},
		"an enclave with CONFIGID":  {readSgxReport, change(sgxReport(none), 255, 1)},
	} {
		if _, err := c.read(c.bytes); err == nil {
			t.Error(why)
		}
	}
}
