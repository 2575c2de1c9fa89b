import { readFile, stat } from 'node:fs/promises';
import { rfc3339 } from '../core/clock.ts';
import { SconeError, systemCode } from '../core/errors.ts';
import { type Collateral, collateralExpiry, newestIssueDate } from '../evidence/collateral.ts';
import type { CollateralSource } from './source.ts';
import { parseSupply, supplySizeLimit } from './supply.ts';

/**
 * Collateral from a file: one platform's, or a bundle of several. For hosts without a network; the file is read again
 * when it changed, so that a job can renew it.
 */
export function bundleFile(path: string): CollateralSource {
  let read: { stamp: string; platforms: Collateral[] } | undefined;
  const platforms = async (): Promise<Collateral[]> => {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (read?.stamp === stamp) return read.platforms;
      if (size > supplySizeLimit) {
        throw new SconeError('E_LIMIT', `the collateral file ${path} is too large`, {
          expected: `at most ${supplySizeLimit} bytes`,
          found: `${size} bytes`,
        });
      }
      read = {
        stamp,
        platforms: parseSupply(await readFile(path), path).platforms.filter(
          (one): one is Collateral => !('kind' in one),
        ),
      };
      return read.platforms;
    } catch (cause) {
      if (cause instanceof SconeError && cause.code === 'E_LIMIT') throw cause;
      throw new SconeError('E_COLLATERAL', `the collateral file ${path} cannot be used`, {
        cause,
        hint: systemCode(cause) === 'ENOENT' ? 'write it, or name another file' : 'write it again',
      });
    }
  };
  return {
    async forPlatform({ tee, fmspc, pceid }, now) {
      const all = await platforms();
      const ofPlatform = all.filter(
        ({ tcbInfo: { document } }) =>
          document.id === tee.toUpperCase() && document.fmspc === fmspc && document.pceId === pceid,
      );
      const best = ofPlatform.find(
        (collateral) => newestIssueDate(collateral) <= now && now <= collateralExpiry(collateral),
      );
      const [other] = ofPlatform;
      if (best !== undefined) return best;
      throw new SconeError(
        'E_COLLATERAL',
        `the collateral file ${path} has nothing for this platform that is in force`,
        {
          expected: `${tee.toUpperCase()}, FMSPC ${fmspc}, PCE-ID ${pceid}, at ${rfc3339(now)}`,
          found:
            other === undefined
              ? all
                  .map(
                    ({ tcbInfo: { document } }) => `${document.id}, FMSPC ${document.fmspc}, PCE-ID ${document.pceId}`,
                  )
                  .join('; ')
              : `valid from ${rfc3339(newestIssueDate(other))} to ${rfc3339(collateralExpiry(other))}`,
          hint: 'fetch the collateral of this platform and write the file again',
        },
      );
    },
  };
}
