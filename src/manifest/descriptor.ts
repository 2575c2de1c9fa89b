import { z } from 'zod';
import { equalBytes, utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { canonicalJson, parseJson } from '../core/json.ts';
import { volumePolicies } from '../language/vocabulary.ts';
import { type SecretKind as ManifestSecretKind, secretKinds, type Volume } from './service.ts';

export const flavours = ['sim', 'sgx', 'tdx', 'snp'] as const;
/** The TEE an image was built for. */
export type Flavour = (typeof flavours)[number];

/**
 * A secret as the image declares it: never with its explicit value, only with the fact that there is one. Texts may
 * hold `{{…}}`, which the mesh replaces.
 */
export interface SecretDeclaration {
  name: string;
  kind: ManifestSecretKind;
  /** ascii: characters, binary: bytes; decimal. Absent: the language's default, 20. */
  size?: string;
  /** The owner gave a value (of an aad-token: the application's secret), which stays on the owner's machine. */
  explicit?: true;
  export_public?: true;
  key_type?: string;
  private_key?: string;
  issuer?: string;
  common_name?: string;
  dns?: string[];
  endpoint?: string;
  valid_for?: string;
  migrate?: true;
  tenant_id?: string;
  client_id?: string;
  certificate_thumbprint?: string;
}

/**
 * The service descriptor: the normalised service manifest without any explicit secret value. The same bytes are the
 * verified file `/opt/scone/service.json` and the OCI label `org.sconectl.service`, so that a Meshfile needs nothing
 * but the image.
 */
export interface ServiceDescriptor {
  v: 1;
  flavour: Flavour;
  /** Version of sconectl that built the image. */
  sconectl: string;
  /** The runtime inside the image; SHA-256 in hex. */
  runtime: { version: string; sha256: string };
  name: string;
  kind: 'python';
  argv: string[];
  /** Working directory, absolute. */
  pwd: string;
  user: { uid: number; gid: number };
  /** The image's own `Env` (PATH, LANG, …), without a prototype. */
  env: { [name: string]: string };
  environment: { local: { name: string; value: string }[]; global: { name: string; value?: string }[] };
  secrets: { global: SecretDeclaration[]; import: string[] };
  injection_files: { path: string; content: string | null }[];
  volumes: Volume[];
}

const text = z.string();
const absolute = text.regex(/^\//, 'is no absolute path');
const id = z.int().min(0).max(0xffff_ffff);

/** A map of texts. Not `z.record`, which drops a member called `__proto__`. */
const textMap = z.custom<{ [name: string]: string }>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((member) => typeof member === 'string'),
  'is no map of texts',
);

const secret = z.strictObject({
  name: text,
  kind: z.enum(secretKinds),
  size: text.regex(/^[0-9]+$/).exactOptional(),
  explicit: z.literal(true).exactOptional(),
  export_public: z.literal(true).exactOptional(),
  key_type: text.exactOptional(),
  private_key: text.exactOptional(),
  issuer: text.exactOptional(),
  common_name: text.exactOptional(),
  dns: z.array(text).exactOptional(),
  endpoint: text.exactOptional(),
  valid_for: text.exactOptional(),
  migrate: z.literal(true).exactOptional(),
  tenant_id: text.exactOptional(),
  client_id: text.exactOptional(),
  certificate_thumbprint: text.exactOptional(),
});

const volume = z.strictObject({
  name: text,
  path: absolute,
  import: z.strictObject({ session: text, volume: text }).exactOptional(),
  export: z
    .array(
      z.strictObject({
        session: text,
        session_hash: text.exactOptional(),
        update_policy: z.enum(volumePolicies).exactOptional(),
        volume_alias: text.exactOptional(),
      }),
    )
    .exactOptional(),
});

const schema = z.strictObject({
  v: z.literal(1),
  flavour: z.enum(flavours),
  sconectl: text,
  runtime: z.strictObject({ version: text, sha256: text.regex(/^[0-9a-f]{64}$/) }),
  name: text,
  kind: z.literal('python'),
  argv: z.array(text).min(1),
  pwd: absolute,
  user: z.strictObject({ uid: id, gid: id }),
  env: textMap,
  environment: z.strictObject({
    local: z.array(z.strictObject({ name: text, value: text })),
    global: z.array(z.strictObject({ name: text, value: text.exactOptional() })),
  }),
  secrets: z.strictObject({ global: z.array(secret), import: z.array(text) }),
  injection_files: z.array(z.strictObject({ path: absolute, content: text.nullable() })),
  volumes: z.array(volume),
});

/** The bytes of `service.json`: RFC 8785 JSON and a line feed. */
export function descriptorBytes(descriptor: ServiceDescriptor): Uint8Array<ArrayBuffer> {
  return utf8(`${canonicalJson(descriptor)}\n`);
}

/**
 * Reads `service.json`. Takes only what `descriptorBytes` would have written, so that every reader of the file sees
 * the same descriptor (threat model 68). Throws `E_IMAGE`.
 */
export function parseDescriptor(bytes: Uint8Array): ServiceDescriptor {
  const hint = 'build the image again with this version of sconectl';
  let value: unknown;
  try {
    value = parseJson(bytes, 'service descriptor');
  } catch (error) {
    throw new SconeError('E_IMAGE', 'the service descriptor of the image cannot be read', { cause: error, hint });
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    throw new SconeError('E_IMAGE', 'the service descriptor of the image does not have the expected form', {
      causes: result.error.issues.map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`),
      hint,
    });
  }
  if (!equalBytes(descriptorBytes(result.data), bytes)) {
    throw new SconeError('E_IMAGE', 'the service descriptor of the image is not in its one byte form', { hint });
  }
  return result.data;
}
