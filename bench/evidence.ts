/**
 * How long verification takes, and how long the signatures in it take alone: `npm run bench -- evidence`. Everything is
 * single-threaded; p50 and p99 of many runs. Genuine samples where `SCONECTL_VECTORS` or ../shared/vectors has them,
 * else simulated ones, which have the same shape.
 */
import { generateKeyPairSync, hash, sign, verify as verifySignature } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseCollateral } from '../src/evidence/collateral.ts';
import { productionRoots } from '../src/evidence/roots.ts';
import { parseSnpCollateral, snpCollateral } from '../src/evidence/snp/collateral.ts';
import { type JudgeOptions, Verifier } from '../src/evidence/verify.ts';
import { integerOf, isSigned } from '../src/pki/p384/check.ts';
import { machine } from '../src/pki/p384/machine.ts';
import { tableOf } from '../src/pki/p384/table.ts';
import { spkiDer } from '../src/pki/spki.ts';
import { makeSnpWorld } from '../test/evidence/snp-world.ts';
import { makeTdxWorld } from '../test/evidence/tdx-world.ts';
import { makeWorld, now } from '../test/evidence/world.ts';

interface Sample {
  name: string;
  /** Milliseconds at p50 that the project promises, with parsed collateral kept. */
  target: number;
  verifier: () => Verifier;
  quote: Uint8Array;
  /** Reads the collateral anew. */
  options: () => JudgeOptions;
  signatures: readonly { curve: 'P-256' | 'P-384'; count: number }[];
}

/** Prints the table of this subject. */
export function benchEvidence(print: (line: string) => void = console.log): void {
  print(`node ${process.version}, OpenSSL ${process.versions.openssl}, ${cpus()[0]?.model ?? 'unknown processor'}`);
  print(`${cpus().length} processors, load ${loadavg()[0]?.toFixed(2)}; one thread; milliseconds`);
  const floors = { 'P-256': floor('P-256', 'sha256'), 'P-384': floor('P-384', 'sha384') };
  for (const [curve, { p50, p99 }] of Object.entries(floors)) {
    print(`${`floor: one bare ${curve} check of OpenSSL`.padEnd(44)} p50 ${p50.toFixed(3)}  p99 ${p99.toFixed(3)}`);
  }
  for (const [what, { p50, p99 }] of Object.entries(withTable())) {
    print(`${what.padEnd(44)} p50 ${p50.toFixed(3)}  p99 ${p99.toFixed(3)}`);
  }
  for (const sample of samples()) {
    const verifier = sample.verifier();
    const options = sample.options();
    const warm = measure(1500, () => verifier.judge({ quote: sample.quote }, options));
    const cold = measure(150, () => sample.verifier().judge({ quote: sample.quote }, sample.options()));
    const least = sample.signatures.reduce((sum, { curve, count }) => sum + count * floors[curve].p50, 0);
    const verdict = warm.p50 <= sample.target ? 'met' : 'NOT met';
    print(
      `${sample.name.padEnd(44)} p50 ${warm.p50.toFixed(3)}  p99 ${warm.p99.toFixed(3)}  ` +
        `target ${sample.target.toFixed(1)} ${verdict}  floor ${least.toFixed(3)}`,
    );
    print(
      `${'  cold: collateral parsed, chains checked'.padEnd(44)} p50 ${cold.p50.toFixed(3)}  p99 ${cold.p99.toFixed(3)}`,
    );
  }
}

function samples(): Sample[] {
  const folder = process.env['SCONECTL_VECTORS'] ?? join(import.meta.dirname, '../../shared/vectors');
  return existsSync(folder) ? genuine(folder) : simulated();
}

const intelSignatures = [{ curve: 'P-256', count: 2 }] as const;
const snpSignatures = [{ curve: 'P-384', count: 1 }] as const;

function genuine(folder: string): Sample[] {
  const read = (path: string): Uint8Array => readFileSync(join(folder, path));
  const at = new Date('2025-06-20T12:00:00Z');
  const verifier = (): Verifier => new Verifier(productionRoots);
  const intel = (path: string): (() => JudgeOptions) => {
    const text = read(path);
    return () => ({ collateral: parseCollateral(text), now: at });
  };
  const vcek = read('snp/report-milan.vcek.der');
  const chain = parseSnpCollateral(read('snp/amd-milan.ask-ark-asvk.pem')).certificates.map(({ der }) => der);
  return [
    {
      name: 'SGX quote v3, genuine',
      target: 0.4,
      verifier,
      quote: read('sgx/quote-v3.bin'),
      options: intel('sgx/quote-v3.collateral.json'),
      signatures: intelSignatures,
    },
    {
      name: 'TDX quote v4, genuine',
      target: 0.5,
      verifier,
      quote: read('tdx/quote-v4.bin'),
      options: intel('tdx/quote-v4.collateral.json'),
      signatures: intelSignatures,
    },
    {
      name: 'SNP report v2 with VCEK, genuine',
      target: 0.4,
      verifier,
      quote: read('snp/report-milan.bin'),
      options: () => ({
        collateral: snpCollateral({ certificates: [vcek, ...chain] }),
        allow: ['unchecked-revocation'],
        now: at,
      }),
      signatures: snpSignatures,
    },
  ];
}

function simulated(): Sample[] {
  const sgx = makeWorld();
  const tdx = makeTdxWorld();
  const snp = makeSnpWorld();
  const { certificates, crl } = snp.collateral;
  const parts = { certificates: certificates.map(({ der }) => der), ...(crl === undefined ? {} : { crl: crl.der }) };
  return [
    {
      name: 'SGX quote v3, simulated',
      target: 0.4,
      verifier: () => new Verifier(sgx.roots),
      quote: sgx.quote,
      options: () => ({ collateral: parseCollateral(sgx.collateral), now }),
      signatures: intelSignatures,
    },
    {
      name: 'TDX quote v4, simulated',
      target: 0.5,
      verifier: () => new Verifier(tdx.roots),
      quote: tdx.quote,
      options: () => ({ collateral: parseCollateral(tdx.collateral), now }),
      signatures: intelSignatures,
    },
    {
      name: 'SNP report v3 with VCEK, simulated',
      target: 0.4,
      verifier: () => new Verifier(snp.roots),
      quote: snp.report,
      options: () => ({ collateral: snpCollateral(parts), now }),
      signatures: snpSignatures,
    },
  ];
}

function floor(namedCurve: 'P-256' | 'P-384', hash: 'sha256' | 'sha384'): { p50: number; p99: number } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  const message = new Uint8Array(672);
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const signature = sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return measure(1500, () => verifySignature(hash, message, key, signature));
}

/** The same P-384 check with a table of the key's multiples; and how long it takes to make such a table. */
function withTable(): { [what: string]: { p50: number; p99: number } } {
  const runs = machine();
  if (runs === undefined) return {};
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const point = spkiDer(publicKey).subarray(-96);
  const [x, y] = [integerOf(point.subarray(0, 48)), integerOf(point.subarray(48))];
  const message = new Uint8Array(672);
  const signature = sign('sha384', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const table = tableOf(runs, x, y);
  return {
    'one P-384 check with a table of the key': measure(1500, () =>
      isSigned(runs, table, hash('sha384', message, 'buffer'), signature),
    ),
    '  making the table, after 16 checks': measure(50, () => tableOf(runs, x, y)),
  };
}

function measure(runs: number, run: () => unknown): { p50: number; p99: number } {
  for (let warmup = 0; warmup < runs / 5; warmup++) run();
  const times: number[] = [];
  for (let index = 0; index < runs; index++) {
    const began = performance.now();
    run();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.floor(part * (times.length - 1))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

if (import.meta.main) benchEvidence();
