import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeWorld, now, refusedBy, refusedWith, rootsOf, verifyWorld } from '../../../test/evidence/world.ts';
import { simulationRoots } from '../../sim/anchor.ts';
import { simCollateral } from '../../sim/collateral.ts';
import { simQuote } from '../../sim/quote.ts';
import { parseCollateral } from '../collateral.ts';
import { productionRoots } from '../roots.ts';
import { verifyEvidence } from '../verify.ts';

test('47: simulated evidence is refused under production roots, whatever it says about itself', () => {
  const at = new Date();
  const quote = simQuote({
    mrenclave: new Uint8Array(32),
    configId: new Uint8Array(64),
    reportData: new Uint8Array(64),
  });
  const collateral = simCollateral(at);
  for (const tee of ['sgx', 'sim', undefined] as const) {
    const evidence = { quote, ...(tee === undefined ? {} : { tee }) };
    const error = refusedWith(() => verifyEvidence(evidence, { roots: productionRoots, collateral, now: at }));
    assert.equal(error.code, 'E_CHAIN');
    assert.match(error.message, /pinned root/);
    assert.equal(error.found, simulationRoots.sgxRootSpkiSha256);
  }
  assert.equal(verifyEvidence({ quote }, { roots: simulationRoots, collateral, now: at }).tee, 'sim');
});

test('47: a simulated vendor that calls itself Intel is refused under production roots', () => {
  const world = makeWorld({
    certificate: (_role, spec) => ({
      ...spec,
      subject: spec.subject.replace('sconectl SIMULATION', 'Intel'),
      issuer: spec.issuer.replace('sconectl SIMULATION', 'Intel'),
    }),
    collateral: { crl: (_which, spec) => ({ ...spec, issuer: spec.issuer.replace('sconectl SIMULATION', 'Intel') }) },
  });
  refusedBy({ ...world, roots: productionRoots }, ['pck-chain', 'crl-chain', 'tcb-info-chain', 'qe-identity-chain']);
  // It is only the pin: under its own root it would pass.
  assert.equal(verifyWorld({ ...world, roots: { ...rootsOf(world.platform), sgxVendor: 'Intel' } }).tee, 'sim');
});

test('47: the TEE follows from the roots, and what the sender says must equal it', () => {
  const world = makeWorld();
  const options = { roots: world.roots, collateral: parseCollateral(world.collateral), now };
  assert.equal(verifyEvidence({ tee: 'sim', quote: world.quote }, options).tee, 'sim');
  for (const tee of ['sgx', 'tdx', 'SIM', '']) {
    assert.equal(refusedWith(() => verifyEvidence({ tee, quote: world.quote }, options)).code, 'E_TEE');
  }
});
