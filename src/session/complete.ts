import type { SecretKind } from '../language/vocabulary.ts';
import type { Session, SessionService, sessionVersion, Variant } from './types.ts';

/** A text that is nothing but `$$SCONE::name$$`: a config-fragment that takes the place of a part of the session. */
export type Fragment = `$$SCONE::${string}`;

/** A text as in `Session`; or signatures; or several entries that must agree. One key each. */
export type AccessEntry =
  | string
  | { signer: string }
  | { 'require-all': AccessEntry[] }
  | { [requireAtLeast: `require-at-least-${number}`]: AccessEntry[] };

export interface CompleteAccess {
  read: AccessEntry[];
  update: AccessEntry[];
  create_sessions: AccessEntry[];
  /** Absent: as `read`. */
  list_sessions?: AccessEntry[];
}

/** What an SGX enclave must be; all of what is there. */
export interface CompleteSgx {
  /** Any of these; an entry may be a fragment. */
  mrenclave?: string[];
  mrsigner?: string;
  isvprodid?: string;
  isvsvn?: string;
  isvsvn_min?: string;
  isvsvn_max?: string;
  /** In the place of all of them but `mrenclave`. */
  signer?: Fragment;
}

export type CompleteVariant = Variant | Fragment | { sgx: CompleteSgx } | { tdx: unknown } | { snp: unknown };

/** `command` is empty where the file has none. */
export interface CompleteService extends Omit<SessionService, 'attestation'> {
  attestation: CompleteVariant[];
  fspf_path?: string;
  fspf_key?: string;
  fspf_tag?: string;
  fspf_update_policy?: string;
  platforms?: string[];
  one_time_password_shared_secret?: string;
}

/** Another session, perhaps on another CAS. */
export interface Other {
  session: string;
  session_hash?: string;
  cas_url?: string;
  cas_key?: string;
  cas_software_key?: string;
}

export type SecretExport = Other | { namespace: string };
export type SecretImport = Other & { secret: string };

export interface KeyVault {
  vault: string;
  secret_name: string;
  token?: Fragment;
  decryption_key?: Fragment;
}

/** A secret of any kind; which kind has which field is `kindFields`. */
export interface CompleteSecret {
  name: string;
  /** Absent only where it is imported. */
  kind?: SecretKind;
  size?: string;
  value_hmac?: string;
  export_public?: true;
  export?: SecretExport[];
  import?: SecretImport;
  import_akv?: KeyVault;
  key_type?: string;
  migrate?: true;
  private_key?: string;
  issuer?: string;
  common_name?: string;
  endpoint?: string;
  dns?: string[];
  san?: string[];
  valid_for?: string;
  tenant_id?: string;
  client_id?: string;
  application_secret?: string;
  certificate_thumbprint?: string;
  signer?: string;
  alg?: string;
  validity?: { for: string };
  payload?: { [claim: string]: string };
}

export type VolumeTarget = Pick<Other, 'session' | 'session_hash'>;
export type VolumeExport = VolumeTarget | { to: VolumeTarget; update_policy?: string; volume_alias?: string };

export interface SessionVolume {
  name: string;
  /** Absent where it is imported. */
  files?: 'encrypted' | 'authenticated-only';
  fspf_key?: string;
  fspf_tag?: string;
  export?: VolumeExport[];
  import?: VolumeTarget & { volume: string };
}

export interface CompleteFile {
  path: string;
  content?: string;
  permission?: string;
}

export interface CompleteImage {
  name: string;
  /** A text is the path of a template in the file system. */
  injection_files: (CompleteFile | string)[];
  volumes?: { name: string; path: string; update_policy: string }[];
  provide_secrets?: string[];
}

export interface CompleteSecurity {
  attestation?:
    | Fragment
    | {
        tolerate: string[];
        ignore_advisories: string[] | '*';
        mode?: 'none' | 'maa' | Fragment;
        url?: string;
        certificates?: string[];
        trusted_scone_qe_pubkeys?: string[];
        must_be_sgx_local?: true | Fragment;
        one_time_password_shared_secret?: string;
      };
  freshness?: unknown;
  service_access_token?: string;
  singleton_enclaves?: true | Fragment;
}

/** Something in a session that the language knows and that no CAS of this version honours. */
export interface UnsupportedPart {
  path: readonly (string | number)[];
  /** By name: `volumes`, `the secret kind x509`. */
  what: string;
  /** A sentence about the field, where one that begins with `what` would not be understood. */
  rule?: string;
  hint?: string;
}

/**
 * A session with all that the language has, in its normal form. `Session` is the part of it that a CAS of this version
 * honours, so that each `Session` is one of these; `supported.ts` says what the difference is.
 */
export interface CompleteSession extends Pick<Session, 'namespace_hash' | 'predecessor' | 'salt'> {
  version: typeof sessionVersion;
  name: string;
  creator?: string | { signer: string[] };
  access_policy: CompleteAccess | Fragment;
  security?: CompleteSecurity | Fragment;
  services: CompleteService[];
  images: CompleteImage[];
  secrets: CompleteSecret[];
  volumes?: SessionVolume[];
  secret_config?: { store_in: { akv: Omit<KeyVault, 'secret_name'> } };
}
