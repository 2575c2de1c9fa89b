import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../environment.ts';
import { code, table } from './page.ts';

/** What verified evidence of each TEE says, from the comments of `src/evidence/claims.ts`. */
export function claimsSections(): string[] {
  const source = readFileSync(join(root, 'src/evidence/claims.ts'), 'utf8');
  const interfaces = source.matchAll(
    /\/\*\*([^*]*(?:\*(?!\/)[^*]*)*)\*\/\nexport interface (\w+) \{\n([\s\S]*?)\n\}\n/g,
  );
  return [...interfaces].flatMap(([, about = '', name = '', body = '']) => [
    `### ${name}`,
    comment(about),
    table(['Field', 'Type', 'What'], members(body)),
  ]);
}

function members(body: string): string[][] {
  const found = body.matchAll(/(?: {2}\/\*\*([\s\S]*?)\*\/\n)? {2}(\w+): ([^\n]*(?:\n {4}[^\n]*)*);/g);
  return [...found].map(([, about = '', name = '', type = '']) => [code(name), code(type), comment(about)]);
}

function comment(text: string): string {
  return text.replace(/\s*\n\s*\* ?/g, ' ').trim();
}
