import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codes, type Position } from '../core/errors.ts';
import type { Finding } from './check-file.ts';

/** What relative addresses are relative to. A consumer decides where that is: no path of a machine is in the document. */
const base = '%SRCROOT%';

/**
 * Findings as SARIF 2.1.0 (OASIS), for code hosts and editors. One run, one rule for each error code.
 *
 * @param folder where the check ran: files below it have relative addresses (3.4.4), others the whole
 */
export function sarifOf(findings: readonly Finding[], version: string, folder: string): unknown {
  const used = [...new Set(findings.map(({ error }) => error.code))].toSorted();
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'sconectl',
            version,
            rules: used.map((id) => ({ id, shortDescription: { text: codes[id] } })),
          },
        },
        originalUriBaseIds: { [base]: { description: { text: 'the folder in which sconectl check ran' } } },
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ level, error }) => ({
          ruleId: error.code,
          ruleIndex: used.indexOf(error.code),
          level,
          message: { text: textOf(error) },
          ...(error.at === undefined ? {} : { locations: [{ physicalLocation: place(error.at, folder) }] }),
        })),
      },
    ],
  };
}

function place({ file, line, column }: Position, folder: string): unknown {
  return {
    artifactLocation: address(file, folder),
    ...(line === undefined ? {} : { region: { startLine: line, startColumn: column ?? 1 } }),
  };
}

function address(file: string, folder: string): unknown {
  if (file === '<stdin>') return { uri: 'stdin:', description: { text: 'standard input' } };
  const inside = relative(folder, resolve(folder, file));
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    return { uri: pathToFileURL(resolve(folder, file)).href };
  }
  return { uri: inside.split(sep).map(encodeURIComponent).join('/'), uriBaseId: base };
}

function textOf({ message, expected, found, causes, hint }: Finding['error']): string {
  return [
    message,
    ...causes.map((cause) => `Caused by: ${cause}`),
    ...(expected === undefined ? [] : [`Expected: ${expected}`]),
    ...(found === undefined ? [] : [`Found: ${found}`]),
    ...(hint === undefined ? [] : [`Hint: ${hint}`]),
  ].join('\n');
}
