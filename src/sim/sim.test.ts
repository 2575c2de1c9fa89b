import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { flip, refusedWith } from '../../test/evidence/world.ts';
import { hex, lp, utf8 } from '../core/bytes.ts';
import { sha256, sha256Lp } from '../core/digest.ts';
import { collateralExpiry } from '../evidence/collateral.ts';
import { productionRoots } from '../evidence/roots.ts';
import { Verifier, verifyEvidence } from '../evidence/verify.ts';
import { pemChain } from '../pki/pem.ts';
import { spkiSha256 } from '../pki/spki.ts';
import { simulationRoots } from './anchor.ts';
import { simCollateral, simCollateralSource } from './collateral.ts';
import { hardwareJson, simHardware } from './hardware.ts';
import { fixedPlatform } from './platform.ts';
import { simQuote } from './quote.ts';
import { simSeal, simUnseal } from './seal.ts';

const project = new URL('../../', import.meta.url);
const fields = {
  mrenclave: sha256(utf8('program')),
  configId: new Uint8Array(64).fill(1),
  reportData: new Uint8Array(64).fill(2),
};
const random = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(length));

test('the anchor is the root of the fixed platform', () => {
  const { root } = fixedPlatform();
  assert.equal(simulationRoots.sgxRootSpkiSha256, hex(spkiSha256(createPublicKey(root.key))));
  assert.equal(new X509Certificate(root.certificate).subject, 'CN=sconectl SIMULATION SGX Root CA');
});

test('63: the anchor has no key and no certificate, and the production roots have nothing of it', () => {
  const anchor = readFileSync(new URL('anchor.ts', import.meta.url), 'utf8');
  assert.doesNotMatch(anchor, /PRIVATE|BEGIN|\.json/);
  assert.doesNotMatch(anchor.replace(/import type .*/g, ''), /import /);
  const roots = readFileSync(new URL('../evidence/roots.ts', import.meta.url), 'utf8');
  assert.equal(roots.includes(simulationRoots.sgxRootSpkiSha256), false);
  assert.notEqual(productionRoots.sgxRootSpkiSha256, simulationRoots.sgxRootSpkiSha256);
});

test('every certificate of the fixed platform says SIMULATION and is valid from 2020 to 2049', () => {
  const { root, platformCa, pck, tcbSigning } = fixedPlatform();
  for (const { certificate, key } of [root, platformCa, pck, tcbSigning]) {
    const parsed = new X509Certificate(certificate);
    assert.match(parsed.subject, /^CN=sconectl SIMULATION /);
    assert.ok(parsed.checkPrivateKey(key));
    assert.equal(parsed.validFromDate.toISOString(), '2020-01-01T00:00:00.000Z');
    assert.equal(parsed.validToDate.toISOString(), '2049-12-31T23:59:59.000Z');
  }
});

test('what the sim runtime embeds is the same platform', () => {
  const { pck, platformCa, root } = fixedPlatform();
  const embedded = (name: string): string => readFileSync(new URL(`runtime/internal/sim/${name}`, project), 'utf8');
  assert.ok(createPrivateKey(embedded('pck.key.pem')).equals(pck.key));
  assert.equal(
    embedded('pck.chain.pem'),
    pemChain('CERTIFICATE', [pck.certificate, platformCa.certificate, root.certificate]),
  );
  assert.equal(embedded('platform.json'), hardwareJson(simHardware));
});

test('a simulated quote passes the verifier at any time up to 2049', () => {
  for (const time of ['2020-02-01T00:00:00Z', '2026-11-23T04:25:00Z', '2049-11-01T00:00:00Z']) {
    const now = new Date(time);
    const { tee, claims } = verifyEvidence(
      { tee: 'sim', quote: simQuote(fields) },
      { roots: simulationRoots, collateral: simCollateral(now), now },
    );
    assert.equal(tee, 'sim');
    assert.deepEqual(claims.mrenclave, fields.mrenclave);
    assert.deepEqual(claims.configid, fields.configId);
    assert.deepEqual(claims.reportData, fields.reportData);
    assert.equal(claims.tcb.status, 'UpToDate');
    assert.equal(claims.attributes.kss, true);
  }
});

test('collateral travels beside the evidence as aux', () => {
  const now = new Date('2026-11-23T04:25:00Z');
  const evidence = { quote: simQuote(fields), aux: utf8(simCollateral(now).text) };
  assert.equal(verifyEvidence(evidence, { roots: simulationRoots, now }).tee, 'sim');
});

test('simulated collateral is good for 30 days, and a source makes it anew each day', () => {
  const start = new Date('2026-11-23T04:25:00Z');
  const after = (hours: number): Date => new Date(start.getTime() + hours * 3_600_000);
  assert.equal(collateralExpiry(simCollateral(start)).toISOString(), '2026-12-23T04:25:00.000Z');
  const source = simCollateralSource();
  const first = source(start);
  assert.equal(source(after(24)), first);
  const second = source(after(25));
  assert.notEqual(second, first);
  assert.equal(second.tcbInfo.document.tcbEvaluationDataNumber, first.tcbInfo.document.tcbEvaluationDataNumber);
  const verifier = new Verifier(simulationRoots);
  for (const hours of [0, 24, 25, 24 * 29, 24 * 400]) {
    assert.equal(verifier.verify({ quote: simQuote(fields) }, source(after(hours)), after(hours)).tee, 'sim');
  }
});

test('a quote with fields of the wrong length is not made', () => {
  for (const wrong of [
    { mrenclave: new Uint8Array(31) },
    { configId: new Uint8Array(32) },
    { reportData: new Uint8Array(65) },
  ]) {
    assert.equal(refusedWith(() => simQuote({ ...fields, ...wrong })).code, 'E_FORMAT');
  }
});

test('28: the constants of the simulation are hashes over length-prefixed fields with a domain', () => {
  assert.deepEqual(simHardware.qe.mrSigner, sha256(lp('sconectl SIMULATION quoting enclave signer')));
  assert.notDeepEqual(sha256Lp('ab', 'c'), sha256Lp('a', 'bc'));
});

test('what was sealed opens with the same context only, and no changed byte is accepted', () => {
  const context = utf8('root of ledger 1');
  const plaintext = random(40);
  const sealed = simSeal(context, plaintext, random);
  assert.deepEqual(simUnseal(context, sealed), plaintext);
  assert.notDeepEqual(simSeal(context, plaintext, random), sealed);
  for (const other of ['', 'root of ledger 2', 'root of ledger 1 ']) {
    assert.equal(refusedWith(() => simUnseal(utf8(other), sealed)).code, 'E_LEDGER');
  }
  for (let at = 0; at < sealed.length; at++) {
    assert.equal(refusedWith(() => simUnseal(context, flip(sealed, at))).code, 'E_LEDGER', `byte ${at}`);
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(refusedWith(() => simUnseal(context, sealed.subarray(0, length))).code, 'E_LEDGER');
  }
});
