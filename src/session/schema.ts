import { z } from 'zod';
import type { FieldNote } from '../language/field-note.ts';
import { weaknesses } from '../language/vocabulary.ts';
import {
  choice,
  flag,
  hash,
  matching,
  oneOrMore,
  optional,
  placeholder,
  sessionName,
  shapes,
  text,
  words,
} from './fields.ts';
import { images, volumes } from './image-schema.ts';
import { akvSchema, secrets } from './secret-schema.ts';
import { services } from './service-schema.ts';

/** The shapes of the session language; what holds between fields is in `parse.ts`. Null counts as absent. */
const fragment = placeholder({ description: 'a config-fragment', since: '0.3.10', support: 'refused' });

const signer = z.strictObject({
  signer: words({
    description: 'public key (Ed25519 or P-384) whose signature counts',
    since: '0.3.10',
    support: 'refused',
  }),
});
const client = words({
  description: 'CREATOR, ANY or NONE alone, a key hash, a certificate in PEM, or a placeholder',
});
const group = z.looseObject({}).meta({
  description: 'require-all or require-at-least-N with a list of such entries',
  since: '0.3.10',
  support: 'refused',
});
/** Signatures and groups decide over changes only. */
const operation = (note: FieldNote, changes: boolean) =>
  shapes(note, () => [text, z.array(changes ? z.union([client, signer, group]) : client).min(1)]).optional();

export const accessPolicySchema = z.strictObject({
  read: operation(
    { description: 'who may read the session, its generated values excepted', default: 'CREATOR' },
    false,
  ),
  update: operation({ description: 'who may replace the session', default: 'CREATOR' }, true),
  create_sessions: operation(
    { description: 'who may create sessions below this one', default: 'as update', since: '0.3.5' },
    true,
  ),
  list_sessions: operation(
    {
      description: 'who may list the sessions below this one',
      default: 'as read',
      since: '0.3.12',
      support: 'refused',
    },
    false,
  ),
});

export const attestationSchema = z.strictObject({
  mode: optional(
    choice(['hardware', 'none', 'maa'], {
      description: 'how services are attested; only hardware is supported',
      default: 'hardware',
    }),
  ),
  url: optional(
    matching(/^https:\/\/\S+$/, 'must begin with https://', {
      description: 'mode maa: the attestation service of Azure',
      example: 'https://name.weu.attest.azure.net/',
      since: '0.3.7',
      support: 'refused',
    }),
  ),
  certificates: optional(
    oneOrMore(text, { description: 'mode maa: certificates of that service', since: '0.3.7', support: 'refused' }),
  ),
  tolerate: optional(
    oneOrMore(text, { description: `weaknesses to tolerate: ${weaknesses.join(', ')}`, example: '[outdated-tcb]' }),
  ),
  ignore_advisories: optional(
    oneOrMore(text, { description: 'advisories to ignore, or "*"', example: '[INTEL-SA-00586]' }),
  ),
  trusted_scone_qe_pubkeys: optional(
    oneOrMore(text, { description: 'keys of SCONE quoting enclaves, before 7.0', support: 'refused' }),
  ),
  must_be_sgx_local: optional(
    flag({ description: 'whether the service runs beside the CAS', since: '0.3.11', support: 'refused' }),
  ),
  one_time_password_shared_secret: optional(
    words({ description: 'secret of one-time passwords (RFC 6238), base32', since: '0.3.8', support: 'refused' }),
  ),
});

export const securitySchema = z.strictObject({
  attestation: shapes({ description: 'how services are attested' }, () => [attestationSchema, fragment]).optional(),
  freshness: optional(z.unknown().meta({ description: 'seen in files; not documented', support: 'refused' })),
  service_access_token: optional(
    words({ description: 'token that a service must show', since: '0.3.9', support: 'refused' }),
  ),
  singleton_enclaves: optional(
    flag({
      description: 'whether every start needs a fresh enclave',
      default: 'false',
      since: '0.3.9',
      support: 'refused',
    }),
  ),
});

/** Where secrets are stored: the tags `!cas` and `!akv` are read as maps with that one key. */
const storeSchema = z.strictObject({
  cas: optional(z.unknown().meta({ description: 'in the CAS; the tag !cas' })),
  akv: optional(
    akvSchema
      .pick({ vault: true, token: true })
      .meta({ description: 'in a key vault of Azure; the tag !akv', support: 'refused' }),
  ),
});

const creatorSigner = z.strictObject({
  signer: oneOrMore(text, { description: 'public keys that signed it', support: 'refused' }),
});

export const sessionSchema = z.strictObject({
  version: words({ description: 'version of the language, 0.3 to 0.3.12', example: '"0.3.12"' }),
  name: sessionName({
    description: 'name of the session, with its namespace (since 0.3.5); / is the root (since 0.3.11)',
    example: 'myPythonApp/pythonapp',
  }),
  namespace_hash: optional(hash({ description: 'when it is created: hash of the session above it', since: '0.3.11' })),
  predecessor: optional(
    matching(/^(?:~|null|[0-9a-fA-F]{64})$/, 'must be a session hash in hex: 64 digits', {
      description: 'when it is updated: hash of the session it replaces',
    }),
  ),
  creator: shapes({ description: 'who created it; the CAS fills it in' }, () => [text, creatorSigner]).optional(),
  salt: optional(
    text
      .regex(/^[0-9a-fA-F]{32}$/, 'must be 32 digits of hex')
      .transform((value) => value.toLowerCase())
      .meta({ description: 'makes the hash say nothing about explicit values', since: '0.3.12' }),
  ),
  access_policy: shapes({ description: 'who may do what with the session' }, () => [
    accessPolicySchema,
    fragment,
  ]).optional(),
  security: shapes({ description: 'what attestation demands' }, () => [securitySchema, fragment]).optional(),
  services,
  images,
  secrets,
  volumes,
  secret_config: optional(
    z
      .strictObject({
        store_in: optional(storeSchema.meta({ description: 'where secrets are stored', default: '!cas' })),
      })
      .meta({ description: 'how secrets are kept', since: '0.3.10' }),
  ),
});

export type ParsedSessionDocument = z.infer<typeof sessionSchema>;
export type ParsedSecurity = z.infer<typeof securitySchema>;
