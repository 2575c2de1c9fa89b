import { z } from 'zod';
import { keyTypes, secretKinds, spanPattern } from '../language/vocabulary.ts';
import {
  choice,
  flag,
  hash,
  list,
  matching,
  oneOrMore,
  optional,
  placeholder,
  plainName,
  shapes,
  text,
  textMap,
  words,
} from './fields.ts';
import { exportSchema, secretImportSchema, shareUrl } from './share-schema.ts';

const later = 'refused';

/** A secret of a key vault of Azure. */
export const akvSchema = z.strictObject({
  vault: words({ description: 'address of the vault', example: 'https://name.vault.azure.net' }),
  secret_name: optional(words({ description: 'name of the secret there', default: 'the own name' })),
  token: optional(placeholder({ description: 'an aad-token; needed where there is not exactly one' })),
  decryption_key: optional(placeholder({ description: 'key of the AES-256-GCM envelope', since: '0.3.10' })),
});

/** Fields of one secret, whatever its kind; which kind has which is `kindFields` of the core. */
export const secretSchema = z.strictObject({
  name: plainName({ description: 'name of the secret', example: 'password' }),
  kind: optional(
    choice(secretKinds, {
      description: 'kind of the secret; only ascii and binary are made so far; may be left out for imports',
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
    () => [exportSchema, shareUrl, z.array(z.union([exportSchema, shareUrl]))],
  ).optional(),
  import: shapes({ description: 'the secret is of another session', support: later }, () => [
    secretImportSchema,
    shareUrl,
  ]).optional(),
  import_akv: optional(
    akvSchema.meta({ description: 'the secret is in a key vault of Azure', since: '0.3.7', support: later }),
  ),
  key_type: optional(choice(keyTypes, { description: 'private-key: kind of key', default: 'P-256', support: later })),
  migrate: optional(
    flag({ description: 'private-key: whether it survives an update', default: 'false', support: later }),
  ),
  private_key: optional(
    plainName({ description: 'public-key, x509, x509-ca, aad-token: secret with the private key', support: later }),
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

export const secrets = list(secretSchema, { description: 'secrets that the CAS makes or keeps' });
export type ParsedSecret = z.infer<typeof secretSchema>;
