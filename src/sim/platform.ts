import { createPrivateKey } from 'node:crypto';
import { SconeError } from '../core/errors.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { readPem } from '../pki/pem.ts';
import type { Holder, Platform, Role } from './generator.ts';
import { simHardware } from './hardware.ts';
import keys from './platform.json' with { type: 'json' };

/** The one public platform of the simulation; its private keys are in `platform.json` (README.md says why). */
export function fixedPlatform(): Platform {
  return {
    hardware: simHardware,
    root: holder('root'),
    platformCa: holder('platformCa'),
    pck: holder('pck'),
    tcbSigning: holder('tcbSigning'),
  };
}

function holder(role: Role): Holder {
  const [certificate] = readPem('CERTIFICATE', keys[role].certificate, `platform.json, ${role}`, 1);
  const name = certificate === undefined ? undefined : parseCertificate(certificate, role).commonName;
  if (certificate === undefined || name === undefined) throw new SconeError('E_INTERNAL', 'platform.json is damaged');
  return { name, key: createPrivateKey(keys[role].key), certificate };
}
