import { z } from 'zod';
import { utf8Text } from '../core/bytes.ts';
import { allowances } from '../evidence/allowance.ts';
import { type Requirement, type SgxRequirement, type SnpRequirement, tdAllowances } from '../evidence/requirement.ts';
import { type Tolerance, toleranceRules } from '../evidence/tolerance.ts';
import { checkSource } from '../manifest/problems.ts';
import { readYaml, summary } from '../manifest/yaml.ts';

/** What a policy file asks of evidence. */
export interface EvidencePolicy {
  /** Any one of these. Empty: nothing is accepted. */
  requirements: Requirement[];
  /** SHA-256 of init data of which the TEE must carry one; undefined: not asked for. */
  initData: string[] | undefined;
  tolerance: Tolerance;
}

const hex = (digits: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${digits}}$`), `must be ${digits} hex digits`)
    .transform((text) => text.toLowerCase());
const decimal = (most: number) =>
  z
    .string()
    .refine((text) => /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= most, `must be a number up to ${most}`);
const oneOrMore = <T extends z.ZodType<string>>(item: T) =>
  z
    .union([item, z.array(item)], { error: 'must be one text of its form or a list of them' })
    .transform((value): string[] => [value].flat());
const words = <Name extends string>(list: readonly Name[]) => z.array(z.enum(list as readonly [Name, ...Name[]]));

const ppid = oneOrMore(hex(32)).optional();
const register = oneOrMore(hex(96));

const sgx = z
  .strictObject({
    mrenclave: oneOrMore(hex(64)).optional(),
    mrsigner: hex(64).optional(),
    isvprodid: decimal(0xffff).optional(),
    isvsvn_min: decimal(0xffff).optional(),
    ppid,
  })
  .transform((given, context): SgxRequirement => {
    const { mrenclave, mrsigner, isvprodid, isvsvn_min, ppid: processors } = given;
    const on = processors === undefined ? {} : { ppid: processors };
    const bySigner = mrsigner !== undefined || isvprodid !== undefined || isvsvn_min !== undefined;
    if (mrenclave !== undefined && !bySigner) return { mrenclave, ...on };
    if (mrenclave === undefined && mrsigner !== undefined && isvprodid !== undefined && isvsvn_min !== undefined) {
      return { mrsigner, isvprodid, isvsvn_min, ...on };
    }
    // A signer alone would admit whatever it ever signed (threat model 17).
    context.addIssue('must have mrenclave, or all of mrsigner, isvprodid and isvsvn_min');
    return z.NEVER;
  });

const tdx = z.strictObject({
  mrtd: register,
  rtmr0: register,
  rtmr1: register,
  rtmr2: register,
  min_tee_tcb_svn: hex(32),
  rtmr3: register.optional(),
  mrseam: register.optional(),
  mrowner: register.optional(),
  mrownerconfig: register.optional(),
  mrservicetd: register.optional(),
  allow: words(tdAllowances).optional(),
  ppid,
});

const level = decimal(255);
const allowed = z.literal('allowed').optional();
const required = z.literal('required').optional();
const snp = z.strictObject({
  measurement: register,
  min_tcb: z.strictObject({ fmc: level.optional(), bootloader: level, tee: level, snp: level, microcode: level }),
  policy: z
    .strictObject({
      smt: allowed,
      migrate_ma: allowed,
      cxl: allowed,
      single_socket: required,
      mem_aes_256_xts: required,
      rapl_dis: required,
      ciphertext_hiding: required,
      page_swap_disable: required,
      abi_min: z
        .string()
        .regex(/^\d{1,3}\.\d{1,3}$/, 'must be major.minor')
        .optional(),
    })
    .optional(),
  id_key_digest: register.optional(),
  author_key_digest: register.optional(),
  chip_id: oneOrMore(hex(128)).optional(),
  csp_id: oneOrMore(z.string().min(1, 'is empty')).optional(),
});

const variant = z
  .strictObject({
    sim: z.strictObject({ mrenclave: oneOrMore(hex(64)) }).optional(),
    sgx: sgx.optional(),
    tdx: tdx.optional(),
    snp: snp.optional(),
  })
  .transform((given, context): Requirement => {
    const named = Object.values(given).filter((member) => member !== undefined);
    if (named.length === 1) {
      if (given.sim !== undefined) return { sim: given.sim };
      if (given.sgx !== undefined) return { sgx: given.sgx };
      if (given.tdx !== undefined) return { tdx: withoutAbsent(given.tdx) };
      if (given.snp !== undefined) return { snp: snpRequirement(given.snp) };
    }
    context.addIssue('must name exactly one TEE: sgx, tdx, snp or sim');
    return z.NEVER;
  });

const advisory = z.string().regex(/^(?:\*|INTEL-SA-\d{5})$/, 'must be an advisory such as INTEL-SA-00586, or "*"');

/** The parts of a session that are about evidence, in its words, and `allow`. */
const schema = z.strictObject({
  attestation: z.array(variant),
  init_data: oneOrMore(hex(64)).optional(),
  security: z
    .strictObject({
      attestation: z.strictObject({
        tolerate: words(Object.keys(toleranceRules)).optional(),
        ignore_advisories: oneOrMore(advisory).optional(),
      }),
    })
    .optional(),
  allow: words(Object.keys(allowances) as (keyof typeof allowances)[]).optional(),
});

/** Reads a policy in YAML or JSON. Throws `E_SESSION` with everything that is wrong in it, each at its place. */
export function parsePolicy(bytes: Uint8Array, file: string): EvidencePolicy {
  const source = readYaml(utf8Text(bytes, file), file, 'E_SESSION');
  const { value, problems } = checkSource(source, schema, 'a policy');
  if (value === undefined || problems.length > 0) throw summary(file, 'E_SESSION', problems);
  const { tolerate = [], ignore_advisories: advisories = [] } = value.security?.attestation ?? {};
  return {
    requirements: value.attestation,
    initData: value.init_data,
    tolerance: {
      tolerate,
      ignore_advisories: advisories.includes('*') ? '*' : advisories,
      allow: value.allow ?? [],
    },
  };
}

/** No policy of its own means the strict one. */
function snpRequirement({ policy, min_tcb, ...rest }: z.output<typeof snp>): SnpRequirement {
  return { ...withoutAbsent(rest), min_tcb: withoutAbsent(min_tcb), policy: withoutAbsent(policy ?? {}) };
}

type Present<T> = { [Name in keyof T]: Exclude<T[Name], undefined> };

/** The same members without those that are undefined: absent and undefined are not one thing to the verifier. */
function withoutAbsent<T extends object>(given: T): Present<T> {
  return Object.fromEntries(Object.entries(given).filter(([, member]) => member !== undefined)) as Present<T>;
}
