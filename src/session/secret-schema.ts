import { z } from 'zod';
import { keyTypes, kindFields, type SecretKind, secretKinds, spanPattern } from '../language/vocabulary.ts';
import {
  choice,
  flag,
  hash,
  list,
  matching,
  namePattern,
  oneOrMore,
  optional,
  placeholder,
  plainName,
  shapes,
  text,
  textMap,
  words,
} from './fields.ts';
import { all, has, is, lacks, like, never, type Rule, some, when } from './rules.ts';
import { exportSchema, exportUrl, importUrl, secretImportSchema } from './share-schema.ts';

const later = 'refused';

/** A secret of a key vault of Azure. */
export const akvSchema = z.strictObject({
  vault: words({ description: 'address of the vault', example: 'https://name.vault.azure.net' }),
  secret_name: optional(words({ description: 'name of the secret there', default: 'the own name' })),
  token: optional(placeholder({ description: 'an aad-token; needed where there is not exactly one' })),
  decryption_key: optional(placeholder({ description: 'key of the AES-256-GCM envelope', since: '0.3.10' })),
});

/** A private key itself, which an aad-token may hold in the place of a name. */
export const pemPattern = /-----BEGIN [A-Z0-9 ]+-----/;

/** Fields of one secret, whatever its kind; which kind has which is `kindFields`. */
const secretFields = z.strictObject({
  name: plainName({ description: 'name of the secret', example: 'password' }),
  kind: optional(
    choice(secretKinds, {
      description:
        'kind of the secret; only ascii and binary are made so far; changing kind or size makes a generated value anew; may be left out for imports',
      example: 'ascii',
    }),
  ),
  size: optional(
    matching(/^[1-9][0-9]{0,4}$/, 'must be a number from 1 to 99999', {
      description: 'length in characters (ascii) or bytes (binary)',
      example: '20',
      default: '20',
    }),
  ),
  value: shapes(
    { description: 'the value, where none is generated: text, hex (binary), PEM (keys), anything (config-fragment)' },
    () => [text, z.unknown()],
  ).optional(),
  value_hmac: optional(
    hash({ description: 'in the place of value when a session is sent: HMAC under the salt; an extension' }),
  ),
  export_public: optional(flag({ description: 'whether everybody may read it', default: 'false' })),
  export: shapes(
    {
      description: 'sessions that may import it: one of these or a list',
      example: '[{session: partner/app}]',
      support: later,
    },
    () => [exportSchema, exportUrl, z.array(z.union([exportSchema, exportUrl]))],
  ).optional(),
  import: shapes({ description: 'the secret is of another session', support: later }, () => [
    secretImportSchema,
    importUrl,
  ]).optional(),
  import_akv: optional(
    akvSchema.meta({ description: 'the secret is in a key vault of Azure', since: '0.3.7', support: later }),
  ),
  key_type: optional(choice(keyTypes, { description: 'private-key: kind of key', default: 'P-256', support: later })),
  migrate: optional(
    flag({ description: 'private-key: whether it survives an update', default: 'false', support: later }),
  ),
  private_key: optional(
    matching(
      new RegExp(`${namePattern.source}|${pemPattern.source}`),
      'may only have letters, digits and _ - . ~ (1 to 128 of them)',
      {
        description: 'public-key, x509, x509-ca, aad-token: secret with the private key; aad-token: the key, in PEM',
        support: later,
      },
    ),
  ),
  issuer: optional(
    plainName({ description: 'x509, x509-ca: secret of the issuer', default: 'self-signed', support: later }),
  ),
  common_name: optional(
    words({
      description: 'x509, x509-ca: common name',
      default: 'first DNS name, or name of the secret',
      support: later,
    }),
  ),
  endpoint: optional(
    choice(['server', 'client'], { description: 'x509: what the certificate is for', support: later }),
  ),
  dns: optional(oneOrMore(text, { description: 'x509: DNS names', example: 'api.example.org', support: later })),
  san: optional(
    oneOrMore(text.regex(/^(?:dns|ip):\S+$/, 'must begin with dns: or ip:'), {
      description: 'x509: alternative names',
      example: 'ip:10.0.0.1',
      since: '0.3.10',
      support: later,
    }),
  ),
  valid_for: optional(
    matching(spanPattern, 'must be a time such as 90 days', {
      description: 'x509, x509-ca: life of the certificate, renewed before its end',
      example: '90 days',
      default: 'without an end',
      support: later,
    }),
  ),
  tenant_id: optional(words({ description: 'aad-token: tenant', support: later })),
  client_id: optional(words({ description: 'aad-token: client', support: later })),
  application_secret: optional(words({ description: 'aad-token: secret of the application', support: later })),
  certificate_thumbprint: optional(words({ description: 'aad-token: thumbprint of the certificate', support: later })),
  signer: optional(plainName({ description: 'jwt: secret with a P-384 private key', since: '0.3.12', support: later })),
  alg: optional(
    choice(['ES384'], { description: 'jwt: algorithm', default: 'ES384', since: '0.3.12', support: later }),
  ),
  validity: optional(
    z
      .strictObject({
        for: matching(spanPattern, 'must be a time such as 1 hour', { description: 'life of the token' }),
      })
      .meta({ description: 'jwt: how long it is valid', since: '0.3.12', support: later }),
  ),
  payload: optional(textMap({ description: 'jwt: claims', since: '0.3.12', support: later })),
});

/** Fields that a secret cannot do without, unless it comes from elsewhere or has a value. */
const needed: { readonly [kind in SecretKind]?: Rule } = {
  'public-key': has('private_key'),
  x509: has('private_key'),
  'x509-ca': has('private_key'),
  'aad-token': all(
    has('tenant_id', 'client_id'),
    some(has('application_secret'), has('private_key', 'certificate_thumbprint')),
  ),
  jwt: has('signer'),
};
const fromElsewhere = some(has('import'), has('import_akv'));
const specific = [...new Set(Object.values(kindFields).flat())];
const keyKinds = ['private-key', 'public-key', 'x509', 'x509-ca'];

export const secretSchema = secretFields.meta({
  also: {
    allOf: [
      ...secretKinds.map((kind) =>
        when(is('kind', kind), lacks(...specific.filter((field) => !kindFields[kind].includes(field)))),
      ),
      ...Object.entries(needed).map(([kind, rule]) =>
        when(all(is('kind', kind), never(some(fromElsewhere, has('value'), has('value_hmac')))), rule),
      ),
      when(all(is('kind', 'config-fragment'), never(fromElsewhere)), some({ required: ['value'] }, has('value_hmac'))),
      when(never(has('kind')), fromElsewhere),
      when(never(is('kind', 'aad-token')), like('private_key', namePattern)),
      never(all(has('import'), has('import_akv'))),
      when(fromElsewhere, lacks('value')),
      when(is('kind', 'ascii'), like('value', /^/)),
      when(is('kind', 'binary'), like('value', /^(?:[0-9a-fA-F]{2})+$/)),
      when(is('kind', ...keyKinds), like('value', pemPattern)),
      when(is('kind', 'aad-token', 'pgp-key', 'jwt'), lacks('value')),
      when(is('endpoint', 'client'), lacks('dns')),
      when(all(is('kind', 'jwt'), has('payload')), {
        properties: { payload: { properties: { iat: false, nbf: false, exp: false } } },
      }),
    ],
  },
});

export const secrets = list(secretSchema, { description: 'secrets that the CAS makes or keeps' });
export type ParsedSecret = z.infer<typeof secretSchema>;
