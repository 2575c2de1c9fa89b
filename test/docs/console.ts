import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One command of a `console` block and the output the page shows for it. */
export interface Step {
  command: string;
  /** `…` alone on a line stands for any lines, inside a line for any text. A last line `[exit N]` shows a failure. */
  output: string[];
  /** Line of the page, from 1. */
  line: number;
}

/** The commands of all `console` blocks of a page, in order. */
export function consoleSteps(path: string): Step[] {
  const steps: Step[] = [];
  let inside = false;
  for (const [index, text] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (text.startsWith('```')) inside = !inside && text === '```console';
    else if (inside && text.startsWith('$ ')) steps.push({ command: text.slice(2), output: [], line: index + 1 });
    else if (inside) steps.at(-1)?.output.push(text);
  }
  return steps;
}

/** Whether an output is what a page shows. */
export function fits(shown: readonly string[], lines: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return lines.length === 0;
  if (first === '…') return fits(rest, lines) || (lines.length > 0 && fits(shown, lines.slice(1)));
  const [line, ...others] = lines;
  return line !== undefined && pattern(first).test(line) && fits(rest, others);
}

function pattern(shown: string): RegExp {
  return new RegExp(
    `^${shown
      .split('…')
      .map((text) => RegExp.escape(text))
      .join('.*')}$`,
    'u',
  );
}

export interface Shell {
  /** Runs one command and returns its lines of output; a failure adds `[exit N]`. */
  run(command: string): Promise<string[]>;
  end(): Promise<void>;
}

/** A shell that stays open from command to command, as a reader's does; both streams in the order they come. */
export function openShell(folder: string, environment: NodeJS.ProcessEnv): Shell {
  const shell = spawn('bash', ['--norc'], { cwd: folder, env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => shell.once('close', () => resolve()));
  const mark = '\u0001';
  let text = '';
  let wake = () => {};
  shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  void ended.then(() => wake());
  shell.stdin.write('exec 2>&1\nset -m\n');
  return {
    async run(command) {
      text = '';
      // Away from our pipe: a program that made it non-blocking would end the shell.
      shell.stdin.write(`{ ${command}\n} </dev/null\nprintf '${mark}%s${mark}' "$?"\n`);
      while (!text.endsWith(mark) || text.indexOf(mark) === text.length - 1) {
        if (shell.exitCode !== null) throw new Error(`the shell ended: ${text}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const [output = '', code] = text.split(mark);
      const lines = output === '' ? [] : output.replace(/\n$/, '').split('\n');
      return code === '0' ? lines : [...lines, `[exit ${code}]`];
    },
    async end() {
      shell.stdin.end('kill $(jobs -p) 2>/dev/null\nwait\nexit\n');
      await ended;
    },
  };
}
