import type { z } from 'zod';
import type { Path, Problems } from './problems.ts';
import { type ParsedService, variantSchema } from './schema.ts';
import type { SgxRequirement, Variant } from './types.ts';

export function normaliseAttestation(service: ParsedService, path: Path, problems: Problems): Variant[] {
  const at = [...path, 'attestation'];
  const { mrenclaves } = service;
  if (service.attestation === undefined || service.attestation === null) {
    if (mrenclaves === undefined) {
      problems.error(path, 'lacks "attestation"', {
        hint: 'say what may start this service; attestation: [] means that nobody may',
      });
      return [];
    }
    if ((service.init_data ?? []).length === 0) {
      problems.warning([...path, 'mrenclaves'], 'stands without init_data, so this service never starts', {
        hint: 'add init_data: the SHA-256 of the init data that may start it',
      });
    }
    // The old list means SGX, and on a simulated CAS, where nothing else is accepted, the simulation too.
    return mrenclaves.length === 0 ? [] : [{ sgx: { mrenclave: mrenclaves } }, { sim: { mrenclave: mrenclaves } }];
  }
  if (mrenclaves !== undefined) {
    problems.error([...path, 'mrenclaves'], 'stands beside attestation', {
      hint: 'mrenclaves is the old form of attestation: remove it',
    });
  }
  if (!Array.isArray(service.attestation)) {
    problems.error(at, 'must be a list with one map for each TEE', {
      hint: 'write attestation: [{sgx: {mrenclave: [<hex>]}}]',
    });
    return [];
  }
  return service.attestation.flatMap((item, index) => normaliseVariant(item, [...at, index], problems));
}

function normaliseVariant(item: unknown, path: Path, problems: Problems): Variant[] {
  const variant = problems.check(variantSchema, item, path);
  if (variant === undefined) return [];
  for (const tee of ['tdx', 'snp'] as const) {
    if (variant[tee] !== undefined) problems.notYet([...path, tee], `attestation of ${tee}`);
  }
  for (const factor of ['mrenclave', 'signer'] as const) {
    if (variant[factor] !== undefined) {
      problems.notYet(
        [...path, factor],
        `${factor} without a TEE`,
        'write it below the TEE: {sgx: {mrenclave: [<hex>]}}',
      );
    }
  }
  const named = Object.values(variant).filter((member) => member !== undefined).length;
  if (named !== 1) {
    problems.error(path, 'must name exactly one TEE', { hint: 'give each TEE a map of its own in the list' });
    return [];
  }
  if (variant.sim !== undefined) return [{ sim: variant.sim }];
  if (variant.sgx === undefined) return [];
  const requirement = sgxRequirement(variant.sgx, [...path, 'sgx'], problems);
  return requirement === undefined ? [] : [{ sgx: requirement }];
}

type ParsedSgx = NonNullable<z.infer<typeof variantSchema>['sgx']>;

/** A measurement, or a signer with product and least version: a signer alone would admit whatever it ever signed (17). */
function sgxRequirement(sgx: ParsedSgx, path: Path, problems: Problems): SgxRequirement | undefined {
  const { mrenclave, mrsigner, isvprodid, isvsvn_min } = sgx;
  const bySigner = mrsigner !== undefined || isvprodid !== undefined || isvsvn_min !== undefined;
  if (mrenclave !== undefined && !bySigner) return { mrenclave };
  if (mrenclave === undefined && mrsigner !== undefined && isvprodid !== undefined && isvsvn_min !== undefined) {
    return { mrsigner, isvprodid, isvsvn_min };
  }
  problems.error(path, 'must have mrenclave, or all of mrsigner, isvprodid and isvsvn_min', {
    hint: 'a signer without product and least version would admit everything it ever signed',
  });
  return undefined;
}
