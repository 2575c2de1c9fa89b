import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Programs that `npm test` brings into target/tools. */
export const toolNames = ['runc', 'umoci', 'skopeo', 'helm'] as const;
export type ToolName = (typeof toolNames)[number];

export interface Tool {
  /** Absolute; runs without anything else being set. */
  path: string;
}

/** Where the tools live; `bin` below it holds one entry for each and is first on the PATH of tests. */
export const tools = new URL('../../target/tools', import.meta.url).pathname;

/** A test tool that the setup of `npm test` brought; `undefined` before that. Tests ask `need(t, 'runc')`. */
export function tool(name: ToolName): Tool | undefined {
  const path = join(tools, 'bin', name);
  return existsSync(path) ? { path } : undefined;
}
