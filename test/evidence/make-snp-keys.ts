/**
 * Makes `snp-keys.json`: keys of a make-believe AMD hierarchy. Making RSA-4096 keys takes seconds, so tests share these.
 * Public on purpose; no verifier outside of tests knows them.
 *
 *   scripts/with-node test/evidence/make-snp-keys.ts
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const rsa = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey;
const p384 = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const keys = { ark: rsa(), ask: rsa(), asvk: rsa(), vcek: p384(), vlek: p384() };
const document = Object.fromEntries(
  Object.entries(keys).map(([role, key]) => [role, key.export({ type: 'pkcs8', format: 'pem' })]),
);
writeFileSync(join(import.meta.dirname, 'snp-keys.json'), `${JSON.stringify(document, null, 2)}\n`);
