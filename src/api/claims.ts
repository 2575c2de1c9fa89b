import { z } from 'zod';
import { base64Text, hashText, noteText } from './text.ts';

/** Bytes of base64 for an X25519 public key. */
const x25519Text = base64Text(32);

/**
 * What a session may need of a runtime beyond arguments and environment: injected files, arguments and variables of
 * the host that the session names. A runtime lists in `runtime.can` what it has; a session that needs more is refused
 * by name (H13).
 */
export const abilities = ['files', 'argv-host', 'env-host'] as const;
export type Ability = (typeof abilities)[number];

/**
 * What a service's runtime states about itself. The exact bytes that were sent are hashed into `report_data`; they are
 * never re-serialised. Unknown claims are refused.
 */
export const serviceClaims = z.strictObject({
  v: z.literal(1),
  tee: z.enum(['sgx', 'tdx', 'snp', 'sim']),
  /** `<namespace>/<service>/<binary>`: session name, then the entry in it. */
  config_id: z
    .string()
    .max(641)
    .regex(/^[A-Za-z0-9_.~-]+(?:\/[A-Za-z0-9_.~-]+)+$/, 'not a config id'),
  /** The rootfs digest the runtime has verified. */
  rootfs: hashText,
  runtime: z.strictObject({
    version: z.string().max(64),
    /** The `abilities` it has; words the CAS does not know do no harm. */
    can: z.array(z.string().max(32)).max(64),
  }),
  otp: z.string().max(16).optional(),
  token_proof: base64Text(32).optional(),
});
export type ServiceClaims = z.infer<typeof serviceClaims>;

/** What a CAS states about itself; bound to the connection by `casReportData`. */
export const casClaims = z.strictObject({
  v: z.literal(1),
  tee: z.enum(['sgx', 'tdx', 'snp', 'sim']),
  mode: z.enum(['production', 'simulation']),
  /** Ledger id, the origin of its heads. */
  ledger: z.string().regex(/^[0-9a-f]{32}$/),
  /** 16 random bytes, hex, new at every start. */
  boot: z.string().regex(/^[0-9a-f]{32}$/),
  /** Key hash of the identity key. */
  identity: z.string().max(64),
  /** X25519 public key, base64, for encrypted sessions. */
  encryption_key: x25519Text,
  /** The signed head at the moment of the answer. */
  head: noteText,
});
export type CasClaims = z.infer<typeof casClaims>;
