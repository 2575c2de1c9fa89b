import { createHash, randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type AttestOptions, attestService } from '../../src/cas/attest.ts';
import { CollateralJudge } from '../../src/cas/collateral-judge.ts';
import { type Identity, identitySpki, makeIdentity, openIdentity } from '../../src/cas/identity.ts';
import { Journal } from '../../src/cas/journal.ts';
import { type Limits, standardLimits } from '../../src/cas/limits.ts';
import { type ListenAddress, parseListen } from '../../src/cas/listen.ts';
import { MemoryStore, SharedRecords } from '../../src/cas/memory-store.ts';
import type { Platform } from '../../src/cas/platform.ts';
import { type RunningServer, startServer } from '../../src/cas/server.ts';
import { Sessions } from '../../src/cas/sessions.ts';
import { base64 } from '../../src/core/bytes.ts';
import { type Clock, type Random, rfc3339 } from '../../src/core/clock.ts';
import { keyHash, sha256 } from '../../src/core/digest.ts';
import { SconeError } from '../../src/core/errors.ts';
import type { Collateral } from '../../src/evidence/collateral.ts';
import { Verifier } from '../../src/evidence/verify.ts';
import { configIdField, renderCasInitData } from '../../src/initdata/document.ts';
import { simulationRoots } from '../../src/sim/anchor.ts';
import { simCollateral } from '../../src/sim/collateral.ts';
import { simQuote } from '../../src/sim/quote.ts';
import { attestBody, type Deviations, type Service } from './service.ts';

export const random: Random = (length) => new Uint8Array(randomBytes(length));

/** A simulated platform in this process; sealing keeps plaintext, since nothing here is a secret. */
export function testPlatform(change: Partial<Platform> = {}): Platform {
  const initData = renderCasInitData({ rootfs: createHash('sha256').update('test').digest('hex') });
  const mrenclave = sha256(initData);
  let collateral: { day: number; value: Collateral } | undefined;
  const at = (now: Date): Collateral => {
    const day = Math.floor(now.getTime() / 86_400_000);
    if (collateral?.day !== day) collateral = { day, value: simCollateral(now) };
    return collateral.value;
  };
  return {
    mode: 'simulation',
    tee: 'sim',
    initData,
    evidence: async (reportData) => ({
      tee: 'sim',
      quote: base64(simQuote({ mrenclave, configId: configIdField(initData), reportData })),
    }),
    seal: (context, plaintext) => new Uint8Array(Buffer.concat([sha256(context), plaintext])),
    unseal: (context, sealed) => {
      if (Buffer.compare(sha256(context), sealed.subarray(0, 32)) !== 0) {
        throw new SconeError('E_LEDGER', 'sealed with another context');
      }
      return new Uint8Array(sealed.subarray(32));
    },
    roots: simulationRoots,
    collateral: at,
    rootCreators: ['ANY'],
    ...change,
  };
}

/** One replica of a CAS whose records are shared with others. */
export interface Replica {
  journal: Journal;
  identity: Identity;
  sessions: Sessions;
  platform: Platform;
  /** Attests a service as if on a connection of its own. */
  attest(service: Service, deviations?: Deviations): ReturnType<typeof attestService>;
  /** Creates or updates a session. */
  put(session: { [key: string]: unknown }): ReturnType<Sessions['put']>;
}

/** Whoever uploads in these tests. */
export const uploader = keyHash(sha256(Uint8Array.of(1)), 'production');

/** Makes several replicas of one new CAS over one store. */
export async function makeReplicas(
  count: number,
  options: { clock?: Clock; platform?: Platform; shared?: SharedRecords } = {},
): Promise<{ replicas: Replica[]; shared: SharedRecords }> {
  const { clock = () => new Date(), platform = testPlatform(), shared = new SharedRecords() } = options;
  const keys = await makeIdentity(clock());
  const identity = openIdentity(keys, platform.mode);
  const key = { root: random(32), version: 1, mode: platform.mode, ledger: Buffer.from(random(16)).toString('hex') };
  const open = () =>
    Journal.open({
      store: new MemoryStore(shared),
      key,
      identitySpki: identitySpki(keys),
      sign: (bytes) => identity.sign(bytes),
      clock,
      random,
    });
  const first = await open();
  await first.commit((_view, moment) => ({
    event: {
      type: 'genesis',
      time: moment.record(true),
      mode: platform.mode,
      ledger: key.ledger,
      ...keys,
      create_sessions: [...platform.rootCreators],
    },
    result: undefined,
  }));
  const replicas: Replica[] = [];
  for (let i = 0; i < count; i++) {
    const journal = await open();
    const sessions = new Sessions(journal, random);
    const verifier = new Verifier(platform.roots);
    const serverSpkiSha256 = identity.spkiSha256;
    const judge = new CollateralJudge(platform.mode);
    const attesting: AttestOptions = { journal, platform, verifier, judge, serverSpkiSha256 };
    replicas.push({
      journal,
      identity,
      sessions,
      platform,
      attest: async (service, deviations) => {
        const ekm = random(32);
        return await attestService(
          attesting,
          attestBody({ ekm, spkiSha256: serverSpkiSha256 }, service, deviations),
          ekm,
        );
      },
      put: (session) => sessions.put(String(session['name']), { session, time: rfc3339(clock()) }, uploader),
    });
  }
  return { replicas, shared };
}

/** The two ports of a replica with limits that a test does not have to wait for. */
export async function serve(
  t: Pick<TestContext, 'after'>,
  replica: Replica,
  limits: Partial<Limits>,
  milliseconds: () => number = () => performance.now(),
): Promise<{ client: ListenAddress; service: ListenAddress; log: string[]; server: RunningServer }> {
  const log: string[] = [];
  const { journal, identity, sessions, platform } = replica;
  const any = parseListen('127.0.0.1:0', 'test');
  const server = await startServer({
    journal,
    identity,
    sessions,
    platform,
    verifier: new Verifier(platform.roots),
    judge: new CollateralJudge(platform.mode),
    serverSpkiSha256: identity.spkiSha256,
    boot: '00'.repeat(16),
    version: 'test',
    milliseconds,
    limits: { ...standardLimits, drain: 100, ...limits },
    clientListen: any,
    serviceListen: any,
    report: (line) => void log.push(line),
  });
  t.after(() => server.close());
  const address = ({ address, port }: { address: string; port: number }) => ({ host: address, port });
  return { client: address(server.client), service: address(server.service), log, server };
}
