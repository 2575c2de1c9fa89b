import { join, resolve } from 'node:path';
import { writeWhole } from '../client/file.ts';
import { amdDocument } from '../collateral/amd-document.ts';
import { Cache } from '../collateral/cache.ts';
import { httpsGet } from '../collateral/get.ts';
import { type IntelPlatform, intelBase } from '../collateral/intel.ts';
import { intelDocument } from '../collateral/online.ts';
import { amdPlatformOf, intelPlatformOf } from '../collateral/platform-of.ts';
import { renewed } from '../collateral/renew.ts';
import { parseBase } from '../collateral/service.ts';
import { type AnyCollateral, renderSupply } from '../collateral/supply.ts';
import { utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { productionRoots } from '../evidence/roots.ts';
import { type SnpProduct, snpProducts } from '../evidence/snp/product.ts';
import { describePlatform, platformLine } from './collateral-platform.ts';
import type { Context, Input, Run } from './context.ts';
import { readEvidence, readSmall } from './evidence-input.ts';

/** `sconectl collateral fetch`: from the vendors or a caching service, through the cache in the home folder. */
export const run: Run = async (context, { arguments: files, options }) => {
  const wanted = await wantedPlatforms(context, files, options);
  const settings = await settingsOf(context, options);
  const found = new Map<string, AnyCollateral>();
  for (const { label, fetch } of wanted) {
    context.reporter.progress(`Fetching the collateral of ${label}`);
    const collateral = await fetch(settings);
    found.set(collateral.text, collateral);
  }
  const platforms = [...found.values()];
  const described = platforms.map((one) => describePlatform(one, context.now()));
  const lines = described.map(platformLine);
  const { file } = options;
  if (typeof file !== 'string') {
    return { result: { platforms: described }, text: [...lines, 'kept in the cache'].join('\n') };
  }
  await writeWhole(resolve(context.folder, file), renderSupply(platforms));
  return { result: { file, platforms: described }, text: [...lines, `written to ${file}`].join('\n') };
};

type Settings = Awaited<ReturnType<typeof settingsOf>>;

interface Wanted {
  label: string;
  fetch: (settings: Settings) => Promise<AnyCollateral>;
}

async function wantedPlatforms(
  context: Context,
  files: readonly string[],
  options: Input['options'],
): Promise<Wanted[]> {
  const { fmspc, tee = 'sgx', pckCa = 'platform', product } = options;
  if (files.length === 0 && typeof fmspc !== 'string') {
    throw new SconeError('E_USAGE', 'no platform was named', {
      hint: 'name a file of evidence of the platform, or its --fmspc',
    });
  }
  const wanted: Wanted[] = [];
  if (typeof fmspc === 'string') {
    if (!/^[0-9a-fA-F]{12}$/.test(fmspc)) {
      throw new SconeError('E_USAGE', '--fmspc is not an FMSPC', {
        expected: '12 hex digits',
        found: fmspc.slice(0, 40),
      });
    }
    wanted.push(
      intel({
        tee: tee === 'tdx' ? 'tdx' : 'sgx',
        fmspc: fmspc.toLowerCase(),
        pceid: '0000',
        ca: pckCa === 'processor' ? 'processor' : 'platform',
      }),
    );
  }
  for (const file of files) {
    const { evidence, kind } = await readEvidence(context, file);
    wanted.push(kind === 'quote' ? intel(intelPlatformOf(evidence.quote)) : amd(evidence.quote, product));
  }
  return wanted;
}

function intel(platform: IntelPlatform): Wanted {
  return {
    label: `${platform.tee.toUpperCase()}, FMSPC ${platform.fmspc}`,
    fetch: ({ intelService, ...settings }) =>
      renewed(intelDocument(platform, { ...settings, ...intelService }), settings),
  };
}

function amd(report: Uint8Array, product: unknown): Wanted {
  const platform = amdPlatformOf(
    report,
    snpProducts.find((one): one is SnpProduct => one === product),
  );
  return {
    label: `${platform.product}, ${platform.key.toUpperCase()}`,
    fetch: ({ amdService, ...settings }) => renewed(amdDocument(platform, { ...settings, ...amdService }), settings),
  };
}

async function settingsOf(context: Context, options: Input['options']) {
  const { service, amdService, api, serviceCa } = options;
  const ca = typeof serviceCa === 'string' ? utf8Text(await readSmall(context, serviceCa), serviceCa) : undefined;
  return {
    get: httpsGet(ca),
    cache: new Cache(join(context.home, 'cache', 'collateral')),
    roots: productionRoots,
    now: context.now(),
    warn: (warning: SconeError) => context.reporter.warning(warning),
    intelService: {
      base: typeof service === 'string' ? parseBase(service) : intelBase,
      version: api === '3' ? (3 as const) : (4 as const),
    },
    amdService: typeof amdService === 'string' ? { base: parseBase(amdService) } : {},
  };
}
