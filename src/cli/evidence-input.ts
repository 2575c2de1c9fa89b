import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fromBase64, fromHex, utf8, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import type { Evidence } from '../evidence/verify.ts';
import type { Context } from './context.ts';

/** What the bytes of evidence are, by their own first fields. */
export type EvidenceKind = 'quote' | 'snp report';

export interface GivenEvidence {
  evidence: Evidence;
  kind: EvidenceKind;
  /** How it was written down. */
  form: string;
}

/** Evidence is a few KB; with collateral beside it, less than a MB. */
const sizeLimit = 8 * 1024 * 1024;
/** Bytes of an SNP report, and of the vendor id of a quoting enclave at byte 12 of a quote. */
const snpReportSize = 1184;
const intelQeVendorId = '939a7233f79c4ca9940a0db3957f0607';

/** Reads a file of evidence. Throws `E_USAGE` when there is none, `E_EVIDENCE` when it is nothing that is known. */
export async function readEvidence(context: Context, file: string): Promise<GivenEvidence> {
  return detectEvidence(await readSmall(context, file), file);
}

/** The bytes of a file that the command line names. Throws `E_USAGE` and `E_LIMIT`. */
export async function readSmall(context: Context, file: string, limit = sizeLimit): Promise<Uint8Array> {
  const path = resolve(context.folder, file);
  try {
    const { size } = await stat(path);
    if (size > limit) {
      throw new SconeError('E_LIMIT', `${file} is too large`, {
        expected: `at most ${limit} bytes`,
        found: `${size} bytes`,
      });
    }
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof SconeError) throw error;
    throw new SconeError('E_USAGE', `${file} cannot be read`, { cause: error });
  }
}

/**
 * Finds out what a file is: bytes of a quote or report, the same as hex or base64, or JSON around that. Every reading is
 * tried and exactly one must make evidence of it; nothing is taken for the likeliest. Throws `E_EVIDENCE`.
 */
export function detectEvidence(bytes: Uint8Array, file: string): GivenEvidence {
  const text = printable(bytes);
  if (text === undefined) return only([{ bytes, form: 'binary' }], file);
  return text.startsWith('{') ? envelope(text, file) : only(readings(text), file);
}

interface Reading {
  bytes: Uint8Array;
  form: string;
}

/** Trimmed ASCII; undefined for anything else. A quote and a report have zeros among their first bytes. */
function printable(bytes: Uint8Array): string | undefined {
  if (bytes.some((byte) => byte > 0x7e || (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13))) return undefined;
  return utf8Text(bytes).trim();
}

/** What a text could stand for; lines may be broken anywhere. */
function readings(text: string): Reading[] {
  const dense = text.replace(/\s+/g, '');
  const found: Reading[] = [];
  const digits = dense.replace(/^0x/, '').toLowerCase();
  if (/^(?:[0-9a-f]{2})+$/.test(digits)) found.push({ bytes: fromHex(digits), form: 'hex' });
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(dense)) addBase64(found, dense, 'base64');
  if (/[-_]/.test(dense) && /^[A-Za-z0-9_-]+={0,2}$/.test(dense)) {
    const standard = dense.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
    addBase64(found, standard.padEnd(Math.ceil(standard.length / 4) * 4, '='), 'base64url');
  }
  return found;
}

function addBase64(found: Reading[], text: string, form: string): void {
  try {
    found.push({ bytes: fromBase64(text), form });
  } catch (error) {
    // Not canonical: no reading of it, as far as base64 goes.
    if (!(error instanceof SconeError)) throw error;
  }
}

function only(candidates: readonly Reading[], file: string): GivenEvidence {
  const known = candidates.flatMap(({ bytes, form }) => {
    const kind = kindOf(bytes);
    return kind === undefined ? [] : [{ evidence: { quote: bytes }, kind, form }];
  });
  const [one, other] = known;
  if (one !== undefined && other === undefined) return one;
  throw new SconeError('E_EVIDENCE', `${file} is not evidence of a kind that is known`, {
    expected: 'a quote of SGX or TDX or an SNP report, as bytes, hex, base64 or JSON around one of these',
    found:
      one === undefined
        ? candidates.map(({ bytes, form }) => `${form} of ${bytes.length} bytes`).join(' or ') || 'another text'
        : `both ${known.map(({ kind, form }) => `a ${kind} in ${form}`).join(' and ')}`,
    hint: 'give what the machine made, without anything around it',
  });
}

/**
 * By fields at fixed places: a quote has a version, an attestation key type, which is never 0, and the vendor of its
 * quoting enclave; a report has one size, and zeros where a quote has the key type.
 */
function kindOf(bytes: Uint8Array): EvidenceKind | undefined {
  const [version = 0, high = 0, third = 0, fourth = 0] = bytes;
  const vendor = Buffer.from(bytes.subarray(12, 28)).toString('hex');
  if (high === 0 && version >= 3 && version <= 5 && third + fourth > 0 && vendor === intelQeVendorId) return 'quote';
  if (high + third + fourth === 0 && version > 0 && bytes.length === snpReportSize) return 'snp report';
  return undefined;
}

/** Names under which evidence lies in JSON. */
const members = ['quote', 'report', 'attestation_report'] as const;

/**
 * `{"quote":…}`, `{"report":…}`, the same below `evidence` (what a CAS answers), with `tee` and `aux` where they are
 * ours. Other members, such as event logs, are left alone; two that hold evidence are refused.
 */
function envelope(text: string, file: string): GivenEvidence {
  const whole = parseJson(text, file);
  const outer = whole !== null && typeof whole === 'object' && !Array.isArray(whole) ? whole : {};
  const nested = outer['evidence'];
  const inner = nested !== null && typeof nested === 'object' && !Array.isArray(nested) ? nested : undefined;
  const places = [outer, ...(inner === undefined ? [] : [inner])].flatMap((object) =>
    members.flatMap((name) => (Object.hasOwn(object, name) ? [{ object, name, value: object[name] }] : [])),
  );
  const [place, other] = places;
  if (place === undefined || other !== undefined || typeof place.value !== 'string') {
    throw new SconeError('E_EVIDENCE', `${file} is JSON that does not hold one piece of evidence`, {
      expected: `one of ${members.join(', ')} as hex or base64, at the top or below "evidence"`,
      found: places.map(({ name }) => name).join(', ') || Object.keys(outer).slice(0, 8).join(', ') || 'no object',
    });
  }
  const found = only(readings(place.value), file);
  const { tee, aux } = place.object;
  return {
    kind: found.kind,
    form: `JSON, ${place.name} in ${found.form}`,
    evidence: {
      ...found.evidence,
      ...(typeof tee === 'string' ? { tee } : {}),
      ...(aux === undefined || aux === null ? {} : { aux: auxOf(aux, file) }),
    },
  };
}

function auxOf(aux: unknown, file: string): Uint8Array {
  if (typeof aux === 'string') return aux.trimStart().startsWith('{') ? utf8(aux) : fromBase64(aux, `aux of ${file}`);
  throw new SconeError('E_EVIDENCE', `the member aux of ${file} is no text`, {
    expected: 'base64 of the collateral',
  });
}
