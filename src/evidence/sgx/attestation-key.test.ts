import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flip, makeWorld, now, patch, refusedWith } from '../../../test/evidence/world.ts';
import { parseCollateral } from '../collateral.ts';
import { Refusal } from '../refusal.ts';
import { Verifier } from '../verify.ts';
import { AttestationKeys } from './attestation-key.ts';
import { readPckChain } from './chains.ts';
import { parseQuote } from './quote.ts';

/** Where the parts of the signature data lie in a quote: A.4. */
const at = { signature: 436, attestationKey: 500, qeReport: 564, qeReportSignature: 948 };

function world() {
  const made = makeWorld();
  return { ...made, pck: readPckChain(parseQuote(made.quote).certificationData, made.roots) };
}

test('the key of a platform is read once, and again for every platform, key and report that is another', () => {
  const { quote, pck } = world();
  const keys = new AttestationKeys();
  const first = keys.read(parseQuote(quote), pck);
  assert.equal(first.reportSigned, true);
  assert.equal(keys.read(parseQuote(quote.slice()), pck), first);
  for (const offset of [at.attestationKey, at.qeReport, at.qeReportSignature]) {
    const other = keys.read(parseQuote(flip(quote, offset)), pck);
    assert.notEqual(other, first);
    assert.equal(other.reportSigned, offset === at.attestationKey);
  }
});

test('14: a key that was verified before vouches for no other key, report or signature', () => {
  const { quote, collateral, roots } = world();
  const verifier = new Verifier(roots);
  const known = parseCollateral(collateral);
  verifier.verify({ quote }, known, now);
  const changed = {
    'quote-signature': flip(quote, at.signature),
    'attestation-key': patch(quote, at.attestationKey, parseQuote(makeWorld().quote).attestationKey),
    'qe-report-signature': flip(quote, at.qeReportSignature),
  };
  for (const [check, bytes] of Object.entries(changed)) {
    for (let again = 0; again < 2; again++) {
      const { errors } = refusedWith(() => verifier.verify({ quote: bytes }, known, now));
      const failed = errors.map((error) => (error instanceof Refusal ? error.check : String(error)));
      assert.ok(failed.includes(check), `${check}: ${failed.join(', ')}`);
    }
  }
});

test('a key below a chain that leads to another root is not remembered', () => {
  const { quote, pck, roots } = world();
  const keys = new AttestationKeys();
  const foreign = readPckChain(parseQuote(quote).certificationData, { ...roots, sgxRootSpkiSha256: '00'.repeat(32) });
  assert.notEqual(foreign.problem, undefined);
  const first = keys.read(parseQuote(quote), foreign);
  assert.equal(first.reportSigned, true);
  assert.notEqual(keys.read(parseQuote(quote), foreign), first);
  assert.equal(keys.read(parseQuote(quote), pck), keys.read(parseQuote(quote), pck));
});
