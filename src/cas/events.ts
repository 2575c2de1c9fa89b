import { z } from 'zod';
import { hashText, sessionNameText, timeText } from '../api/text.ts';
import { utf8, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';

/**
 * What the records of a ledger say, before sealing. An event is complete: folding the events from the first on gives
 * the state, with nothing computed again that a later version might compute differently.
 */
const bytesText = z.base64();
const keyHashText = z.string().max(64);
/** CAS time when the event happened; never before that of an earlier event (H3). */
const time = timeText;

/** Record 0: what a CAS is. */
const genesis = z.strictObject({
  type: z.literal('genesis'),
  time,
  mode: z.enum(['production', 'simulation']),
  ledger: z.string(),
  /** TLS server key, head signer and attested identity: one key so far (M9); PKCS#8 and its own certificate, DER. */
  identity: z.strictObject({ key: bytesText, certificate: bytesText }),
  /** X25519 for encrypted sessions: PKCS#8 DER, and the 32 bytes of the public key. */
  encryption: z.strictObject({ key: bytesText, public: bytesText }),
  /** Who may create sessions without a namespace: an access list (M13). */
  create_sessions: z.array(z.string()),
});

/** A session was created or updated. */
const session = z.strictObject({
  type: z.literal('session'),
  time,
  name: sessionNameText,
  /** The canonical bytes, stored with their hash and never computed again (M12). */
  session: z.string(),
  hash: hashText,
  /** Key hash of the client. */
  by: keyHashText,
  /** The values of all its secrets: given, generated now, or kept from the version before. */
  secrets: z.array(z.strictObject({ name: z.string(), value: bytesText })),
});

/** What the collateral of a release showed for the first time: documents with their numbers, and the newest date (H3). */
const seenCollateral = z.strictObject({
  documents: z.array(z.strictObject({ name: z.string(), number: z.string().regex(/^\d{1,60}$/), issued: timeText })),
  newest: timeText,
});
export type SeenCollateral = z.infer<typeof seenCollateral>;

/** A service may have been given its configuration. */
const release = z.strictObject({
  type: z.literal('release'),
  time,
  name: sessionNameText,
  hash: hashText,
  config_id: z.string(),
  /** SHA-256 of init data, of the claims' bytes and of the quote. */
  init_data: hashText,
  claims: hashText,
  evidence: hashText,
  verdict: z.strictObject({ tee: z.string(), measurement: z.string(), tcb: z.string() }),
  /** Only where it is newer than what the ledger knew. */
  collateral: seenCollateral.optional(),
});

/** Explicit values of a session were shown to somebody who may change them (M14). */
const reveal = z.strictObject({
  type: z.literal('reveal'),
  time,
  name: sessionNameText,
  hash: hashText,
  by: keyHashText,
});

const event = z.discriminatedUnion('type', [genesis, session, release, reveal]);
export type Event = z.infer<typeof event>;
export type GenesisEvent = z.infer<typeof genesis>;
export type SessionEvent = z.infer<typeof session>;
export type ReleaseEvent = z.infer<typeof release>;
export type RevealEvent = z.infer<typeof reveal>;

export function encodeEvent(value: Event): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify(value));
}

/** The event in an opened record. Its bytes are authentic, so other forms only come from other versions: `E_LEDGER`. */
export function decodeEvent(bytes: Uint8Array): Event {
  let value: unknown;
  try {
    value = JSON.parse(utf8Text(bytes, 'record'));
  } catch {
    // Without the parser's own message: it quotes the text, and the text holds secrets.
    throw new SconeError('E_LEDGER', 'a record of the ledger is no JSON');
  }
  const parsed = event.safeParse(value);
  if (!parsed.success) {
    throw new SconeError('E_LEDGER', 'a record of the ledger has a form that this version does not know', {
      hint: 'start the version of the CAS that wrote it, or a newer one',
    });
  }
  return parsed.data;
}
