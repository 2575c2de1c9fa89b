import { rfc3339 } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { pckPlatform } from '../evidence/sgx/pck.ts';
import { parseQuote } from '../evidence/sgx/quote.ts';
import { parseSnpReport } from '../evidence/snp/report.ts';
import { parseQuote4 } from '../evidence/tdx/quote.ts';
import { type Certificate, parseCertificate } from '../pki/certificate.ts';
import { readPem } from '../pki/pem.ts';
import type { Run } from './context.ts';
import { fieldsOf, type Structure } from './evidence-fields.ts';
import { type EvidenceKind, readEvidence } from './evidence-input.ts';

/** Longer values are shortened for people; JSON has all of it. */
const shown = 96;

/** `sconectl evidence show`: what evidence says about itself. Nothing of it is verified. */
export const run: Run = async (context, { arguments: [file = ''] }) => {
  const { evidence, kind, form } = await readEvidence(context, file);
  const structures = fieldsOf(evidence.quote, kind);
  const problem = parseProblem(evidence.quote, kind);
  if (problem !== undefined) context.reporter.warning(problem);
  const chain = chainOf(structures);
  context.reporter.notice('NOT VERIFIED: these are the words of whoever made the file');
  const result = {
    file,
    kind,
    form,
    size: evidence.quote.length,
    structures,
    ...(chain === undefined ? {} : chain),
    ...(problem === undefined ? {} : { refused: problem.toJSON() }),
  };
  return {
    result,
    text: [
      `${kind}, ${evidence.quote.length} bytes, from ${form}`,
      ...structures.flatMap(structureLines),
      ...(chain === undefined ? [] : chainLines(chain)),
    ].join('\n'),
  };
};

/** What a verifier would refuse before it looks at any signature. */
function parseProblem(bytes: Uint8Array, kind: EvidenceKind): SconeError | undefined {
  try {
    if (kind === 'snp report') parseSnpReport(bytes);
    else if (bytes[0] === 3) parseQuote(bytes);
    else parseQuote4(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof SconeError) return error;
    throw error;
  }
}

interface Chain {
  certificates: { subject: string; serial: string; not_before: string; not_after: string }[];
  platform?: { fmspc: string; pceid: string; ppid: string; pcesvn: number; components: readonly number[] };
}

/** The PCK chain that a quote carries, where it can be read. */
function chainOf(structures: readonly Structure[]): Chain | undefined {
  const text = structures.flatMap(({ fields }) => fields).find(({ name }) => name === 'CERTIFICATION_DATA')?.text;
  if (text === undefined) return undefined;
  try {
    const certificates = readPem('CERTIFICATE', text.replace(/\0$/, ''), 'PCK certificate chain').map((der) =>
      parseCertificate(der, 'certificate'),
    );
    const [pck] = certificates;
    if (pck === undefined) return undefined;
    const { fmspc, pceid, ppid, pcesvn, components } = pckPlatform(pck);
    return { certificates: certificates.map(certificateOf), platform: { fmspc, pceid, ppid, pcesvn, components } };
  } catch (error) {
    if (error instanceof SconeError) return undefined;
    throw error;
  }
}

function certificateOf({ commonName, serial, notBefore, notAfter }: Certificate): Chain['certificates'][number] {
  return {
    subject: commonName ?? 'no name',
    serial,
    not_before: rfc3339(notBefore),
    not_after: rfc3339(notAfter),
  };
}

function structureLines({ name, fields }: Structure): string[] {
  const width = Math.max(...fields.map((field) => field.name.length));
  return [
    '',
    name,
    ...fields.map(({ name: field, hex, number, length, text }) => {
      const value = text === undefined ? hex : 'PEM text';
      const short = value.length > shown ? `${value.slice(0, shown)}… (${length} bytes)` : value;
      return `  ${field.padEnd(width)}  ${short}${number === undefined ? '' : `  (${number})`}`.trimEnd();
    }),
  ];
}

function chainLines({ certificates, platform }: Chain): string[] {
  return [
    '',
    'PCK certificate chain',
    ...certificates.map(
      (one) => `  ${one.subject}, ${one.not_before} to ${one.not_after}, serial number ${one.serial}`,
    ),
    ...(platform === undefined
      ? []
      : [
          '',
          'SGX extensions of the PCK certificate',
          `  FMSPC       ${platform.fmspc}`,
          `  PCE-ID      ${platform.pceid}`,
          `  PPID        ${platform.ppid}`,
          `  PCESVN      ${platform.pcesvn}`,
          `  components  ${platform.components.join(' ')}`,
        ]),
  ];
}
