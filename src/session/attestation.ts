import type { z } from 'zod';
import type { CompleteSecret, CompleteSgx, CompleteVariant } from './complete.ts';
import { checkFragment, checkFragments, isFragment, structured } from './fragment.ts';
import type { Path, Problems } from './problems.ts';
import { type ParsedService, signerSchema, variantSchema } from './service-schema.ts';

/** What the attestation of one service needs from the rest of the session. */
export interface Surroundings {
  secrets: readonly CompleteSecret[];
  /** Services need no attestation, or another session says whether they do. */
  unattested: boolean;
}

export function normaliseAttestation(
  service: ParsedService,
  path: Path,
  { secrets, unattested }: Surroundings,
  problems: Problems,
): CompleteVariant[] {
  const at = [...path, 'attestation'];
  const { mrenclaves, attestation } = service;
  if (attestation === undefined || attestation === null) {
    if (mrenclaves === undefined) {
      if (unattested) return [];
      problems.error(path, 'lacks "attestation"', {
        hint: 'say what may start this service; attestation: [] means that nobody may',
      });
      return [];
    }
    demandInitData(service, [...path, 'mrenclaves'], problems);
    checkFragments(mrenclaves, [...path, 'mrenclaves'], secrets, problems);
    return oldMeasurements(mrenclaves);
  }
  if (mrenclaves !== undefined) {
    problems.error([...path, 'mrenclaves'], 'stands beside attestation', {
      hint: 'mrenclaves is the old form of attestation: remove it',
    });
  }
  if (Array.isArray(attestation)) {
    return attestation.flatMap((item, index) => variants(service, item, [...at, index], secrets, problems));
  }
  return variants(service, attestation, at, secrets, problems);
}

/** A measurement alone means SGX and, on a simulated CAS, where nothing else is accepted, the simulation too. */
function oldMeasurements(mrenclave: string[]): CompleteVariant[] {
  return mrenclave.length === 0 ? [] : [{ sgx: { mrenclave } }, { sim: { mrenclave } }];
}

function demandInitData(service: ParsedService, path: Path, problems: Problems): void {
  if ((service.init_data ?? []).length > 0) return;
  problems.warning(path, 'stands without init_data, so this service never starts', {
    hint: 'add init_data: the SHA-256 of the init data that may start it',
  });
}

function variants(
  service: ParsedService,
  item: unknown,
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): CompleteVariant[] {
  if (isFragment(item)) {
    checkFragment(item, path, secrets, problems, structured);
    return [item];
  }
  const variant = problems.check(variantSchema, item, path);
  if (variant === undefined) return [];
  const { sim, sgx, tdx, snp, mrenclave, signer } = variant;
  const named = [sim, sgx, tdx, snp, mrenclave ?? signer ?? undefined].filter((member) => member !== undefined).length;
  if (named !== 1) {
    problems.error(path, 'must name exactly one TEE', { hint: 'give each TEE a map of its own in the list' });
    return [];
  }
  for (const [at, measured] of [
    [[...path, 'sim'], sim?.mrenclave],
    [[...path, 'sgx'], sgx?.mrenclave],
    [path, mrenclave],
  ] as const) {
    checkFragments(measured ?? [], [...at, 'mrenclave'], secrets, problems);
  }
  if (sim !== undefined) return [{ sim }];
  if (tdx !== undefined) return [{ tdx }];
  if (snp !== undefined) return [{ snp }];
  if (sgx !== undefined) return requirement(sgx, [...path, 'sgx'], secrets, problems);
  // The language's own form says nothing of a TEE: it knows SGX only.
  demandInitData(service, path, problems);
  if (signer === undefined || signer === null) return oldMeasurements(mrenclave ?? []);
  if (isFragment(signer)) return requirement({ mrenclave, signer }, path, secrets, problems);
  const fields = problems.check(signerSchema, signer, [...path, 'signer']);
  return fields === undefined
    ? []
    : requirement({ ...fields, mrenclave }, [...path, 'signer'], secrets, problems, true);
}

type ParsedSgx = Partial<NonNullable<z.infer<typeof variantSchema>['sgx']>>;

/**
 * A measurement, or a signer with a product: without it, it would admit whatever it ever signed. The language lets the
 * version out as well; a CAS of ours does not take that (threat model 17), which `supported.ts` says.
 */
function requirement(
  sgx: ParsedSgx,
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
  signed = false,
): CompleteVariant[] {
  const { mrenclave, mrsigner, isvprodid, isvsvn, isvsvn_min, isvsvn_max, signer } = sgx;
  const fields = { mrsigner, isvprodid, isvsvn, isvsvn_min, isvsvn_max };
  // A signer that is there and empty was meant to say something.
  const bySigner = signed || Object.values(fields).some((field) => field !== undefined);
  for (const [field, value] of Object.entries({ ...fields, signer })) {
    if (isFragment(value))
      checkFragment(value, [...path, field], secrets, problems, field === 'signer' ? structured : undefined);
  }
  if (bySigner && signer !== undefined) {
    problems.error([...path, 'signer'], 'stands beside what it holds', {
      hint: 'write the fields of the signer, or this',
    });
  }
  if (bySigner ? mrsigner === undefined || isvprodid === undefined : mrenclave === undefined && signer === undefined) {
    problems.error(path, 'must have mrenclave, or all of mrsigner, isvprodid and isvsvn_min', {
      hint: 'a signer without product and least version would admit everything it ever signed',
    });
    return [];
  }
  if (isvsvn !== undefined && (isvsvn_min !== undefined || isvsvn_max !== undefined)) {
    problems.error([...path, 'isvsvn'], 'stands beside isvsvn_min or isvsvn_max', {
      hint: 'write the exact version, or its bounds',
    });
  }
  if (isvsvn_max !== undefined && Number(isvsvn_max) < Number(isvsvn_min)) {
    problems.error([...path, 'isvsvn_max'], 'is less than isvsvn_min, so that no version is left');
  }
  const given = { mrenclave, mrsigner, isvprodid, isvsvn, isvsvn_min, isvsvn_max, signer };
  const complete = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as CompleteSgx;
  return [{ sgx: complete }];
}
