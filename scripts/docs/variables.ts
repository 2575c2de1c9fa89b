import { SconeError } from '../../src/core/errors.ts';
import { loadManifest } from '../../src/manifest/load.ts';
import { readSessionSource } from '../../src/manifest/session-source.ts';
import { renderTemplate } from '../../src/mesh/template.ts';
import { code, page, table } from './page.ts';

const written = [
  '$NAME',
  '${NAME}',
  '$MISSING',
  '$',
  '100$',
  '$$',
  '\\$NAME',
  '\\${NAME}',
  '$$SCONE::x$$',
  '$$SCONE::{{name}}$$',
  '{{name}}',
  '{{other}}',
  '{{other | default(value="text")}}',
  '{% raw %}{{name}}{% endraw %}',
  '{%',
  '\\{{name}}',
];

const values = new Map([['NAME', 'value']]);

/** What dollars and braces become, found out by asking the readers. */
export function variablesPage(): string {
  return page(
    'Variables',
    'A value is bound at one of three times, and what was put in is never looked at again.',
    table(
      ['Written', 'Bound', 'By', 'Where'],
      [
        [
          '`$NAME`, `${NAME}`',
          'when the file is read',
          '`--set`, `--values`, the environment, `.env`: the first that has it',
          'any scalar of manifests, Meshfiles and sessions, never a key',
        ],
        [
          '`{{name}}`',
          'when the mesh is applied',
          '`env` of the Meshfile, or the mesh itself',
          '`environment`, `build.command`, `injection_files` and `secrets` of service manifests',
        ],
        [
          '`$$SCONE::name$$`',
          'when the service starts',
          'the CAS',
          '`environment`, `build.command` and `injection_files`; in sessions also what is marked so',
        ],
      ],
    ),
    'A variable that nobody defines is an error at its position. `sconectl vars -f .` lists them all. The mesh itself gives ' +
      '`namespace`, `session`, `service_name`, `chartname`, `image_name`, `cas_service_name` and `cas_<role>_cas_url`; a dot in a ' +
      'name is the same as `_`. Where `env` has nothing of that name, there are also the defaults of `environment.global`, `mode` ' +
      '(`sim` or `production`), `command` (the program) and `imagePullSecrets` (empty).',
    'A default, `{{name | default(value="text")}}`, is a text in `"`, `\'` or `` ` ``, a number, `true` or `false`.',
    '## What each becomes',
    'With `NAME` and `name` set to `value`, `MISSING` and `other` to nothing.',
    table(
      ['Written', 'Service manifest', 'Meshfile, in `env`', 'Session file'],
      written.map((text) => [shown(text), service(text), mesh(text), session(text)]),
    ),
    'A backslash in double quotes is written twice (`"\\\\$NAME"`), as YAML wants it. `{{…}}` in a value of a Meshfile stays text, ' +
      'with a warning.',
  );
}

function shown(text: string): string {
  return code(text);
}

function attempt(make: () => string): string {
  try {
    return shown(make());
  } catch (error) {
    if (!(error instanceof SconeError)) throw error;
    return `error: ${(error.errors[0] ?? error).message.replace(/^.* needs the variable/, 'needs the variable')}`;
  }
}

function service(text: string): string {
  return attempt(() => {
    const loaded = loadManifest(
      `apiVersion: scone/5.8\nkind: genservice\nbuild: {name: a, kind: python, to: a, command: a}\nsecrets: {global: [{name: x, kind: ascii}]}\nenvironment: {local: [{name: A, value: ${quoted(text)}}]}\n`,
      'service.yml',
      { variables: values },
    );
    const [local] = loaded.kind === 'genservice' ? loaded.manifest.environment.local : [];
    const lookup = (name: string) => (name === 'name' ? { value: 'value' } : undefined);
    return renderTemplate(local?.value ?? '', lookup, 'a text', { file: 'service.yml' });
  });
}

function mesh(text: string): string {
  return attempt(() => {
    const loaded = loadManifest(
      `apiVersion: scone/5.8\nkind: mesh\ncas: [{name: cas, cas_url: a}]\npolicy: {namespace: a}\nservices: [{image: a}]\nenv: [{name: A, value: ${quoted(text)}}]\n`,
      'mesh.yml',
      { variables: values },
    );
    return (loaded.kind === 'mesh' ? loaded.manifest.env[0]?.value : undefined) ?? '';
  });
}

function session(text: string): string {
  return attempt(() => {
    const { value } = readSessionSource(`version: "0.3"\nname: ${quoted(text)}\n`, 'session.yml', values);
    const name = typeof value === 'object' && value !== null && !Array.isArray(value) ? value['name'] : undefined;
    return typeof name === 'string' ? name : '';
  });
}

/** In single quotes nothing is special but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
