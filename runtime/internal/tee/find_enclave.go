//go:build sgx

package tee

// Find finds the TEE: an SGX enclave. variable is the value of SCONE_INITDATA.
func Find(variable string) (Platform, error) {
	return findEnclave(linux{}, variable)
}
