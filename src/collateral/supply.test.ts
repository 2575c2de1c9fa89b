import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeSnpWorld } from '../../test/evidence/snp-world.ts';
import { flip, makeWorld } from '../../test/evidence/world.ts';
import { concat, utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { pem, pemChain } from '../pki/pem.ts';
import { mergeSupplies, parseSupply, platformsIn, renderSupply } from './supply.ts';

const intel = makeWorld().collateral;
const { platform, collateral: amd } = makeSnpWorld();
const certificates = [platform.vcek, platform.ask, platform.ark].map(({ certificate }) => certificate);
const crl = amd.crl?.der ?? assert.fail('no list');

const refused = (input: string | Uint8Array): SconeError => {
  try {
    parseSupply(typeof input === 'string' ? utf8(input) : input, 'a file');
  } catch (error) {
    assert.ok(error instanceof SconeError, String(error));
    return error;
  }
  return assert.fail('it was accepted');
};

test('a bundle holds platforms of every vendor, and is read as it was written', () => {
  const platforms = platformsIn(mergeSupplies([parseSupply(utf8(intel), 'intel'), parseSupply(utf8(amd.text), 'amd')]));
  assert.deepEqual(
    platforms.map((one) => 'kind' in one),
    [false, true],
  );
  const text = renderSupply(platforms);
  const again = platformsIn(parseSupply(utf8(text), 'bundle'));
  assert.equal(renderSupply(again), text);
});

test('the bytes of the first version are readable for ever', () => {
  const first = `{"v":1,"kind":"sconectl collateral","platforms":[${intel},${amd.text}]}\n`;
  assert.equal(parseSupply(utf8(first), 'old').platforms.length, 2);
  assert.equal(parseSupply(utf8('{"v":1,"kind":"sconectl collateral","platforms":[]}'), 'old').platforms.length, 0);
});

test('certificates and a list as files become one platform of AMD, whatever their order and form', () => {
  const [vcek = crl, ...chain] = certificates;
  const files = [pem('X509 CRL', crl), pemChain('CERTIFICATE', chain), vcek];
  for (const given of [files, files.toReversed(), [crl, pem('CERTIFICATE', vcek), ...chain]]) {
    const supply = mergeSupplies(
      given.map((file, index) => parseSupply(typeof file === 'string' ? utf8(file) : file, String(index))),
    );
    const [only, other] = platformsIn(supply);
    assert.ok(only !== undefined && 'kind' in only && other === undefined);
    assert.equal(only.certificates.length, 3);
    assert.deepEqual(only.crl?.der, crl);
  }
});

test('a list alone completes the platforms that came without one, two lists are too many', () => {
  const bare = JSON.stringify({ snp_certificates: pemChain('CERTIFICATE', certificates) });
  const list = parseSupply(crl, 'list');
  const [completed] = platformsIn(mergeSupplies([parseSupply(utf8(bare), 'bare'), list]));
  assert.ok(completed !== undefined && 'kind' in completed);
  assert.deepEqual(completed.crl?.der, crl);
  assert.throws(() => platformsIn(mergeSupplies([list, list])), { code: 'E_COLLATERAL' });
});

test('what is none of the forms is refused by the name of its file', () => {
  for (const wrong of [
    '',
    'x',
    '[]',
    '{}',
    `${intel}${intel}`,
    `{"v":2,"kind":"sconectl collateral","platforms":[]}`,
    `{"v":1,"kind":"other","platforms":[]}`,
    `{"v":1,"kind":"sconectl collateral","platforms":[],"more":1}`,
    `{"v":1,"kind":"sconectl collateral","platforms":{}}`,
    `{"v":1,"v":1,"kind":"sconectl collateral","platforms":[]}`,
    `{"v":1,"kind":"sconectl collateral","platforms":[{"v":1,"kind":"sconectl collateral","platforms":[]}]}`,
    pem('PRIVATE KEY', crl),
    `${pem('CERTIFICATE', crl)}${pem('X509 CRL', crl)}`,
    Uint8Array.of(0x30, 0),
    Uint8Array.of(0x30, 3, 2, 1, 1),
    concat(crl, Uint8Array.of(0)),
    Uint8Array.of(0xff, 0xfe),
  ]) {
    const error = refused(wrong);
    assert.equal(error.code, 'E_COLLATERAL');
    assert.match(error.message, /^a file /);
  }
});

test('hostile files give our own error only', () => {
  const whole = utf8(renderSupply(platformsIn(parseSupply(utf8(intel), 'intel'))));
  const forms = [whole, utf8(amd.text), crl, ...certificates];
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.json().map(utf8),
    fc
      .tuple(fc.constantFrom(...forms), fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([form, at, mask]) => flip(form, at % form.length, mask)),
    fc.tuple(fc.constantFrom(...forms), fc.nat()).map(([form, at]) => form.subarray(0, at % form.length)),
  );
  fc.assert(
    fc.property(hostile, (bytes) => {
      try {
        platformsIn(parseSupply(bytes, 'a file'));
      } catch (error) {
        assert.ok(error instanceof SconeError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});
