import { equalBytes, hex } from '../core/bytes.ts';
import { rfc3339 } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { verifyScheme } from './algorithm.ts';
import type { Certificate } from './certificate.ts';
import { keyIdentifiersAgree } from './extension.ts';
import { spkiSha256 } from './spki.ts';

/** A chain, leaf first, root last; at least two certificates. */
export type Chain = readonly [Certificate, Certificate, ...Certificate[]];

export interface ChainRules {
  /** SHA-256 of the root's SubjectPublicKeyInfo, 64 lower-case hex digits. */
  pin: string;
  /** How many certificates there must be, root included. */
  length: number;
  /**
   * What the first certificate is: one that signs documents, one of a chip (AMD gives those no keyUsage; where there is
   * one it must allow signing), or a CA (whose CRL is in question).
   */
  leaf: 'signer' | 'chip' | 'ca';
  /** Names the chain in errors. */
  what: string;
  /**
   * Signatures that were checked before, certificate to issuer; this call adds its own. For chains that share their
   * upper part as the same objects.
   */
  checked?: WeakMap<Certificate, Certificate>;
}

/**
 * Everything about a chain that time does not change (RFC 5280, 6.1, for a chain given in order): the pinned root,
 * name chaining, basicConstraints, path length, keyUsage, signatures. The result may be remembered; dates are checked
 * by `verifyChainDates` each time. Throws `E_CHAIN`.
 */
export function verifyChain(chain: readonly Certificate[], rules: ChainRules): asserts chain is Chain {
  const [leaf] = chain;
  const root = chain.at(-1);
  if (leaf === undefined || root === undefined || chain.length !== rules.length) {
    throw new SconeError('E_CHAIN', `the ${rules.what} does not have the certificates it must have`, {
      expected: `${rules.length} certificates, root last`,
      found: String(chain.length),
    });
  }
  const found = hex(spkiSha256(root.spki));
  if (found !== rules.pin) {
    throw new SconeError('E_CHAIN', `the ${rules.what} does not lead to the pinned root`, {
      expected: `root key SHA-256 ${rules.pin}`,
      found,
    });
  }
  if (leaf.ca !== (rules.leaf === 'ca')) {
    throw new SconeError('E_CHAIN', `the first certificate of the ${rules.what} ${leaf.ca ? 'is a CA' : 'is no CA'}`, {
      expected: `basicConstraints CA:${rules.leaf === 'ca' ? 'TRUE' : 'FALSE'}`,
    });
  }
  const maySign = leaf.keyUsage?.digitalSignature ?? rules.leaf === 'chip';
  if (rules.leaf !== 'ca' && !maySign) {
    throw new SconeError('E_CHAIN', `the first certificate of the ${rules.what} may not sign documents`, {
      expected: 'keyUsage digitalSignature',
    });
  }
  verifyIssuers(chain, rules.what, rules.checked ?? new WeakMap());
}

/** Checks that every certificate is valid at `now`. Throws `E_CHAIN`. */
export function verifyChainDates(chain: readonly Certificate[], now: Date, what: string): void {
  for (const { notBefore, notAfter, commonName } of chain) {
    if (now < notBefore || now > notAfter) {
      throw new SconeError(
        'E_CHAIN',
        `a certificate of the ${what} (${commonName ?? 'no name'}) ${now < notBefore ? 'is not valid yet' : 'has expired'}`,
        {
          expected: `a time from ${rfc3339(notBefore)} to ${rfc3339(notAfter)}`,
          found: rfc3339(now),
        },
      );
    }
  }
}

/** The last moment at which all of the chain is valid. */
export function chainExpiry(chain: readonly Certificate[]): Date {
  return new Date(Math.min(...chain.map(({ notAfter }) => notAfter.getTime())));
}

function verifyIssuers(chain: readonly Certificate[], what: string, checked: WeakMap<Certificate, Certificate>): void {
  for (const [index, certificate] of chain.entries()) {
    // The root is checked against itself: its key is pinned, its other fields are believed only when it signed them.
    const issuer = chain[index + 1] ?? certificate;
    const place = `the ${what}, certificate ${index + 1} of ${chain.length} (${certificate.commonName ?? 'no name'}),`;
    if (!equalBytes(certificate.issuer, issuer.subject)) {
      throw new SconeError('E_CHAIN', `${place} names another issuer than the next certificate's subject`);
    }
    if (!keyIdentifiersAgree(certificate.extensions, issuer.extensions, what)) {
      throw new SconeError('E_CHAIN', `${place} names another issuer key than the next certificate's`);
    }
    if (!issuer.ca || issuer.keyUsage?.keyCertSign !== true) {
      throw new SconeError('E_CHAIN', `${place} is issued by a certificate that may not issue any`, {
        expected: 'basicConstraints CA:TRUE, keyUsage keyCertSign',
      });
    }
    // `index` CAs stand between this issuer and the first certificate, which never counts (RFC 5280, 4.2.1.9).
    if (issuer !== certificate && issuer.pathLength !== undefined && index > issuer.pathLength) {
      throw new SconeError('E_CHAIN', `${place} is deeper below its issuer than the issuer's path length allows`, {
        expected: `at most ${issuer.pathLength}`,
        found: String(index),
      });
    }
    if (checked.get(certificate) === issuer) continue;
    if (!verifyScheme(certificate.scheme, issuer, certificate.tbs, certificate.signature)) {
      throw new SconeError('E_CHAIN', `${place} is not signed by the next certificate's key`);
    }
    checked.set(certificate, issuer);
  }
}
