import { type CommandSpec, commands } from '../../src/cli/commands.ts';
import { code, fence, page, table } from './page.ts';

/** Every command of sconectl, from the table that also makes its help. */
export function commandsPage(): string {
  return page(
    'Commands',
    'Every command also takes `--help`, and `--output` (`-o`, repeatable) with the forms given.',
    ...commands.flatMap(sections),
  );
}

function sections(command: CommandSpec): string[] {
  const operands = command.operands === undefined ? '' : ` ${command.operands}`;
  const options = command.options.map((option) => [
    code(option.flags),
    `${option.what}${option.choices === undefined ? '' : ` (${option.choices.join(', ')})`}`,
    option.required === true ? 'required' : (option.default ?? ''),
    option.repeatable === true ? 'yes' : '',
  ]);
  return [
    `## ${command.name}`,
    `${code(`sconectl ${command.name}${operands}`)}: ${command.summary}.`,
    ...(options.length === 0 ? [] : [table(['Option', 'What', 'Default', 'Repeatable'], options)]),
    `Output: ${(command.outputs ?? ['text', 'json']).join(', ')}${command.outputNote === undefined ? '' : ` (${command.outputNote})`}.`,
    ...(command.later === undefined
      ? []
      : [`Known, and answered with ${code('E_NOT_YET')}: ${command.later.map(code).join(', ')}.`]),
    fence('sh', command.examples.map(([what, text]) => `# ${what}\n${text}`).join('\n')),
  ];
}
