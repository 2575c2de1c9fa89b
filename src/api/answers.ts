import { z } from 'zod';
import { anyObject, base64Text, hashText, index, mapOf, noteText, sessionNameText, timeText } from './text.ts';

/** Evidence as it travels: the TEE's own bytes in base64. `tee` is the sender's word and only compared (M6). */
export const evidence = z.strictObject({
  tee: z.enum(['sgx', 'tdx', 'snp', 'sim']),
  quote: base64Text(32_768),
  aux: base64Text(65_536).optional(),
});
export type EvidenceDocument = z.infer<typeof evidence>;

/** Limits of the parts of an attestation request, in bytes. */
export const attestLimits = { claims: 4096, initData: 65_536 } as const;

/** `GET /v1/attestation`. */
export const attestationAnswer = z.strictObject({
  evidence,
  init_data: base64Text(attestLimits.initData),
  /** The bytes of a `casClaims` document. */
  claims: base64Text(32_768),
  /** Port of the attestation service on the same host, for init data's `cas_url`. */
  service_port: z.int().min(1).max(65_535),
});
export type AttestationAnswer = z.infer<typeof attestationAnswer>;

/** `GET /v1/version`. */
export const versionAnswer = z.strictObject({ version: z.string(), mode: z.enum(['production', 'simulation']) });
export type VersionAnswer = z.infer<typeof versionAnswer>;

/** `GET /v1/head?from=<size>`: `proof` is the consistency proof from that size, empty without `from`. */
export const headAnswer = z.strictObject({ note: noteText, proof: z.array(base64Text(32)).max(128) });
export type HeadAnswer = z.infer<typeof headAnswer>;

/**
 * `GET /v1/sessions/<name>`. Callers who may not update get no `salt` and no `value_hmac` (`redacted: true`); `values`
 * holds explicit secret values and comes only with `reveal=true` to callers who may update, and is recorded (M14).
 */
export const readAnswer = z.strictObject({
  session: anyObject,
  values: mapOf(z.string(), 'texts').optional(),
  redacted: z.boolean(),
  /** Session hash: the predecessor of the next update. */
  hash: hashText,
  /** The ledger record that created this version. */
  index,
  note: noteText,
});
export type ReadAnswer = z.infer<typeof readAnswer>;

/** `PUT /v1/sessions/<name>`. */
export const putAnswer = z.strictObject({ hash: hashText, index, note: noteText });
export type PutAnswer = z.infer<typeof putAnswer>;

/** `GET /v1/values/session=<name>[,secret=<name>]`: public values only; `index` is the record that made them current. */
export const valuesAnswer = z.strictObject({
  values: mapOf(z.strictObject({ kind: z.enum(['ascii', 'binary']), value: z.string() }), 'values'),
  index,
  note: noteText,
});
export type ValuesAnswer = z.infer<typeof valuesAnswer>;

const entryBase = { index, time: timeText, session: sessionNameText, hash: hashText };

/** One event of the ledger that concerns a session; `hash` is the session version in force. */
export const logEntry = z.discriminatedUnion('event', [
  z.strictObject({
    ...entryBase,
    event: z.literal('session'),
    /** Key hash of the client that created or updated it. */
    by: z.string(),
    predecessor: hashText.optional(),
  }),
  z.strictObject({
    ...entryBase,
    event: z.literal('release'),
    config_id: z.string(),
    /** SHA-256 of init data, claims bytes and quote. */
    init_data: hashText,
    claims: hashText,
    evidence: hashText,
    verdict: z.strictObject({ tee: z.string(), measurement: z.string(), tcb: z.string() }),
  }),
  z.strictObject({ ...entryBase, event: z.literal('reveal'), by: z.string() }),
]);
export type LogEntry = z.infer<typeof logEntry>;

/** Entries of one `GET /v1/log` answer. */
export const logLimit = 1000;

/** `GET /v1/log?session=<name>&from=<index>`: at most `logLimit` entries; `next` is where to go on, if there is more. */
export const logAnswer = z.strictObject({ entries: z.array(logEntry), next: index.optional(), note: noteText });
export type LogAnswer = z.infer<typeof logAnswer>;

/** A text, or a value of the host that the session names; the runtime substitutes the latter and never rescans (H10). */
export const element = z.union([
  z.strictObject({ text: z.string() }),
  z.strictObject({ host_arg: z.int().min(1) }),
  z.strictObject({ host_env: z.string() }),
]);
export type Element = z.infer<typeof element>;

/** `POST /v1/attest` on the service port. */
export const attestAnswer = z.strictObject({
  argv: z.array(element),
  pwd: z.string(),
  environment: mapOf(element, 'elements'),
  files: z.array(
    z.strictObject({ path: z.string(), mode: z.string(), uid: z.int(), gid: z.int(), content: base64Text(1 << 22) }),
  ),
  protected: z.array(z.never()),
  volumes: z.array(z.never()),
  session_hash: hashText,
  /** The release record. */
  index,
  /** Signed head that covers the release record. */
  head: noteText,
  token_proof: base64Text(32).optional(),
});
export type AttestAnswer = z.infer<typeof attestAnswer>;
