import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Entry point of sconectl. Loads nothing but what it needs for the version; the rest is compiled once and kept in the
 * home's cache.
 */
const args = process.argv.slice(2);
const home = resolve(process.env['SCONECTL_HOME'] || join(homedir(), '.sconectl'));
enableCompileCache(join(home, 'cache', 'node'));
// Set by bin/sconectl. A CAS that is started from here runs what it measures, and nothing that lies in a cache.
delete process.env['NODE_COMPILE_CACHE'];

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${version}\n`);
} else {
  const { main } = await import('./program.ts');
  process.exitCode = await main(args, { home, version });
}
