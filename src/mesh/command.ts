import { SconeError } from '../core/errors.ts';
import type { ServiceDescriptor } from '../manifest/descriptor.ts';
import type { MeshService } from '../manifest/meshfile.ts';
import { type Lookup, renderTemplate } from './template.ts';

/** `<binary>` of the config id: the last part of argv[0] as written. */
export function binaryName(argv: readonly string[]): string {
  const program = argv[0] ?? '';
  return program.slice(program.lastIndexOf('/') + 1);
}

/** The command of a session: the manifest's words, with `{{…}}` replaced; a value never makes two words of one. */
export function deriveCommand(descriptor: ServiceDescriptor, service: MeshService, lookup: Lookup): string[] {
  return descriptor.argv.map((word, index) => {
    const where = `argument ${index} of the command of ${service.name}`;
    if (index === 0 && /\{\{|\$\$SCONE::|^@@/.test(word)) {
      throw new SconeError('E_VARIABLE', `the program of ${service.name} is not a fixed name`, {
        at: service.at,
        found: word,
        hint: 'name the program itself in build.command',
      });
    }
    const rendered = renderTemplate(word, lookup, where, service.at);
    // Item 72: only the manifest decides that an argument is the host's, never a value.
    if (rendered !== word && /^@@[0-9]+$/.test(rendered)) {
      throw new SconeError('E_VARIABLE', `${where} becomes ${rendered}, which would be an argument of the host`, {
        at: service.at,
        hint: 'give the variable another value',
      });
    }
    return rendered;
  });
}
