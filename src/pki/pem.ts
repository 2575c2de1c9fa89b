import { base64, concat, fromBase64 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';

export type PemLabel = 'CERTIFICATE' | 'PRIVATE KEY' | 'X509 CRL';

/** RFC 7468 text of DER bytes: lines of 64 characters, LF. */
export function pem(label: PemLabel, der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** One PEM text of several DER documents, in order. */
export function pemChain(label: PemLabel, ders: readonly Uint8Array[]): string {
  return ders.map((der) => pem(label, der)).join('');
}

// Lines of at most 64 characters is RFC 7468's strict form; blank lines between blocks are what vendors produce.
const block = /[\r\n \t]*-----BEGIN ([A-Z0-9 ]+)-----\r?\n((?:[A-Za-z0-9+/=]{1,76}\r?\n)+)-----END ([A-Z0-9 ]+)-----/y;

/**
 * The DER documents in a PEM text that holds nothing but blocks of this label (RFC 7468). Throws `E_FORMAT` for other
 * labels, text between blocks, base64 that is not canonical, and more than `most` blocks.
 */
export function readPem(label: PemLabel, text: string, what: string, most = 16): Uint8Array<ArrayBuffer>[] {
  const found: Uint8Array<ArrayBuffer>[] = [];
  const end = text.trimEnd().length;
  block.lastIndex = 0;
  while (block.lastIndex < end) {
    const at = block.lastIndex;
    const match = block.exec(text);
    if (match === null) {
      throw new SconeError('E_FORMAT', `${what} is not a PEM text (at character ${at})`);
    }
    if (match[1] !== label || match[3] !== label) {
      throw new SconeError('E_FORMAT', `${what} holds another PEM block`, { expected: label, found: match[1] ?? '' });
    }
    if (found.length === most) throw new SconeError('E_FORMAT', `${what} holds more than ${most} PEM blocks`);
    found.push(concat(fromBase64((match[2] ?? '').replace(/\r?\n/g, ''), what)));
  }
  if (found.length === 0) throw new SconeError('E_FORMAT', `${what} holds no PEM block`, { expected: label });
  return found;
}
