import type { Random } from '../../src/core/clock.ts';
import { SconeError } from '../../src/core/errors.ts';
import { parseCollateral } from '../../src/evidence/collateral.ts';
import { parseEventLog } from '../../src/evidence/tdx/event-log.ts';
import { quotePadding } from '../../src/evidence/tdx/quote.ts';
import { Verifier } from '../../src/evidence/verify.ts';
import { amdProfile } from '../../src/pki/algorithm.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { parseCrl } from '../../src/pki/crl.ts';
import { judgeSnp, makeSnpWorld } from './snp-world.ts';
import { judgeTdx, makeTdxWorld } from './tdx-world.ts';
import { makeWorld, now } from './world.ts';

/** A format with one good sample of it, and how to find out what a changed one is taken for. */
export interface Format {
  name: string;
  sample: Uint8Array;
  /** Reads the bytes as hostile; must throw nothing but `SconeError`. */
  read: (bytes: Uint8Array) => unknown;
  /** Whether a change between these two, that was accepted, is one of a byte that nothing signs. */
  harmless: (changed: Uint8Array) => boolean;
}

/** What went wrong with one changed sample. */
export interface Finding {
  format: string;
  problem: string;
  /** Hex of the changed bytes. */
  bytes: string;
}

/** All binary formats of hostile origin. Signed evidence must be refused when changed; parts only must not crash. */
export function formats(): Format[] {
  const sgx = makeWorld();
  const tdx4 = makeTdxWorld();
  const tdx5 = makeTdxWorld({ version: 5 });
  const snp = makeSnpWorld();
  const sgxVerifier = new Verifier({ ...sgx.roots, mode: 'production' });
  const tdxVerifier = new Verifier(tdx4.roots);
  const snpVerifier = new Verifier(snp.roots);
  const sgxCollateral = parseCollateral(sgx.collateral);
  const tdxCollateral = parseCollateral(tdx4.collateral);
  const anything = (): boolean => true;
  // The worlds are good to begin with, or every change would be refused for another reason.
  judgeTdx(tdx4);
  judgeSnp(snp);
  // Often enough that changes meet the table of the key.
  for (let time = 0; time < 20; time++) {
    snpVerifier.judge({ quote: snp.report }, { collateral: snp.collateral, now });
  }
  const crl = snp.collateral.crl?.der ?? new Uint8Array();
  const vcek = snp.platform.vcek.certificate;
  return [
    {
      name: 'sgx quote v3',
      sample: sgx.quote,
      read: (quote) => sgxVerifier.judge({ quote }, { collateral: sgxCollateral, now }),
      harmless: (changed) => differsInPemOnly(sgx.quote, changed),
    },
    {
      name: 'tdx quote v4',
      sample: tdx4.quote,
      read: (quote) => tdxVerifier.judge({ quote }, { collateral: tdxCollateral, now }),
      harmless: (changed) => differsInPemOnly(tdx4.quote, withoutPadding(changed, tdx4.quote.length)),
    },
    {
      name: 'tdx quote v5',
      sample: tdx5.quote,
      read: (quote) => tdxVerifier.judge({ quote }, { collateral: tdxCollateral, now }),
      harmless: (changed) => differsInPemOnly(tdx5.quote, changed),
    },
    {
      name: 'snp report',
      sample: snp.report,
      read: (quote) => snpVerifier.judge({ quote }, { collateral: snp.collateral, now }),
      harmless: () => false,
    },
    {
      name: 'certificate',
      sample: vcek,
      read: (der) => parseCertificate(der, 'certificate', amdProfile),
      harmless: anything,
    },
    { name: 'revocation list', sample: crl, read: (der) => parseCrl(der, 'list', amdProfile), harmless: anything },
    {
      name: 'collateral',
      sample: Buffer.from(tdx4.collateral),
      read: (json) => parseCollateral(json),
      harmless: anything,
    },
    { name: 'event log', sample: eventLog(), read: (log) => parseEventLog(log), harmless: anything },
  ];
}

/** Makes so many changes of a sample and returns what was wrong. */
export function mutate(format: Format, count: number, random: Random): Finding[] {
  const findings: Finding[] = [];
  for (let index = 0; index < count && findings.length < 10; index++) {
    const changed = change(format.sample, random);
    if (Buffer.compare(changed, format.sample) === 0) continue;
    const found = (problem: string): void => {
      findings.push({ format: format.name, problem, bytes: Buffer.from(changed).toString('hex') });
    };
    try {
      format.read(changed);
      if (!format.harmless(changed)) found('a changed sample was accepted');
    } catch (error) {
      if (!(error instanceof SconeError)) found(`another error class: ${String(error)}`);
      else if (error.code === 'E_INTERNAL') found(`a bug of ours: ${error.message}`);
    }
  }
  return findings;
}

/** One of: bits of a byte, several bytes, a length field at its limits, cut, longer, a part moved. */
function change(sample: Uint8Array, random: Random): Uint8Array {
  const number = (below: number): number => new DataView(random(4).buffer).getUint32(0) % Math.max(1, below);
  const bytes = new Uint8Array(sample);
  const at = number(bytes.length);
  switch (number(6)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << number(8));
      return bytes;
    case 1:
      for (let times = 1 + number(8); times > 0; times--) bytes[number(bytes.length)] = number(256);
      return bytes;
    case 2:
      bytes.set(
        [0x00, 0xff, 0x7f, 0x80].slice(0, Math.min(4, bytes.length - at)).map((value) => value ^ number(2)),
        at,
      );
      return bytes;
    case 3:
      return bytes.slice(0, at);
    case 4:
      return Uint8Array.of(...bytes, ...random(1 + number(64)));
    default:
      bytes.copyWithin(at, number(bytes.length), number(bytes.length));
      return bytes;
  }
}

/**
 * Whether two quotes differ only in how the PEM text is written: line breaks, and the byte of zero behind it. What the
 * text stands for is checked by its signatures.
 */
function differsInPemOnly(before: Uint8Array, after: Uint8Array): boolean {
  const pem = Buffer.from(before).indexOf('-----BEGIN');
  return (
    after.length === before.length &&
    Buffer.compare(before.subarray(0, pem), after.subarray(0, pem)) === 0 &&
    written(before.subarray(pem)) === written(after.subarray(pem))
  );
}

/** A quote v4 may have zeros behind it, as many as `quotePadding`; the parser's own tests say how many and which. */
function withoutPadding(quote: Uint8Array, length: number): Uint8Array {
  const rest = quote.subarray(length);
  return rest.length <= quotePadding && rest.every((byte) => byte === 0) ? quote.subarray(0, length) : quote;
}

function written(pem: Uint8Array): string {
  return Buffer.from(pem)
    .toString('latin1')
    .replace(/[\s\0]/g, '');
}

/** Specification header and two events. */
function eventLog(): Uint8Array {
  const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
  const head = [u32(0), u32(3), Buffer.alloc(20), u32(33), Buffer.from('Spec ID Event03\0'), Buffer.alloc(17)];
  const event = [u32(2), u32(12), u32(1), Buffer.from([0x0c, 0]), Buffer.alloc(48, 7), u32(5), Buffer.from('hello')];
  return Buffer.concat([...head, ...event, ...event]);
}
