import type { AttestAnswer } from '../api/answers.ts';
import { serviceReportData } from '../api/binding.ts';
import { type ServiceClaims, serviceClaims } from '../api/claims.ts';
import type { AttestRequest } from '../api/requests.ts';
import { equalBytes, fromBase64, fromHex, hex, zeroPad } from '../core/bytes.ts';
import { sha256, sha256Hex } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { appraise } from '../evidence/appraise.ts';
import { carriesConfigId } from '../evidence/binding.ts';
import type { Claims } from '../evidence/claims.ts';
import { parseQuote } from '../evidence/sgx/quote.ts';
import { strict } from '../evidence/tolerance.ts';
import type { Verified, Verifier } from '../evidence/verify.ts';
import type { SessionService } from '../session/types.ts';
import type { CollateralJudge } from './collateral-judge.ts';
import { needsOf, resolveService } from './configuration.ts';
import type { ReleaseEvent } from './events.ts';
import type { Decide, Journal } from './journal.ts';
import type { Platform } from './platform.ts';
import type { SessionState, View } from './state.ts';

export interface AttestOptions {
  journal: Journal;
  platform: Platform;
  /** Keeps what was verified before under the platform's roots. */
  verifier: Verifier;
  /** Remembers which collateral the ledger knows. */
  judge: CollateralJudge;
  /** SHA-256 of the SubjectPublicKeyInfo of this server's TLS key. */
  serverSpkiSha256: Uint8Array;
}

/** A request after its parts were read; nothing in it is believed yet. */
interface Presented {
  claims: ServiceClaims;
  claimsBytes: Uint8Array;
  quote: Uint8Array;
  tee: string;
  /** H: SHA-256 of the init data document. */
  initDataHash: Uint8Array<ArrayBuffer>;
}

/**
 * Attests a service and releases its configuration (protocol, "The CAS, in this order", b to e; the caller has consumed
 * the connection). A refusal is an `E_ATTESTATION` or what the evidence room throws; nothing is recorded for it (L9).
 *
 * @param ekm exporter value of the connection the request came on
 */
export async function attestService(
  options: AttestOptions,
  request: AttestRequest,
  ekm: Uint8Array,
): Promise<AttestAnswer> {
  const { journal, platform, verifier, judge, serverSpkiSha256 } = options;
  const presented = readRequest(request);
  demandAdmitted(journal.view, presented);
  demandBinding(presented, ekm, serverSpkiSha256);
  const { now } = journal;
  const verified = verifier.verify(presented, platform.collateral(now), now);
  demandTee(verified, platform);
  const { result, index, note } = await journal.commit(releaseDecision(presented, verified, judge));
  // The release is durable: only now is anything resolved (E.6).
  const { state, service } = result;
  return {
    ...resolveService(state.session, service, state.secrets),
    protected: [],
    volumes: [],
    session_hash: state.hash,
    index,
    head: note,
  };
}

function readRequest(request: AttestRequest): Presented {
  const claimsBytes = fromBase64(request.claims, 'claims');
  const parsed = serviceClaims.safeParse(parseJson(claimsBytes, 'claims document'));
  if (!parsed.success) {
    throw new SconeError('E_FORMAT', 'the claims of the service have another form than this CAS knows', {
      causes: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
      hint: 'runtime and CAS must be of versions that fit',
    });
  }
  return {
    claims: parsed.data,
    claimsBytes,
    quote: fromBase64(request.evidence.quote, 'quote'),
    tee: request.evidence.tee,
    initDataHash: sha256(fromBase64(request.init_data, 'init data')),
  };
}

interface Admitted {
  state: SessionState;
  service: SessionService;
}

/** The entry of a session that the config id names. */
function findService(view: View, configId: string): Admitted | undefined {
  const end = configId.lastIndexOf('/');
  const state = view.session(configId.slice(0, end));
  const service = state?.session.services.find(({ name }) => name === configId.slice(end + 1));
  return state === undefined || service === undefined ? undefined : { state, service };
}

/**
 * Demands that the session of this config id lists H; an empty list matches nothing. Whether there is no such session
 * or one that does not know this init data is one answer, after the same work: who cannot name H learns nothing.
 */
function demandAdmitted(view: View, { claims, initDataHash }: Presented): Admitted {
  const found = findService(view, claims.config_id);
  const list = found?.service.init_data ?? unknownList;
  let listed = false;
  for (const entry of list) listed = equalBytes(fromHex(entry, 32, 'init_data'), initDataHash) || listed;
  if (found === undefined || !listed) {
    throw new SconeError('E_ATTESTATION', 'the CAS has no configuration for this service and its init data', {
      expected: `init data that the session of ${claims.config_id} lists`,
      found: `init data ${hex(initDataHash)}`,
      causes: ['the config id is unknown here, or its session does not list this init data'],
      hint: 'start the service with the init data of the last `sconectl apply` of its mesh, which must have gone to this CAS',
    });
  }
  return found;
}

const unknownList = [sha256Hex(new Uint8Array())];

/** report_data recomputed from this end of the connection, all 64 bytes, constant time. */
function demandBinding({ claimsBytes, quote, initDataHash }: Presented, ekm: Uint8Array, spki: Uint8Array): void {
  const expected = serviceReportData({ ekm, serverSpkiSha256: spki, initDataHash, claims: claimsBytes });
  if (equalBytes(parseQuote(quote).body.reportdata, expected)) return;
  throw new SconeError('E_ATTESTATION', 'the evidence was not made for this connection, init data and claims', {
    causes: ['report_data is another one'],
    hint: 'evidence serves once, on the connection it was made for; nothing may lie between the runtime and the CAS',
  });
}

/** The TEE follows from what was verified and the CAS's mode; what the sender says must agree (M6, item 47). */
function demandTee({ tee }: Verified, { mode }: Platform): void {
  if ((tee === 'sim') === (mode === 'simulation')) return;
  throw new SconeError('E_TEE', `a ${mode} CAS accepts no evidence of ${tee}`, { found: tee });
}

function releaseDecision(presented: Presented, verified: Verified, judge: CollateralJudge): Decide<Admitted> {
  return (view, moment) => {
    const admitted = demandAdmitted(view, presented);
    const { state, service } = admitted;
    const learnt = judge.judge(view, moment, verified);
    demandConfigId(verified.claims, presented.initDataHash);
    demandClaims(presented.claims, verified);
    appraise(verified.claims, service.attestation, state.session.security?.attestation ?? strict);
    demandAbilities(presented.claims, admitted);
    const event: ReleaseEvent = {
      type: 'release',
      time: moment.record(),
      name: state.session.name,
      hash: state.hash,
      config_id: presented.claims.config_id,
      init_data: hex(presented.initDataHash),
      claims: sha256Hex(presented.claimsBytes),
      evidence: sha256Hex(presented.quote),
      verdict: {
        tee: verified.tee,
        measurement: hex(verified.claims.mrenclave),
        tcb: verified.claims.tcb.status,
      },
      ...(learnt === undefined ? {} : { collateral: learnt }),
    };
    return { event, result: admitted };
  };
}

/** H must stand in the field that the TEE carries, its zeros included. */
function demandConfigId(claims: Claims, initDataHash: Uint8Array): void {
  if (carriesConfigId(claims, zeroPad(initDataHash, 64))) return;
  throw new SconeError('E_ATTESTATION', 'the TEE was started with other init data than the service shows', {
    expected: `CONFIGID ${hex(initDataHash)} and zeros`,
    found: `CONFIGID ${hex(claims.configid)}`,
    hint: 'the launcher must give the platform the hash of the init data it gives the service',
  });
}

function demandClaims(claims: ServiceClaims, { tee }: Verified): void {
  if (claims.tee === tee) return;
  throw new SconeError('E_ATTESTATION', 'the service claims to run in another TEE than its evidence proves', {
    expected: tee,
    found: claims.tee,
  });
}

/** What cannot be kept is not promised: a session that needs more than the runtime can is refused by name (H13). */
function demandAbilities(claims: ServiceClaims, { state, service }: Admitted): void {
  const missing = [...needsOf(state.session, service)].filter((ability) => !claims.runtime.can.includes(ability));
  if (missing.length === 0) return;
  throw new SconeError('E_ATTESTATION', 'the session needs what this runtime cannot do', {
    expected: missing.join(', '),
    found: claims.runtime.can.join(', ') || 'nothing',
    hint: 'build the image again with a newer sconectl, or take from the session what needs it',
  });
}
