import { codes } from '../core/errors.ts';
import type { Finding } from './check-file.ts';

/** Findings as SARIF 2.1.0 (OASIS), for code hosts and editors. One run, one rule for each error code. */
export function sarifOf(findings: readonly Finding[], version: string): unknown {
  const used = [...new Set(findings.map(({ error }) => error.code))].toSorted();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
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
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ level, error }) => ({
          ruleId: error.code,
          ruleIndex: used.indexOf(error.code),
          level,
          message: { text: textOf(error) },
          ...(error.at === undefined
            ? {}
            : {
                locations: [
                  {
                    physicalLocation: {
                      artifactLocation: { uri: encodeURI(error.at.file) },
                      ...(error.at.line === undefined
                        ? {}
                        : { region: { startLine: error.at.line, startColumn: error.at.column ?? 1 } }),
                    },
                  },
                ],
              }),
        })),
      },
    ],
  };
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
