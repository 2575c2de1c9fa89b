import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Cache } from '../../src/collateral/cache.ts';
import { httpsGet } from '../../src/collateral/get.ts';
import { onlineCollateral } from '../../src/collateral/online.ts';
import type { CollateralSource } from '../../src/collateral/source.ts';
import type { SconeError } from '../../src/core/errors.ts';
import type { CollateralDocument } from '../../src/evidence/collateral.ts';
import { flip, makeWorld, now, type World } from '../evidence/world.ts';
import { tempFolder } from '../support/temp.ts';
import { type FakeService, type Handler, intelHandler, startService } from './service.ts';

const platform = { tee: 'sgx', fmspc: '53494d000000', pceid: '0000', ca: 'platform' } as const;
const day = 24 * 60 * 60 * 1000;
const later = (days: number): Date => new Date(now.getTime() + days * day);

/** Collateral that was issued some days after 2026-01-01 and lasts 30 days. */
function issuedAfter(days: number, number = 17): World {
  const issued = new Date(Date.parse('2026-01-01T00:00:00Z') + days * day);
  return makeWorld({
    collateral: {
      issued,
      expires: new Date(issued.getTime() + 30 * day),
      tcbInfo: (document) => ({ ...document, tcbEvaluationDataNumber: number }),
    },
  });
}

interface Setup {
  service: FakeService;
  folder: string;
  warnings: SconeError[];
  /** What the service serves from now on; `undefined`: errors. */
  serve: (world: World | undefined) => void;
  /** A source as of a new process: same cache, empty memory. */
  source: () => CollateralSource;
}

async function setUp(t: TestContext, world: World): Promise<Setup> {
  const broken: Handler = (_, response) => void response.writeHead(503).end();
  const handlerOf = (one: World | undefined): Handler =>
    one === undefined ? broken : intelHandler(JSON.parse(one.collateral) as CollateralDocument);
  let handler = handlerOf(world);
  const service = await startService(t, (request, response) => handler(request, response));
  const folder = tempFolder(t);
  const warnings: SconeError[] = [];
  return {
    service,
    folder,
    warnings,
    serve: (one) => {
      handler = handlerOf(one);
    },
    source: () =>
      onlineCollateral({
        base: service.base,
        get: httpsGet(service.ca),
        sleep: async () => undefined,
        cache: new Cache(folder),
        roots: world.roots,
        warn: (warning) => void warnings.push(warning),
      }),
  };
}

test('what was fetched is kept on disk for a day, and given again without a question', async (t) => {
  const { service, source, serve } = await setUp(t, issuedAfter(14));
  const first = await source().forPlatform(platform, now);
  assert.equal(service.requests.length, 4);
  serve(undefined);
  const second = await source().forPlatform(platform, later(0.9));
  assert.equal(second.text, first.text);
  assert.equal(service.requests.length, 4);
});

test('questions at once become one, and the object stays the same while nothing changed', async (t) => {
  const { service, source } = await setUp(t, issuedAfter(14));
  const one = source();
  const all = await Promise.all([1, 2, 3].map(() => one.forPlatform(platform, now)));
  assert.equal(service.requests.length, 4);
  assert.ok(all.every((found) => found === all[0]));
  assert.equal(await one.forPlatform(platform, later(2)), all[0]);
  assert.equal(service.requests.length, 8);
});

test('after a day it is renewed; a service that fails costs a warning as long as the old one is in force', async (t) => {
  const { source, serve, warnings, folder } = await setUp(t, issuedAfter(0));
  await source().forPlatform(platform, now);
  serve(issuedAfter(15));
  const renewed = await source().forPlatform(platform, later(1));
  assert.equal(renewed.tcbInfo.document.issueDate.toISOString(), '2026-01-16T00:00:00.000Z');
  assert.equal(readdirSync(join(folder, 'content')).length, 1, 'what was replaced is gone');
  assert.equal(warnings.length, 0);
  serve(undefined);
  assert.equal((await source().forPlatform(platform, later(10))).text, renewed.text);
  assert.match(warnings[0]?.message ?? '', /could not be renewed/);
  await assert.rejects(source().forPlatform(platform, later(40)), { code: 'E_COLLATERAL', found: 'status 503' });
});

test('a warning comes before the end when the service has nothing newer', async (t) => {
  const { source, warnings } = await setUp(t, issuedAfter(0));
  await source().forPlatform(platform, later(5));
  assert.equal(warnings.length, 0);
  await source().forPlatform(platform, later(10));
  assert.match(warnings[0]?.message ?? '', /expires soon/);
  assert.match(warnings[0]?.found ?? '', /2026-01-31T00:00:00Z/);
});

test('67: what is older than what is kept does not replace it', async (t) => {
  const { source, serve, warnings } = await setUp(t, issuedAfter(14, 18));
  const kept = await source().forPlatform(platform, now);
  serve(issuedAfter(14, 17));
  assert.equal((await source().forPlatform(platform, later(2))).text, kept.text);
  assert.match(warnings[0]?.causes.join() ?? '', /older tcb-info/);
});

test('what is expired, of another platform or not signed by the vendor is not kept', async (t) => {
  const world = issuedAfter(14);
  const { source, serve, folder } = await setUp(t, world);
  serve(issuedAfter(-60));
  await assert.rejects(source().forPlatform(platform, now), { code: 'E_COLLATERAL', found: /^valid from 2025/ });
  serve(makeWorld({ collateral: { tcbInfo: (document) => ({ ...document, pceId: '0001' }) } }));
  await assert.rejects(source().forPlatform(platform, now), { code: 'E_COLLATERAL', found: /PCE-ID 0001/ });
  serve(
    makeWorld({
      collateral: { finished: (document) => ({ ...document, tcb_info_signature: document.qe_identity_signature }) },
    }),
  );
  await assert.rejects(source().forPlatform(platform, now), { code: 'E_COLLATERAL', message: /not signed/ });
  assert.deepEqual(readdirSync(folder), []);
});

test('TCB Info in the form of version 3 of the API is refused with the way out', async (t) => {
  const { source, serve } = await setUp(t, issuedAfter(14));
  serve(
    makeWorld({
      collateral: { tcbInfo: ({ id: _, tcbType: __, ...document }) => ({ ...document, version: 2 }) },
    }),
  );
  await assert.rejects(source().forPlatform(platform, now), {
    code: 'E_COLLATERAL',
    found: 'version 2',
    hint: /version 4 of its API/,
  });
});

test('a failure stands for a minute, so that nobody makes a service be asked again and again', async (t) => {
  const { service, source, serve } = await setUp(t, issuedAfter(14));
  serve(undefined);
  const one = source();
  await assert.rejects(one.forPlatform(platform, now), { code: 'E_COLLATERAL' });
  const asked = service.requests.length;
  await assert.rejects(one.forPlatform(platform, new Date(now.getTime() + 59_000)), { code: 'E_COLLATERAL' });
  assert.equal(service.requests.length, asked);
  serve(issuedAfter(14));
  await one.forPlatform(platform, new Date(now.getTime() + 61_000));
});

test('a damaged cache counts as an empty one', async (t) => {
  const { service, source, folder } = await setUp(t, issuedAfter(14));
  const first = await source().forPlatform(platform, now);
  const damage: [name: string, (bytes: Uint8Array) => Uint8Array][] = [
    ['content', (bytes) => flip(bytes, 100)],
    ['content', (bytes) => bytes.subarray(1)],
    ['names', () => Buffer.from('{')],
    ['names', () => Buffer.from('[]')],
    ['names', () => Buffer.from('{"v":1,"name":"x","sha256":"../../x","fetched":"never"}')],
  ];
  for (const [index, [part, change]] of damage.entries()) {
    const [name = ''] = readdirSync(join(folder, part));
    writeFileSync(join(folder, part, name), change(Buffer.from(first.text)));
    assert.equal((await source().forPlatform(platform, now)).text, first.text);
    assert.equal(service.requests.length, 4 * (index + 2), part);
    assert.equal(readdirSync(join(folder, part)).filter((file) => file.endsWith('.new')).length, 0);
  }
});
