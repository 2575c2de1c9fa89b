import { z } from 'zod';

/** The shapes of the session language; what holds between fields is in `parse.ts`. Null counts as absent. */
const text = z.string().refine((value) => !value.includes('\0') && value.isWellFormed(), 'must not hold NUL');
const hash = text
  .regex(/^[0-9a-fA-F]{64}$/, 'must be a SHA-256 in hex: 64 digits')
  .transform((hex) => hex.toLowerCase());
const segment = '[A-Za-z0-9_.~-]{1,128}';
const name = text.regex(new RegExp(`^${segment}$`), 'may only have letters, digits and _ - . ~ (1 to 128 of them)');
const sessionName = text
  .max(512, 'must not be longer than 512 characters')
  .regex(
    new RegExp(`^${segment}(?:/${segment})*$`),
    'must be names of letters, digits and _ - . ~, with "/" between them',
  );
const absolutePath = text.regex(
  /^\/$|^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/,
  'must be an absolute path without "//", "." and ".." parts or a slash at its end',
);
const decimal = (most: number) =>
  text.refine((value) => /^(?:0|[1-9][0-9]*)$/.test(value) && Number(value) <= most, `must be a number up to ${most}`);
const flag = z.union([z.boolean(), z.enum(['true', 'false'])]).transform((value) => value === true || value === 'true');

function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value): z.output<T> | undefined => value ?? undefined);
}
/** A known field that is refused by name. */
const later = optional(z.unknown());

function list<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .nullish()
    .transform((items): z.output<T>[] => items ?? []);
}
function oneOrMore<T extends z.ZodType<string>>(item: T) {
  return z
    .union([item, z.array(item)], { error: 'must be one such text or a list of them' })
    .transform((value): string[] => (Array.isArray(value) ? value : [value]));
}

/** A map of texts without a prototype. Not `z.record`, which drops a member called `__proto__` (M12). */
const textMap = z
  .custom<{ [name: string]: string | null }>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be a map',
  )
  .transform((map, context) => {
    const texts: { [name: string]: string } = Object.create(null);
    for (const [key, value] of Object.entries(map)) {
      const result = text.safeParse(value ?? '');
      if (result.success) texts[key] = result.data;
      else context.addIssue({ code: 'custom', message: 'must be a text', path: [key] });
      if (key === '' || /[=\0]/.test(key) || !key.isWellFormed()) {
        context.addIssue({ code: 'custom', message: 'has a name that no variable can have', path: [key] });
      }
    }
    return texts;
  });

const measurement = z.strictObject({ mrenclave: oneOrMore(hash) });
const signer = z.strictObject({ mrsigner: hash, isvprodid: decimal(0xffff), isvsvn_min: decimal(0xffff) });

export const variantSchema = z.strictObject({
  sim: optional(measurement),
  sgx: optional(
    z.strictObject({
      mrenclave: optional(oneOrMore(hash)),
      mrsigner: optional(signer.shape.mrsigner),
      isvprodid: optional(signer.shape.isvprodid),
      isvsvn_min: optional(signer.shape.isvsvn_min),
    }),
  ),
  tdx: later,
  snp: later,
  mrenclave: later,
  signer: later,
});

const service = z.strictObject({
  name,
  command: z.union([text, z.array(text).min(1, 'is empty; it begins with the program')], {
    error: 'must be a list of texts, the program first',
  }),
  environment: optional(textMap),
  pwd: optional(absolutePath),
  init_data: optional(oneOrMore(hash)),
  attestation: z.unknown().optional(),
  mrenclaves: optional(oneOrMore(hash)),
  image_name: optional(text),
  persistency: later,
  fspf_path: later,
  fspf_key: later,
  fspf_tag: later,
  fspf_update_policy: later,
  platforms: later,
  one_time_password_shared_secret: later,
  tags: later,
});

const image = z.strictObject({
  name: text.min(1, 'is empty'),
  injection_files: list(
    z.union(
      [
        text,
        z.strictObject({
          path: absolutePath,
          content: optional(text),
          permission: optional(text.regex(/^(?:0o?)?[0-7]{3}$/, 'must be octal, such as 0400')),
        }),
      ],
      { error: 'must be {path, content, permission} with an absolute path and octal permission, or a path' },
    ),
  ),
  volumes: later,
  provide_secrets: later,
  mrenclaves: later,
  tags: later,
});

const secretKinds = [
  'ascii',
  'binary',
  'private-key',
  'public-key',
  'x509',
  'x509-ca',
  'aad-token',
  'config-fragment',
  'pgp-key',
  'jwt',
] as const;

/** Fields of other kinds, and ways to share that are not supported yet. */
export const laterSecretFields = [
  'export',
  'import',
  'import_akv',
  'key_type',
  'migrate',
  'private_key',
  'issuer',
  'common_name',
  'endpoint',
  'dns',
  'san',
  'valid_for',
  'tenant_id',
  'client_id',
  'application_secret',
  'certificate_thumbprint',
  'signer',
  'alg',
  'validity',
  'payload',
] as const;

const secret = z.strictObject({
  name,
  kind: optional(z.enum(secretKinds)),
  size: optional(text.regex(/^[1-9][0-9]{0,4}$/, 'must be a number from 1 to 99999')),
  value: optional(text),
  value_hmac: optional(hash),
  export_public: optional(flag),
  ...(Object.fromEntries(laterSecretFields.map((field) => [field, later])) as {
    [field in (typeof laterSecretFields)[number]]: typeof later;
  }),
});

const accessPolicy = z.strictObject({
  read: z.unknown().optional(),
  update: z.unknown().optional(),
  create_sessions: z.unknown().optional(),
  list_sessions: later,
});

const security = z.strictObject({
  attestation: optional(
    z.strictObject({
      mode: optional(text),
      tolerate: optional(z.array(text)),
      ignore_advisories: optional(oneOrMore(text)),
      trusted_scone_qe_pubkeys: later,
      must_be_sgx_local: later,
      one_time_password_shared_secret: later,
    }),
  ),
  freshness: later,
  service_access_token: later,
  singleton_enclaves: later,
});

export const sessionSchema = z.strictObject({
  version: text,
  name: sessionName,
  namespace_hash: optional(hash),
  predecessor: optional(text.regex(/^(?:~|null|[0-9a-fA-F]{64})$/, 'must be a session hash in hex: 64 digits')),
  creator: optional(text),
  salt: optional(text.regex(/^[0-9a-fA-F]{32}$/, 'must be 32 digits of hex').transform((value) => value.toLowerCase())),
  access_policy: optional(accessPolicy),
  security: optional(security),
  services: list(service),
  images: list(image),
  secrets: list(secret),
  volumes: later,
  secret_config: later,
});

export type ParsedSessionDocument = z.infer<typeof sessionSchema>;
export type ParsedService = ParsedSessionDocument['services'][number];
