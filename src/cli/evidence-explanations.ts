import type { CheckName } from '../evidence/refusal.ts';
import type { TcbStatus } from '../evidence/tcb-status.ts';

/** What it means that a check failed, in words for whoever has to do something about it. */
export const failedChecks: Readonly<Record<CheckName, string>> = {
  'quote-signature':
    'The quote is not signed by the attestation key that lies in it. Bytes of it were changed, or it was made by something else than a quoting enclave.',
  'attestation-key':
    'The quoting enclave certified another key than the one that signed this quote. Parts of two quotes were put together.',
  'qe-report-signature':
    "The report of the quoting enclave is not signed by the platform's own key (PCK). It was changed, or comes from another machine.",
  'pck-chain':
    "The certificates of the platform's key do not lead to Intel's root. The quote comes from a simulation, or from nobody that Intel knows.",
  'pck-role':
    'The certificates lead to the root, but the first is not one of a platform key. Another certificate of the vendor was put in its place.',
  'pck-dates': 'A certificate of the platform is not valid at the time of the verification.',
  'crl-chain': 'The certificates of whoever signed the revocation list do not lead to the root.',
  'crl-signature': 'A revocation list is not signed by the authority whose certificates it judges.',
  'crl-dates':
    'A revocation list is not in force at the time of the verification: what was revoked since would not be seen.',
  revocation: 'The vendor has revoked a certificate on which the evidence rests, so its key may be in the wrong hands.',
  'tcb-info-chain': 'The certificates of whoever signed the TCB Info do not lead to the root.',
  'tcb-info-signature': 'The TCB Info is not what the vendor signed.',
  'tcb-info-dates':
    'The TCB Info is not in force at the time of the verification: what the vendor knows since would not be seen.',
  'tcb-info-kind': 'The TCB Info is one for another TEE, or in a version that is not known here.',
  'tcb-info-platform': 'The TCB Info judges another kind of platform than the one that made the evidence.',
  'qe-identity-chain': 'The certificates of whoever signed the QE Identity do not lead to the root.',
  'qe-identity-signature': 'The QE Identity is not what the vendor signed.',
  'qe-identity-dates': 'The QE Identity is not in force at the time of the verification.',
  'qe-identity-kind': 'The QE Identity is one for another quoting enclave, or in a version that is not known here.',
  'qe-identity-match': "The enclave that made the quote is not the vendor's quoting enclave.",
  'collateral-missing':
    'There are no TCB Info, QE Identity and revocation lists, so nobody can say whether the platform lacks updates or was revoked.',
  'qe-debug': 'The quoting enclave runs in debug mode: its host can read its key and sign whatever it likes.',
  'qe-level': 'The quoting enclave is older than every version that the vendor still judges, or of an unknown status.',
  'tcb-level':
    'The firmware of the platform is older than every level that the vendor still judges, or of an unknown status.',
  'tcb-revoked': 'The vendor has revoked this level of firmware: evidence of it proves nothing.',
  tee: 'The evidence is of another TEE than its sender says, or than is accepted here.',
  'td-attributes': 'The TD has an attribute whose meaning nobody here knows; it might open what is taken for closed.',
  'tdx-module':
    "The TDX module that runs the TD is not one of the vendor's, or is older than every level that is judged.",
  'report-signature':
    'The report is not signed by the key of the certificate (VCEK or VLEK). Bytes of it were changed, or the certificate is of another chip or TCB.',
  'vek-chain': "The certificate of the chip's key does not lead to AMD's root of its product line.",
  'vek-dates': 'A certificate of the chain is not valid at the time of the verification.',
  'revocation-unchecked': 'There is no revocation list of AMD, so a revoked authority would not be found.',
  'snp-crl-signature': "The revocation list is not signed by AMD's root of this product line.",
  'snp-crl-dates': 'The revocation list is not in force at the time of the verification.',
  'snp-revocation': 'AMD has revoked the authority that issued the certificate.',
  product: 'Report and certificate are of different product lines.',
  'chip-id': 'The certificate is of another chip than the one that the report names.',
  'tcb-version': 'The report states a TCB with reserved parts that are not zero.',
  'reported-tcb':
    'The certificate is of another TCB than the report states: such a key could have been kept from before an update.',
  'tcb-order': 'The TCBs in the report contradict each other: what is reported is above what is installed for good.',
  vmpl: 'The report was asked for at a lower privilege level of the guest than 0, where it does not speak for all of it.',
  'policy-reserved': 'The guest policy has a bit whose meaning nobody here knows.',
  'id-block': 'The report names an author key without an ID key, which no firmware does.',
};

/** What a TCB status means, and which words of `tolerate` let it pass. */
export const statuses: Readonly<Record<TcbStatus, { what: string; tolerate: readonly string[] }>> = {
  UpToDate: { what: 'The platform has all updates that the vendor demands.', tolerate: [] },
  SWHardeningNeeded: {
    what: 'The platform has all updates, and its processor has a weakness that only the program itself can avoid.',
    tolerate: ['software-hardening-needed'],
  },
  ConfigurationNeeded: {
    what: 'The platform has all updates, and a setting of its BIOS weakens it (hyperthreading, for instance).',
    tolerate: ['insecure-configuration'],
  },
  ConfigurationAndSWHardeningNeeded: {
    what: 'Both: a setting of the BIOS weakens the platform, and its processor needs hardened software.',
    tolerate: ['insecure-configuration', 'software-hardening-needed'],
  },
  OutOfDate: { what: 'The platform lacks updates that mend known weaknesses.', tolerate: ['outdated-tcb'] },
  OutOfDateConfigurationNeeded: {
    what: 'The platform lacks updates, and a setting of its BIOS weakens it.',
    tolerate: ['outdated-tcb', 'insecure-configuration'],
  },
  Revoked: { what: 'The vendor has revoked the platform. Nothing tolerates it.', tolerate: [] },
};
