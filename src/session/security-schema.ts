import { z } from 'zod';
import type { FieldNote } from '../language/field-note.ts';
import { weaknesses } from '../language/vocabulary.ts';
import {
  flagOrPlaceholder,
  oneOrMore,
  optional,
  orPlaceholder,
  placeholder,
  placeholderPattern,
  shapes,
  text,
  words,
} from './fields.ts';
import { all, has, is, lacks, like, never, some, when } from './rules.ts';

/** How a sample of the language's documentation writes `debug-mode`. */
export const oldWeakness = 'debug';
export const weaknessPattern = new RegExp(`^(?:${[...weaknesses, oldWeakness].join('|')})$`);
export const advisoryPattern = /^INTEL-(?:SA|DOC)-[0-9]{5}$/;
export const passwordPattern = /^[A-Za-z2-7]{26,}={0,6}$/;

export const localTrust = 'local-attestation-trust-cas-tcb';
const trustedLocally = { anyOf: [{ const: localTrust }, { type: 'string', pattern: placeholderPattern.source }] };

/** A text of a form that the reader looks at itself, or a placeholder. */
function item(pattern: RegExp) {
  return text.meta({ also: { pattern: `${pattern.source}|${placeholderPattern.source}` } });
}

const fragment = placeholder({ description: 'a config-fragment', since: '0.3.10', support: 'refused' });

/** A secret of one-time passwords: base32 of at least 128 bits, or placeholders that become one. */
export function password(note: FieldNote) {
  return text.meta({ ...note, also: { pattern: `${passwordPattern.source}|\\$\\$SCONE::` } });
}

export const attestationSchema = z
  .strictObject({
    mode: optional(
      z
        .union([z.enum(['hardware', 'none', 'maa']), fragment], {
          error: 'must be hardware, none or maa, or a placeholder',
        })
        .meta({
          description: 'how services are attested; only hardware is supported',
          default: 'hardware',
        }),
    ),
    url: optional(
      orPlaceholder(/^https:\/\/\S+$/, 'must begin with https://', {
        description: 'mode maa: the attestation service of Azure',
        example: 'https://name.weu.attest.azure.net/',
        since: '0.3.7',
        support: 'refused',
      }),
    ),
    certificates: optional(
      oneOrMore(text, { description: 'mode maa: certificates of that service', since: '0.3.7', support: 'refused' }),
    ),
    min_rsa_signing_key_size: optional(
      words({ description: 'mode maa: without effect since CAS 5.8', since: '0.3.7', support: 'ignored' }),
    ),
    tolerate: optional(
      oneOrMore(item(weaknessPattern), {
        description: `weaknesses to tolerate: ${weaknesses.join(', ')}`,
        example: '[outdated-tcb]',
      }),
    ),
    ignore_advisories: optional(
      oneOrMore(item(new RegExp(`^\\*$|${advisoryPattern.source}`)), {
        description: 'advisories to ignore, or "*"',
        example: '[INTEL-SA-00586]',
      }),
    ),
    trusted_scone_qe_pubkeys: optional(
      oneOrMore(item(/^[0-9a-fA-F]{64}$/), {
        description: 'keys of SCONE quoting enclaves, before 7.0',
        support: 'refused',
      }),
    ),
    must_be_sgx_local: optional(
      flagOrPlaceholder({
        description: 'whether the service runs beside the CAS',
        since: '0.3.11',
        support: 'refused',
      }),
    ),
    one_time_password_shared_secret: optional(
      password({ description: 'secret of one-time passwords (RFC 6238), base32', since: '0.3.8', support: 'refused' }),
    ),
  })
  .meta({
    also: {
      allOf: [
        when(is('mode', 'maa'), has('url')),
        when(
          never(some(is('mode', 'maa'), all(has('mode'), like('mode', placeholderPattern)))),
          lacks('url', 'certificates'),
        ),
        when(is('must_be_sgx_local', true, 'true', 'True', 'TRUE'), {
          required: ['tolerate'],
          properties: { tolerate: { anyOf: [...trustedLocally.anyOf, { type: 'array', contains: trustedLocally }] } },
        }),
      ],
    },
  });

export const securitySchema = z.strictObject({
  attestation: shapes({ description: 'how services are attested' }, () => [attestationSchema, fragment]).optional(),
  freshness: optional(z.unknown().meta({ description: 'seen in files; not documented', support: 'refused' })),
  service_access_token: optional(
    words({ description: 'token that a service must show', since: '0.3.9', support: 'refused' }),
  ),
  singleton_enclaves: optional(
    flagOrPlaceholder({
      description: 'whether every start needs a fresh enclave',
      default: 'false',
      since: '0.3.9',
      support: 'refused',
    }),
  ),
});

export type ParsedRules = z.infer<typeof attestationSchema>;
