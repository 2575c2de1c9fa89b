import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { casExporterLabel, casReportData } from '../api/binding.ts';
import { base64, utf8 } from '../core/bytes.ts';
import { keyHash, sha256 } from '../core/digest.ts';
import type { SconeError } from '../core/errors.ts';
import { productionRoots } from '../evidence/roots.ts';
import { configIdField, renderCasInitData } from '../initdata/document.ts';
import { selfSigned } from '../pki/issue.ts';
import { spkiSha256 } from '../pki/spki.ts';
import { simulationRoots } from '../sim/anchor.ts';
import { makeCollateral, simCollateral } from '../sim/collateral.ts';
import { fixedPlatform } from '../sim/platform.ts';
import { simQuote } from '../sim/quote.ts';
import { type Acceptance, type AttestPolicy, attestCas } from './attest.ts';
import { openConnection } from './connect.ts';

const now = new Date();
const day = 24 * 3600 * 1000;
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spkiHash = spkiSha256(key.publicKey);
const identity = keyHash(spkiHash, 'simulation');
const collateral = simCollateral(now).text;
const measurement = sha256(utf8('a CAS of this release'));
const initData = renderCasInitData({ rootfs: 'ab'.repeat(32) });

/** What one test makes different; everything else is as a CAS of this release would answer. */
interface Lie {
  initData?: Uint8Array;
  /** Measured by the TEE, where that is not what is shown. */
  measured?: Uint8Array;
  configId?: Uint8Array;
  mrenclave?: Uint8Array;
  debug?: boolean;
  claims?: object;
  claimsText?: string;
  tee?: string;
  /** Changes report data after it was computed rightly. */
  reportData?: (right: Uint8Array) => Uint8Array;
  exporterLabel?: string;
  quote?: (right: Uint8Array) => Uint8Array;
  collateral?: string;
  answer?: object;
  status?: number;
}

async function casThatSays(t: TestContext, lie: Lie) {
  const { pem } = selfSigned({
    privateKey: key.privateKey,
    commonName: 'cas',
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + day),
  });
  const server = createServer(
    {
      key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: pem,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
    },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      const claims = utf8(
        lie.claimsText ??
          JSON.stringify({
            v: 1,
            tee: 'sim',
            mode: 'simulation',
            ledger: '0'.repeat(32),
            boot: '1'.repeat(32),
            identity,
            encryption_key: base64(new Uint8Array(32)),
            head: 'note',
            ...lie.claims,
          }),
      );
      const shown = lie.initData ?? initData;
      const right = casReportData({
        ekm: socket.exportKeyingMaterial(32, lie.exporterLabel ?? casExporterLabel, Buffer.alloc(0)),
        serverSpkiSha256: spkiHash,
        initDataHash: sha256(shown),
        claims,
      });
      const quote = simQuote({
        mrenclave: lie.mrenclave ?? measurement,
        configId: lie.configId ?? configIdField(lie.measured ?? shown),
        reportData: lie.reportData?.(right) ?? right,
        ...(lie.debug === true ? { debug: true } : {}),
      });
      const body = lie.answer ?? {
        evidence: {
          tee: lie.tee ?? 'sim',
          quote: base64(lie.quote?.(quote) ?? quote),
          aux: base64(utf8(lie.collateral ?? collateral)),
        },
        init_data: base64(shown),
        claims: base64(claims),
        service_port: 18765,
      };
      response.writeHead(lie.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connection = await openConnection({ address: { host: '127.0.0.1', port }, pins: undefined });
  t.after(async () => {
    await connection.close();
    server.close();
    server.closeAllConnections();
  });
  return connection;
}

const strict: Acceptance = {
  configurationNeeded: false,
  groupOutOfDate: false,
  swHardeningNeeded: false,
  debug: false,
  ignoreSigner: false,
  trustAny: false,
};
const testing: Acceptance = { ...strict, debug: true, ignoreSigner: true, trustAny: true };

function policy(accept: Acceptance, expected: Partial<AttestPolicy['expected']['simulation']> = {}): AttestPolicy {
  return {
    accept,
    roots: { production: productionRoots, simulation: simulationRoots },
    expected: {
      production: { measurements: [], initData: [] },
      simulation: { measurements: [measurement], initData: [sha256(initData)], ...expected },
    },
    keyGiven: false,
    now,
  };
}

async function refusal(t: TestContext, lie: Lie, how: AttestPolicy = policy(testing)): Promise<SconeError> {
  const connection = await casThatSays(t, lie);
  let refused: SconeError | undefined;
  await assert.rejects(attestCas(connection, how), (error: SconeError) => {
    refused = error;
    return true;
  });
  assert.ok(refused !== undefined);
  return refused;
}

test('a simulated CAS of this release is accepted with the three testing flags, and without a warning', async (t) => {
  const attested = await attestCas(await casThatSays(t, {}), policy(testing));
  assert.deepEqual(attested.warnings, []);
  assert.deepEqual(
    [attested.mode, attested.tee, attested.key, attested.confidential],
    ['simulation', 'sim', identity, false],
  );
  assert.equal(attested.servicePort, 18765);
});

test('47: without all three testing flags a simulated CAS is refused, and the refusal names them', async (t) => {
  for (const accept of [
    strict,
    { ...testing, debug: false },
    { ...testing, ignoreSigner: false },
    { ...testing, trustAny: false },
  ]) {
    const error = await refusal(t, {}, policy(accept));
    assert.deepEqual([error.code, error.found], ['E_CAS_UNTRUSTED', 'sim']);
    assert.match(error.hint ?? '', /--only_for_testing-trust-any/);
  }
});

test("47: simulated evidence that calls itself SGX is verified under the vendors' roots and refused", async (t) => {
  for (const accept of [strict, testing]) {
    const error = await refusal(t, { tee: 'sgx', claims: { tee: 'sgx', mode: 'production' } }, policy(accept));
    assert.equal(error.code, 'E_CAS_UNTRUSTED');
    assert.match(error.message, /its evidence is refused/);
    assert.match(error.causes.join('\n'), /chain|root/);
  }
});

test('64: init data that the TEE does not carry is refused, whatever is tolerated', async (t) => {
  const other = renderCasInitData({ rootfs: 'cd'.repeat(32) });
  const error = await refusal(t, { measured: other });
  assert.match(error.message, /does not carry the init data/);
  // Not only the hash: the zeros behind it are measured, too.
  const configId = configIdField(initData);
  configId[63] = 1;
  assert.match((await refusal(t, { configId })).message, /does not carry the init data/);
});

test('64: measured init data or code that this release does not know is refused, and a warning only where anything is trusted', async (t) => {
  const other = renderCasInitData({ rootfs: 'cd'.repeat(32) });
  const unknown = [{ initData: other }, { mrenclave: sha256(utf8('another program')) }];
  for (const lie of unknown) {
    const connection = await casThatSays(t, lie);
    const { warnings } = await attestCas(connection, policy(testing));
    assert.equal(warnings.length, 1);
  }
  // A list that is empty matches nothing.
  for (const expected of [{ measurements: [] }, { initData: [] }]) {
    const { warnings } = await attestCas(await casThatSays(t, {}), policy(testing, expected));
    assert.equal(warnings.length, 1);
  }
});

test('26: evidence of another connection, or of another purpose, is refused', async (t) => {
  let kept: Uint8Array | undefined;
  await attestCas(await casThatSays(t, { quote: (right) => (kept = right) }), policy(testing));
  assert.match((await refusal(t, { quote: (right) => kept ?? right })).message, /not made for this connection/);
  assert.match((await refusal(t, { exporterLabel: 'EXPORTER-sconectl-service-v1' })).message, /not made for this/);
});

test('15: every one of the 64 bytes of report data counts', async (t) => {
  for (const at of [0, 31, 32, 63]) {
    const reportData = (right: Uint8Array): Uint8Array => right.map((byte, index) => (index === at ? byte ^ 1 : byte));
    assert.match((await refusal(t, { reportData })).message, /not made for this connection/);
  }
});

test('a CAS that states another mode, TEE or identity than it proves is refused', async (t) => {
  const other = keyHash(sha256(utf8('x')), 'simulation');
  for (const claims of [
    { mode: 'production' },
    { tee: 'sgx' },
    { identity: other },
    { identity: keyHash(spkiHash, 'production') },
  ]) {
    const error = await refusal(t, { claims });
    assert.match(error.message, /states another (?:mode|tee|identity)/);
  }
});

test('68: claims that two readers could read differently are refused', async (t) => {
  const good = {
    v: 1,
    tee: 'sim',
    mode: 'simulation',
    ledger: '0'.repeat(32),
    boot: '1'.repeat(32),
    identity,
    encryption_key: base64(new Uint8Array(32)),
    head: 'note',
  };
  const text = JSON.stringify(good);
  for (const claimsText of [
    text.replace('{', '{"v":1,'),
    text.replace('"mode"', '"MODE"'),
    JSON.stringify({ ...good, more: 1 }),
    '[]',
    '',
  ]) {
    assert.ok(['E_CAS_UNTRUSTED', 'E_FORMAT'].includes((await refusal(t, { claimsText })).code));
  }
});

test('an answer of another form, and an error of the CAS, are told apart', async (t) => {
  assert.match((await refusal(t, { answer: {} })).message, /unknown form/);
  const limit = { code: 'E_LIMIT', message: 'too many', causes: [] };
  assert.equal((await refusal(t, { answer: limit, status: 429 })).code, 'E_LIMIT');
});

test("a damaged quote is refused with the verifier's reason", async (t) => {
  const error = await refusal(t, { quote: (right) => right.map((byte, index) => (index === 60 ? byte ^ 1 : byte)) });
  assert.equal(error.code, 'E_CAS_UNTRUSTED');
  assert.ok(error.causes.length > 0);
});

/** A policy for which the simulated platform is a vendor's: how a production CAS is judged, without one at hand. */
function production(accept: Acceptance, change: Partial<AttestPolicy> = {}): AttestPolicy {
  const vendor = { ...simulationRoots, mode: 'production' as const };
  const expected = { measurements: [measurement], initData: [sha256(initData)] };
  return {
    ...policy(accept),
    roots: { production: vendor, simulation: simulationRoots },
    expected: { production: expected, simulation: expected },
    ...change,
  };
}
const genuine: Lie = {
  tee: 'sgx',
  claims: { tee: 'sgx', mode: 'production', identity: keyHash(spkiHash, 'production') },
};

test('a production CAS of this release is trusted without any flag', async (t) => {
  const attested = await attestCas(await casThatSays(t, genuine), production(strict));
  assert.deepEqual(
    [attested.mode, attested.tee, attested.confidential, attested.warnings],
    ['production', 'sgx', true, []],
  );
});

test('64: a production CAS whose init data or code is not expected is refused', async (t) => {
  const other = renderCasInitData({ rootfs: 'cd'.repeat(32) });
  assert.match(
    (await refusal(t, { ...genuine, initData: other }, production(strict))).message,
    /its init data is none/,
  );
  const mrenclave = sha256(utf8('any other container in the same guest'));
  assert.match((await refusal(t, { ...genuine, mrenclave }, production(strict))).message, /its measurement is none/);
  const nothing = { measurements: [], initData: [] };
  const unknown = production(strict, { expected: { production: nothing, simulation: nothing } });
  assert.match((await refusal(t, genuine, unknown)).message, /its measurement is none/);
});

test('a production CAS in debug mode needs its own flags, and is never confidential', async (t) => {
  const debug = { ...genuine, debug: true };
  assert.match((await refusal(t, debug, production(strict))).message, /debug mode/);
  assert.match((await refusal(t, debug, production({ ...strict, debug: true }))).message, /debug mode/);
  const attested = await attestCas(await casThatSays(t, debug), production(testing));
  assert.deepEqual([attested.mode, attested.confidential], ['production', false]);
});

test('flags for testing do not make just any production CAS acceptable, unless its key is given', async (t) => {
  assert.match((await refusal(t, genuine, production(testing))).message, /flags for testing/);
  const attested = await attestCas(await casThatSays(t, genuine), production(testing, { keyGiven: true }));
  assert.equal(attested.mode, 'production');
  const mrenclave = sha256(utf8('another program'));
  const refused = await refusal(t, { ...genuine, mrenclave }, production(testing, { keyGiven: true }));
  assert.match(refused.message, /its measurement is none/);
});

test('a platform that is not up to date needs exactly the flags that its status says', async (t) => {
  const cases: [string, Partial<Acceptance>, string][] = [
    ['SWHardeningNeeded', { swHardeningNeeded: true }, '-S'],
    ['ConfigurationNeeded', { configurationNeeded: true }, '-C'],
    ['ConfigurationAndSWHardeningNeeded', { configurationNeeded: true, swHardeningNeeded: true }, '-C -S'],
    ['OutOfDate', { groupOutOfDate: true }, '-G'],
    ['OutOfDateConfigurationNeeded', { groupOutOfDate: true, configurationNeeded: true }, '-C -G'],
  ];
  for (const [status, flags, text] of cases) {
    const lie = { ...genuine, collateral: collateralWith(status) };
    const error = await refusal(t, lie, production(strict));
    assert.deepEqual([error.expected, error.found], ['UpToDate', status]);
    assert.equal(error.hint, `accept it, knowingly, with ${text}`);
    const elsewhere = await refusal(t, lie, production(strict, { flagsIn: 'a file' }));
    assert.equal(elsewhere.hint, `accept it, knowingly, with ${text} in a file`);
    const attested = await attestCas(await casThatSays(t, lie), production({ ...strict, ...flags }));
    assert.equal(attested.tcb.status, status);
    for (const flag of Object.keys(flags)) {
      assert.equal((await refusal(t, lie, production({ ...strict, ...flags, [flag]: false }))).found, status);
    }
  }
});

function collateralWith(tcbStatus: string): string {
  return makeCollateral({
    platform: fixedPlatform(),
    issued: new Date(now.getTime() - day),
    expires: new Date(now.getTime() + day),
    tcbInfo: (document) => {
      const levels = document['tcbLevels'] as object[];
      return { ...document, tcbLevels: levels.map((level) => ({ ...level, tcbStatus })) };
    },
  });
}
