import { basename, join } from 'node:path';
import { base64, hex, utf8 } from '../core/bytes.ts';
import type { Collateral } from '../evidence/collateral.ts';
import { configIdField, renderCasInitData } from '../initdata/document.ts';
import { bundleHash, codeHash } from '../measurement/code.ts';
import { simCas } from '../measurement/sim.ts';
import { simulationRoots } from '../sim/anchor.ts';
import { simCollateral } from '../sim/collateral.ts';
import { simQuote } from '../sim/quote.ts';
import { main, readArguments, runCas } from './main.ts';
import type { Platform } from './platform.ts';
import { seal, unseal } from './simulated-sealing.ts';

/*
 * The simulated CAS: the same server on a platform whose keys everybody has. It is another program than `cas`, and not
 * that one with a switch, so that no argument or variable of a host makes a production CAS believe simulated evidence.
 */
async function simulatedPlatform(): Promise<Platform> {
  const code = await ownCode();
  const initData = renderCasInitData({ rootfs: hex(code) });
  const mrenclave = simCas(code);
  const configId = configIdField(initData);
  return {
    mode: 'simulation',
    tee: 'sim',
    initData,
    evidence: async (reportData, now) => ({
      tee: 'sim',
      quote: base64(simQuote({ mrenclave, configId, reportData })),
      aux: base64(utf8(collateral.get(now).text)),
    }),
    seal,
    unseal,
    roots: simulationRoots,
    collateral: (now) => collateral.get(now),
    rootCreators: ['ANY'],
  };
}

/** The measured code: this very file when it is a bundle, else the sources it was started from. */
async function ownCode(): Promise<Uint8Array> {
  return basename(import.meta.filename) === 'cas-sim.ts'
    ? await codeHash(join(import.meta.dirname, '..', '..'))
    : await bundleHash(import.meta.filename);
}

/** Collateral for 30 days from the CAS time it is first asked at, made again long before it expires. */
const collateral = {
  made: undefined as { at: number; value: Collateral } | undefined,
  get(now: Date): Collateral {
    const at = now.getTime();
    const tenDays = 10 * 24 * 60 * 60 * 1000;
    if (this.made === undefined || at < this.made.at || at > this.made.at + tenDays) {
      this.made = { at, value: simCollateral(now) };
    }
    return this.made.value;
  },
};

await main(async () => {
  const args = readArguments(process.argv.slice(2));
  process.stderr.write('[sconectl cas] NOT CONFIDENTIAL: this is a simulation, anybody can forge its evidence\n');
  await runCas(args, await simulatedPlatform());
});
