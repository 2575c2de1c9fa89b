import { codes } from '../../src/core/errors.ts';
import { code, page, table } from './page.ts';

/** Every error code of the command line, the API and the runtime. */
export function errorsPage(): string {
  return page(
    'Error codes',
    'A code never changes its meaning. An error has a code, one message, where it makes sense what was expected, what ' +
      'was found and where (`file:line:column`), its causes, and a hint: what to change. `--output json` and the API ' +
      'show the same fields. A command that was called wrongly exits with 2, any other error with 1.',
    table(
      ['Code', 'Meaning'],
      Object.entries(codes).map(([name, what]) => [code(name), what]),
    ),
  );
}
