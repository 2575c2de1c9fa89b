import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { hex } from '../core/bytes.ts';
import { type Random, systemClock } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { Verifier } from '../evidence/verify.ts';
import { CollateralJudge } from './collateral-judge.ts';
import { errorPlace } from './http.ts';
import { standardLimits } from './limits.ts';
import { type ListenAddress, listenText, parseListen } from './listen.ts';
import { openCas } from './open-cas.ts';
import type { Platform } from './platform.ts';
import { startServer } from './server.ts';
import { Sessions } from './sessions.ts';

/** What the command line of both entry points says. Availability only: nothing in it weakens anything (C6). */
export interface CasArguments {
  data: string;
  client: ListenAddress;
  service: ListenAddress;
}

const random: Random = (length) => new Uint8Array(randomBytes(length));

/** Has errors told on stdout too, as a document such as every command of sconectl prints with `--output json`. */
const jsonFlag = '--json';

/** Reads `--data`, `--listen`, `--service-listen` and `--json`; `E_USAGE` for anything else. */
export function readArguments(args: readonly string[]): CasArguments {
  let values: { data?: string; listen?: string; 'service-listen'?: string };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        listen: { type: 'string' },
        'service-listen': { type: 'string' },
        json: { type: 'boolean' },
      },
      strict: true,
      allowPositionals: false,
    }));
  } catch (cause) {
    throw new SconeError('E_USAGE', 'the CAS was called wrongly', { cause, hint: usage });
  }
  if (values.data === undefined || values.data === '') {
    throw new SconeError('E_USAGE', 'the CAS was not told where its data lies', { hint: usage });
  }
  return {
    data: values.data,
    client: parseListen(values.listen ?? '127.0.0.1:8081', '--listen'),
    service: parseListen(values['service-listen'] ?? '127.0.0.1:18765', '--service-listen'),
  };
}

const usage = '--data DIR [--listen HOST:PORT] [--service-listen HOST:PORT] [--json]';

/** Runs a CAS until SIGTERM or SIGINT. Prints one line of JSON on stdout when it is ready, everything else on stderr. */
export async function runCas(args: CasArguments, platform: Platform): Promise<void> {
  // Before anything is begun, so that a stop is orderly whenever it comes.
  const stopped = stopSignal();
  const report = (line: string): void => void process.stderr.write(`[sconectl cas] ${line}\n`);
  const cas = await openCas({ folder: args.data, platform, clock: systemClock, random, report });
  const milliseconds = (): number => performance.now();
  const server = await startServer({
    journal: cas.journal,
    identity: cas.identity,
    platform,
    verifier: new Verifier(platform.roots),
    judge: new CollateralJudge(platform.mode),
    serverSpkiSha256: cas.identity.spkiSha256,
    sessions: new Sessions(cas.journal, random),
    boot: hex(random(16)),
    version: packageJson.version,
    milliseconds,
    limits: standardLimits,
    clientListen: args.client,
    serviceListen: args.service,
    report,
  }).catch(async (error: unknown) => {
    await cas.close();
    throw error;
  });
  const ready = {
    ready: true,
    mode: platform.mode,
    client: listenText(server.client.address, server.client.port),
    service: listenText(server.service.address, server.service.port),
    key: cas.identity.keyHash,
    ledger: cas.journal.view.genesis.ledger,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  await stopped;
  report('stopping');
  await server.close();
  await cas.close();
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

/** Runs an entry point; an error ends it with one message on stderr and exit code 1 (2 for a wrong call). */
export async function main(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const refused =
      error instanceof SconeError ? error : new SconeError('E_INTERNAL', `internal error: ${errorPlace(error)}`);
    const lines = [
      `[sconectl cas|FATAL] ${refused.code}: ${refused.message}`,
      ...(refused.expected === undefined ? [] : [`Expected: ${refused.expected}`]),
      ...(refused.found === undefined ? [] : [`Found: ${refused.found}`]),
      ...refused.causes.map((cause) => `Caused by: ${cause}`),
      ...(refused.hint === undefined ? [] : [`Hint: ${refused.hint}`]),
    ];
    process.stderr.write(`${lines.join('\n')}\n`);
    // Not from the parsed arguments: that they could not be parsed may be the error.
    if (process.argv.includes(jsonFlag)) {
      process.stdout.write(`${JSON.stringify({ ok: false, errors: [refused] })}\n`);
    }
    process.exitCode = refused.exitCode;
  }
}
