import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Get, httpsGet } from '../../src/collateral/get.ts';
import { fetchIntel, type IntelOptions } from '../../src/collateral/intel.ts';
import type { CollateralDocument } from '../../src/evidence/collateral.ts';
import { parseCollateral } from '../../src/evidence/collateral.ts';
import { productionRoots } from '../../src/evidence/roots.ts';
import { verifyEvidence } from '../../src/evidence/verify.ts';
import { makeWorld, now } from '../evidence/world.ts';
import { need } from '../support/require.ts';
import { type FakeService, type Handler, intelHandler, startService } from './service.ts';

const world = makeWorld();
const document = JSON.parse(world.collateral) as CollateralDocument;
const platform = { tee: 'sgx', fmspc: '53494d000000', pceid: '0000', ca: 'platform' } as const;
const quick = async (): Promise<void> => {};

async function serve(t: TestContext, handler: Handler): Promise<{ service: FakeService; options: IntelOptions }> {
  const service = await startService(t, handler);
  return { service, options: { base: service.base, get: httpsGet(service.ca), sleep: quick, timeout: 5000 } };
}

for (const crl of ['der', 'hex', 'pem'] as const) {
  for (const version of [3, 4] as const) {
    test(`collateral comes whole from a service of version ${version} with revocation lists in ${crl}`, async (t) => {
      const { service, options } = await serve(t, intelHandler(document, { version, crl }));
      const fetched = await fetchIntel(platform, { ...options, version });
      assert.deepEqual(fetched, document);
      assert.equal(service.requests.length, 4);
      const verified = verifyEvidence(
        { quote: world.quote },
        { roots: world.roots, collateral: parseCollateral(JSON.stringify(fetched)), now },
      );
      assert.equal(verified.claims.tcb.status, 'UpToDate');
    });
  }
}

test('the collateral of TDX has paths of its own, and version 3 has none', async (t) => {
  const { service, options } = await serve(t, intelHandler(document, { tee: 'tdx' }));
  assert.deepEqual(await fetchIntel({ ...platform, tee: 'tdx' }, options), document);
  assert.deepEqual(service.requests.toSorted(), [
    '/sgx/certification/v4/pckcrl?ca=platform&encoding=der',
    '/sgx/certification/v4/rootcacrl',
    '/tdx/certification/v4/qe/identity',
    '/tdx/certification/v4/tcb?fmspc=53494D000000',
  ]);
  await assert.rejects(fetchIntel({ ...platform, tee: 'tdx' }, { ...options, version: 3 }), {
    code: 'E_COLLATERAL',
    found: 'version 3',
  });
});

test("Intel's own service has the list of the root at another host of Intel's", async () => {
  const asked: string[] = [];
  const get: Get = async (url) => {
    asked.push(url.href);
    return { status: 404, headers: new Map(), body: new Uint8Array() };
  };
  await assert.rejects(fetchIntel(platform, { get }), { code: 'E_COLLATERAL', found: 'status 404' });
  assert.deepEqual(asked, [
    'https://api.trustedservices.intel.com/sgx/certification/v4/tcb?fmspc=53494D000000',
    'https://api.trustedservices.intel.com/sgx/certification/v4/qe/identity',
    'https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=platform&encoding=der',
    'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der',
  ]);
});

test('genuine collateral served as a vendor does is taken apart without a changed byte', async (t) => {
  const vectors = need(t, 'vectors');
  if (vectors === undefined) return;
  const genuine = JSON.parse(readFileSync(join(vectors, 'sgx/quote-v3.collateral.json'), 'utf8')) as CollateralDocument;
  const { options } = await serve(t, intelHandler(genuine));
  const fetched = await fetchIntel({ ...platform, fmspc: '00a067110000', ca: 'processor' }, options);
  assert.equal(fetched.tcb_info, genuine.tcb_info);
  assert.equal(fetched.qe_identity, genuine.qe_identity);
  const verified = verifyEvidence(
    { quote: readFileSync(join(vectors, 'sgx/quote-v3.bin')) },
    {
      roots: productionRoots,
      collateral: parseCollateral(JSON.stringify(fetched)),
      now: new Date('2025-06-20T12:00:00Z'),
    },
  );
  assert.equal(verified.claims.tcb.status, 'ConfigurationAndSWHardeningNeeded');
});

test('35: a URL in evidence or in a certificate is never asked for, whatever stands there', async (t) => {
  // Every certificate of genuine collateral names the URL of a revocation list; here the vendor's name resolves to
  // nothing, so that a request to it would be seen as a failure or in this list.
  const hosts = new Set<string>();
  const { service, options } = await serve(t, intelHandler(document));
  await fetchIntel(platform, {
    ...options,
    get: (url, limits) => {
      hosts.add(url.origin);
      return options.get(url, limits);
    },
  });
  assert.deepEqual([...hosts], [service.base]);
  for (const fmspc of ['../../etc', 'http://a', '00A067110000', '00a06711000', '']) {
    await assert.rejects(fetchIntel({ ...platform, fmspc }, options), { code: 'E_FORMAT' });
  }
  assert.equal(service.requests.length, 4);
});

test('35: a redirect is not followed, not even to the same service', async (t) => {
  const elsewhere = await startService(t, intelHandler(document));
  for (const to of [elsewhere.base, '/moved']) {
    const { service, options } = await serve(t, ({ url }, response) => {
      response.writeHead(302, { location: `${to}${url}` }).end();
    });
    await assert.rejects(fetchIntel(platform, options), { code: 'E_COLLATERAL', found: /^status 302, a redirect/ });
    assert.ok(service.requests.every((path) => !path.startsWith('/moved')));
  }
  assert.deepEqual(elsewhere.requests, []);
});

test('35: an answer that is too large, too slow or never complete ends in time', async (t) => {
  const wrong: [name: string, found: string | RegExp, handler: Handler][] = [
    [
      'endless',
      'too large',
      (_, response) => {
        response.writeHead(200);
        const more = (): void => {
          while (response.writable && response.write(Buffer.alloc(65536)));
          if (response.writable) response.once('drain', more);
        };
        more();
      },
    ],
    ['silent', 'timeout', () => undefined],
    [
      'slow',
      'timeout',
      (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
    ['header without an end', 'timeout', (request) => void request.socket.write('HTTP/1.1 200 OK\r\nx: ')],
    ['broken in the middle', /./, (_, response) => void response.writeHead(200, { 'content-length': 10 }).end('1')],
    ['header too large', /./, (_, response) => void response.writeHead(200, { x: 'y'.repeat(70_000) }).end()],
  ];
  for (const [name, found, handler] of wrong) {
    const { options } = await serve(t, handler);
    // The endless answer has to reach its limit of bytes first, on a busy machine too.
    const timeout = name === 'endless' ? 30_000 : 300;
    const began = performance.now();
    await assert.rejects(fetchIntel(platform, { ...options, timeout }), { code: 'E_COLLATERAL', found }, name);
    assert.ok(performance.now() - began < timeout + 5000, `${name} took too long`);
  }
});

test('35: a service that is not the one of its certificate gets no request', async (t) => {
  const service = await startService(t, intelHandler(document));
  await assert.rejects(fetchIntel(platform, { base: service.base, get: httpsGet(), sleep: quick }), {
    code: 'E_COLLATERAL',
    found: /SELF_SIGNED|UNABLE_TO/,
  });
  assert.deepEqual(service.requests, []);
});

test('35: only plain https addresses are services', async () => {
  for (const base of [
    'http://a',
    'https://user@a',
    'https://a/?x=1',
    'https://a/#b',
    'file:///etc/passwd',
    'a',
    '',
    'https://:pw@a',
  ]) {
    await assert.rejects(fetchIntel(platform, { base, get: httpsGet() }), { code: 'E_USAGE' }, base);
  }
});

test('a service that is busy is asked again, with growing pauses and no longer than it may ask for', async (t) => {
  const pauses: number[] = [];
  let count = 0;
  const answer = intelHandler(document);
  const { options } = await serve(t, (request, response) => {
    if (!(request.url ?? '').includes('/tcb?')) return answer(request, response);
    count++;
    if (count === 1) response.writeHead(429, { 'retry-after': '3' }).end();
    else if (count === 2) response.writeHead(503).end();
    else if (count === 3) request.socket.destroy();
    else answer(request, response);
  });
  const sleep = async (pause: number): Promise<void> => void pauses.push(pause);
  assert.deepEqual(await fetchIntel(platform, { ...options, sleep }), document);
  assert.deepEqual(pauses, [3000, 1500, 4000]);

  const never = await serve(t, (_, response) => void response.writeHead(500, { 'retry-after': '99999' }).end());
  pauses.length = 0;
  await assert.rejects(fetchIntel(platform, { ...never.options, sleep }), {
    code: 'E_COLLATERAL',
    found: 'status 500',
  });
  assert.ok(pauses.length >= 3 && pauses.every((pause) => pause === 20_000));
  assert.ok(never.service.requests.length <= 16);

  const unknown = await serve(t, (_, response) => void response.writeHead(404).end());
  await assert.rejects(fetchIntel(platform, unknown.options), { found: 'status 404', hint: /FMSPC/ });
  // None is asked for twice, and the others are ended when one has failed.
  assert.ok(unknown.service.requests.length <= 4);
});

test('garbage instead of each part is refused by our own error', async (t) => {
  const whole = intelHandler(document);
  const garbage: [part: string, handler: Handler][] = [
    ...['', '{}', '[]', '\u0000', '{"tcbInfo":{},"signature":"00"}', '<html>', '{"tcbInfo":{},"signature":"'].map(
      (body): [string, Handler] => ['/tcb?', (_, response) => void response.end(body)],
    ),
    ['/tcb?', (_, response) => void response.end(new Uint8Array([0xff, 0xfe]))],
    [
      '/tcb?',
      (_, response) => void response.end(`{"tcbInfo":${document.tcb_info},"x":1,"signature":"${'00'.repeat(64)}"}`),
    ],
    ['/tcb?', (_, response) => void response.end(`{"tcbInfo":${document.tcb_info},"signature":"${'00'.repeat(64)}"}`)],
    [
      '/tcb?',
      (_, response) => {
        response.setHeader('TCB-Info-Issuer-Chain', '%zz');
        response.end(`{"tcbInfo":${document.tcb_info},"signature":"${'00'.repeat(64)}"}`);
      },
    ],
    [
      '/tcb?',
      (_, response) => {
        response.setHeader('TCB-Info-Issuer-Chain', 'not%20PEM');
        response.end(`{"tcbInfo":${document.tcb_info},"signature":"${'00'.repeat(64)}"}`);
      },
    ],
    ['/qe/identity', (_, response) => void response.end('{"tcbInfo":{},"signature":"00"}')],
    ['/rootcacrl', (_, response) => void response.end('MIIB')],
    ['/rootcacrl', (_, response) => void response.end('')],
    ['/pckcrl', (_, response) => void response.end(new Uint8Array([0x30, 0x82, 0x01]))],
  ];
  for (const [part, handler] of garbage) {
    const { options } = await serve(t, (request, response) => {
      if ((request.url ?? '').includes(part)) handler(request, response);
      else whole(request, response);
    });
    await assert.rejects(fetchIntel(platform, options), { name: 'SconeError' }, part);
  }
});
