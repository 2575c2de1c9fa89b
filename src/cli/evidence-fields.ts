import { hex, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { littleEndianBig } from '../evidence/reader.ts';
import { quoteHeaderLayout, quoteHeaderSize, quoteVersion, signatureDataLayout } from '../evidence/sgx/quote.ts';
import { reportBodyLayout, reportBodySize } from '../evidence/sgx/report-body.ts';
import { reportLayout } from '../evidence/snp/report.ts';
import {
  bodyDescriptorLayout,
  qeReportCertificationLayout,
  signatureData4Layout,
  tdxQuoteHeaderLayout,
} from '../evidence/tdx/quote.ts';
import { tdReport10Size, tdReport15Size, tdReportLayout } from '../evidence/tdx/td-report.ts';
import type { EvidenceKind } from './evidence-input.ts';

/** One field by the name that its specification gives it. */
export interface Field {
  name: string;
  /** From the first byte of the evidence. */
  offset: number;
  length: number;
  hex: string;
  /** Little-endian; of fields up to 8 bytes that are numbers. */
  number?: string;
  /** Of fields that hold text. */
  text?: string;
}

export interface Structure {
  name: string;
  fields: Field[];
}

type Layout = Readonly<Record<string, readonly [offset: number, length: number]>>;

/** Fields up to this length are shown as a number, too; what is longer is bytes. */
const numberSize = 8;

/**
 * The fields of evidence in the order in which they lie, as far as it goes: what a verifier would refuse is shown as
 * well. Throws `E_EVIDENCE` when it is cut off, or of a version without a known layout.
 */
export function fieldsOf(bytes: Uint8Array, kind: EvidenceKind): Structure[] {
  const walk = new Walk(bytes);
  if (kind === 'snp report') walk.structure('ATTESTATION_REPORT', reportLayout);
  else if (quoteVersion(bytes) === 3) quote3(walk);
  else quote4(walk, quoteVersion(bytes) === 5);
  walk.rest();
  return walk.found;
}

function quote3(walk: Walk): void {
  walk.structure('Quote Header', quoteHeaderLayout);
  walk.structure('ISV Enclave Report Body', reportBodyLayout);
  walk.begin('Quote Signature Data');
  walk.number('QUOTE_SIGNATURE_DATA_LEN', 4);
  walk.structure('Quote Signature Data', signatureDataLayout, { apart: ['QE_REPORT'] });
  certification(walk);
}

function quote4(walk: Walk, descriptor: boolean): void {
  walk.structure('Quote Header', tdxQuoteHeaderLayout);
  const teeType = walk.numberAt(4, 4);
  let size = teeType === 0 ? reportBodySize : tdReport10Size;
  if (descriptor) {
    walk.structure('Quote Body Descriptor', relative(bodyDescriptorLayout, quoteHeaderSize));
    size = walk.numberAt(50, 4);
  }
  if (teeType === 0) walk.structure('ISV Enclave Report Body', reportBodyLayout);
  else walk.structure('TD Quote Body', size === tdReport15Size ? tdReportLayout : upTo(tdReportLayout, tdReport10Size));
  walk.begin('Quote Signature Data');
  walk.number('QUOTE_SIGNATURE_DATA_LEN', 4);
  walk.structure('Quote Signature Data', signatureData4Layout);
  walk.structure('QE Report Certification Data', qeReportCertificationLayout, { apart: ['QE_REPORT'] });
  certification(walk);
}

/** The parts of variable length with which every signature ends. */
function certification(walk: Walk): void {
  walk.begin('QE Authentication and Certification Data');
  walk.bytes('QE_AUTHENTICATION_DATA', walk.number('QE_AUTHENTICATION_DATA_SIZE', 2));
  const type = walk.number('CERTIFICATION_DATA_TYPE', 2);
  const size = walk.number('CERTIFICATION_DATA_SIZE', 4);
  walk.bytes('CERTIFICATION_DATA', size, type === 5);
}

/** A layout that counts from the start of the quote, counted from its own. */
function relative(layout: Layout, start: number): Layout {
  return Object.fromEntries(
    Object.entries(layout).map(([name, [offset, length]]) => [name, [offset - start, length] as const]),
  );
}

function upTo(layout: Layout, size: number): Layout {
  return Object.fromEntries(Object.entries(layout).filter(([, [offset, length]]) => offset + length <= size));
}

/** Goes through the bytes from the first to the last and writes down what it passes. */
class Walk {
  readonly found: Structure[] = [];
  readonly #bytes: Uint8Array;
  #at = 0;
  #name = '';

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** What follows belongs to a structure of this name. */
  begin(name: string): void {
    this.#name = name;
  }

  /** All fields of a fixed layout; a QE report among them is shown as a structure of its own. */
  structure(name: string, layout: Layout, { apart = [] }: { apart?: readonly string[] } = {}): void {
    const start = this.#at;
    this.begin(name);
    for (const [field, [offset, length]] of Object.entries(layout)) {
      this.#at = start + offset;
      if (apart.includes(field)) {
        this.structure('QE Report Body', reportBodyLayout);
        this.begin(name);
      } else {
        this.bytes(field, length);
      }
    }
  }

  /** A number of some bytes, which is a field, too. */
  number(field: string, length: number): number {
    const value = this.numberAt(this.#at, length);
    this.bytes(field, length);
    return value;
  }

  numberAt(offset: number, length: number): number {
    return Number(littleEndianBig(this.#bytes.subarray(offset, offset + length)));
  }

  bytes(name: string, length: number, isText = false): void {
    const value = this.#bytes.subarray(this.#at, this.#at + length);
    if (value.length < length) {
      throw new SconeError('E_EVIDENCE', `the evidence is cut off in the field ${name}`, {
        expected: `${length} bytes at byte ${this.#at}`,
        found: `${value.length} bytes`,
      });
    }
    const isNumber = length > 0 && length <= numberSize && !/RESERVED|ATTRIBUTES$/.test(name);
    if (this.found.at(-1)?.name !== this.#name) this.found.push({ name: this.#name, fields: [] });
    this.found.at(-1)?.fields.push({
      name,
      offset: this.#at,
      length,
      hex: hex(value),
      ...(isNumber ? { number: String(littleEndianBig(value)) } : {}),
      ...(isText ? { text: textOf(value) } : {}),
    });
    this.#at += length;
  }

  /** Bytes behind the end of the last structure; a verifier takes none that are not zero. */
  rest(): void {
    if (this.#at >= this.#bytes.length) return;
    this.begin('Behind the end');
    this.bytes('TRAILING_BYTES', this.#bytes.length - this.#at);
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8Text(bytes);
  } catch (error) {
    if (error instanceof SconeError) return '';
    throw error;
  }
}
