import { z } from 'zod';
import { accessPolicySchema, creatorSchemas } from './access-schema.ts';
import { hash, matching, optional, placeholder, sessionName, shapes, text } from './fields.ts';
import { images, volumes } from './image-schema.ts';
import { all, has, like, never, when } from './rules.ts';
import { akvSchema, secrets } from './secret-schema.ts';
import { securitySchema } from './security-schema.ts';
import { services } from './service-schema.ts';

/** The shapes of the session language; what holds between fields is in `parse.ts`. Null counts as absent. */
const fragment = placeholder({ description: 'a config-fragment', since: '0.3.10', support: 'refused' });

/** Where secrets are stored: the tags `!cas` and `!akv` are read as maps with that one key. */
const storeSchema = z
  .strictObject({
    cas: optional(z.unknown().meta({ description: 'in the CAS; the tag !cas' })),
    akv: optional(
      akvSchema
        .pick({ vault: true, token: true })
        .meta({ description: 'in a key vault of Azure; the tag !akv', support: 'refused' }),
    ),
  })
  .meta({ also: { allOf: [never(has('cas', 'akv'))] } });

const hex64 = /^[0-9a-fA-F]{64}$/;
const withValueHmac = {
  required: ['secrets'],
  properties: { secrets: { type: 'array', contains: { type: 'object', ...has('value_hmac') } } },
};

const sessionFields = z.strictObject({
  version: matching(
    /^0\.3(?:\.(?:[0-9]|1[0-2]))?$/,
    'is no version of the session language that is read here: 0.3 to 0.3.12',
    { description: 'version of the language, 0.3 to 0.3.12', example: '"0.3.12"' },
  ),
  name: sessionName({
    description: 'name of the session, with its namespace (since 0.3.5); / is the root (since 0.3.11)',
    example: 'myPythonApp/pythonapp',
  }),
  namespace_hash: optional(hash({ description: 'when it is created: hash of the session above it', since: '0.3.11' })),
  predecessor: optional(
    matching(/^(?:~|null|[0-9a-fA-F]{64})?$/, 'must be a session hash in hex: 64 digits', {
      description: 'when it is updated: hash of the session it replaces',
    }),
  ),
  digest: optional(
    matching(/^create$/, 'is of version 0.1; an update names its predecessor', {
      description: 'of version 0.1: create',
      support: 'ignored',
    }),
  ),
  creator: shapes({ description: 'who created it; the CAS fills it in' }, creatorSchemas).optional(),
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

export const sessionSchema = sessionFields.meta({
  also: {
    allOf: [
      never(all(has('namespace_hash', 'predecessor'), like('predecessor', hex64))),
      when(withValueHmac, has('salt')),
    ],
  },
});

export type ParsedSessionDocument = z.infer<typeof sessionSchema>;
