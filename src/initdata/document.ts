import { equalBytes, hex, utf8, utf8Text, zeroPad } from '../core/bytes.ts';
import { parseKeyHash, sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { type Json, parseJson } from '../core/json.ts';

/** What a service is told and its TEE carries: whose code it is, and for whom. */
export interface ServiceInitData {
  mode: 'service';
  /** `host:port` of the CAS's attestation port. Availability only: the key is what counts. */
  cas_url: string;
  /** Key hashes of the CAS, one or two. */
  cas_key: string[];
  /** `<namespace>/<service>/<binary>`. */
  config_id: string;
  /** Rootfs digest, hex. */
  rootfs: string;
}

/** What a simulated CAS carries about itself. */
export interface CasInitData {
  mode: 'cas';
  /** Code hash, hex. */
  rootfs: string;
}

export type InitData = ServiceInitData | CasInitData;

/** Protocol.md: only these, so that neither TOML nor JSON has anything to escape or to disagree about (H6). */
const plain = /^[A-Za-z0-9._:/@-]+$/;
const digest = /^[0-9a-f]{64}$/;

const formHint = 'take the file that `sconectl apply` wrote below target/initdata, unchanged';

const head = 'version = "0.1.0"\nalgorithm = "sha256"\n\n[data]\n"sconectl.json" = \'\'\'';
const tail = "'''\n";
/** More than any document of ours, and little enough to be read from an environment variable. */
const maxLength = 64 * 1024;

/** The bytes of a service's init data. Throws `E_INITDATA` where a value may not be in it. */
export function renderInitData(fields: ServiceInitData): Uint8Array<ArrayBuffer> {
  if (fields.cas_key.length < 1 || fields.cas_key.length > 2) {
    throw new SconeError('E_INITDATA', 'init data names one or two keys of the CAS', {
      expected: 'one or two key hashes',
      found: String(fields.cas_key.length),
    });
  }
  const keys = fields.cas_key.map(keyHashText).join(',');
  return document(
    `{"v":1,"mode":"service","cas_url":${quoted(fields.cas_url, 'cas_url')},"cas_key":[${keys}],` +
      `"config_id":${quoted(fields.config_id, 'config_id')},"rootfs":${hexDigest(fields.rootfs)}}`,
  );
}

/** The bytes of a simulated CAS's init data. */
export function renderCasInitData(fields: { rootfs: string }): Uint8Array<ArrayBuffer> {
  return document(`{"v":1,"mode":"cas","rootfs":${hexDigest(fields.rootfs)}}`);
}

/**
 * The fields of init data. Accepts only what renders to the same bytes again, so that no two readers can see two
 * documents in one (threat model 61, 68). Throws `E_INITDATA`.
 */
export function parseInitData(bytes: Uint8Array): InitData {
  if (bytes.length > maxLength) {
    throw new SconeError('E_INITDATA', `init data is longer than ${maxLength} bytes`, { found: String(bytes.length) });
  }
  let fields: InitData;
  let again: Uint8Array;
  try {
    const text = utf8Text(bytes, 'init data');
    if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) throw notOurs();
    fields = readFields(parseJson(text.slice(head.length, -tail.length), 'init data'));
    again = fields.mode === 'cas' ? renderCasInitData(fields) : renderInitData(fields);
  } catch (error) {
    if (error instanceof SconeError && error.code === 'E_INITDATA') throw error;
    throw new SconeError('E_INITDATA', 'init data is not in its one byte form', { cause: error, hint: formHint });
  }
  if (!equalBytes(again, bytes)) throw notOurs();
  return fields;
}

/** H: SHA-256 of the document; 32 bytes. */
export function initDataHash(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha256(bytes);
}

/** What CONFIGID holds for this document (simulation, and SGX with KSS): H and 32 zero bytes. */
export function configIdField(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return zeroPad(initDataHash(bytes), 64);
}

/** `configIdField` as 128 hex digits: the text of `SCONE_SIM_PLATFORM`. */
export function configIdHex(bytes: Uint8Array): string {
  return hex(configIdField(bytes));
}

function notOurs(): SconeError {
  return new SconeError('E_INITDATA', 'init data is not in its one byte form', { hint: formHint });
}

function document(json: string): Uint8Array<ArrayBuffer> {
  return utf8(`${head}${json}${tail}`);
}

function quoted(value: string, name: string): string {
  if (!plain.test(value)) {
    throw new SconeError('E_INITDATA', `init data cannot hold this ${name}`, {
      expected: 'one or more of A-Z a-z 0-9 . _ : / @ -',
      found: JSON.stringify(value.slice(0, 200)),
    });
  }
  return `"${value}"`;
}

/** A key hash in its canonical form, as the runtime will demand (item 68: both readers agree). */
function keyHashText(value: string): string {
  try {
    parseKeyHash(value, 'cas_key');
  } catch (cause) {
    throw new SconeError('E_INITDATA', 'init data cannot hold this cas_key', { cause, found: value.slice(0, 200) });
  }
  return quoted(value, 'cas_key');
}

function hexDigest(value: string): string {
  if (!digest.test(value)) {
    throw new SconeError('E_INITDATA', 'init data cannot hold this rootfs', {
      expected: '64 digits of lower-case hex',
      found: JSON.stringify(value.slice(0, 200)),
    });
  }
  return `"${value}"`;
}

/** The fields by type; order, version and anything superfluous are found by rendering again. */
function readFields(json: Json): InitData {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw notOurs();
  const { mode, cas_url, cas_key, config_id, rootfs } = json;
  if (mode === 'cas' && typeof rootfs === 'string') return { mode, rootfs };
  if (
    mode === 'service' &&
    typeof cas_url === 'string' &&
    Array.isArray(cas_key) &&
    cas_key.every((key) => typeof key === 'string') &&
    typeof config_id === 'string' &&
    typeof rootfs === 'string'
  ) {
    return { mode, cas_url, cas_key, config_id, rootfs };
  }
  throw notOurs();
}
