import { platformsIn } from '../collateral/supply.ts';
import { rfc3339 } from '../core/clock.ts';
import { readSupply } from './collateral-files.ts';
import { describePlatform, type PlatformDescription, platformLine } from './collateral-platform.ts';
import type { Run } from './context.ts';
import { timeOf } from './evidence-time.ts';

/** `sconectl collateral show`: what files of collateral cover and until when. Nothing of it is verified. */
export const run: Run = async (context, { arguments: files, options }) => {
  const at = timeOf(options['at'], context.now());
  const platforms = platformsIn(await readSupply(context, files)).map((one) => describePlatform(one, at));
  return {
    result: { at: rfc3339(at), platforms },
    text: platforms.flatMap((one) => [platformLine(one), ...partLines(one)]).join('\n'),
  };
};

function partLines({ parts }: PlatformDescription): string[] {
  return Object.entries(parts).flatMap(([name, part]) => {
    const items = Array.isArray(part) ? part : [part];
    return items.map((item) => `  ${name.padEnd(15)}  ${inline(item)}`);
  });
}

function inline(part: unknown): string {
  if (typeof part !== 'object' || part === null) return String(part);
  return Object.entries(part)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.length : String(value)}`)
    .join(', ');
}
