import { equalBytes } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { contextTag, type DerReader, readDer, tags } from './der.ts';

/** Extensions by OID; `value` is the DER inside the OCTET STRING. */
export type Extensions = ReadonlyMap<string, { critical: boolean; value: Uint8Array }>;

/** Reads `Extensions ::= SEQUENCE OF Extension` (RFC 5280, 4.1); an OID must not come twice. Throws `E_DER`. */
export function readExtensions(reader: DerReader, what: string): Extensions {
  const extensions = new Map<string, { critical: boolean; value: Uint8Array }>();
  const list = reader.enter();
  while (!list.empty) {
    const item = list.enter();
    const oid = item.oid();
    const critical = item.tag === tags.boolean ? item.boolean() : false;
    const value = item.octets();
    item.end();
    if (extensions.has(oid)) throw new SconeError('E_DER', `the ${what} has an extension twice`, { found: oid });
    extensions.set(oid, { critical, value });
  }
  return extensions;
}

export function extensionValue(extensions: Extensions, oid: string): Uint8Array | undefined {
  return extensions.get(oid)?.value;
}

/**
 * Whether the authority key identifier of a signed document, where it has one, is the subject key identifier of its
 * signer (RFC 5280, 4.2.1.1). A hint for choosing, so absence is no failure, but a contradiction is.
 */
export function keyIdentifiersAgree(signed: Extensions, signer: Extensions, what: string): boolean {
  const authority = extensionValue(signed, '2.5.29.35');
  const subject = extensionValue(signer, '2.5.29.14');
  if (authority === undefined || subject === undefined) return true;
  const signerId = readDer(subject, what, (reader) => reader.octets());
  return readDer(authority, what, (reader) => {
    const sequence = reader.enter();
    const tag = contextTag(0, 'primitive');
    return sequence.tag !== tag || equalBytes(sequence.take(tag).value, signerId);
  });
}
