import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { base64, concat, equalBytes, fromBase64, utf8 } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import type { Head } from './proof.ts';
import type { Hash } from './tree.ts';

const dash = '\u2014';
const longestNote = 16_384;
/** C2SP signed-note demands that at least 16 signatures are accepted. */
const mostSignatures = 16;

/**
 * The text that a head's signature covers: a C2SP tlog-checkpoint (origin, size, base64 root, each with LF). It starts
 * with the ledger id, so it can be mistaken neither for a TLS 1.3 signature (64 blanks first) nor for another
 * ledger's head.
 */
export function checkpointText(origin: string, head: Head): string {
  demandOrigin(origin);
  return `${origin}\n${head.size}\n${base64(head.root)}\n`;
}

/**
 * The key id of an ECDSA key, signature type 0x02 of C2SP signed-note: the first 4 bytes of SHA-256(SPKI DER). The
 * type byte and the key name are no part of it, unlike for Ed25519.
 */
export function keyId(spki: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha256(spki).slice(0, 4);
}

/**
 * A head as a C2SP signed note.
 *
 * @param origin the ledger id, which is the key name too
 * @param spki the identity key's SubjectPublicKeyInfo, DER
 * @param sign ECDSA P-256 with SHA-256 over the bytes it gets, DER encoded (a parameter: this room holds no keys)
 */
export function signNote(origin: string, head: Head, spki: Uint8Array, sign: (text: Uint8Array) => Uint8Array): string {
  const text = checkpointText(origin, head);
  return `${text}\n${dash} ${origin} ${base64(concat(keyId(spki), sign(utf8(text))))}\n`;
}

/**
 * Reads a signed head. Exactly the checkpoint form is taken; signatures of unknown keys are skipped (witnesses), one
 * of this key that is wrong refuses the note, and at least one of this key must be there.
 *
 * @param spki the pinned identity key, SubjectPublicKeyInfo DER
 * @param origin the pinned ledger id
 * @throws SconeError `E_FORMAT` (not a note of that form), `E_CAS_IDENTITY` (of another ledger, or not signed by that key)
 */
export function openNote(text: string, spki: Uint8Array, origin: string): Head {
  demandOrigin(origin);
  const { body, signatures } = splitNote(text);
  const head = parseCheckpoint(body, origin);
  const id = keyId(spki);
  const key = publicKey(spki);
  let signed = false;
  for (const signature of signatures) {
    if (signature.name !== origin || !equalBytes(signature.bytes.subarray(0, 4), id)) continue;
    if (!verify('sha256', utf8(body), key, signature.bytes.subarray(4))) {
      throw new SconeError('E_CAS_IDENTITY', 'the signature of a ledger head is wrong');
    }
    signed = true;
  }
  if (!signed) {
    throw new SconeError('E_CAS_IDENTITY', 'a ledger head is not signed by the key that was pinned', {
      expected: `a signature with key id ${base64(id)}`,
      found: signatures.map(({ name }) => name).join(', '),
    });
  }
  return head;
}

interface Signature {
  name: string;
  /** Key id (4 bytes), then the signature. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** The form of C2SP signed-note: text, blank line, signature lines. */
function splitNote(note: string): { body: string; signatures: Signature[] } {
  const refuse = (why: string): never => {
    throw new SconeError('E_FORMAT', `a ledger head is no signed note: ${why}`);
  };
  if (note.length > longestNote) refuse('it is too long');
  if (!note.isWellFormed() || /[^\P{Cc}\n]/u.test(note)) refuse('it holds control characters');
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) refuse('it has no signatures');
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > mostSignatures) refuse('it has too many signatures');
  const signatures = lines.map((line) => {
    const parts = line.split(' ');
    const [mark, name, value] = parts;
    if (parts.length !== 3 || mark !== dash || name === undefined || value === undefined || !isKeyName(name)) {
      return refuse('a signature line has another form');
    }
    const bytes = fromBase64(value, 'a signature in a ledger head');
    if (bytes.length < 5) refuse('a signature is too short');
    return { name, bytes };
  });
  return { body: note.slice(0, end + 1), signatures };
}

/** The form of C2SP tlog-checkpoint without extension lines. */
function parseCheckpoint(body: string, origin: string): Head {
  const lines = body.split('\n');
  const [name, size, root, rest] = lines;
  if (lines.length !== 4 || name === undefined || size === undefined || root === undefined || rest !== '') {
    throw new SconeError('E_FORMAT', 'a ledger head does not consist of origin, size and root');
  }
  if (name !== origin) {
    throw new SconeError('E_CAS_IDENTITY', 'a head is of another ledger', {
      expected: origin,
      found: name.slice(0, 128),
    });
  }
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new SconeError('E_FORMAT', 'the size in a ledger head is no number');
  }
  const hash: Hash = fromBase64(root, 'the root in a ledger head');
  if (hash.length !== 32) throw new SconeError('E_FORMAT', 'the root in a ledger head is no SHA-256 hash');
  return { size: Number(size), root: hash };
}

function publicKey(spki: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    throw new SconeError('E_FORMAT', 'an identity key is no SubjectPublicKeyInfo');
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new SconeError('E_FORMAT', 'an identity key is no ECDSA P-256 key');
  }
  return key;
}

/** Key names are not empty and hold neither blanks nor `+` (C2SP signed-note). */
function isKeyName(name: string): boolean {
  return name !== '' && !/[\s+\p{White_Space}]/u.test(name);
}

function demandOrigin(origin: string): void {
  if (!isKeyName(origin)) throw new SconeError('E_FORMAT', 'a ledger id is empty or holds blanks');
}
