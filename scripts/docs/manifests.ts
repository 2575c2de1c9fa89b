import { meshSchema } from '../../src/manifest/mesh-schema.ts';
import { serviceSchema } from '../../src/manifest/service-schema.ts';
import { sessionSchema } from '../../src/session/schema.ts';
import { languageTable } from './language.ts';
import { code, page } from './page.ts';

const common =
  'YAML; unknown keys are errors, with the key that was probably meant. Numbers and booleans keep the text they were ' +
  'written with. What `$`, `{{` and `$$SCONE::` mean is in [variables](variables.md). What is refused is in ' +
  '[not supported yet](not-yet.md), by name. ';
const schemaOf = (name: string) =>
  `The same as a JSON Schema (2020-12) is ${code(`schemas/${name}.schema.json`)}; editors use it with a first line ` +
  `${code(`# yaml-language-server: $schema=<path>/${name}.schema.json`)}.`;

/** `kind: genservice`. */
export function serviceManifestPage(): string {
  return page(
    'Service manifest',
    `How to build one confidential image. ${common}${schemaOf('service')}`,
    languageTable(serviceSchema),
  );
}

/** `kind: mesh`. */
export function meshfilePage(): string {
  return page(
    'Meshfile',
    `Which services make one application, which CAS, which values. ${common}${schemaOf('mesh')} Which names in ${code('env')} ` +
      'mean something to the chart is in [set chart values](../how-to/set-chart-values.md).',
    languageTable(meshSchema),
  );
}

/** Session policies. */
export function sessionPage(): string {
  return page(
    'Session',
    'What a CAS keeps for one application: who may read and change it, which programs may start, and what they are ' +
      `given. Versions 0.3 to 0.3.12; 0.1 and 0.2 are recognised and refused, with what has to change. ${common}` +
      `${schemaOf('session')} How its hash is made is in [session hash](session-hash.md).`,
    languageTable(sessionSchema),
  );
}
