import { join } from 'node:path';
import { addressText, parseAddress } from '../client/address.ts';
import type { Acceptance, AttestPolicy } from '../client/attest.ts';
import { Cas } from '../client/cas.ts';
import { loadIdentity } from '../client/identity.ts';
import { hex } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { productionRoots } from '../evidence/roots.ts';
import { renderCasInitData } from '../initdata/document.ts';
import { codeHash } from '../measurement/code.ts';
import { simCas } from '../measurement/sim.ts';
import { simulationRoots } from '../sim/anchor.ts';
import { memories } from './cas-memories.ts';
import type { Context } from './context.ts';

/**
 * What is expected of a CAS. The simulated one is expected to run the code of this very installation (conventions,
 * "Sim CAS evidence"); for production no release has measured one yet, so none is expected.
 */
export async function attestPolicy(accept: Acceptance): Promise<Omit<AttestPolicy, 'keyGiven' | 'now'>> {
  const code = await codeHash(join(import.meta.dirname, '..', '..'));
  return {
    accept,
    roots: { production: productionRoots, simulation: simulationRoots },
    expected: {
      production: { measurements: [], initData: [] },
      simulation: { measurements: [simCas(code)], initData: [sha256(renderCasInitData({ rootfs: hex(code) }))] },
    },
  };
}

/** A CAS that was attested earlier: the one that is named, or the only one that there is. */
export async function pinnedCas(context: Context, named: unknown): Promise<Cas> {
  const address = parseAddress(typeof named === 'string' ? named : await onlyPinned(context));
  const identity = await loadIdentity(context.home, context.now);
  const cas = await Cas.open({
    address,
    identity,
    memories: await memories(context, context.folder),
    now: context.now,
  });
  sayWhatItIs(context, cas);
  return cas;
}

/** Said each time, since nothing else would remind of it (review M20); and what was accepted unseen. */
export function sayWhatItIs({ reporter }: Context, cas: Cas): void {
  if (cas.mode !== 'production') {
    reporter.notice(`NOT CONFIDENTIAL: the CAS at ${cas.address} (key ${cas.key}) is for testing and protects nothing`);
  }
  for (const warning of cas.attested?.warnings ?? []) reporter.warning(warning);
}

/** Closes the CAS after the work, remembering its newest head; after a failure without hiding that by another. */
export async function finishing<T>(cas: Cas, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await cas.close();
    throw error;
  }
  await cas.finish();
  return result;
}

async function onlyPinned(context: Context): Promise<string> {
  const pinned = new Set<string>();
  for (const memory of await memories(context, context.folder)) {
    const { cas } = await memory.read();
    for (const address of [...Object.keys(cas.production), ...Object.keys(cas.simulation)]) pinned.add(address);
  }
  const [only, another] = [...pinned].sort();
  if (only === undefined) {
    throw new SconeError('E_USAGE', 'no CAS was attested yet', {
      hint: 'sconectl cas attest <host>, or apply a Meshfile',
    });
  }
  if (another === undefined) return only;
  throw new SconeError('E_USAGE', 'which CAS is meant?', {
    expected: `--cas with one of ${[...pinned].sort().join(', ')}`,
    hint: `for instance: --cas ${addressText(parseAddress(only))}`,
  });
}
