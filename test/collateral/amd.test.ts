import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AmdPlatform, fetchAmd, vcekPath } from '../../src/collateral/amd.ts';
import { type Get, httpsGet } from '../../src/collateral/get.ts';
import { pemChain } from '../../src/pki/pem.ts';
import { makeWorld } from '../evidence/world.ts';
import { need } from '../support/require.ts';
import { type Handler, startService } from './service.ts';

// To the fetcher a certificate is DER; whose it is, verification says.
const { platform } = makeWorld();
const der = platform.pck.certificate;
const chain = [platform.platformCa.certificate, platform.root.certificate];
const chipId = 'a5'.repeat(64);
const vcek = {
  key: 'vcek',
  product: 'Milan',
  chipId,
  tcb: { fmc: 0, bootloader: 3, tee: 0, snp: 8, microcode: 206 },
} as const;

const answers =
  (extra: { [path: string]: string | Uint8Array } = {}): Handler =>
  ({ url = '' }, response) => {
    const known: { [path: string]: string | Uint8Array } = {
      [`/vcek/v1/Milan/${chipId}?blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=206`]: der,
      '/vcek/v1/Milan/cert_chain': pemChain('CERTIFICATE', chain),
      '/vcek/v1/Milan/crl': der,
      '/vlek/v1/Genoa/cert_chain': pemChain('CERTIFICATE', chain),
      '/vlek/v1/Genoa/crl': der,
      ...extra,
    };
    const body = known[url];
    if (body === undefined) response.writeHead(404).end();
    else response.end(body);
  };

async function fetchFrom(t: TestContext, handler: Handler, what: AmdPlatform): ReturnType<typeof fetchAmd> {
  const service = await startService(t, handler);
  return fetchAmd(what, { base: service.base, get: httpsGet(service.ca), sleep: async () => undefined });
}

test('a VCEK comes by chip id and TCB, with its chain and its revocation list', async (t) => {
  const found = await fetchFrom(t, answers(), vcek);
  assert.deepEqual(found.vcek, der);
  assert.deepEqual(found.chain, chain);
  assert.deepEqual(found.crl, der);
});

test('of a VLEK only the chain is with the vendor', async (t) => {
  const found = await fetchFrom(t, answers(), { key: 'vlek', product: 'Genoa' });
  assert.equal(found.vcek, undefined);
  assert.deepEqual(found.chain, chain);
});

test('Turin has shorter chip ids and one more patch level', () => {
  const turin = { key: 'vcek', product: 'Turin', chipId: '0123456789abcdef'.padEnd(128, '0') } as const;
  const tcb = { fmc: 1, bootloader: 2, tee: 3, snp: 4, microcode: 85 };
  assert.equal(
    vcekPath({ ...turin, tcb }),
    '/vcek/v1/Turin/0123456789abcdef?fmcSPL=01&blSPL=02&teeSPL=03&snpSPL=04&ucodeSPL=85',
  );
  assert.throws(() => vcekPath({ ...turin, tcb: { ...tcb, fmc: -1 } }), { code: 'E_FORMAT', message: /fmcSPL/ });
  assert.throws(() => vcekPath({ ...turin, chipId, tcb }), { code: 'E_FORMAT' });
});

test('23: an id of zeros is no chip, and what is no number is no patch level', () => {
  for (const wrong of ['00'.repeat(64), 'a5', '../'.repeat(42), `${chipId}?x`, '']) {
    assert.throws(() => vcekPath({ ...vcek, chipId: wrong }), { code: 'E_FORMAT' }, wrong);
  }
  for (const bootloader of [-1, 256, 1.5, Number.NaN]) {
    assert.throws(
      () => vcekPath({ ...vcek, tcb: { ...vcek.tcb, bootloader } }),
      { code: 'E_FORMAT' },
      String(bootloader),
    );
  }
});

test('the service of the vendor is asked unless told otherwise', async () => {
  const asked = new Set<string>();
  const get: Get = async (url) => {
    asked.add(url.origin);
    return { status: 404, headers: new Map(), body: new Uint8Array() };
  };
  await assert.rejects(fetchAmd(vcek, { get }), { code: 'E_COLLATERAL', found: 'status 404' });
  assert.deepEqual([...asked], ['https://kdsintf.amd.com']);
});

test('garbage instead of each part is refused by our own error', async (t) => {
  const vcekUrl = `/vcek/v1/Milan/${chipId}?blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=206`;
  const wrong: { [path: string]: string | Uint8Array }[] = [
    { [vcekUrl]: '<html>' },
    { [vcekUrl]: '' },
    { '/vcek/v1/Milan/cert_chain': '' },
    { '/vcek/v1/Milan/cert_chain': pemChain('CERTIFICATE', [der]) },
    { '/vcek/v1/Milan/cert_chain': pemChain('CERTIFICATE', [...chain, der]) },
    { '/vcek/v1/Milan/cert_chain': new Uint8Array([0xff]) },
    { '/vcek/v1/Milan/crl': '-----BEGIN X509 CRL-----' },
  ];
  for (const extra of wrong) {
    await assert.rejects(fetchFrom(t, answers(extra), vcek), { name: 'SconeError' }, Object.keys(extra)[0]);
  }
});

test("a vendor's genuine chain file and VCEK are taken as they are", async (t) => {
  const vectors = need(t, 'vectors');
  if (vectors === undefined) return;
  const file = readFileSync(join(vectors, 'snp/amd-milan.ask-ark-asvk.pem'), 'utf8');
  const blocks = file.match(/-----BEGIN[^]*?-----END CERTIFICATE-----\n?/g) ?? [];
  const genuine = readFileSync(join(vectors, 'snp/report-milan.vcek.der'));
  const found = await fetchFrom(
    t,
    answers({
      '/vcek/v1/Milan/cert_chain': blocks.slice(0, 2).join(''),
      [`/vcek/v1/Milan/${chipId}?blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=206`]: genuine,
    }),
    vcek,
  );
  assert.deepEqual(Buffer.from(found.vcek ?? []), genuine);
});
