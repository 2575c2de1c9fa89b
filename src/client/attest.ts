import { attestationAnswer } from '../api/answers.ts';
import { casExporterLabel, casReportData } from '../api/binding.ts';
import { type CasClaims, casClaims } from '../api/claims.ts';
import { errorFromAnswer } from '../api/errors.ts';
import { equalBytes, fromBase64, hex, utf8Text, zeroPad } from '../core/bytes.ts';
import { keyHash, type Mode, sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import type { Claims } from '../evidence/claims.ts';
import type { TrustRoots } from '../evidence/roots.ts';
import { conditionsOf } from '../evidence/tcb-status.ts';
import { type Evidence, verifyEvidence } from '../evidence/verify.ts';
import { spkiSha256 } from '../pki/spki.ts';
import { addressText } from './address.ts';
import type { Connection } from './connect.ts';

/** What is accepted although it is not perfect: the flags of `sconectl cas attest` and of `cas[].tolerance`. */
export interface Acceptance {
  configurationNeeded: boolean;
  groupOutOfDate: boolean;
  swHardeningNeeded: boolean;
  debug: boolean;
  ignoreSigner: boolean;
  trustAny: boolean;
}

export interface AttestPolicy {
  accept: Acceptance;
  /** Where its flags have to be written, for hints; the command line unless told. */
  flagsIn?: string;
  /** Under which roots evidence is verified; simulated evidence only where all three testing flags are given. */
  roots: { production: TrustRoots; simulation: TrustRoots };
  /** What a CAS of this release measures, by mode: measurements of 32 bytes, and SHA-256 of its init data (C7). */
  expected: { [mode in Mode]: { measurements: readonly Uint8Array[]; initData: readonly Uint8Array[] } };
  /** Whether the owner named the key that the CAS must have; the connection has compared it then. */
  keyGiven: boolean;
  now: Date;
}

/** A CAS that was attested on one connection. */
export interface AttestedCas {
  mode: Mode;
  tee: Claims['tee'];
  /** Key hash of its identity. */
  key: string;
  /** Ledger id. */
  ledger: string;
  /** Random, new at every start of it; hex. */
  boot: string;
  /** The signed head at the moment of the answer. */
  head: string;
  /** Port for services, on the same host. */
  servicePort: number;
  /** Hex. */
  measurement: string;
  /** SHA-256 of its init data, hex. */
  initData: string;
  tcb: { status: string; advisories: readonly string[] };
  /** Whether secrets are safe there from whoever runs it. */
  confidential: boolean;
  /** What was accepted only because the acceptance says so. */
  warnings: SconeError[];
}

/**
 * Attests the CAS at the other end of a connection (protocol, "Trusting a CAS"). Everything holds for this socket:
 * the evidence covers its exporter value and its key.
 *
 * @throws SconeError `E_CAS_UNTRUSTED`, whose causes say which check refused what
 */
export async function attestCas(connection: Connection, policy: AttestPolicy): Promise<AttestedCas> {
  const { status, body } = await connection.request('GET', '/v1/attestation');
  if (status !== 200) throw errorFromAnswer(body);
  const answer = attestationAnswer.safeParse(body);
  if (!answer.success) throw untrusted(connection, 'its answer has an unknown form');
  const { evidence, init_data, claims: claimsText, service_port } = answer.data;
  const initData = fromBase64(init_data, 'init data');
  const claims = fromBase64(claimsText, 'claims');

  const simulated = evidence.tee === 'sim';
  if (simulated && !acceptsSimulation(policy.accept)) throw onlySimulated(connection, policy);
  const roots = simulated ? policy.roots.simulation : policy.roots.production;
  const verified = verify(connection, policy, roots, {
    tee: evidence.tee,
    quote: fromBase64(evidence.quote, 'quote'),
    ...(evidence.aux === undefined ? {} : { aux: fromBase64(evidence.aux, 'collateral') }),
  });
  demandBinding(connection, verified, initData, claims);
  const stated = parseClaims(connection, claims);
  demandStatement(connection, stated, roots.mode, verified);
  demandInitDataMeasured(connection, verified, initData);
  demandPlatform(connection, policy, roots.mode, verified);
  const warnings = demandCode(connection, policy, roots.mode, verified, initData);

  return {
    mode: roots.mode,
    tee: verified.tee,
    key: stated.identity,
    ledger: stated.ledger,
    boot: stated.boot,
    head: stated.head,
    servicePort: service_port,
    measurement: hex(verified.mrenclave),
    initData: hex(sha256(initData)),
    tcb: { status: verified.tcb.status, advisories: verified.tcb.advisories },
    confidential: roots.mode === 'production' && !verified.attributes.debug,
    warnings,
  };
}

/** The three testing flags of the seed, and only together, accept a simulated CAS (architecture, decision 9). */
export function acceptsSimulation({ debug, ignoreSigner, trustAny }: Acceptance): boolean {
  return debug && ignoreSigner && trustAny;
}

function verify(connection: Connection, policy: AttestPolicy, roots: TrustRoots, evidence: Evidence): Claims {
  try {
    return verifyEvidence(evidence, { roots, now: policy.now }).claims;
  } catch (error) {
    throw untrusted(connection, 'its evidence is refused', {
      cause: error,
      ...(error instanceof SconeError && error.hint !== undefined ? { hint: error.hint } : {}),
    });
  }
}

/** report_data is recomputed from this socket; all 64 bytes count (threat model 15, 26). */
function demandBinding(connection: Connection, claims: Claims, initData: Uint8Array, stated: Uint8Array): void {
  const expected = casReportData({
    ekm: connection.exporter(casExporterLabel),
    serverSpkiSha256: spkiSha256(connection.spki),
    initDataHash: sha256(initData),
    claims: stated,
  });
  if (equalBytes(claims.reportData, expected)) return;
  throw untrusted(connection, 'its evidence was not made for this connection', {
    expected: `report data ${hex(expected)}`,
    found: hex(claims.reportData),
    hint: 'somebody stands between you and the CAS, or repeats the evidence of another connection',
  });
}

function parseClaims(connection: Connection, bytes: Uint8Array): CasClaims {
  const parsed = casClaims.safeParse(parseJson(utf8Text(bytes, 'claims'), 'claims'));
  if (parsed.success) return parsed.data;
  throw untrusted(connection, 'its claims have an unknown form', {
    causes: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
  });
}

/** What the CAS says of itself is what the evidence and the handshake say. */
function demandStatement(connection: Connection, stated: CasClaims, mode: Mode, claims: Claims): void {
  const fields: [string, string, string][] = [
    ['mode', mode, stated.mode],
    ['tee', claims.tee, stated.tee],
    ['identity', keyHash(spkiSha256(connection.spki), mode), stated.identity],
  ];
  for (const [name, expected, found] of fields) {
    if (found !== expected)
      throw untrusted(connection, `it states another ${name} than it proves`, { expected, found });
  }
}

/** CONFIGID holds the hash of the init data, with its zeros, and only KSS makes it a measured field (review C2). */
function demandInitDataMeasured(connection: Connection, claims: Claims, initData: Uint8Array): void {
  const expected = zeroPad(sha256(initData), claims.configid.length);
  if (claims.attributes.kss && equalBytes(claims.configid, expected)) return;
  throw untrusted(connection, 'its TEE does not carry the init data that it shows', {
    expected: hex(expected),
    found: claims.attributes.kss ? hex(claims.configid) : 'an enclave without key separation and sharing',
  });
}

function demandPlatform(connection: Connection, policy: AttestPolicy, mode: Mode, claims: Claims): void {
  const { accept, keyGiven } = policy;
  const conditions = conditionsOf(claims.tcb.status);
  const missing = [
    ...(conditions === undefined || (conditions.configuration && !accept.configurationNeeded) ? ['-C'] : []),
    ...(conditions === undefined || (conditions.outdated && !accept.groupOutOfDate) ? ['-G'] : []),
    ...(conditions === undefined || (conditions.hardening && !accept.swHardeningNeeded) ? ['-S'] : []),
  ];
  if (missing.length > 0) {
    throw untrusted(connection, 'its platform is not up to date', {
      expected: 'UpToDate',
      found: [claims.tcb.status, ...claims.tcb.advisories].join(', '),
      hint:
        conditions === undefined
          ? 'nothing can accept this'
          : `accept it, knowingly, with ${flags(policy, ...missing)}`,
    });
  }
  if (claims.attributes.debug && !(accept.debug && accept.ignoreSigner)) {
    throw untrusted(connection, 'it runs in debug mode, in which its host reads its memory', {
      expected: 'an enclave without the debug attribute',
      found: 'DEBUG',
      hint: `for testing only: ${flags(policy, '--only_for_testing-debug', '--only_for_testing-ignore-signer')}`,
    });
  }
  // Whoever trusts any measurement would trust any code on a genuine platform (M20).
  if (mode === 'production' && accept.trustAny && !claims.attributes.debug && !keyGiven) {
    throw untrusted(connection, 'flags for testing accept only a simulated CAS or one in debug mode', {
      expected: 'a CAS for testing, or its key given as cas_key',
      found: 'a production CAS',
      hint: `leave out the flags ${flags(policy, '--only_for_testing-…')}`,
    });
  }
}

/** Measurement and init data are both expected ones (C7); answers a warning for each that was accepted unseen. */
function demandCode(
  connection: Connection,
  policy: AttestPolicy,
  mode: Mode,
  claims: Claims,
  initData: Uint8Array,
): SconeError[] {
  const { accept, expected } = policy;
  const { measurements, initData: documents } = expected[mode];
  const parts: [string, Uint8Array, readonly Uint8Array[]][] = [
    ['measurement', claims.mrenclave, measurements],
    ['init data', sha256(initData), documents],
  ];
  const anything = accept.trustAny && (mode === 'simulation' || claims.attributes.debug);
  const warnings: SconeError[] = [];
  for (const [what, found, allowed] of parts) {
    if (allowed.some((one) => equalBytes(one, found))) continue;
    const why = `its ${what} is none that this release of sconectl knows`;
    const details = { expected: allowed.map(hex).join(' or ') || 'none (nothing is known)', found: hex(found) };
    if (!anything) {
      const hint = `use the sconectl of the same release as the CAS; for testing only: ${flags(policy, '--only_for_testing-trust-any')}`;
      throw untrusted(connection, why, { ...details, hint });
    }
    const message = `the CAS at ${addressText(connection.address)} is accepted although ${why}`;
    const hint =
      'another release of sconectl, or sources that were changed since the CAS started, are no surprise here';
    warnings.push(new SconeError('E_CAS_UNTRUSTED', message, { ...details, hint }));
  }
  return warnings;
}

/** Flags with the place where they are written: not every command that attests has them. */
function flags({ flagsIn }: AttestPolicy, ...names: readonly string[]): string {
  return flagsIn === undefined ? names.join(' ') : `${names.join(' ')} in ${flagsIn}`;
}

function onlySimulated(connection: Connection, policy: AttestPolicy): SconeError {
  return untrusted(connection, 'it runs in simulation, which protects nothing', {
    expected: 'evidence of a TEE',
    found: 'sim',
    hint: `for testing only, accept it with ${flags(
      policy,
      '--only_for_testing-trust-any',
      '--only_for_testing-debug',
      '--only_for_testing-ignore-signer',
    )}`,
  });
}

function untrusted(
  connection: Connection,
  why: string,
  details: ConstructorParameters<typeof SconeError>[2] = {},
): SconeError {
  const { cause, causes, ...rest } = details;
  const reasons = cause instanceof SconeError ? [cause.message, ...cause.causes] : (causes ?? []);
  return new SconeError('E_CAS_UNTRUSTED', `the CAS at ${addressText(connection.address)} is not trusted: ${why}`, {
    ...rest,
    causes: reasons,
    ...(cause === undefined ? {} : { cause }),
  });
}
