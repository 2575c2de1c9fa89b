import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Tool, type ToolName, tool, toolNames } from './tools.ts';

interface Needs extends Record<ToolName, Tool> {
  /** The folder of genuine hardware evidence. */
  vectors: string;
  /** The right to make namespaces, mounts and files of other owners. */
  root: true;
  /** Path of the machine's own program. */
  python3: string;
  openssl: string;
  go: string;
}

/**
 * What a test needs and not every machine has. Where it is missing the test is skipped and the answer is `undefined`:
 * `const runc = need(t, 'runc'); if (runc === undefined) return;`. Under `SCONECTL_REQUIRE=all` it fails instead, so
 * that a CI cannot lose tests in silence.
 */
export function need<Name extends keyof Needs>(t: TestContext, name: Name): Needs[Name] | undefined {
  const value = find(name) as Needs[Name] | undefined;
  if (value !== undefined) return value;
  const reason = `needs ${name}: ${reasons[name as string] ?? 'not on this machine'}`;
  if (process.env['SCONECTL_REQUIRE'] === 'all') throw new Error(`${reason} (and SCONECTL_REQUIRE=all is set)`);
  t.skip(reason);
  return undefined;
}

const reasons: Record<string, string> = {
  vectors: 'set SCONECTL_VECTORS to the folder of genuine hardware evidence',
  root: 'run the tests as root',
  ...Object.fromEntries(toolNames.map((name) => [name, 'npm test brings it'])),
};

function find(name: keyof Needs): unknown {
  if (name === 'vectors') return vectors();
  if (name === 'root') return process.getuid?.() === 0 ? true : undefined;
  if (name === 'python3' || name === 'openssl' || name === 'go') return onPath(name);
  return tool(name);
}

/** The folder of genuine hardware evidence, where there is one: `SCONECTL_VECTORS`, or beside the project. */
export function vectors(): string | undefined {
  const folder = process.env['SCONECTL_VECTORS'] ?? new URL('../../../shared/vectors', import.meta.url).pathname;
  return existsSync(folder) ? folder : undefined;
}

function onPath(program: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return join(folder, program);
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
