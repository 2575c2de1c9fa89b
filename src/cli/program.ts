import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { systemClock } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { type CommandSpec, commands, groups, type OptionSpec } from './commands.ts';
import type { Context, Input } from './context.ts';
import type { Reporter, Streams } from './report/reporter.ts';

/** Parses a command line, runs the command, tells how it went. Answers the exit code: 0, 1, or 2 for a wrong call. */
export async function main(
  written: readonly string[],
  { home, version }: { home: string; version: string },
): Promise<number> {
  // `help apply` is `apply --help`, so that there is one help.
  const args = written[0] === 'help' ? [...written.slice(1), '--help'] : written;
  const reporter = await reporterFor(args);
  try {
    let exitCode = 0;
    const program = makeProgram(version, calledFrom(args), async (spec, input) => {
      const context = contextOf(home, version, reporter, input);
      const { usePacked } = await import('./packed.ts');
      usePacked();
      const { run } = await spec.load();
      const outcome = await run(context, input);
      reporter.success(outcome);
      exitCode = outcome.exitCode ?? 0;
    });
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const refused = toSconeError(error);
    reporter.failure(refused);
    return refused.exitCode;
  }
}

/** The one command that a command line begins with; all of them where help, a suggestion or an error needs them. */
function calledFrom(args: readonly string[]): readonly CommandSpec[] {
  const called = commands.filter(({ name }) => name.split(' ').every((word, index) => word === args[index]));
  return called.length === 0 ? commands : called;
}

/** The command tree. */
function makeProgram(
  version: string,
  specs: readonly CommandSpec[],
  action: (spec: CommandSpec, input: Input) => Promise<void>,
): Command {
  const program = quiet(new Command('sconectl'))
    .description('Run any program in a TEE that nobody has to trust.')
    .version(version, '-V, --version')
    .addHelpText(
      'after',
      '\nState lies in ~/.sconectl, or where SCONECTL_HOME says. Help of a command: sconectl apply --help',
    );
  const parents = new Map<string, Command>();
  for (const [name, what] of Object.entries(groups)) {
    parents.set(name, quiet(program.command(name)).description(what));
  }
  for (const spec of specs) {
    const words = spec.name.split(' ');
    const parent = words.length === 1 ? program : parents.get(words[0] ?? '');
    if (parent === undefined) throw new SconeError('E_INTERNAL', `the command ${spec.name} has no group`);
    addCommand(parent, spec, action);
  }
  return program;
}

function addCommand(
  parent: Command,
  spec: CommandSpec,
  action: (spec: CommandSpec, input: Input) => Promise<void>,
): void {
  const command = quiet(parent.command(spec.name.split(' ').at(-1) ?? ''))
    .description(spec.summary)
    .addHelpText('after', examplesText(spec));
  if (spec.operands !== undefined) command.arguments(spec.operands);
  for (const option of [...spec.options, outputOption(spec)]) command.addOption(makeOption(option));
  for (const flags of spec.later ?? []) command.addOption(laterOption(spec, flags));
  command.action(async (...given: unknown[]) => {
    const operands = command.processedArgs.flat().filter((operand): operand is string => typeof operand === 'string');
    if (given.length === 0) throw new SconeError('E_INTERNAL', 'a command was called without its options');
    await action(spec, { arguments: operands, options: command.opts() });
  });
}

/** Errors are thrown, not printed, so that they get the one form that all errors have. */
function quiet(command: Command): Command {
  return command
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .helpOption('--help', 'show this help')
    .helpCommand(false);
}

function outputOption({ outputs = ['text', 'json'], outputNote }: CommandSpec): OptionSpec {
  const what = `form of the output${outputNote === undefined ? '' : `; ${outputNote}`}`;
  return { flags: '-o, --output <form>', what, repeatable: true, choices: outputs };
}

function makeOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.what);
  if (spec.choices !== undefined) option.choices(spec.choices);
  if (spec.required === true) option.makeOptionMandatory();
  if (spec.default !== undefined) option.default(spec.default);
  if (spec.repeatable === true) {
    const one = option.parseArg;
    option.argParser((value: string, before: string[] | undefined) => {
      // The parser of `choices` refuses what is none of them.
      one?.(value, undefined as never);
      return [...(before ?? []), value];
    });
  }
  return option;
}

/** A known option that does not work yet says so by name, instead of being an unknown one. */
function laterOption(spec: CommandSpec, flags: string): Option {
  return new Option(`${flags} [value]`)
    .hideHelp()
    .argParser(() => {
      throw new SconeError('E_NOT_YET', `${flags} of sconectl ${spec.name} is not supported yet`, {
        found: flags,
        hint: 'leave it out',
      });
    })
    .preset('');
}

function examplesText(spec: CommandSpec): string {
  return ['', 'Examples:', ...spec.examples.flatMap(([what, command]) => [`  # ${what}`, `  ${command}`])].join('\n');
}

function contextOf(home: string, version: string, reporter: Reporter, input: Input): Context {
  return {
    home,
    folder: process.cwd(),
    environment: process.env,
    reporter,
    outputs: new Set(Array.isArray(input.options['output']) ? (input.options['output'] as string[]) : ['text']),
    now: systemClock,
    version,
    out: (text) => void process.stdout.write(text),
  };
}

/** Chosen before anything is parsed, so that a wrong call answers in the form that it asked for. */
async function reporterFor(args: readonly string[]): Promise<Reporter> {
  const { stderr, stdout } = process;
  // Whoever reads our output may stop early (`sconectl … | head`).
  stdout.on('error', () => undefined);
  const streams: Streams = {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    colours: stderr.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
    readText: (path) => {
      try {
        return readFileSync(resolve(path), 'utf8');
      } catch {
        return undefined;
      }
    },
  };
  const json = args.some(
    (word, index) =>
      /^(?:-o|--output=)json$/.test(word) || (/^(?:-o|--output)$/.test(word) && args[index + 1] === 'json'),
  );
  if (json) {
    const { JsonReporter } = await import('./report/json.ts');
    return new JsonReporter(streams);
  }
  if (stderr.isTTY && process.env['TERM'] !== 'dumb' && !process.env['CI']) {
    const { InteractiveReporter } = await import('./report/interactive.ts');
    return new InteractiveReporter(streams);
  }
  const { PlainReporter } = await import('./report/plain.ts');
  return new PlainReporter(streams);
}

function toSconeError(error: unknown): SconeError {
  if (error instanceof SconeError) return error;
  if (error instanceof CommanderError) return usageError(error);
  return new SconeError('E_INTERNAL', error instanceof Error ? `${error.name}: ${error.message}` : String(error), {
    causes:
      error instanceof Error
        ? (error.stack ?? '')
            .split('\n')
            .slice(1, 6)
            .map((line) => line.trim())
        : [],
    hint: 'this is a bug of sconectl: please report it with the lines above',
  });
}

function usageError(error: CommanderError): SconeError {
  // `sconectl` and `sconectl cas` without more words.
  if (error.code === 'commander.help') {
    return new SconeError('E_USAGE', 'a command is missing', { hint: 'sconectl --help lists all commands' });
  }
  const [first = '', ...others] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = others
    .join(' ')
    .trim()
    .replace(/^\(|\)$/g, '');
  return new SconeError('E_USAGE', first, {
    hint: suggestion === '' ? 'add --help to the command to see how it is called' : suggestion,
  });
}
