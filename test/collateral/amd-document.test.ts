import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { amdDocument } from '../../src/collateral/amd-document.ts';
import { Cache } from '../../src/collateral/cache.ts';
import { httpsGet } from '../../src/collateral/get.ts';
import { amdPlatformOf } from '../../src/collateral/platform-of.ts';
import { renewed } from '../../src/collateral/renew.ts';
import type { SconeError } from '../../src/core/errors.ts';
import type { SnpCollateral } from '../../src/evidence/snp/collateral.ts';
import { pemChain } from '../../src/pki/pem.ts';
import { judgeSnp, makeSnpWorld, type SnpWorld, snpKeys } from '../evidence/snp-world.ts';
import { now } from '../evidence/world.ts';
import { tempFolder } from '../support/temp.ts';
import { type FakeService, startService } from './service.ts';

const day = 24 * 60 * 60 * 1000;
const later = (days: number): Date => new Date(now.getTime() + days * day);

interface Setup {
  service: FakeService;
  warnings: SconeError[];
  serve: (world: SnpWorld | undefined) => void;
  fetch: (at?: Date, world?: SnpWorld) => Promise<SnpCollateral>;
}

function answerOf({ platform, collateral }: SnpWorld, url: string): string | Uint8Array | undefined {
  const { product, ask, asvk, ark, vcek } = platform;
  if (url === `/vcek/v1/${product}/cert_chain`) return pemChain('CERTIFICATE', [ask.certificate, ark.certificate]);
  if (url === `/vlek/v1/${product}/cert_chain`) return pemChain('CERTIFICATE', [asvk.certificate, ark.certificate]);
  if (/^\/v[cl]ek\/v1\/[A-Z][a-z]+\/crl$/.test(url)) return collateral.crl?.der;
  return url.startsWith(`/vcek/v1/${product}/`) ? vcek.certificate : undefined;
}

/** A key distribution service that has the platform of a world, asked for what the report of that world needs. */
async function setUp(t: TestContext, world: SnpWorld): Promise<Setup> {
  let served: SnpWorld | undefined = world;
  const service = await startService(t, ({ url = '' }, response) => {
    const body = served === undefined ? undefined : answerOf(served, url);
    if (body === undefined) response.writeHead(served === undefined ? 503 : 404).end();
    else response.end(body);
  });
  const warnings: SconeError[] = [];
  const cache = new Cache(tempFolder(t));
  const settings = { base: service.base, get: httpsGet(service.ca), sleep: async () => undefined };
  return {
    service,
    warnings,
    serve: (one) => {
      served = one;
    },
    fetch: (at = now, asked = world) =>
      renewed(amdDocument(amdPlatformOf(asked.report), { ...settings, roots: asked.roots }), {
        cache,
        now: at,
        warn: (warning) => void warnings.push(warning),
      }),
  };
}

for (const product of ['Milan', 'Genoa', 'Turin'] as const) {
  test(`what a report of ${product} needs is fetched by what the report says, and verifies it`, async (t) => {
    const world = makeSnpWorld({ product });
    const { fetch, service } = await setUp(t, world);
    const verdict = judgeSnp({ ...world, collateral: await fetch() });
    assert.deepEqual([verdict.tee, verdict.revocation], ['snp', 'checked']);
    const chip = '77'.repeat(product === 'Turin' ? 8 : 64);
    const fmc = product === 'Turin' ? 'fmcSPL=01&' : '';
    assert.ok(
      service.requests.includes(`/vcek/v1/${product}/${chip}?${fmc}blSPL=04&teeSPL=01&snpSPL=22&ucodeSPL=213`),
      service.requests.join('\n'),
    );
  });
}

test('of a report signed by a VLEK the authority and the list are fetched', async (t) => {
  const { fetch, service } = await setUp(t, makeSnpWorld({ key: 'vlek' }));
  const { certificates, crl } = await fetch();
  assert.deepEqual(
    certificates.map(({ commonName }) => commonName),
    ['SEV-VLEK-Milan', 'ARK-Milan'],
  );
  assert.ok(crl);
  assert.deepEqual(service.requests.toSorted(), ['/vlek/v1/Milan/cert_chain', '/vlek/v1/Milan/crl']);
});

test('it is looked for anew after a week; a service that fails costs a warning while the list is in force', async (t) => {
  const { fetch, service, serve, warnings } = await setUp(t, makeSnpWorld());
  await fetch(later(-10));
  await fetch(later(-4));
  assert.equal(service.requests.length, 3);
  await fetch(later(-2));
  assert.equal(service.requests.length, 6);
  serve(undefined);
  await fetch(later(8));
  assert.match(warnings[0]?.message ?? '', /could not be renewed/);
  await assert.rejects(fetch(later(20)), { code: 'E_COLLATERAL', found: 'status 503' });
});

test('3, 21: what is of another chip, another root or forged is not kept', async (t) => {
  const world = makeSnpWorld();
  const { fetch, serve } = await setUp(t, world);
  serve(makeSnpWorld({ chipId: new Uint8Array(64).fill(0x78) }));
  const refusal = async (): Promise<string> => {
    const error = await fetch().then(
      () => assert.fail('it was kept'),
      (reason: SconeError) => reason,
    );
    assert.equal(error.code, 'E_COLLATERAL');
    return [error.message, ...error.causes].join('\n');
  };
  assert.match(await refusal(), /another chip/);
  const { asvk } = snpKeys;
  serve(makeSnpWorld({ keys: { ark: asvk } }));
  assert.match(await refusal(), /pinned root/);
  serve({ ...world, collateral: makeSnpWorld({ keys: { ark: asvk } }).collateral });
  assert.match(await refusal(), /signature of the revocation list|another CA/);
  serve({ ...world, platform: { ...world.platform, ask: makeSnpWorld({ keys: { ask: asvk } }).platform.ask } });
  assert.match(await refusal(), /not signed by the next certificate|another issuer key/);
  serve({ ...world, collateral: makeSnpWorld({ collateral: { issued: later(-60), expires: later(-30) } }).collateral });
  assert.match(await refusal(), /not in force/);
  serve(world);
  assert.equal((await fetch()).certificates.length, 3);
});

test('67: an older revocation list does not replace the one that is kept', async (t) => {
  const world = makeSnpWorld({ collateral: { crl: (spec) => ({ ...spec, number: 7 }) } });
  const { fetch, serve, warnings } = await setUp(t, world);
  await fetch();
  serve(makeSnpWorld({ collateral: { crl: (spec) => ({ ...spec, number: 6 }) } }));
  const { crl } = await fetch(later(8));
  assert.equal(crl?.number, 7n);
  assert.match(warnings[0]?.causes.join() ?? '', /older revocation list/);
});

test('a report of version 2 does not say its product line, so that has to be given', () => {
  const { report } = makeSnpWorld({ fields: { version: 2 } });
  assert.throws(() => amdPlatformOf(report), { code: 'E_EVIDENCE', hint: /--product/ });
  assert.equal(amdPlatformOf(report, 'Milan').product, 'Milan');
});
