import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSnpWorld, snpRoots } from '../../../test/evidence/snp-world.ts';
import { now, refusedWith } from '../../../test/evidence/world.ts';
import { webAssembly } from '../../pki/p384/machine.ts';
import { Refusal } from '../refusal.ts';
import { Verifier } from '../verify.ts';

/** How many times code for tables was made in this process. */
let machines = 0;
const api = webAssembly() ?? assert.fail('no WebAssembly');
const { Instance } = api;
api.Instance = class extends Instance {
  constructor(module: object) {
    super(module);
    machines++;
  }
};

const world = makeSnpWorld();
const options = { collateral: world.collateral, now };

function checks(verifier: Verifier, quote: Uint8Array): string[] {
  const { errors } = refusedWith(() => verifier.judge({ quote }, options));
  return errors.map((error) => (error instanceof Refusal ? error.check : assert.fail(String(error))));
}

test('a report under a chain to another root counts for nothing, however often it comes', () => {
  const verifier = new Verifier(snpRoots('Genoa'));
  for (let time = 0; time < 40; time++) assert.deepEqual(checks(verifier, world.report), ['vek-chain', 'product']);
  assert.equal(machines, 0);
});

test('what is said of a chip does not change when its key has a table', () => {
  const verifier = new Verifier(world.roots);
  const once = new Verifier(world.roots).judge({ quote: world.report }, options);
  for (let time = 0; time < 20; time++) {
    assert.deepEqual(verifier.judge({ quote: world.report }, options), once);
    const forged = new Uint8Array(world.report);
    // Of REPORT_DATA, MEASUREMENT, HOST_DATA and the signature's R and S.
    const at = [0x50, 0x90, 0xc0, 0x2a0, 0x2a0 + 72][time % 5] ?? 0;
    forged[at + time] = (forged[at + time] ?? 0) ^ (1 << (time % 8));
    assert.deepEqual(checks(verifier, forged), ['report-signature']);
    assert.equal(machines, time < 15 ? 0 : 1);
  }
});
