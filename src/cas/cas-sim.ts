import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { base64, hex, utf8 } from '../core/bytes.ts';
import { configIdField, renderCasInitData } from '../initdata/document.ts';
import { bundleHash, codeHash } from '../measurement/code.ts';
import { simCas } from '../measurement/sim.ts';
import { simulationRoots } from '../sim/anchor.ts';
import { simCollateralSource } from '../sim/collateral.ts';
import { simQuote } from '../sim/quote.ts';
import { simSeal, simUnseal } from '../sim/seal.ts';
import { main, readArguments, runCas } from './main.ts';
import type { Platform } from './platform.ts';

/*
 * The simulated CAS: the same server on a platform whose keys everybody has. It is another program than `cas`, and not
 * that one with a switch, so that no argument or variable of a host makes a production CAS believe simulated evidence.
 */
async function simulatedPlatform(): Promise<Platform> {
  const code = await ownCode();
  const initData = renderCasInitData({ rootfs: hex(code) });
  const mrenclave = simCas(code);
  const configId = configIdField(initData);
  const collateral = simCollateralSource();
  return {
    mode: 'simulation',
    tee: 'sim',
    initData,
    evidence: async (reportData, now) => ({
      tee: 'sim',
      quote: base64(simQuote({ mrenclave, configId, reportData })),
      aux: base64(utf8(collateral(now).text)),
    }),
    seal: (context, plaintext) => simSeal(context, plaintext, (length) => new Uint8Array(randomBytes(length))),
    unseal: simUnseal,
    roots: simulationRoots,
    collateral,
    rootCreators: ['ANY'],
  };
}

/** The measured code: this very file when it is a bundle, else the sources it was started from. */
async function ownCode(): Promise<Uint8Array> {
  return basename(import.meta.filename) === 'cas-sim.ts'
    ? await codeHash(join(import.meta.dirname, '..', '..'))
    : await bundleHash(import.meta.filename);
}

await main(async () => {
  const args = readArguments(process.argv.slice(2));
  process.stderr.write('[sconectl cas] NOT CONFIDENTIAL: this is a simulation, anybody can forge its evidence\n');
  await runCas(args, await simulatedPlatform());
});
