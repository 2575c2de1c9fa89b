import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import { root } from '../environment.ts';
import type { Result, Tally } from './tally.ts';

export interface NodeSuite {
  /** Absolute paths. */
  files: readonly string[];
  /** Files at once. */
  concurrency: number;
  /** Seconds after which a test, and after which a whole file, is ended and failed. */
  testLimit: number;
  fileLimit: number;
  /** Print each test when it ends, not each file: for files that take long. */
  eachTest: boolean;
  print: (text: string) => void;
}

/** Runs test files, each in a process of its own, prints as they end and adds every test to the tally. */
export async function runNodeSuite(suite: NodeSuite, tally: Tally): Promise<void> {
  const began = performance.now();
  const waiting = [...suite.files];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runFile(file, suite, tally);
  };
  await Promise.all(Array.from({ length: suite.concurrency }, worker));
  suite.print(`${suite.files.length} files in ${seconds(performance.now() - began)}`);
}

/** One `run()` for one file, because its abort signal is what ends a file in which every test hangs. */
async function runFile(file: string, suite: NodeSuite, tally: Tally): Promise<void> {
  const where = relative(root, file);
  const began = performance.now();
  const signal = AbortSignal.timeout(suite.fileLimit * 1000);
  let [passed, others, failed, output, success] = [0, 0, 0, '', true];

  const add = (result: Omit<Result, 'where'>) => {
    tally.add({ where, ...result });
    if (result.outcome === 'passed') passed++;
    else others++;
    const time = `${result.seconds.toFixed(1)} s`;
    if (result.outcome === 'failed') {
      failed++;
      suite.print(`FAILED ${where}: ${result.name}  ${time}\n${indent(result.why ?? '')}`);
    } else if (suite.eachTest) {
      suite.print(`${result.outcome === 'passed' ? 'ok    ' : 'skip  '} ${where}: ${result.name}  ${time}`);
    }
  };

  for await (const event of run({
    files: [file],
    isolation: 'process',
    timeout: suite.testLimit * 1000,
    signal,
    cwd: root,
  })) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') {
      output = (output + event.data.message).slice(-20_000);
      continue;
    }
    if (event.type === 'test:summary') success &&= event.data.success;
    // `complete` comes when a test ends, `pass` and `fail` in the order of the file. The file itself passes as a test
    // only when it holds none, and fails as one when it cannot be loaded, exits, or is aborted.
    if (event.type !== 'test:complete' && event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, details, skip, todo } = event.data;
    const isFile = resolve(root, name) === file;
    if (isFile === (event.type === 'test:complete')) continue;
    const error = 'error' in details ? details.error : undefined;
    if (details.type === 'suite' && error === undefined) continue;
    const test = { name: isFile ? 'the file itself' : name, seconds: details.duration_ms / 1000 };
    if (error !== undefined && todo === undefined) {
      // A test that failed only because one below it failed is not counted again.
      if (!('failureType' in error && error.failureType === 'subtestsFailed')) {
        const late = isFile && signal.aborted ? `it did not end within ${suite.fileLimit} s\n` : '';
        add({ ...test, outcome: 'failed', why: late + explain(error) });
      }
    } else if (isFile) add({ ...test, outcome: 'failed', why: 'it holds no test' });
    else if (skip !== undefined || todo !== undefined) {
      add({ ...test, outcome: 'skipped', why: String(skip ?? todo) });
    } else add({ ...test, outcome: 'passed' });
  }
  if (passed + others === 0)
    add({ name: 'the file itself', outcome: 'failed', seconds: 0, why: 'it reported nothing' });

  if (failed > 0 && output.trim() !== '') suite.print(`--- what ${where} wrote\n${indent(output)}`);
  if (!suite.eachTest) {
    const rest = others === 0 ? '' : `, ${others} not passed`;
    const state = failed === 0 ? 'ok    ' : 'FAILED';
    suite.print(`${state} ${where}  ${passed} passed${rest}  ${seconds(performance.now() - began)}`);
  }
}

function explain(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = error instanceof Error && 'exitCode' in error ? error.exitCode : undefined;
  if (typeof code === 'number') return `its process ended with exit code ${code}`;
  if (typeof cause === 'string') return cause;
  // The stack of a failed assertion holds its message and difference; the rest would show all of it once more.
  const asserted = cause instanceof Error && 'code' in cause && cause.code === 'ERR_ASSERTION';
  const text = (asserted ? (cause.stack ?? cause.message) : inspect(cause, { depth: 6 }))
    .replace(/^ +at .*\(?node:.*\n?/gm, '')
    .trimEnd();
  return text.length > longest ? `${text.slice(0, longest)}\n… (${text.length - longest} characters more)` : text;
}

const longest = 8_000;

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ');
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
