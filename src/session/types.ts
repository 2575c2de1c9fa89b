/** The only version that is written; versions 0.3 to 0.3.12 are read. */
export const sessionVersion = '0.3.12';

/** Hex, 64 lower-case digits, unless said otherwise. */
type Hex = string;

/** What an SGX enclave must be: one of the measurements, or a signer with product and least version (item 17). */
export type SgxRequirement =
  | { mrenclave: Hex[] }
  | {
      mrsigner: Hex;
      /** Decimal, as text. */
      isvprodid: string;
      /** Decimal, as text. */
      isvsvn_min: string;
    };

/** One way to satisfy a service's `attestation`; it matches only evidence of the TEE it names. */
export type Variant = { sim: { mrenclave: Hex[] } } | { sgx: SgxRequirement };

export interface SessionService {
  name: string;
  /** Program and arguments; may hold placeholders. Never empty. */
  command: string[];
  /** Absolute. */
  pwd?: string;
  /** Without a prototype; values may hold placeholders. */
  environment: { [name: string]: string };
  /** SHA-256 of the init data that may start this service. Empty matches nothing. */
  init_data: Hex[];
  /** Ways to satisfy the attestation, any of them. Empty: nobody may start. */
  attestation: Variant[];
  /** The entry of `images` whose files are injected. */
  image_name?: string;
}

export interface InjectionFile {
  /** Absolute. */
  path: string;
  /** May hold placeholders. Absent: an empty file. */
  content?: string;
  /** Octal, as text (`0400`). */
  permission?: string;
}

export interface SessionImage {
  name: string;
  injection_files: InjectionFile[];
}

export interface SessionSecret {
  name: string;
  kind: 'ascii' | 'binary';
  /** ascii: characters, binary: bytes; decimal, as text. */
  size: string;
  export_public?: true;
  /** Set where the owner gave the value: HMAC under the session's salt; the value travels beside the session. */
  value_hmac?: Hex;
}

export interface AccessPolicy {
  /** Each entry is `CREATOR`, a key hash, or alone `ANY` or `NONE`. */
  read: string[];
  update: string[];
  create_sessions: string[];
}

/** A session in its normal form: every scalar is a text, every list is there. */
export interface Session {
  version: typeof sessionVersion;
  name: string;
  /** Only when a child is created: the hash of its namespace's session. */
  namespace_hash?: Hex;
  /** Only on update: the hash of the session that this one replaces. */
  predecessor?: Hex;
  /** Key hash of the client that created it; set by the CAS. */
  creator?: string;
  /** 32 hex digits; there when an explicit value is. */
  salt?: string;
  access_policy: AccessPolicy;
  security?: { attestation?: { tolerate: string[]; ignore_advisories: string[] | '*' } };
  services: SessionService[];
  images: SessionImage[];
  secrets: SessionSecret[];
}
