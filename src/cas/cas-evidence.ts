import type { AttestationAnswer } from '../api/answers.ts';
import { casReportData } from '../api/binding.ts';
import type { CasClaims } from '../api/claims.ts';
import { base64 } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { canonicalBytes } from '../core/json.ts';
import type { Identity } from './identity.ts';
import type { Journal } from './journal.ts';
import type { Platform } from './platform.ts';

export interface OwnEvidenceOptions {
  journal: Journal;
  platform: Platform;
  identity: Identity;
  /** 16 random bytes, hex, of this start. */
  boot: string;
  servicePort: number;
}

/** Evidence of this CAS for one connection (protocol, "Trusting a CAS"). */
export async function ownEvidence(options: OwnEvidenceOptions, ekm: Uint8Array): Promise<AttestationAnswer> {
  const { journal, platform, identity, boot, servicePort } = options;
  const document: CasClaims = {
    v: 1,
    tee: platform.tee,
    mode: platform.mode,
    ledger: journal.view.genesis.ledger,
    boot,
    identity: identity.keyHash,
    encryption_key: base64(identity.encryptionKey),
    head: journal.note(),
  };
  const claims = canonicalBytes(document);
  const reportData = casReportData({
    ekm,
    serverSpkiSha256: identity.spkiSha256,
    initDataHash: sha256(platform.initData),
    claims,
  });
  return {
    evidence: await platform.evidence(reportData, journal.now),
    init_data: base64(platform.initData),
    claims: base64(claims),
    service_port: servicePort,
  };
}
