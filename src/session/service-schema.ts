import { z } from 'zod';
import {
  absolutePath,
  choice,
  decimal,
  hash,
  list,
  matching,
  oneOrMore,
  optional,
  orPlaceholder,
  placeholder,
  plainName,
  shapes,
  text,
  textMap,
  words,
} from './fields.ts';

const measurements = () =>
  oneOrMore(
    text
      .regex(
        /^[0-9a-fA-F]{64}$|^\$\$SCONE::(?:(?!\$\$)[^])+\$\$$/,
        'must be a SHA-256 in hex (64 digits), or a placeholder',
      )
      .transform((value) => (value.startsWith('$') ? value : value.toLowerCase())),
    { description: 'measurement of the enclave, any of these' },
  );

const version = { description: 'version of the product' };
/** What a signer must state. */
const signerFields = {
  mrsigner: optional(hash({ description: 'hash of the key that signed the enclave' })),
  isvprodid: optional(decimal(0xffff, { description: 'product of the signer' })),
  isvsvn: optional(decimal(0xffff, { ...version, description: 'exact version', support: 'refused' })),
  isvsvn_min: optional(decimal(0xffff, { ...version, description: 'least version' })),
  isvsvn_max: optional(decimal(0xffff, { ...version, description: 'greatest version', support: 'refused' })),
};

/** One way to satisfy `attestation`: by TEE (an extension), or as the language has it, which means SGX. */
export const variantSchema = z.strictObject({
  sim: optional(
    z
      .strictObject({ mrenclave: measurements() })
      .meta({ description: 'simulation, which protects nothing; an extension' }),
  ),
  sgx: optional(
    z.strictObject({ mrenclave: optional(measurements()), ...signerFields }).meta({ description: 'SGX; an extension' }),
  ),
  tdx: optional(z.unknown().meta({ description: 'TDX; an extension', support: 'refused' })),
  snp: optional(z.unknown().meta({ description: 'SEV-SNP; an extension', support: 'refused' })),
  mrenclave: optional(measurements()),
  signer: optional(z.strictObject(signerFields).meta({ description: 'who signed the enclave' })),
});

const fragment = placeholder({ description: 'a config-fragment', since: '0.3.10', support: 'refused' });

export const serviceSchema = z.strictObject({
  name: plainName({ description: 'name of the service', example: 'python3' }),
  command: shapes(
    {
      description: 'program and arguments: a text that is split at blanks, or (since 0.3.1) a list',
      example: '[python3, app.py]',
    },
    () => [text, z.array(text).min(1)],
  ),
  environment: optional(
    textMap({ description: 'the only environment the program sees', example: '{API_USER: myself}' }),
  ),
  pwd: optional(absolutePath({ description: 'working directory', example: '/python' })),
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
  fspf_path: optional(absolutePath({ description: 'file-system protection file', support: 'refused' })),
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
        /^INTEL_QE_ID:[0-9a-fA-F]{32}$|^[0-9a-fA-F]{64}$|^\$\$SCONE::(?:(?!\$\$)[^])+\$\$$/,
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
    words({ description: 'as in security.attestation, for this service', since: '0.3.10', support: 'refused' }),
  ),
  tags: optional(z.unknown().meta({ description: 'of versions 0.1 and 0.2', support: 'ignored' })),
});

export const services = list(serviceSchema, { description: 'programs that get a configuration' });
export type ParsedService = z.infer<typeof serviceSchema>;
