/** Words that service manifests, Meshfiles and sessions have in common. */

/** Weaknesses of a platform that may be tolerated. */
export const weaknesses = [
  'debug-mode',
  'hyperthreading',
  'insecure-igpu',
  'software-hardening-needed',
  'aepic-leak',
  'insecure-configuration',
  'outdated-tcb',
  'maa-managed-tcb',
  'local-attestation-trust-cas-tcb',
] as const;

export const secretKinds = [
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
export type SecretKind = (typeof secretKinds)[number];

export const keyTypes = ['P-256', 'P-384', 'Ed25519', 'RSA-2048', 'RSA-3072'] as const;

/** Fields of every secret. */
export const commonFields: readonly string[] = [
  'name',
  'kind',
  'value',
  'value_hmac',
  'export',
  'export_public',
  'import',
  'import_akv',
];
/** Fields of one kind only. */
export const kindFields: { readonly [kind in SecretKind]: readonly string[] } = {
  ascii: ['size'],
  binary: ['size'],
  'private-key': ['key_type', 'migrate'],
  'public-key': ['private_key'],
  x509: ['private_key', 'issuer', 'common_name', 'endpoint', 'dns', 'san', 'valid_for'],
  'x509-ca': ['private_key', 'issuer', 'common_name', 'valid_for'],
  'aad-token': ['tenant_id', 'client_id', 'application_secret', 'private_key', 'certificate_thumbprint'],
  'config-fragment': [],
  'pgp-key': [],
  jwt: ['signer', 'alg', 'validity', 'payload'],
};

/** Whether a field means something for a kind. */
export function hasField(kind: SecretKind, field: string): boolean {
  return commonFields.includes(field) || kindFields[kind].includes(field);
}

/** Fields that hold a secret, or may hold one. No error repeats what stands in them, since errors end up in logs (item 56). */
export const secretFields: readonly string[] = [
  'value',
  'content',
  'application_secret',
  'private_key',
  'fspf_key',
  'service_access_token',
  'one_time_password_shared_secret',
  // These want a placeholder; what is pasted there instead is the secret itself.
  'token',
  'decryption_key',
  // Who has it can guess short values from the hash of a session (M12).
  'salt',
];

export const volumePolicies = ['ephemeral', 'rollback_protected', 'no_rollback_protection'] as const;
export type VolumePolicy = (typeof volumePolicies)[number];

const span =
  '[1-9][0-9]{0,5} ?(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|M|months?|y|yrs?|years?)';
/** `90 days`, `59d`, `1 year`, `1h30m`; several parts add up, and `M` is a month. */
export const spanPattern = new RegExp(`^${span}(?: ?${span})*$`);
