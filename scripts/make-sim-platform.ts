/**
 * Makes the fixed public simulation platform: src/sim/platform.json, and what the sim runtime embeds. Run once, its
 * output is committed; a second run would make other keys, so that images and CASes of both sides no longer meet.
 * The private keys are public on purpose: src/sim/README.md says why that is safe.
 *
 *   scripts/with-node scripts/make-sim-platform.ts --replace
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hex } from '../src/core/bytes.ts';
import { pem, pemChain } from '../src/pki/pem.ts';
import { spkiSha256 } from '../src/pki/spki.ts';
import { makePlatform, type Role } from '../src/sim/generator.ts';
import { hardwareJson, simHardware } from '../src/sim/hardware.ts';

const root = join(import.meta.dirname, '..');
const target = join(root, 'src/sim/platform.json');
if (existsSync(target) && !process.argv.includes('--replace')) {
  process.stderr.write(`${target} exists; --replace makes another platform, and every sim image must be built again\n`);
  process.exit(2);
}

const roles = ['root', 'platformCa', 'pck', 'tcbSigning'] as const satisfies readonly Role[];
const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const keys = { root: newKey(), platformCa: newKey(), pck: newKey(), tcbSigning: newKey() };
const platform = makePlatform({
  keys,
  hardware: simHardware,
  notBefore: new Date('2020-01-01T00:00:00Z'),
  notAfter: new Date('2049-12-31T23:59:59Z'),
  random: (length) => new Uint8Array(randomBytes(length)),
});

const privatePem = (role: Role): string => keys[role].export({ type: 'pkcs8', format: 'pem' });
const document = Object.fromEntries(
  roles.map((role) => [role, { key: privatePem(role), certificate: pem('CERTIFICATE', platform[role].certificate) }]),
);
writeFileSync(target, `${JSON.stringify(document, null, 2)}\n`);

const runtime = join(root, 'runtime/internal/sim');
mkdirSync(runtime, { recursive: true });
writeFileSync(join(runtime, 'pck.key.pem'), privatePem('pck'));
writeFileSync(join(runtime, 'attestation.key.pem'), newKey().export({ type: 'pkcs8', format: 'pem' }));
writeFileSync(
  join(runtime, 'pck.chain.pem'),
  pemChain('CERTIFICATE', [platform.pck.certificate, platform.platformCa.certificate, platform.root.certificate]),
);
writeFileSync(join(runtime, 'platform.json'), hardwareJson(simHardware));
process.stdout.write(`root SPKI SHA-256, for src/sim/anchor.ts: ${hex(spkiSha256(createPublicKey(keys.root)))}\n`);
