import { z } from 'zod';
import type { FieldNote } from '../language/field-note.ts';
import {
  choice,
  folderPath,
  hash,
  list,
  matching,
  oneOrMore,
  optional,
  orPlaceholder,
  placeholder,
  placeholderPattern,
  plainName,
  shapes,
  text,
  textMap,
  uint16Pattern,
  words,
} from './fields.ts';
import { all, has, is, lacks, never, one, some, when } from './rules.ts';
import { password } from './security-schema.ts';

/** A SHA-256 in small hex, or a placeholder. */
const measurement = text
  .regex(
    new RegExp(`^[0-9a-fA-F]{64}$|${placeholderPattern.source}`),
    'must be a SHA-256 in hex (64 digits), or a placeholder',
  )
  .transform((value) => (value.startsWith('$') ? value : value.toLowerCase()));

const measurements = () => oneOrMore(measurement, { description: 'measurement of the enclave, any of these' });
const uint16 = (note: FieldNote) => orPlaceholder(uint16Pattern, 'must be a number up to 65535', note);

/** What a signer must state. */
const signerFields = {
  mrsigner: optional(measurement.meta({ description: 'hash of the key that signed the enclave' })),
  isvprodid: optional(uint16({ description: 'product of the signer' })),
  isvsvn: optional(uint16({ description: 'exact version', support: 'refused' })),
  isvsvn_min: optional(uint16({ description: 'least version' })),
  isvsvn_max: optional(uint16({ description: 'greatest version', support: 'refused' })),
};
const signerNames = Object.keys(signerFields);
/** Product and key belong together; a version is exact or has bounds. */
const signerRule = all(has('mrsigner', 'isvprodid'), some(lacks('isvsvn'), lacks('isvsvn_min', 'isvsvn_max')));
const fragment = placeholder({ description: 'a config-fragment', since: '0.3.10', support: 'refused' });

const sgxSchema = z
  .strictObject({
    mrenclave: optional(measurements()),
    ...signerFields,
    signer: optional(placeholder({ description: 'a config-fragment with all of these', support: 'refused' })),
  })
  .meta({
    description: 'SGX; an extension',
    also: {
      allOf: [
        when(some(...signerNames.map((name) => has(name))), signerRule),
        when(has('signer'), lacks(...signerNames)),
        some(has('mrenclave'), has('mrsigner'), has('signer')),
      ],
    },
  });

export const signerSchema = z.strictObject(signerFields).meta({ also: { allOf: [signerRule] } });

/** One way to satisfy `attestation`: by TEE (an extension), or as the language has it, which means SGX. */
const variantFields = z.strictObject({
  sim: optional(
    z
      .strictObject({ mrenclave: measurements() })
      .meta({ description: 'simulation, which protects nothing; an extension' }),
  ),
  sgx: optional(sgxSchema),
  tdx: optional(z.unknown().meta({ description: 'TDX; an extension', support: 'refused' })),
  snp: optional(z.unknown().meta({ description: 'SEV-SNP; an extension', support: 'refused' })),
  mrenclave: optional(measurements()),
  signer: shapes({ description: 'who signed the enclave' }, () => [signerSchema, fragment]).optional(),
});

export const variantSchema = variantFields.meta({
  also: {
    allOf: [one(has('sim'), has('sgx'), has('tdx'), has('snp'), some(has('mrenclave'), has('signer')))],
  },
});

const serviceFields = z.strictObject({
  name: plainName({ description: 'name of the service', example: 'python3' }),
  command: shapes(
    {
      description: 'program and arguments: a text that is split at blanks, or (since 0.3.1) a list',
      example: '[python3, app.py]',
    },
    () => [text.regex(/\S/), z.array(text)],
  ).optional(),
  environment: optional(
    textMap({ description: 'the only environment the program sees', example: '{API_USER: myself}' }),
  ),
  pwd: optional(folderPath({ description: 'working directory', example: '/python' })),
  init_data: optional(
    oneOrMore(hash({ description: 'SHA-256 of init data' }), {
      description: 'init data that may start this service, besides attestation; empty: none may; an extension',
    }),
  ),
  attestation: shapes(
    { description: 'ways to satisfy the attestation, any of them; empty: nobody may start', since: '0.3.7' },
    () => [variantSchema, fragment, z.array(z.union([variantSchema, fragment]))],
  ).optional(),
  mrenclaves: optional(measurements()),
  image_name: optional(words({ description: 'entry of images whose files and volumes it has' })),
  persistency: optional(words({ description: 'written by tools', support: 'ignored' })),
  fspf_path: optional(folderPath({ description: 'file-system protection file', support: 'refused' })),
  fspf_key: optional(
    orPlaceholder(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits', { description: 'its key', support: 'refused' }),
  ),
  fspf_tag: optional(
    matching(/^[0-9a-fA-F]{32}$/, 'must be 32 hex digits', { description: 'its tag', support: 'refused' }),
  ),
  fspf_update_policy: optional(
    choice(['rollback_protected_reinitializable', 'no_rollback_protection'], {
      description: 'what updates of its tag may do',
      default: 'rollback_protected_reinitializable',
      since: '0.3.11',
      support: 'refused',
    }),
  ),
  platforms: optional(
    oneOrMore(
      text.regex(
        new RegExp(`^INTEL_QE_ID:[0-9a-fA-F]{32}$|^[0-9a-fA-F]{64}$|${placeholderPattern.source}`),
        'must be INTEL_QE_ID: and 32 hex digits, 64 hex digits, or a placeholder',
      ),
      {
        description: 'machines it may run on',
        example: 'INTEL_QE_ID:00112233445566778899aabbccddeeff',
        support: 'refused',
      },
    ),
  ),
  one_time_password_shared_secret: optional(
    password({ description: 'as in security.attestation, for this service', since: '0.3.10', support: 'refused' }),
  ),
  tags: optional(z.unknown().meta({ description: 'of versions 0.1 and 0.2', support: 'ignored' })),
});

export const serviceSchema = serviceFields.meta({
  also: {
    allOf: [
      never(has('mrenclaves', 'attestation')),
      when(all(has('fspf_path'), never(is('fspf_update_policy', 'no_rollback_protection'))), has('fspf_tag')),
    ],
  },
});

export const services = list(serviceSchema, { description: 'programs that get a configuration' });
export type ParsedService = z.infer<typeof serviceSchema>;
