import { utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { type Json, parseJson } from '../core/json.ts';
import { type Collateral, collateralExpiry, newestIssueDate, parseCollateral } from '../evidence/collateral.ts';
import { documentsOf, refuseOlder } from '../evidence/freshness.ts';
import type { TrustRoots } from '../evidence/roots.ts';
import { collateralProblems } from '../evidence/sgx/chains.ts';
import type { Cache } from './cache.ts';
import { fetchIntel, type IntelOptions, type IntelPlatform, intelBase } from './intel.ts';
import { type Document, renewed } from './renew.ts';
import type { CollateralSource } from './source.ts';

export interface OnlineOptions extends IntelOptions {
  cache: Cache;
  /** What is fetched is kept only when it is signed under these roots. */
  roots: TrustRoots;
  warn: (warning: SconeError) => void;
}

/** How long an outcome is given again without looking at cache or service, in milliseconds. */
const remembered = { good: 60 * 60 * 1000, bad: 60 * 1000 };
/** Kinds of platforms; evidence that names ever new ones must not grow the memory. */
const most = 256;

/**
 * Collateral from a PCS or PCCS, through the cache. Many questions at once about one platform become one; a failure
 * stands for a minute, so that hostile evidence cannot make a service be asked again and again.
 */
export function onlineCollateral(options: OnlineOptions): CollateralSource {
  const known = new Map<string, { from: number; until: number; outcome: Promise<Collateral> }>();
  const objects = new Map<string, Collateral>();
  return {
    forPlatform(platform, now) {
      const document = intelDocument(platform, options);
      const held = known.get(document.name);
      if (held !== undefined && held.from <= now.getTime() && now.getTime() < held.until) return held.outcome;
      const entry = { from: now.getTime(), until: Number.POSITIVE_INFINITY, outcome: look() };
      async function look(): Promise<Collateral> {
        try {
          const found = await renewed(document, { cache: options.cache, now, warn: options.warn });
          entry.until = Math.min(now.getTime() + remembered.good, collateralExpiry(found).getTime());
          const before = objects.get(document.name);
          // The same object while nothing changed: verifiers remember per object.
          if (before?.text === found.text) return before;
          put(objects, document.name, found);
          return found;
        } catch (error) {
          entry.until = now.getTime() + remembered.bad;
          throw error;
        }
      }
      put(known, document.name, entry);
      return entry.outcome;
    },
  };
}

/** Collateral of an Intel platform as something to be fetched, kept and renewed. */
export function intelDocument(
  platform: IntelPlatform,
  options: Pick<OnlineOptions, 'roots'> & IntelOptions,
): Document<Collateral> {
  const { base = intelBase, version = 4 } = options;
  const { tee, fmspc, pceid, ca } = platform;
  return {
    name: `intel ${base} v${version} ${tee} ${fmspc} ${ca}`,
    what: `collateral of the platform ${fmspc}`,
    fetch: async () => utf8(JSON.stringify(await fetchIntel(platform, options))),
    read(bytes) {
      refuseOldForm(bytes);
      const value = parseCollateral(bytes);
      const { id, ...info } = value.tcbInfo.document;
      if (id !== tee.toUpperCase() || info.fmspc !== fmspc || info.pceId !== pceid) {
        throw new SconeError('E_COLLATERAL', 'the service answered with the collateral of another platform', {
          expected: `${tee.toUpperCase()}, FMSPC ${fmspc}, PCE-ID ${pceid}`,
          found: `${id}, FMSPC ${info.fmspc}, PCE-ID ${info.pceId}`,
        });
      }
      const problem = Object.values(collateralProblems(value, options.roots)).find((one) => one !== undefined);
      if (problem !== undefined) {
        throw new SconeError('E_COLLATERAL', 'what the service answered is not signed as it must be', {
          cause: problem,
          hint: 'name another service: this one serves something else than what the vendor signed',
        });
      }
      return { value, validity: { from: newestIssueDate(value), until: collateralExpiry(value) } };
    },
    refuseOlder: (before, next) => refuseOlder(documentsOf(before), next),
  };
}

/** Version 3 of the API has TCB Info of version 2: without its TEE, and with components that have no names. */
function refuseOldForm(bytes: Uint8Array): void {
  const text = member(parseJson(bytes, 'collateral'), 'tcb_info');
  const version = typeof text === 'string' ? member(parseJson(text, 'TCB Info'), 'version') : undefined;
  if (version !== 2) return;
  throw new SconeError('E_COLLATERAL', 'the service has TCB Info in an old form, which is not taken any more', {
    expected: 'version 3',
    found: 'version 2',
    hint: 'ask version 4 of its API, or name another service',
  });
}

function member(value: Json, name: string): Json | undefined {
  return value === null || typeof value !== 'object' || Array.isArray(value) ? undefined : value[name];
}

function put<T>(map: Map<string, T>, key: string, value: T): void {
  const oldest = map.keys().next();
  if (map.size >= most && !map.has(key) && oldest.done !== true) map.delete(oldest.value);
  map.set(key, value);
}
